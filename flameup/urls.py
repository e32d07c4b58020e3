"""Where everything is put together."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from flameup.api.discovery import OpenAPIJSON, OpenAPIYAML
from flameup.health import views as health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("", include("events.api.urls")),
    path("", include("people.api.urls")),
    path("openapi.yaml", OpenAPIYAML.as_view(), name="openapi-yaml"),
    path("openapi.json", OpenAPIJSON.as_view(), name="openapi-json"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="openapi-json"), name="docs"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler400 = "flameup.error_pages.bad_request"
handler403 = "flameup.error_pages.forbidden"
handler404 = "flameup.error_pages.not_found"
handler500 = "flameup.error_pages.server_error"
