"""The application that granian serves.

Django's views are synchronous and run in a few threads; the body of a request is
read before, without one, so that a client that stalls holds up nobody.
"""

import os

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flameup.settings")
django_application = get_wsgi_application()

# Settings can be read only once Django is set up.
from django.conf import settings  # noqa: E402

from flameup.request_bodies import BodyReader  # noqa: E402

application = BodyReader(
    WSGIMiddleware(django_application, workers=settings.WEB_THREADS),  # type: ignore[arg-type]
    limit=settings.API_MAX_BODY_BYTES,
)
