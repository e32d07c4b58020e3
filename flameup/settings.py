"""Settings of the project, all from the environment and safe when it is empty."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static

from flameup import env, logs
from flameup.data_folder import default_data_folder, make_data_folder, secret_from_file
from flameup.postgres import database_settings

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = make_data_folder(env.path("FLAMEUP_DATA_DIR", default_data_folder(BASE_DIR)))

DEBUG = env.boolean("FLAMEUP_DEBUG", False)
SECRET_KEY = env.string("FLAMEUP_SECRET_KEY") or secret_from_file(DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.words("FLAMEUP_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.words("FLAMEUP_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    # Before Django's admin, whose templates it replaces.
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "flameup",
    "workspaces",
    "people",
    "events",
]

MIDDLEWARE = [
    "flameup.api.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "flameup.security.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "flameup.urls"
WSGI_APPLICATION = "flameup.wsgi.application"
ASGI_APPLICATION = "flameup.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database_settings(env.string("DATABASE_URL"), DATA_DIR)}
# A database that may lose what it acknowledged makes the process unready; here it only warns.
ALLOW_UNSAFE_DATABASE = env.boolean("FLAMEUP_ALLOW_UNSAFE_DATABASE", False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "workspaces.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
# Files are served out of the installed packages, so that no collecting step stands before a start.
WHITENOISE_USE_FINDERS = True

# A browser that reached us by https is told to stay there; whoever ends TLS in front of us says so.
IS_BEHIND_TLS = env.boolean("FLAMEUP_HTTPS", False)
SECURE_SSL_REDIRECT = IS_BEHIND_TLS
# Probes come from the machine itself, without TLS.
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_BEHIND_TLS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_BEHIND_TLS
if IS_BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
# What is added under these paths: django-unfold runs Alpine, which compiles the expressions in its
# templates; both it and Swagger UI style their pages inline.
CONTENT_SECURITY_POLICY_BELOW = {
    "/admin/": {
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
    },
    "/docs/": {
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
    },
}
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

UNFOLD = {
    "SITE_TITLE": "Flameup",
    "SITE_HEADER": "Flameup",
    "SITE_SYMBOL": "local_fire_department",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("flameup/icon.svg"),
        }
    ],
    "SHOW_HISTORY": False,
    "STYLES": [lambda request: static("flameup/admin.css")],
    "SCRIPTS": [lambda request: static("flameup/admin.js")],
    "SIDEBAR": {"navigation": "workspaces.admin.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "workspaces.admin.navigation.index",
    # Embers; white text on 600 and text of 600 on white reach a contrast of 5.2.
    "COLORS": {
        "primary": {
            "50": "#fff7ed",
            "100": "#ffedd5",
            "200": "#fed7aa",
            "300": "#fdba74",
            "400": "#fb923c",
            "500": "#ea580c",
            "600": "#c2410c",
            "700": "#9a3412",
            "800": "#7c2d12",
            "900": "#65220d",
            "950": "#431407",
        }
    },
}

# The body reader in front of Django holds a request to this; Django itself must not answer in HTML.
API_MAX_BODY_BYTES = 4 * 1024 * 1024
API_MAX_EVENT_BYTES = 32 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES + 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["workspaces.authentication.APIKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "workspaces.permissions.IsInOwnWorkspace",
        "workspaces.permissions.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["flameup.api.throttling.KeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["flameup.api.renderers.ExactJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "flameup.api.renderers.AlwaysJSON",
    "DEFAULT_PAGINATION_CLASS": "flameup.api.pagination.ListPagination",
    "DEFAULT_FILTER_BACKENDS": ["flameup.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "flameup.api.schema.FlameupSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "flameup.api.answers.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Flameup API",
    "DESCRIPTION": "Track events about people and read them back.",
    "VERSION": "1",
    "OAS_VERSION": "3.0.3",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True},
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
}

CELERY_BROKER_URL = env.string("CELERY_BROKER_URL", "filesystem://localhost")
REDIS_URL = env.redis_url("FLAMEUP_REDIS_URL") or (
    CELERY_BROKER_URL if CELERY_BROKER_URL.startswith(("redis://", "rediss://")) else ""
)
CELERY_DATA_DIR = DATA_DIR / "broker"
CELERY_BEAT_SCHEDULE = {
    "make-partitions": {"task": "events.make_partitions", "schedule": timedelta(hours=6)},
    "forget-receipts": {"task": "events.forget_receipts", "schedule": timedelta(hours=1)},
    # Expires, so that after a pause of the workers one run does the work of all.
    "fold-counts": {
        "task": "events.fold_counts",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    # Finds what no hint has announced.
    "sweep-outbox": {
        "task": "events.dispatch_outbox",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "forget-rejected-items": {
        "task": "events.forget_rejected_items",
        "schedule": timedelta(hours=1),
    },
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# The quick way of plain good requests to track events; without it Django answers them all.
EDGE = env.boolean("FLAMEUP_EDGE", True)

WEB_WORKERS = env.integer("FLAMEUP_WEB_WORKERS", 2, minimum=1)
WEB_THREADS = env.integer("FLAMEUP_WEB_THREADS", 16, minimum=1)
# Seconds in which a web process that is told to stop is not ready any more, but serves.
SHUTDOWN_DELAY = env.integer("FLAMEUP_SHUTDOWN_DELAY", 0, minimum=0)

LOGGING_CONFIG = None
logs.configure(env.string("FLAMEUP_LOG_LEVEL", "INFO"))
