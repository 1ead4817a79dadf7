"""Settings of the demo store. Every value a machine may want to change has an environment variable."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("SHOP_VAR", BASE_DIR / "var"))
"""Everything that is written while the store runs: database, queue, collected static files."""
BROKER_FOLDER = VAR / "broker"
for folder in (VAR / "static", BROKER_FOLDER / "messages", BROKER_FOLDER / "control"):
    folder.mkdir(parents=True, exist_ok=True)

# --- safety ---------------------------------------------------------------------------------------

DEMO_SECRET_KEY = "demo-only-secret-key-that-everybody-can-read-never-use-it-for-a-real-store"  # noqa: S105
DEBUG = os.environ.get("SHOP_DEBUG", "1") == "1"
SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", DEMO_SECRET_KEY)
if not DEBUG and SECRET_KEY == DEMO_SECRET_KEY:
    raise ImproperlyConfigured("SHOP_DEBUG=0 needs a secret key of your own in SHOP_SECRET_KEY.")
ALLOWED_HOSTS = os.environ.get("SHOP_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

# --- apps -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "demo_store",
    "demo_store.catalogue",
    "demo_store.reviews",
    "demo_store.support",
    "demo_store.orders",
    "demo_store.storefront",
    "shop_ai",
]
if find_spec("drf_spectacular"):
    INSTALLED_APPS.insert(INSTALLED_APPS.index("django_filters"), "drf_spectacular")
    REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "demo_store.urls"
WSGI_APPLICATION = "demo_store.wsgi.application"
ASGI_APPLICATION = "demo_store.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "demo_store.storefront.context.shelves",
            ]
        },
    }
]
LOGIN_URL = "storefront:login"
LOGIN_REDIRECT_URL = "storefront:account"
LOGOUT_REDIRECT_URL = "storefront:home"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- database -------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]]
if os.environ.get("SHOP_DB") == "postgres":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ.get("PGDATABASE", "demo_store"),
            "USER": os.environ.get("PGUSER", ""),
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
            "HOST": os.environ.get("PGHOST", ""),
            "PORT": os.environ.get("PGPORT", ""),
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR / "demo.sqlite3",
            # With these, web processes and workers can write side by side.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }

# --- languages and files --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "demo_store" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
if not DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

# --- Celery ---------------------------------------------------------------------------------------

CELERY_BROKER_URL = os.environ.get("SHOP_BROKER", "filesystem://")
if CELERY_BROKER_URL == "filesystem://":
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_FOLDER / "messages"),
        "data_folder_out": str(BROKER_FOLDER / "messages"),
        "control_folder": str(BROKER_FOLDER / "control"),
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # workers find jobs without a broker: it may be away for hours
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

# --- shop_ai: which of our models are what --------------------------------------------------------

SHOP_AI = {
    "ROLES": {
        "product": {
            "MODEL": "catalogue.Product",
            "PREFETCH": ["attributes", "category"],
            "FILTER": {"is_public": True},
            "FIELDS": {
                "name": "title",
                "sku": "sku",
                "brand": "maker__name",
                "category": "demo_store.ai.shelf",
                "attributes": "demo_store.ai.facts",
                "price": "demo_store.ai.price",
                "language": "language",
                "url": "get_absolute_url",
                "public": "is_public",
                "description": "long_text",
                "short_description": "short_text",
                "bullet_points": "points",
                "seo_title": "meta_title",
                "seo_description": "meta_description",
                "reviews": {"READ": "reviews", "FILTER": {"status": 1}, "LIMIT": 50},
            },
        },
        "review": {
            "MODEL": "reviews.Review",
            "FIELDS": {
                "text": "body",
                "title": "title",
                "rating": "stars",
                "product": "product",
                "author": "author_name",
                "owner": "customer",
                "created": "created_at",
                "sentiment": "sentiment",
                "score": "score",
            },
        },
        "ticket": {
            "MODEL": "support.Ticket",
            "FIELDS": {
                "subject": "title",
                "text": "message",
                "owner": "user",
                "email": "email",
                "status": "status",
                "created": "created_at",
                "reply": "draft",
            },
        },
        "order": {
            "MODEL": "orders.Order",
            "PREFETCH": ["lines__product"],
            "FIELDS": {
                "number": "number",
                "status": "status",
                "owner": "user",
                "lines": "lines",
                "placed": "placed_at",
                "total": "demo_store.ai.total",
            },
        },
        "article": {
            "MODEL": "support.Article",
            "FIELDS": {
                "title": "title",
                "text": "body",
                "url": "get_absolute_url",
                "public": "published",
                "language": "language",
            },
        },
    },
    "SKILLS": [
        "shop_ai.skills.DescribeProduct",
        "shop_ai.skills.WriteShortDescription",
        "shop_ai.skills.WriteBulletPoints",
        "shop_ai.skills.WriteSEOTitle",
        "shop_ai.skills.WriteSEODescription",
    ],
    "LM": {
        "BACKEND": os.environ.get("SHOP_LM", "shop_ai.lm.local.LocalBackend"),
        "CHECKPOINT": os.environ.get("SHOP_CHECKPOINT", "smollm2-135m"),
        "OPTIONS": {},
    },
    "LANGUAGES": ["en", "zh-hans"],
    "ADMIN": True,
}
