"""The whole suite's settings with the awkward store bound."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import SHOP_AI as DEMO

SHOP_AI = {
    "ROLES": {
        "product": {
            "MODEL": "awkward.ShopProduct",
            "PREFETCH": ["translations", "maker", "measures__unit"],
            "FIELDS": {
                "name": "tests.stores.awkward.ai.name",
                "brand": "shown_brand",
                "category": "texts__category",
                "attributes": "facts",
                "variants": {"READ": "measures", "FILTER": {"amount__gt": 0}, "ORDER": ["place"]},
                "description": {
                    "READ": "tests.stores.awkward.ai.description",
                    "WRITE": "tests.stores.awkward.ai.write_description",
                    "UNDO": "tests.stores.awkward.ai.undo_description",
                },
                "seo_title": "slogan",
                "reviews": {"READ": "opinions", "FILTER": {"approved": True}, "LIMIT": 3},
            },
        },
        "review": {
            "MODEL": "awkward.Review",
            "FIELDS": {"text": "body", "rating": "stars", "product": "product", "sentiment": "mood"},
        },
        "order": {"MODEL": "awkward.Purchase", "FIELDS": {"number": "number", "status": "state"}},
    },
    "SKILLS": ["shop_ai.skills.describe_product.DescribeProduct"],
    "LM": DEMO["LM"],
    "LANGUAGES": ["en", "zh-hans"],
}
