"""The error of the embedded server."""

from django.core.exceptions import ImproperlyConfigured


class PostgresError(ImproperlyConfigured):
    """The embedded server cannot run; the message says why and what to do."""
