"""The samples of the guide to the Events API."""

import json

import pytest

from tests.factories import EventFactory, PersonFactory
from tests.samples.conftest import Arrived

pytestmark = pytest.mark.samples

ITEMS = [
    {"sku": "PROD-001", "name": "Widget", "quantity": 2},
    {"sku": "PROD-002", "name": "Gadget", "quantity": 1},
]
ORDER = {"order_id": "order_789", "amount": 99.99, "currency": "USD"}
PAGE_VIEW = Arrived("user_123", "page_viewed", {"page": "/pricing", "referrer": "/home"})
PURCHASE = Arrived("user_123", "purchase_completed", ORDER | {"items": ITEMS})
FEATURE = Arrived("user_123", "feature_used", {"feature": "export_csv", "duration_seconds": 45})

BATCH = [
    Arrived("user_123", "page_viewed", {"page": "/home"}),
    Arrived("user_123", "button_clicked", {"button": "signup"}),
    Arrived("user_456", "purchase_completed", {"amount": 99.99}),
]

COMMON = {
    "signed_up": {"method": "email", "referral_code": "FRIEND50"},
    "logged_in": {"method": "password", "device": "mobile"},
    "plan_upgraded": {"from_plan": "free", "to_plan": "premium", "annual": True},
    "subscription_cancelled": {
        "reason": "too_expensive",
        "feedback": "Great product but over budget",
    },
    "product_viewed": {
        "product_id": "prod_001",
        "name": "Premium Widget",
        "price": 49.99,
        "category": "widgets",
    },
    "cart_updated": {
        "action": "add",
        "product_id": "prod_001",
        "quantity": 2,
        "cart_total": 99.98,
    },
    "checkout_started": {"cart_items": 3, "cart_total": 149.97},
    "purchase_completed": {
        "order_id": "order_789",
        "amount": 149.97,
        "currency": "USD",
        "payment_method": "credit_card",
        "items": ITEMS[:1],
    },
    "feature_used": {"feature": "export_pdf", "duration_ms": 2340},
    "search_performed": {"query": "integration guide", "results_count": 15, "clicked_result": 3},
    "file_uploaded": {"file_type": "csv", "file_size_kb": 1024, "rows_imported": 5000},
    "report_generated": {
        "report_type": "monthly_summary",
        "date_range": "2024-01",
        "format": "pdf",
    },
    "email_opened": {"campaign_id": "camp_456", "subject": "Your weekly digest"},
    "push_clicked": {"campaign_id": "camp_789", "action": "view_order"},
    "nps_submitted": {"score": 9, "feedback": "Love the product!"},
    "support_ticket_created": {
        "ticket_id": "ticket_123",
        "category": "billing",
        "priority": "medium",
    },
}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("curl/guide_track.sh", [Arrived("user_123", "purchase_completed", ORDER)]),
        ("python/guide_track.py", [PAGE_VIEW, PURCHASE]),
        ("node/guide_track.mjs", [PAGE_VIEW, PURCHASE, FEATURE]),
        (
            "node/guide_common_events.mjs",
            [Arrived("user_123", event, parameters) for event, parameters in COMMON.items()],
        ),
    ],
)
def test_tracked_events_arrive_in_order(samples, arrived, sample, expected):
    run = samples.run(sample, requests=len(expected))

    assert run.answers == ["200 POST /api/v1/track"] * len(expected)
    assert arrived() == expected


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("curl/guide_batch.sh", BATCH[:2]),
        ("python/guide_batch.py", BATCH),
        ("node/guide_batch.mjs", BATCH),
    ],
)
def test_a_batch_arrives_whole(samples, arrived, sample, expected):
    run = samples.run(sample)

    assert run.answers == ["200 POST /api/v1/track/batch"]
    assert sorted(arrived(), key=BATCH.index) == expected


@pytest.fixture
def person(workspace):
    """A person with one purchase, among other events and other people."""
    for external_id, event in [
        ("user_123", "page_viewed"),
        ("user_123", "purchase_completed"),
        ("user_456", "purchase_completed"),
    ]:
        EventFactory(workspace=workspace, external_id=external_id, event=event)
    return PersonFactory(workspace=workspace, external_id="user_123")


@pytest.mark.parametrize(
    ("sample", "placeholder", "show"),
    [
        ("curl/guide_person_events.sh", "{person_id}", ""),
        ("python/guide_person_events.py", "the_person_id", "\nprint(response.text)"),
        (
            "node/guide_person_events.mjs",
            "the_person_id",
            "\nconsole.log(JSON.stringify({ events, total }));",
        ),
    ],
)
def test_the_events_of_a_person_are_listed(samples, person, sample, placeholder, show):
    run = samples.run(sample, replacing={placeholder: str(person.id)}, appended=show)

    assert run.answers == [f"200 GET /api/v1/people/{person.id}/events"]
    answer = json.loads(run.stdout)
    assert answer["total"] == 1
    [event] = answer["events"]
    assert (event["person_id"], event["event"]) == (str(person.id), "purchase_completed")
