"""Revoke an API key."""

from typing import Any

from django.core.management.base import CommandParser

from workspaces.audit import Actor
from workspaces.management import arguments
from workspaces.management.base import ServiceCommand
from workspaces.services import revoke_api_key


class Command(ServiceCommand):
    help = "Refuse a key from now on, for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("api_key", type=arguments.api_key, metavar="KEY")

    def handle(self, *args: Any, **options: Any) -> str:
        revoke_api_key(api_key=options["api_key"], by=Actor("manage.py revoke_api_key"))
        return f"{options['api_key'].public_part} is revoked."
