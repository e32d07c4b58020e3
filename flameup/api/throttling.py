"""Refuses the requests of a key beyond its limit."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from flameup.api.access import access_of
from flameup.api.errors import RateLimited
from flameup.api.limits import KEY_SECONDS, Verdict, limiter
from flameup.request_bodies import ADMITTED

if TYPE_CHECKING:
    # REST framework loads this module while it defines APIView.
    from rest_framework.views import APIView


class KeyThrottle(BaseThrottle):
    """Counts each request of a key, but those that were counted before they came here."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        is_admitted = request.META.get("asgi.scope", {}).get(ADMITTED)
        # The document itself is read without a key.
        if request.auth is not None and not is_admitted:
            access = access_of(request)
            require_admitted(limiter().take(access.limit_name, access.rate_limit, KEY_SECONDS))
        return True


def require_admitted(verdict: Verdict) -> None:
    """Raise RateLimited for a request beyond the limit of its key."""
    if not verdict.is_allowed:
        reason = f"This API key may send {verdict.limit:,} requests a second."
        raise RateLimited(reason, verdict)
