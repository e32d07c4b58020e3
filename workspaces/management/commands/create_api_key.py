"""Make an API key."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from workspaces.audit import Actor
from workspaces.management import arguments
from workspaces.management.base import ServiceCommand
from workspaces.models import APIKey
from workspaces.scopes import ALL_SCOPES
from workspaces.services import create_api_key


class Command(ServiceCommand):
    help = "Make an API key and print it. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", type=arguments.workspace, metavar="WORKSPACE")
        parser.add_argument("--name", default="Server")
        parser.add_argument(
            "--scope",
            action="append",
            choices=ALL_SCOPES,
            help="may be repeated; the default is all of them",
        )
        parser.add_argument("--mode", choices=APIKey.Mode.values, default=APIKey.Mode.LIVE)
        parser.add_argument(
            "--rate-limit", type=int, default=1000, help="requests a second, 0 for no limit"
        )
        parser.add_argument("--expires-in", type=arguments.duration, help="such as 24h or 90d")

    def handle(self, *args: Any, **options: Any) -> str:
        expires_in = options["expires_in"]
        _, text = create_api_key(
            workspace=options["workspace"],
            name=options["name"],
            scopes=options["scope"] or ALL_SCOPES,
            mode=options["mode"],
            rate_limit=options["rate_limit"],
            expires_at=None if expires_in is None else timezone.now() + expires_in,
            by=Actor("manage.py create_api_key"),
        )
        return text
