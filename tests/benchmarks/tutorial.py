"""The usual tutorial: one Celery task per product that calls `pipeline("text-generation")`.

The pipeline is loaded once per process. It is asked either exactly what our skill asks, or, as tutorials
do, once for the whole page, with as many tokens as our sentences may have together.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")
django.setup()

app = Celery("tutorial", broker=os.environ["SHOP_BROKER"])
app.conf.task_default_queue = "tutorial"
app.conf.task_ignore_result = True
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_connection_retry_on_startup = True


@lru_cache(maxsize=1)
def pipe() -> Any:
    import torch
    from transformers import pipeline

    from shop_ai.conf import config
    from shop_ai.lm.checkpoints import location
    from shop_ai.lm.local.machine import pick_dtype

    torch.set_num_threads(int(os.environ["TUTORIAL_THREADS"]))
    folder = location("smollm2-135m", config().CHECKPOINTS)
    dtype = pick_dtype("auto", torch.device("cpu"))  # as ours: emulated bfloat16 would be far slower
    return pipeline("text-generation", model=str(folder), dtype=dtype)


@app.task(name="tutorial.describe")
def describe(pk: int) -> None:
    """Write one product's description and save it."""
    from demo_store.catalogue.models import Product
    from tests.benchmarks.requests import requests_for

    product = Product.objects.get(pk=pk)
    requests = requests_for(product)
    asked = [(_chat(request.messages), request.max_tokens) for request in requests]
    if os.environ["TUTORIAL_ASKS"] == "once":
        asked = [(_page(product), sum(limit for _, limit in asked))]
    product.long_text = " ".join(_written(chat, limit) for chat, limit in asked)
    product.save(update_fields=["long_text"])


def _written(chat: list[dict[str, str]], limit: int) -> str:
    answer = pipe()(chat, max_new_tokens=limit, do_sample=False)
    return str(answer[0]["generated_text"][-1]["content"])


def _chat(messages: Any) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.text} for message in messages]


def _page(product: Any) -> list[dict[str, str]]:
    facts = "\n".join(f"{fact.name}: {fact.value}" for fact in product.attributes.all())
    asked = f"Write a product description for an online shop.\nProduct: {product.title}\n{facts}"
    return [{"role": "user", "content": asked}]
