from django.urls import path

from events.api.views import EventViewSet, PersonEventViewSet, TrackViewSet

track = TrackViewSet.as_view({"post": "track"})
person_events = PersonEventViewSet.as_view({"get": "list"})

urlpatterns = [
    path("api/v1/track", track, name="track-event"),
    path("api/v1/events", track, name="create-event"),
    # The address that the clients of Appizer know.
    path("v1/events", track, name="create-appizer-event"),
    path("api/v1/track/batch", TrackViewSet.as_view({"post": "track_batch"}), name="track-events"),
    path("api/v1/people/<str:person_id>/events", person_events, name="person-events"),
    path(
        "api/v1/workspaces/<str:workspace_id>/events",
        EventViewSet.as_view({"get": "list"}),
        name="workspace-events",
    ),
    path(
        "api/v1/workspaces/<str:workspace_id>/events/<str:event_id>",
        EventViewSet.as_view({"get": "retrieve"}),
        name="workspace-event",
    ),
    path(
        "api/v1/workspaces/<str:workspace_id>/people/<str:person_id>/events",
        person_events,
        name="workspace-person-events",
    ),
]
