from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

from flameup.health import register_problems, register_warnings


class FlameupConfig(AppConfig):
    name = "flameup"

    def ready(self) -> None:
        _register_health()
        pre_migrate.connect(_limit_waiting, dispatch_uid="flameup.lock_timeout")
        post_migrate.connect(_reset, dispatch_uid="flameup.lock_timeout")


def _register_health() -> None:
    # Some of these import models, which they can only now.
    from flameup.health import broker, database, disk  # noqa: PLC0415
    from flameup.listener import listener  # noqa: PLC0415

    register = register_warnings if settings.ALLOW_UNSAFE_DATABASE else register_problems
    register("flameup.durability", database.durability)
    register_problems("flameup.disk", disk.problems)
    register_warnings("flameup.disk", disk.warnings)
    register_warnings("flameup.broker", broker.warnings)
    register_warnings("flameup.listener", listener.warnings)


def _limit_waiting(using: str, **kwargs: Any) -> None:
    """Have a migration fail, to be run again, that would hold up everybody behind it in line.

    A change of a table waits for whoever reads it, and all others wait for the change.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")


def _reset(using: str, **kwargs: Any) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("RESET lock_timeout")
