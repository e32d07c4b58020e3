from django.apps import AppConfig


class FlameupConfig(AppConfig):
    name = "flameup"
