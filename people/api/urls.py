from django.urls import path

from people.api.views import PersonSearchViewSet, PersonViewSet

urlpatterns = [
    path(
        "api/v1/workspaces/<str:workspace_id>/people",
        PersonViewSet.as_view({"get": "list", "post": "create"}),
        name="people",
    ),
    path(
        "api/v1/workspaces/<str:workspace_id>/people/search",
        PersonSearchViewSet.as_view({"get": "list"}),
        name="people-search",
    ),
    path(
        "api/v1/workspaces/<str:workspace_id>/people/<str:person_id>",
        PersonViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="person",
    ),
]
