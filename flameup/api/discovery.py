"""The OpenAPI document, in YAML and in JSON."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.views import SpectacularAPIView

_cached = method_decorator(cache_control(public=True, max_age=300), name="dispatch")


@_cached
class OpenAPIYAML(SpectacularAPIView):
    renderer_classes: Any = [OpenApiYamlRenderer2]


@_cached
class OpenAPIJSON(SpectacularAPIView):
    renderer_classes: Any = [OpenApiJsonRenderer2]
