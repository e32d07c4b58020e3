"""Who may import whom. What is allowed is written here; everything else is not."""

import ast
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The apps, and those below each that it may import.
BELOW = {
    "workspaces": set(),
    "people": {"workspaces"},
    "events": {"workspaces", "people"},
    "messaging": {"workspaces", "people"},
    "segments": {"workspaces", "people", "events"},
    "analytics": {"workspaces", "people", "events"},
    "campaigns": {"workspaces", "people", "events", "messaging", "segments"},
    "dashboard": {
        "workspaces", "people", "events", "messaging", "segments", "analytics", "campaigns",
    },
}  # fmt: skip
APPS = set(BELOW)

# What an app shows to those above it.
OPEN = {"models", "querysets", "services", "queries"}
# Of the tenancy root also what every app above needs to let somebody in, and to write down who
# changed what in the transaction of the change.
OPEN_OF_WORKSPACES = OPEN | {"audit", "authentication", "permissions", "decorators", "scopes"}

# What of the project itself every app may import; the listener because apps say themselves what
# news of theirs other processes must hear, and hear it; the health page, because apps register
# with it what operators should be warned of; request bodies for what ASGI passes on.
FOUNDATION = (
    "flameup.api", "flameup.env", "flameup.health", "flameup.listener", "flameup.request_bodies",
)  # fmt: skip

# Where all is put together.
ASSEMBLY = (
    "flameup.urls", "flameup.asgi", "flameup.celery", "flameup.settings", "flameup.management",
    "flameup.benchmark", "flameup.demo", "quickstart",
)  # fmt: skip

EXEMPT = {
    ("events", "people.activity"): "the app of events tells people when they were seen",
    ("events", "people.identities"): "people are found inside the transaction that stores events",
    ("events", "people.known"): "and most of them are known by then",
    ("people", "workspaces.admin"): "the admins of tenant rows share one base class",
    ("events", "workspaces.admin"): "the admins of tenant rows share one base class",
}


def is_within(module, packages):
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def app_of(module):
    top = module.partition(".")[0]
    return top if top in APPS else None


