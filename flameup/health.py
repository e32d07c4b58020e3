"""Is the process alive, and can it serve?"""

from collections.abc import Callable, Iterable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

READ_METHODS = {"GET", "HEAD"}

WarningSource = Callable[[], Iterable[str]]

_warning_sources: dict[str, WarningSource] = {}


def register_warnings(name: str, source: WarningSource) -> None:
    """Have `/readyz` tell the warnings that `source()` returns; apps call it when ready.

    It is asked at every probe, while the database is reachable and migrated. A
    warning does not make the process unready.
    """
    _warning_sources[name] = source


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    try:
        problems = _problems()
        warnings = [] if problems else _warnings()
    except DatabaseError:
        problems, warnings = ["The database cannot be reached."], []
    return JsonResponse(
        {
            "status": "unready" if problems else "ready",
            "problems": problems,
            "warnings": warnings,
        },
        status=503 if problems else 200,
    )


def _problems() -> list[str]:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{len(pending)} migrations are not applied."] if pending else []


def _warnings() -> list[str]:
    return [warning for source in _warning_sources.values() for warning in source()]
