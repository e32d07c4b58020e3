"""Is the process alive, and can it serve?"""

from collections.abc import Sequence
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse

from flameup import drain
from flameup.health import registry
from flameup.health.database import count_pending_migrations


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    try:
        problems = _problems()
        warnings = [] if problems else registry.warnings()
    except Error:
        problems, warnings = ["The database cannot be reached."], []
    return JsonResponse(_report(problems, warnings), status=503 if problems else 200)


def late() -> dict[str, Any]:
    """Return what `/readyz` says where the checks take too long."""
    return _report(["The checks do not come to an end: does the database hang?"])


def _report(problems: Sequence[str], warnings: Sequence[str] = ()) -> dict[str, Any]:
    status = "unready" if problems else "degraded" if warnings else "ready"
    return {"status": status, "problems": list(problems), "warnings": list(warnings)}


def _problems() -> list[str]:
    """Return why the process cannot serve; the rest is asked only of a database that is whole."""
    if drain.has_begun():
        return ["This process is draining: it serves for a while yet, and then stops."]
    if pending := count_pending_migrations():
        return [f"{pending} migrations are not applied."]
    return registry.problems()
