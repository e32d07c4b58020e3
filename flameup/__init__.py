"""The project: settings, start and stop, and what all apps share."""

from flameup.celery import app as celery_app

__all__ = ["celery_app"]
