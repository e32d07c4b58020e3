"""Typed readers of environment variables that fail loudly on a value they cannot read."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_REDIS_SCHEMES = {"redis", "rediss", "unix"}
_FALSE = {"0", "false", "no", "off"}


def string(name: str, default: str = "") -> str:
    """Return the variable; unset or empty means `default`."""
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    """Return the variable as a truth value: 1/0, true/false, yes/no, on/off."""
    value = string(name).lower()
    if not value:
        return default
    if value in _TRUE | _FALSE:
        return value in _TRUE
    raise ImproperlyConfigured(f"{name}: {value!r} is neither true nor false.")


def integer(name: str, default: int, *, minimum: int | None = None) -> int:
    """Return the variable as a whole number, at least `minimum`."""
    value = string(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}: {value!r} is not a whole number.") from None
    if minimum is not None and number < minimum:
        raise ImproperlyConfigured(f"{name}: {number} is less than {minimum}.")
    return number


def words(name: str, default: list[str]) -> list[str]:
    """Return the variable as a list, split at commas."""
    value = string(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else default


def redis_url(name: str) -> str:
    """Return the variable, the URL of a Redis, or nothing."""
    value = string(name)
    try:
        is_redis = urlsplit(value).scheme in _REDIS_SCHEMES
        # Read for the error it raises; Redis's own would come with the first request.
        urlsplit(value).port  # noqa: B018
    except ValueError:
        is_redis = False
    if value and not is_redis:
        # Not quoted, for it may hold a password.
        raise ImproperlyConfigured(f"{name} is not of the form redis://host:6379/0.")
    return value


def path(name: str, default: Path) -> Path:
    """Return the variable as an absolute path; `~` is the home folder."""
    value = string(name)
    return Path(value).expanduser().absolute() if value else default
