"""The requests that our skill makes of a product, for those who ask without a worker."""

from __future__ import annotations

from typing import Any

from shop_ai.lm.base import Generate
from shop_ai.roles import PRODUCT, bound
from shop_ai.skills import Subject, skill


def requests_for(product: Any, name: str = "describe_product") -> list[Generate]:
    asked = skill(name)
    binding = bound(PRODUCT)
    subject = Subject(values=binding.values(product, "en"), params=asked.Params(), language="en", seed=1)
    return [request for request in asked.requests(subject) if isinstance(request, Generate)]
