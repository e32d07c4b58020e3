from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


class FlameupConfig(AppConfig):
    name = "flameup"

    def ready(self) -> None:
        pre_migrate.connect(_limit_waiting, dispatch_uid="flameup.lock_timeout")
        post_migrate.connect(_reset, dispatch_uid="flameup.lock_timeout")


def _limit_waiting(using: str, **kwargs: Any) -> None:
    """Have a migration fail, to be run again, that would hold up everybody behind it in line.

    A change of a table waits for whoever reads it, and all others wait for the change.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")


def _reset(using: str, **kwargs: Any) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("RESET lock_timeout")
