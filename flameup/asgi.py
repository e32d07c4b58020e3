"""The application that granian serves.

Django's views are synchronous and run in a few threads; the body of a request is
read before, without one, so that a client that stalls holds up nobody. Plain good
requests to track events are answered without Django.
"""

import os
from time import monotonic

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flameup.settings")
django_application = get_wsgi_application()

# Settings can be read only once Django is set up.
from django.conf import settings  # noqa: E402

from events import ingest, quality  # noqa: E402
from events.api.edge import Edge  # noqa: E402
from flameup import drain, listener  # noqa: E402
from flameup.brake import Brake  # noqa: E402
from flameup.bridge import ThreadBridge  # noqa: E402
from flameup.garbage import collect_rarely  # noqa: E402
from flameup.health.database import start_durability_report  # noqa: E402
from flameup.health.views import late  # noqa: E402
from flameup.lifespan import Lifespan  # noqa: E402
from flameup.prompt import Prompt, json_answer  # noqa: E402
from flameup.request_bodies import BodyReader  # noqa: E402

# A little less than the supervisor waits before it kills.
DRAIN_SECONDS = 2.5
# Whoever probes waits for some seconds only.
PROBE_SECONDS = 2.0


def _start() -> None:
    drain.begin_at_sigterm(
        settings.SHUTDOWN_DELAY,
        release=_brake.release,
        give_up=lambda: ingest.drain(0),
        give_up_seconds=DRAIN_SECONDS,
    )
    start_durability_report()
    listener.start()
    collect_rarely()


def _stop() -> None:
    end = monotonic() + DRAIN_SECONDS
    ingest.drain(DRAIN_SECONDS)
    # Last, because draining answers requests; events come first where time is short.
    quality.drain(max(end - monotonic(), 0))
    listener.stop()


_views = ThreadBridge(
    django_application,
    threads=settings.WEB_THREADS,
    # A process whose views all wait for the database is alive, and must not be restarted; it
    # says itself that it is not ready.
    apart=["/healthz", "/readyz"],
)
_brake = Brake(
    BodyReader(
        Lifespan(
            Prompt(_views, path="/readyz", seconds=PROBE_SECONDS, late=json_answer(503, late())),
            start=_start,
            stop=_stop,
        ),
        limit=settings.API_MAX_BODY_BYTES,
        shortcut=Edge(django_application) if settings.EDGE else None,
    )
)
application = drain.ClosingConnections(_brake)
