"""Fixtures: products to write about, a broker, and workers that are gone when the test is over."""

from __future__ import annotations

import pytest

from tests import services
from tests.celery.ai import AI
from tests.celery.brokers import Folder
from tests.celery.goods import cups
from tests.celery.harness import QUEUES, CeleryWorker, rung


@pytest.fixture
def ai(settings, transactional_db):
    """The settings of test and workers; change them before the first worker starts."""

    def change(**changes):
        settings.SHOP_AI = {**settings.SHOP_AI, **changes}
        return settings.SHOP_AI

    change(**AI)
    return change


@pytest.fixture
def broker(request):
    """Where the test asks: the folder, or Redis."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def folder(tmp_path):
    """A broker that needs no server."""
    with rung(Folder(tmp_path / "broker")) as found:
        yield found


@pytest.fixture
def redis():
    """A Redis of the test's own, to be stopped and started."""
    try:
        with services.redis() as found, rung(found):
            yield found
    except services.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def start(ai, settings, tmp_path):
    """`start(broker, **settings)` gives a running worker."""
    workers = []

    def started(broker, *, ready=True, queues=QUEUES, environment=None, **changes):
        log = tmp_path / f"worker{len(workers)}.log"
        worker = CeleryWorker(broker, log, shop_ai={**ai(), **changes}, queues=queues)
        workers.append(worker)
        return worker.start(ready=ready, **(environment or {}))

    yield started
    for worker in workers:
        worker.close()
        print(worker.text)  # shown where the test failed


@pytest.fixture
def products(ai):
    """`products(n)` gives that many with facts enough to write from."""
    return cups
