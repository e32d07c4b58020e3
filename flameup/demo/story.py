"""What the people of the demo did, event by event."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from flameup.demo.people import DemoPerson, make_people, pick_hour

_PEOPLE = 320
_SEED = 20_240_229

# Amounts are in cents.
_PRODUCTS = (
    ("ember-mug", "Ember mug", "kitchen", 1_890),
    ("wool-throw", "Wool throw", "home", 6_400),
    ("desk-lamp", "Desk lamp", "home", 4_950),
    ("trail-bottle", "Trail bottle", "outdoor", 2_700),
    ("camp-stove", "Camp stove", "outdoor", 8_990),
    ("linen-apron", "Linen apron", "kitchen", 3_450),
    ("cast-pan", "Cast-iron pan", "kitchen", 5_200),
    ("head-torch", "Head torch", "outdoor", 3_100),
)
_PAGES = ("/", "/products", "/about", "/blog", "/pricing", "/account", "/help")
_FEATURES = ("wishlist", "gift_note", "order_tracking", "saved_address", "reorder")
_TOPICS = ("delivery", "refund", "login", "billing", "product_question")
_PLAN_CENTS = {"starter": 900, "pro": 2_900, "business": 9_900}
_CURRENCIES = {"US": "USD", "GB": "GBP", "PL": "PLN", "BR": "BRL", "JP": "JPY", "AE": "AED"}
# Monday first: a shop is busiest at the weekend's edges.
_WEEKDAYS = (1.0, 0.95, 0.95, 1.0, 1.1, 1.25, 1.3)
_DEVICES = ("desktop", "desktop", "mobile", "mobile", "mobile", "tablet")


@dataclass(frozen=True)
class DemoStory:
    """The people, and their events as a client posts them, in the order of time."""

    people: list[DemoPerson]
    events: list[dict[str, Any]]


@dataclass
class _Visitor:
    """One person's events so far; `now` moves on with each."""

    person: DemoPerson
    random: Random
    now: datetime
    events: list[dict[str, Any]] = field(default_factory=list)

    def does(self, event: str, **parameters: object) -> None:
        self.events.append(
            {
                "external_id": self.person.external_id,
                "event": event,
                "parameters": parameters,
                "timestamp": self.now.isoformat(timespec="milliseconds"),
            }
        )
        self.now += timedelta(seconds=self.random.uniform(4, 150))

    def chance(self, share: float) -> bool:
        return self.random.random() < share


def tell_story(end: datetime) -> DemoStory:
    """Return the year before `end`: the same for the same `end`, to the letter.

    Each event has a `message_id` of its own, so that sending one again stores it once.
    """
    random = Random(_SEED)  # noqa: S311 (a story wants repeatable chance)
    people = make_people(_PEOPLE, end, random)
    events = [event for person in people for event in _live(person, end, random)]
    finish = end.isoformat(timespec="milliseconds")
    events = sorted((e for e in events if e["timestamp"] < finish), key=lambda e: e["timestamp"])
    for index, event in enumerate(events):
        event["message_id"] = f"demo-{index:06}"
    return DemoStory(people, events)


def _live(person: DemoPerson, end: datetime, random: Random) -> Iterator[dict[str, Any]]:
    visitor = _Visitor(person, random, person.signed_up_at)
    visitor.does("signed_up", source=person.source, plan=person.plan)
    _visit(visitor)
    _subscribe(visitor)
    day = person.signed_up_at + timedelta(days=1)
    while day < person.left_at:
        if visitor.chance(person.activity * _WEEKDAYS[day.weekday()]):
            midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
            hour = pick_hour(random) - person.hours_from_utc
            visitor.now = max(visitor.now, midnight + timedelta(hours=hour))
            _visit(visitor)
        day += timedelta(days=1)
    _leave(visitor, end)
    return iter(visitor.events)


def _subscribe(visitor: _Visitor) -> None:
    cents = _PLAN_CENTS.get(visitor.person.plan)
    if cents is not None:
        is_trial = visitor.chance(0.4)
        visitor.does(
            "subscription_started",
            plan=visitor.person.plan,
            amount=0 if is_trial else cents,
            currency=_currency(visitor),
            trial=is_trial,
        )


def _leave(visitor: _Visitor, end: datetime) -> None:
    """End a paid plan when the person left within the year."""
    person = visitor.person
    if person.plan in _PLAN_CENTS and person.left_at < end:
        visitor.now = max(visitor.now, person.left_at)
        reason = visitor.random.choice(("price", "missing_feature", "not_needed", "other"))
        visitor.does("subscription_cancelled", plan=person.plan, reason=reason)


def _visit(visitor: _Visitor) -> None:
    device = visitor.random.choice(_DEVICES)
    visitor.does("logged_in", method=visitor.random.choice(("password", "magic_link", "google")))
    for _ in range(visitor.random.randint(1, 3)):
        visitor.does("page_viewed", path=visitor.random.choice(_PAGES), device=device)
    if visitor.chance(0.55):
        _shop(visitor)
    if visitor.chance(0.3):
        visitor.does("feature_used", feature=visitor.random.choice(_FEATURES))
    if visitor.chance(0.03):
        priority = visitor.random.choice(("low", "normal", "high"))
        topic = visitor.random.choice(_TOPICS)
        visitor.does("support_ticket_created", topic=topic, priority=priority)
    if visitor.chance(0.02):
        visitor.does("nps_submitted", score=min(10, max(0, round(visitor.random.gauss(8, 2)))))
    if visitor.chance(0.35):
        visitor.does("logged_out")


def _shop(visitor: _Visitor) -> None:
    """Look at products; fewer at each step to the till."""
    seen = visitor.random.sample(_PRODUCTS, visitor.random.randint(1, 3))
    for slug, name, category, price in seen:
        visitor.does("product_viewed", product_id=slug, name=name, category=category, price=price)
    if not visitor.chance(0.45):
        return
    slug, name, category, price = seen[-1]
    quantity = visitor.random.choices((1, 2, 3), (75, 19, 6))[0]
    amount = price * quantity
    visitor.does("cart_updated", product_id=slug, quantity=quantity, amount=amount)
    if not visitor.chance(0.65):
        return
    visitor.does("checkout_started", amount=amount, currency=_currency(visitor))
    if visitor.chance(0.72):
        visitor.does(
            "purchase_completed",
            order_id=f"order_{visitor.random.randrange(16**8):08x}",
            amount=amount,
            currency=_currency(visitor),
            items=[{"product_id": slug, "name": name, "category": category, "quantity": quantity}],
        )


def _currency(visitor: _Visitor) -> str:
    return _CURRENCIES.get(visitor.person.country, "EUR")
