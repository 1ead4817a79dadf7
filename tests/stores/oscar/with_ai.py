"""The same store with shop_ai: everything a store's developer writes."""

from __future__ import annotations

import os

from tests.stores.oscar.settings import *  # noqa: F403
from tests.stores.oscar.settings import INSTALLED_APPS

INSTALLED_APPS += ["rest_framework", "django_filters", "shop_ai"]
SHOP_AI = {
    "ROLES": {
        "product": {
            "MODEL": "catalogue.Product",
            "FILTER": {"is_public": True},
            "FIELDS": {
                "name": "get_title",
                "category": "categories",
                "attributes": {
                    "READ": "attribute_values",
                    "KEY": "attribute__name",
                    "VALUE": "value_as_text",
                },
                "description": {"READ": "description", "FORMAT": "html"},
            },
        },
    },
    "SKILLS": ["shop_ai.skills.DescribeProduct"],
    "LM": {"BACKEND": os.environ.get("OSCAR_LM", "shop_ai.lm.echo.EchoBackend")},
    "ADMIN": True,
}
