"""What the commands of this app share."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class ServiceCommand(BaseCommand):
    """A command that calls a service, whose refusal is one line and not a traceback."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except ValueError as error:
            raise CommandError(str(error)) from None
