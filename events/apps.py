from django.apps import AppConfig

from flameup.health import register_problems, register_warnings


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        # Models can be imported only once the apps are there.
        from events import partitions, people_events  # noqa: PLC0415
        from events.outbox import state  # noqa: PLC0415

        people_events.connect()
        register_problems("events.partitions", partitions.problems)
        register_warnings("events.partitions", partitions.warnings)
        register_warnings("events.outbox", state.warnings)
