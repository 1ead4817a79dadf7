"""People who change products while the language model writes about them."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.db import transaction

from demo_store.catalogue.models import Product
from shop_ai.models import Job
from shop_ai.models.job import LIVE

_number = count(1)


def typed(key: Any) -> str:
    """What a person types into the description of that product."""
    return f"By hand {key}."


def edit(kind: str, key: Any) -> bool:
    """Do it, if a job on that product is under way: with the row locked, none can end meanwhile."""
    with transaction.atomic():
        row = Product.objects.select_for_update().filter(pk=key).first()
        if row is None or not Job.objects.filter(target_id=str(key), state__in=LIVE).exists():
            return False
        if kind == "delete":
            row.delete()
        elif kind == "text":
            Product.objects.filter(pk=key).update(long_text=typed(key))
        else:
            Product.objects.filter(pk=key).update(title=f"Mug {next(_number)}")
    return True
