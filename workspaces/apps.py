from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self) -> None:
        from workspaces import key_cache  # noqa: PLC0415 (models can be imported only now)

        key_cache.listen()
