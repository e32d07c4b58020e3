"""Headers that tell browsers what our pages may do."""

from collections.abc import Callable

from csp.utils import build_policy, default_config
from django.conf import settings
from django.http import HttpRequest, HttpResponse

_DEBUG_PAGES = (404, 500)


class SecurityHeadersMiddleware:
    """Sets Content-Security-Policy, by the path, and Permissions-Policy.

    The policies are built once: django-csp's own middleware builds them anew for each
    answer, which takes as long as decoding an event.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        directives = default_config(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"])
        self.policy = build_policy(directives)
        self.policies_below = {
            prefix: build_policy(directives, update)
            for prefix, update in settings.CONTENT_SECURITY_POLICY_BELOW.items()
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        # Django's debug pages are one file with styles and scripts inside.
        if not (settings.DEBUG and response.status_code in _DEBUG_PAGES):
            policy = self._policy_for(request.path_info)
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    def _policy_for(self, path: str) -> str:
        for prefix, policy in self.policies_below.items():
            if path.startswith(prefix):
                return policy
        return self.policy
