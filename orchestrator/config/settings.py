"""Django settings. Everything a deployment may change comes from the environment; docs/settings.md lists it."""

import json
import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from orchestrator.embedded.addresses import addresses

BASE_DIR = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("ANABRANCH_HOME", BASE_DIR / ".anabranch"))

_local = addresses(HOME)
DATABASE_URL = os.environ.get("DATABASE_URL") or _local.database_url
REDIS_URL = os.environ.get("REDIS_URL") or _local.redis_url


def _database(url: str) -> dict[str, object]:
    """Django's settings for one `postgresql://user:password@host:port/name?host=/socket/folder` address."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL names {parts.scheme!r}; Anabranch needs postgresql://")
    socket_folder = query.pop("host", "")
    pool = int(os.environ.get("ANABRANCH_DB_POOL", "0"))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": socket_folder or parts.hostname or "",
        "PORT": str(query.pop("port", "") or parts.port or ""),
        # A pool keeps the connections itself; without one each thread keeps its own.
        "CONN_MAX_AGE": 0 if pool else 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # The hot statements of the engine are prepared by name; see engine/statements.py.
            "prepare_threshold": 5,
            # Compiling a statement, or planning it anew, takes longer than executing any of ours. And a plan that is
            # kept must suit a table that was small when it was made: by an index wherever there is one.
            "options": "-c jit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c lock_timeout=5s"
            " -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s",
            **({"pool": {"min_size": 1, "max_size": pool, "timeout": 10}} if pool else {}),
            **query,
        },
    }


def _broker(url: str) -> str:
    """The same Valkey in Celery's spelling: a Unix socket is `redis+socket://`, its database a virtual host."""
    return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=") if url[:5] == "unix:" else url


DEBUG = os.environ.get("ANABRANCH_DEBUG", "") == "1"
ALLOWED_HOSTS = os.environ.get("ANABRANCH_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
ORIGINS = [origin for origin in os.environ.get("ANABRANCH_ORIGINS", "").split(",") if origin]
CSRF_TRUSTED_ORIGINS = ORIGINS
HTTPS = os.environ.get("ANABRANCH_HTTPS", "") == "1"


def _secret_key() -> str:
    """The key of this installation: from the environment, else made once and kept in the home folder."""
    if key := os.environ.get("ANABRANCH_SECRET_KEY"):
        return key
    path = HOME / "secret_key"
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(os.urandom(32).hex())
        try:
            # A hard link appears whole or not at all: of two processes that start together one wins.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


SECRET_KEY = _secret_key()

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "channels",
    "orchestrator.apps.OrchestratorConfig",
    "flows_ui.apps.FlowsUiConfig",
    *os.environ.get("ANABRANCH_APPS", "examples").split(","),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "flows_ui.middleware.ContentSecurityPolicyMiddleware",
]

ROOT_URLCONF = "orchestrator.config.urls"
CSRF_FAILURE_VIEW = "flows_ui.views.refusals.csrf_failure"
ASGI_APPLICATION = "orchestrator.config.asgi.application"
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

DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "orchestrator.api.sign_in.PasswordBackend",
    "orchestrator.api.sign_in.SignInLinkBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
SESSION_COOKIE_NAME = "anabranch_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Where results are kept that are too large for the database, or no JSON: docs/results.md.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "results": {
        "BACKEND": os.environ.get("ANABRANCH_RESULTS_BACKEND", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": json.loads(os.environ.get("ANABRANCH_RESULTS_OPTIONS", "null"))
        or {
            "location": str(HOME / "results"),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from where they lie, so there is nothing to collect (no STATIC_ROOT); pages name the built bundle through its
# manifest, so what whitenoise serves needs no second hashing.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MANIFEST_STRICT = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "orchestrator.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["orchestrator.api.permissions.DenyByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["orchestrator.api.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "orchestrator.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "orchestrator.api.errors.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Anabranch",
    "DESCRIPTION": "Register, compose, run, schedule and watch flows of flows.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "FlowRunState": "orchestrator.models.runs.FLOW_RUN_STATES",
        "TaskRunState": "orchestrator.models.runs.TASK_RUN_STATES",
        "State": "orchestrator.api.serializers.runs.STATES",
    },
    # The scripts of the page come from our own static files: the content security policy allows no others.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False, "filter": True},
}

CHANNEL_LAYERS = {
    "default": {
        # The pub/sub layer: the queueing one drops idle sockets with this Redis client.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "anabranch"},
    },
}

# Why each of these: docs/adr/0004-celery-settings.md
CELERY_BROKER_URL = _broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 0
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_BEAT_SCHEDULER = "orchestrator.config.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 2
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_DB_REUSE_MAX = 1000

# A worker that is not heard of for this long has lost what it held.
ANABRANCH_LEASE_SECONDS = float(os.environ.get("ANABRANCH_LEASE_SECONDS", "15"))
# What a cancelled Python function gets to stop by itself before its process is killed.
ANABRANCH_CANCEL_GRACE_SECONDS = float(os.environ.get("ANABRANCH_CANCEL_GRACE_SECONDS", "10"))
# What a running Python function gets to finish when its worker is told to stop; then it goes back to the queue.
ANABRANCH_STOP_GRACE_SECONDS = float(os.environ.get("ANABRANCH_STOP_GRACE_SECONDS", "5"))
# How often `recover` looks for what was lost.
ANABRANCH_RECOVER_SECONDS = float(os.environ.get("ANABRANCH_RECOVER_SECONDS", "5"))

# The largest result that a task run may have, wherever it is kept.
ANABRANCH_MAX_RESULT_BYTES = int(os.environ.get("ANABRANCH_MAX_RESULT_BYTES", "50000000"))
# The most flow runs that may come of one that nobody started but a person, a schedule or a program.
ANABRANCH_MAX_FLOW_RUNS_PER_ROOT = int(os.environ.get("ANABRANCH_MAX_FLOW_RUNS_PER_ROOT", "20000"))

CELERY_BEAT_SCHEDULE = {
    "recover": {
        "task": "orchestrator.recover",
        "schedule": ANABRANCH_RECOVER_SECONDS,
        "options": {"expires": ANABRANCH_RECOVER_SECONDS},
    },
    "sweep": {"task": "orchestrator.sweep", "schedule": 3600.0, "options": {"expires": 3600.0}},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname:7} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("ANABRANCH_LOG_LEVEL", "INFO")},
    "loggers": {"django.db.backends": {"level": "INFO"}, "httpx": {"level": "WARNING"}},
}