def imports_of(module, source, is_package=False):
    """Return the dotted names that a module imports, wherever in it: `from a import b` is a.b."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node, is_package)
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def _absolute(module, node, is_package):
    if not node.level:
        return node.module
    parts = module.split(".")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join([*base, node.module] if node.module else base)


def objection(module, name):
    """Return why `module` must not import `name`; None if it may."""
    own, other = app_of(module), app_of(name)
    if is_within(module, ASSEMBLY) or own == other:
        return None
    if own is None:
        return "is an app, which the project itself does not know"
    if other is None:
        is_beyond = is_within(name, ["flameup"]) and not is_within(name, FOUNDATION)
        return "is no foundation" if is_beyond else None
    if other not in BELOW[own]:
        return f"is not below {own}"
    return None if is_open(own, other, name) else f"is not open to {own}"


def is_open(own, other, name):
    """Say whether this name inside another app may be imported by an app above it."""
    inside = name.removeprefix(other).lstrip(".").partition(".")[0]
    exempt = any(own == app and is_within(name, [path]) for app, path in EXEMPT)
    return exempt or inside in (OPEN_OF_WORKSPACES if other == "workspaces" else OPEN)


def violations(module, source, is_package=False):
    names = imports_of(module, source, is_package)
    return [f"{module}: {name} {why}" for name in names if (why := objection(module, name))]


def modules():
    """Return the name, the text and whether it is a package, of each module of the product."""
    for top in sorted({"flameup", "quickstart", *APPS}):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            yield ".".join(parts[:-1] if is_package else parts), path.read_text(), is_package


def importing_pairs(sources):
    """Return (app, app that it imports) for all that import each other's or another's modules."""
    return {
        (app_of(module), app_of(name))
        for module, source, is_package in sources
        for name in imports_of(module, source, is_package)
        if app_of(module) and app_of(name) and app_of(module) != app_of(name)
    }


def mutual(pairs):
    return [
        (one, other)
        for one, other in combinations(sorted(APPS), 2)
        if {(one, other), (other, one)} <= pairs
    ]


def test_imports_keep_to_the_matrix():
    assert [line for module in modules() for line in violations(*module)] == []


def test_no_two_apps_import_each_other():
    assert mutual(importing_pairs(modules())) == []


def test_every_app_stands_in_the_matrix():
    found = {path.parent.name for path in ROOT.glob("*/apps.py")} - {"flameup"}
    assert found >= {"workspaces", "people", "events"}
    assert found <= APPS


def test_every_exemption_is_used():
    used = {
        (app_of(module), path)
        for module, source, is_package in modules()
        for name in imports_of(module, source, is_package)
        for _, path in EXEMPT
        if is_within(name, [path])
    }
    assert set(EXEMPT) <= used


def test_matrix_has_no_circle():
    assert all(BELOW[below] < BELOW[app] for app in APPS for below in BELOW[app])


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("people.services", "from workspaces.models import Workspace"),
        ("people.api.views", "from workspaces import scopes"),
        ("events.quality.replay", "from workspaces.audit import Actor, record"),
        ("people.api.views", "from people.words import person_words"),
        ("people.api.views", "from ..words import person_words"),
        ("people.services", "from . import words"),
        ("events.models", "import people.models"),
        ("events.ingest.store", "from people.identities import Identity"),
        ("events.ingest.store", "import os, django.db, workspaces.querysets"),
        ("events.api.views", "from flameup.api.views import WorkspaceViewSet"),
        ("flameup.urls", "from events.api import urls"),
        ("flameup.management.commands.quickstart", "from events.ingest import store"),
        ("flameup.demo.story", "import people.words"),
        ("dashboard.people", "from campaigns.services import enrol"),
        ("flameup.api.body", "from flameup.request_bodies import INCOMPLETE"),
        ("workspaces.key_cache", "from flameup.listener import listener"),
    ],
)
def test_checker_passes_what_is_allowed(module, source):
    assert violations(module, source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("workspaces.models", "from people.models import Person"),
        ("workspaces.models", "import people"),
        ("people.services", "from events.models import Event"),
        ("people.services", "def f():\n    from events import models"),
        ("people.services", "if TYPE_CHECKING:\n    import events.models as e"),
        ("people.services", "try:\n    from events.models import Event\nexcept ImportError: pass"),
        ("people.services", "from workspaces.tokens import parse_token"),
        ("people.services", "from workspaces import tokens"),
        ("people.services", "from workspaces import *"),
        ("people.services", "from ..events import models"),
        ("events.models", "from people.words import person_words"),
        ("events.models", "from people.api.views import PersonViewSet"),
        ("events.models", "from people.authentication import x"),
        ("segments.rules", "from people.identities import Identity"),
        ("segments.rules", "from analytics.queries import trends"),
        ("messaging.delivery", "from events.models import Event"),
        ("analytics.queries.trends", "from dashboard.models import Page"),
        ("flameup.api.views", "from workspaces.models import Workspace"),
        ("flameup.env", "import events.models"),
        ("flameup.health", "from people.services import x"),
        ("events.models", "from flameup.settings import DEBUG"),
        ("events.models", "from flameup import celery"),
    ],
)
def test_checker_stops_what_is_not(module, source):
    assert len(violations(module, source)) == 1


def test_checker_resolves_relative_imports_of_a_package():
    assert violations("people", "from .api import views", is_package=True) == []
    assert imports_of("people.api", "from . import views", is_package=True) == ["people.api.views"]
    assert imports_of("people.api.views", "from ..models import A") == ["people.models.A"]


def test_apps_that_import_each_other_are_noticed():
    sources = [
        ("people.services", "from events.models import Event", False),
        ("events.models", "from people.models import Person", False),
        ("people.models", "from workspaces.models import Workspace", False),
    ]
    assert mutual(importing_pairs(sources)) == [("events", "people")]
