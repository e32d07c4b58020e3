"""Make a workspace."""

from typing import Any

from django.core.management.base import CommandParser

from workspaces.audit import Actor
from workspaces.management import arguments
from workspaces.management.base import ServiceCommand
from workspaces.services import create_workspace


class Command(ServiceCommand):
    help = "Make a workspace that belongs to a user, and print its id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner", type=arguments.user, required=True, metavar="EMAIL")

    def handle(self, *args: Any, **options: Any) -> str:
        workspace = create_workspace(
            name=options["name"], owner=options["owner"], by=Actor("manage.py create_workspace")
        )
        return workspace.public_id
