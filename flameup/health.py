"""Is the process alive, and can it serve?"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

READ_METHODS = {"GET", "HEAD"}


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    problems = _problems()
    return JsonResponse(
        {"status": "unready" if problems else "ready", "problems": problems},
        status=503 if problems else 200,
    )


def _problems() -> list[str]:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return ["The database cannot be reached."]
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{len(pending)} migrations are not applied."] if pending else []
