"""The settings of an installation that is broken on purpose: as any, and a consumer of its own."""

from flameup.settings import *  # noqa: F403
from flameup.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "flameup.benchmark.faults.apps.FaultsConfig"]
