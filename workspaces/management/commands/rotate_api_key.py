"""Replace an API key."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from workspaces.audit import Actor
from workspaces.management import arguments
from workspaces.management.base import ServiceCommand
from workspaces.services import rotate_api_key


class Command(ServiceCommand):
    help = "Make a key like this one and print it; the old one ends after the grace period."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("api_key", type=arguments.api_key, metavar="KEY")
        parser.add_argument(
            "--grace", type=arguments.duration, default=timedelta(hours=24), help="24h by default"
        )

    def handle(self, *args: Any, **options: Any) -> str:
        _, text = rotate_api_key(
            api_key=options["api_key"],
            grace=options["grace"],
            by=Actor("manage.py rotate_api_key"),
        )
        return text
