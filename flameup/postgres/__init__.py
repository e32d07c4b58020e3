"""PostgreSQL for an installation: the server that is named, or one that we run ourselves."""

from flameup.postgres.commands import database_for_command
from flameup.postgres.errors import PostgresError
from flameup.postgres.server import EmbeddedPostgres
from flameup.postgres.settings import database_settings, database_url

__all__ = [
    "EmbeddedPostgres",
    "PostgresError",
    "database_for_command",
    "database_settings",
    "database_url",
]
