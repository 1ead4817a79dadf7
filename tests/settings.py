"""Settings of the test suite: the demo store on the echo backend; SQLite unless TEST_DATABASE says so."""

from __future__ import annotations

import os

from demo_store.settings import *  # noqa: F403
from demo_store.settings import DATABASES, SHOP_AI, VAR

# One skill: what is tested is the machinery around it. The demo itself is tested with all of its own.
SHOP_AI = {
    **SHOP_AI,
    "LM": {"BACKEND": "shop_ai.lm.echo.EchoBackend"},
    "SKILLS": ["shop_ai.skills.DescribeProduct"],
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_BROKER_URL = "memory://"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
if os.environ.get("TEST_DATABASE") == "postgres":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ.get("PGDATABASE", "postgres"),
            "USER": os.environ.get("PGUSER", "postgres"),
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
            "PORT": os.environ.get("PGPORT", "5432"),
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
        }
    }
else:
    DATABASES["default"]["TEST"] = {"NAME": VAR / "test.sqlite3"}

# The awkward store stands beside the demo store; the `awkward` fixture binds it for one test.
INSTALLED_APPS += ["tests.stores.awkward.apps.AwkwardConfig"]  # noqa: F405
DATABASES["suppliers"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
DATABASE_ROUTERS = ["tests.stores.awkward.router.SuppliersRouter"]
