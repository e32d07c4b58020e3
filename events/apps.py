from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        # Models can be imported only once the apps are there.
        from events import people_events  # noqa: PLC0415

        people_events.connect()
