"""The Celery application; its tasks are in the apps' `tasks` modules."""

import os
import signal
import warnings
from typing import Any

from celery import Celery
from celery.signals import beat_embedded_init
from django.conf import settings

from flameup.processes import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flameup.settings")

# Root is a supported way to run a small installation, and no message here is a pickle.
warnings.filterwarnings("ignore", "You're running the worker with superuser")

app = Celery("flameup")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _file_broker() -> dict[str, Any]:
    """Return the options of the broker that needs no server: messages are files."""
    if not settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return {}
    folders = {name: settings.CELERY_DATA_DIR / name for name in ("in", "processed", "control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        "broker_transport_options": {
            # What one side writes the other reads, so both folders are the same.
            "data_folder_in": str(folders["in"]),
            "data_folder_out": str(folders["in"]),
            "processed_folder": str(folders["processed"]),
            "control_folder": str(folders["control"]),
            "polling_interval": 0.05,
        },
        # Remote control would leave a file for every worker that ever was.
        "worker_enable_remote_control": False,
    }


# A function, because the settings are still being read when this module is first imported.
app.add_defaults(_file_broker)


@beat_embedded_init.connect
def _end_with_worker(**_: object) -> None:
    """End beat, a process of its own, with its worker: it would outlive one that is killed."""
    end_with_parent(signal.SIGKILL, os.getppid())
