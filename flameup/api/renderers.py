"""How answers are written."""

from collections.abc import Mapping
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from flameup.api.exact_json import dump_bytes


class ExactJSONRenderer(BaseRenderer):
    """Writes JSON in which numbers keep their value and stored documents are copied unread."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dump_bytes(data)


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever `Accept` says: the documented clients call `.json()` unasked."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
