"""Django's description of the database, from a URL or for the embedded server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from flameup.postgres.layout import DATABASE, PORT, ROLE, Layout

_SCHEMES = ("postgres://", "postgresql://")
_SHARED: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "CONN_MAX_AGE": None,
    "CONN_HEALTH_CHECKS": True,
}


def database_settings(url: str, data_dir: Path) -> dict[str, Any]:
    """Return the entry of `DATABASES`; without a URL that of the embedded server."""
    return _SHARED | (_from_url(url) if url else _embedded(Layout(data_dir)))


def database_url(description: Mapping[str, Any]) -> str:
    """Return the DATABASE_URL that stands for Django's description of a database."""
    parts = {
        "host": description["HOST"],
        "port": description["PORT"],
        "user": description["USER"],
        "password": description["PASSWORD"],
        **description["OPTIONS"],
    }
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parts.items())
    return f"postgresql:///{quote(description['NAME'], safe='')}?{query}"


def _embedded(layout: Layout) -> dict[str, Any]:
    return {
        "NAME": DATABASE,
        "USER": ROLE,
        "HOST": str(layout.socket_folder),
        "PORT": PORT,
        # The empty password keeps libpq from taking PGPASSWORD before it looks into the file.
        "OPTIONS": {"passfile": str(layout.passfile), "password": ""},
    }


def _from_url(url: str) -> dict[str, Any]:
    """Return the settings a URL stands for; what Django has no name for becomes an option."""
    if not url.startswith(_SCHEMES):
        scheme = url.partition(":")[0]
        raise ImproperlyConfigured(
            f"DATABASE_URL must begin with postgres:// or postgresql://, not with {scheme!r}: "
            "Flameup runs on PostgreSQL only."
        )
    try:
        options = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The client's own message may quote the password.
        raise ImproperlyConfigured(
            "DATABASE_URL is not of the form postgresql://user:password@host:5432/database?option=…"
            " (special characters in a password must be percent-encoded)."
        ) from None
    if not options.get("dbname"):
        raise ImproperlyConfigured("DATABASE_URL does not name a database.")
    return {
        "NAME": options.pop("dbname"),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": str(options.pop("port", "")),
        "OPTIONS": options,
    }
