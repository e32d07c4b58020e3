"""The application for a WSGI server; `flameup.asgi` is what Flameup itself runs."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flameup.settings")
application = get_wsgi_application()
