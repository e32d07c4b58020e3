"""The lists of rows of a workspace: what they show, what they ask, what they refuse."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.api.calls import TRACK, post
from tests.conftest import client_of
from tests.factories import APIKeyFactory, EventFactory, PersonFactory
from workspaces.admin import paging
from workspaces.admin.tenants import row_address
from workspaces.models import Workspace

EVENTS = "/admin/events/event/"
PEOPLE = "/admin/people/person/"
KEYS = "/admin/workspaces/apikey/"
REJECTED = "/admin/events/rejecteditem/"
AUDIT = "/admin/workspaces/auditentry/"
WORKSPACES = "/admin/workspaces/workspace/"
USERS = "/admin/workspaces/user/"


def names(client: Client, address: str) -> list[str]:
    return [str(row) for row in client.get(address).context["cl"].result_list]


@pytest.fixture
def two_workspaces(workspace: Workspace, other_workspace: Workspace) -> None:
    for each in (workspace, other_workspace):
        EventFactory(workspace=each, event=f"of {each}", external_id=f"who of {each}")
        key = APIKeyFactory(workspace=each, name=f"Key of {each}")
        post(client_of(key), TRACK, {})


@pytest.mark.parametrize("address", [EVENTS, PEOPLE, KEYS, REJECTED, AUDIT])
@pytest.mark.parametrize("spelling", ["id", "public_id"])
def test_a_list_is_of_one_workspace(
    admin: Client, two_workspaces: None, other_workspace: Workspace, address: str, spelling: str
) -> None:
    page = admin.get(f"{address}?workspace={getattr(other_workspace, spelling)}")
    rows = page.context["cl"].result_list
    assert rows
    assert {row.workspace_id for row in rows} == {other_workspace.id}


def test_the_first_workspace_is_shown_unless_one_is_named(
    admin: Client, two_workspaces: None
) -> None:
    assert names(admin, EVENTS) == ["of Acme"]


@pytest.mark.parametrize("address", [EVENTS, PEOPLE, KEYS, REJECTED, AUDIT])
def test_without_a_workspace_lists_are_empty(admin: Client, address: str) -> None:
    assert names(admin, address) == []


@pytest.mark.parametrize("text", ["x", "1", "ws_zzzzzzzz", "9" * 30, "-1", "ws_"])
def test_a_workspace_that_does_not_exist(admin: Client, workspace: Workspace, text: str) -> None:
    assert admin.get(f"{EVENTS}?workspace={text}").status_code == 404


ODD_QUERIES = [
    *("p=0", "p=-1", "p=x", "p=999999999999", f"p={'9' * 5000}", "all=", "_to_field=x", "_popup=1"),
    *("e=1", "_facets=True", "_changelist_filters=%00", "unknown=1", "o=1.-2.x", "o=99"),
    *("name__regex=(", "id__in=1,x", "id__exact=x", "is_staff__exact=x", "created_at__year=0"),
    *("event=%00", "q=%00", "workspace=%00"),
]
ODD_TEXTS = ["x" * 2000, "%F0%9F%92%A9", "'%22%5C%27)", "%ED%A0%80", "%01", "%ff", "9999999-01-01"]


@pytest.mark.parametrize("address", [EVENTS, KEYS, WORKSPACES, USERS])
def test_no_address_is_an_error_of_the_server(
    admin: Client, workspace: Workspace, address: str
) -> None:
    answers = {query: admin.get(f"{address}?{query}").status_code for query in ODD_QUERIES}
    assert [query for query, status in answers.items() if status not in (200, 302, 400)] == []


@pytest.mark.parametrize(
    ("address", "names"),
    [
        (EVENTS, ["event", "person", "since", "until"]),
        (PEOPLE, ["q"]),
        (AUDIT, ["q"]),
        (USERS, ["q"]),
    ],
)
def test_no_text_in_a_filter_is_an_error(
    admin: Client, workspace: Workspace, address: str, names: list[str]
) -> None:
    queries = ["&".join(f"{name}={text}" for name in names) for text in ODD_TEXTS]
    assert {admin.get(f"{address}?{query}").status_code for query in queries} == {200}


@pytest.mark.parametrize("query", ["event__regex=(", "q=%00", "unknown=1", "id__gt=1"])
def test_what_is_no_filter_is_refused(admin: Client, workspace: Workspace, query: str) -> None:
    assert admin.get(f"{EVENTS}?{query}").status_code == 400


def test_completion_refuses_a_nul(admin: Client) -> None:
    query = "app_label=workspaces&model_name=apikey&field_name=workspace&term=%00"
    assert admin.get(f"/admin/autocomplete/?{query}").status_code == 400


@pytest.mark.parametrize("address", [EVENTS, PEOPLE, KEYS, REJECTED, AUDIT])
def test_the_number_of_queries_does_not_grow(
    admin: Client,
    workspace: Workspace,
    address: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    expected = {EVENTS: 6, PEOPLE: 6, KEYS: 5, REJECTED: 5, AUDIT: 5}[address]
    for number in range(3):
        EventFactory(workspace=workspace, external_id=f"user_{number}")
        post(client_of(APIKeyFactory(workspace=workspace)), TRACK, {})
    with django_assert_num_queries(expected):
        admin.get(f"{address}?workspace={workspace.public_id}")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("event=signed_up", ["signed_up"]),
        ("event=signed", []),
        ("person=jane", ["signed_up"]),
        ("person=jane%40example.com", ["signed_up"]),
        ("person=nobody", []),
        ("since=2024-05-02", ["paid"]),
        ("until=2024-05-02T00:00:00Z", ["signed_up"]),
        ("event=paid&until=2024-05-02", []),
        ("", ["paid", "signed_up"]),
    ],
)
def test_finding_events(
    admin: Client, jane: Any, send_event: Callable[..., Any], query: str, expected: list[str]
) -> None:
    send_event(external_id="jane", event="signed_up", timestamp=datetime(2024, 5, 1, tzinfo=UTC))
    send_event(external_id="joe", event="paid", timestamp=datetime(2024, 5, 2, tzinfo=UTC))
    assert names(admin, f"{EVENTS}?{query}") == expected


def test_finding_an_event_by_its_id(admin: Client, send_event: Callable[..., Any]) -> None:
    send_event(event="one")
    two = send_event(event="two")
    assert names(admin, f"{EVENTS}?event=evt_{two.id.hex}") == ["two"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("jane", ["jane"]), ("example", ["jane"]), ("Jan", ["jane"]), ("nobody", []), ("", None)],
)
def test_finding_people(
    admin: Client, jane: Any, workspace: Workspace, text: str, expected: list[str] | None
) -> None:
    PersonFactory(workspace=workspace, external_id="joe")
    assert names(admin, f"{PEOPLE}?q={text}") == (expected or [] if text else ["joe", "jane"])


def test_finding_people_by_an_id_with_spaces(admin: Client, workspace: Workspace) -> None:
    PersonFactory(workspace=workspace, external_id="order 66 / b")
    assert names(admin, f"{PEOPLE}?q=order 66 / b") == ["order 66 / b"]


def test_a_wrong_date_is_named_and_counts_as_none(
    admin: Client, send_event: Callable[..., Any]
) -> None:
    send_event()
    page = admin.get(f"{EVENTS}?since=yesterday")
    assert "not a time" in page.content.decode()
    assert len(page.context["cl"].result_list) == 1


def test_long_lists_are_not_counted_to_their_end(
    admin: Client, send_event: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MAX_ROWS", 2)
    for _ in range(4):
        send_event()
    page = admin.get(EVENTS)
    assert page.context["cl"].paginator.count == 2
    assert "2+" in page.content.decode()


def test_pages_lead_to_each_other(
    admin: Client, send_event: Callable[..., Any], workspace: Workspace
) -> None:
    for number in range(51):
        send_event(event=f"event {number}", timestamp=datetime(2024, 5, 1, 0, number, tzinfo=UTC))
    address = f"{EVENTS}?workspace={workspace.public_id}"
    assert 'rel="next"' in admin.get(address).content.decode()
    assert names(admin, f"{address}&p=2") == ["event 0"]


def test_a_row_is_found_by_its_address_alone(
    admin: Client, two_workspaces: None, other_workspace: Workspace
) -> None:
    rows = admin.get(f"{EVENTS}?workspace={other_workspace.id}").context["cl"].result_list
    page = admin.get(row_address(rows[0])).content.decode()
    assert "of Umbrella" in page
    assert f"workspace={other_workspace.public_id}" in page


def test_an_event_outlives_its_person_on_the_page(
    admin: Client, send_event: Callable[..., Any]
) -> None:
    event = send_event()
    event.person.delete()
    page = admin.get(row_address(event))
    assert str(event.person_id) in page.content.decode()


def test_a_workspace_is_found_by_its_public_id(
    admin: Client, workspace: Workspace, other_workspace: Workspace
) -> None:
    assert names(admin, f"{WORKSPACES}?q={workspace.public_id}") == ["Acme"]
    assert names(admin, f"{WORKSPACES}?q=umb") == ["Umbrella"]


def test_a_list_without_a_match_leads_back(admin: Client, workspace: Workspace) -> None:
    page = admin.get(f"{EVENTS}?event=nothing").content.decode()
    assert f'href="?workspace={workspace.public_id}">Clear the filters' in page
