"""How it is usually done: a message per product, acknowledged late, and the task writes the text itself."""

from __future__ import annotations

import os
import time

import django
from celery import Celery

django.setup()

QUEUE = "plain"
app = Celery("plain", broker=os.environ["PLAIN_BROKER"], set_as_current=False)
app.conf.update(
    task_default_queue=QUEUE,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": float(os.environ["PLAIN_VISIBILITY"]),
        # Kindly: as they come, what was lost is looked for only every hundred seconds.
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
)


@app.task(name="plain.describe")
def describe(key: int) -> None:
    """Take a while, as the language model would, and store a text."""
    from demo_store.catalogue.models import Product
    from tests.celery.store import append

    time.sleep(float(os.environ["PLAIN_SECONDS"]))
    product = Product.objects.get(pk=key)
    append(product, f"{product.title}.", "en")
