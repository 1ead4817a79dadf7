"""The usual tutorial: one Celery task per product that calls `pipeline("text-generation")`.

The pipeline is loaded once per process. It is asked exactly what our skill asks, with the same limits.
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

    torch.set_num_threads(int(os.environ["TUTORIAL_THREADS"]))
    folder = location("smollm2-135m", config().CHECKPOINTS)
    return pipeline("text-generation", model=str(folder), dtype=torch.bfloat16)


@app.task(name="tutorial.describe")
def describe(pk: int) -> None:
    """Write one product's description and save it."""
    from demo_store.catalogue.models import Product
    from tests.benchmarks.requests import requests_for

    product = Product.objects.get(pk=pk)
    sentences = []
    for request in requests_for(product):
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        answer = pipe()(messages, max_new_tokens=request.max_tokens, do_sample=False)
        sentences.append(answer[0]["generated_text"][-1]["content"])
    product.long_text = " ".join(sentences)
    product.save(update_fields=["long_text"])
