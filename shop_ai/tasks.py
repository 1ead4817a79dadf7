"""The only importer of celery: doorbells, and the engine tied to the life of a Celery worker."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import bootsteps, shared_task
from celery.signals import worker_init, worker_shutting_down
from kombu.exceptions import OperationalError

from shop_ai.conf import config
from shop_ai.models import Lane
from shop_ai.worker.engine import Engine
from shop_ai.worker.sweep import sweep as sweep_now

log = logging.getLogger("shop_ai.tasks")

UPKEEP = "upkeep"
"""The queue of sweep, beside those of the lanes."""
SILENCE = 10.0
"""Seconds without rings after the broker could not be reached."""
RING_OPTIONS = {"max_retries": 0, "socket_connect_timeout": 1, "socket_timeout": 1}


# -- the doorbell ------------------------------------------------------------------------------


@shared_task(name="shop_ai.drain", ignore_result=True, acks_late=False)
def drain(lane: str) -> None:
    """There is work in this lane: wakes the loop and returns. Carries no ids."""
    if _running is not None:
        _running.ring()


@shared_task(name="shop_ai.sweep", ignore_result=True, acks_late=False)
def sweep() -> None:
    """Find what changed without a signal; workers do this by themselves as well."""
    sweep_now()


@shared_task(name="shop_ai.probe", ignore_result=True, acks_late=False)
def probe(token: str) -> None:
    """`ai_doctor` asks whether anybody hears; the worker's language model answers into its own row."""
    if _running is not None:
        _running.probe(token)


class Bell:
    """Rings over a connection of its own, so that a broker that is away cannot hold up a save."""

    def __init__(self) -> None:
        self.failed = 0
        self._silent_until = 0.0

    def ring(self, lane: str) -> bool:
        """Whether the ring went out. After a failure there is silence for a while: workers look anyway."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            with drain.app.connection_for_write(transport_options=RING_OPTIONS) as connection:
                options: dict[str, Any] = {"connection": connection, "retry": False}
                drain.apply_async((lane,), queue=queue_of(lane), **options)
        except (OperationalError, OSError) as error:
            self.failed += 1
            self._silent_until = time.monotonic() + SILENCE
            log.warning("The broker could not be rung (%s); workers find the job by looking.", error)
            return False
        except Exception:
            self.failed += 1
            log.exception("Ringing the broker failed in an unexpected way; `manage.py ai_doctor` tells more.")
            return False
        return True


bell = Bell()


def send_probe(token: str) -> None:
    """Ask a worker to answer; raises what the broker raises."""
    with drain.app.connection_for_write(transport_options=RING_OPTIONS) as connection:
        options: dict[str, Any] = {"connection": connection, "retry": False, "expires": 60}
        probe.apply_async((token,), queue=queue_of(Lane.INTERACTIVE), **options)


def ring(lane: str) -> bool:
    """Wake the workers of a lane, if the broker is there."""
    return bell.ring(lane)


def queue_of(lane: str) -> str:
    return f"{config().CELERY_QUEUES}.{lane}"


def broker() -> str:
    """The broker's address, without its password."""
    return str(drain.app.connection_for_write().as_uri())


def has_app() -> bool:
    """Whether the store has a Celery app; without one Celery makes do with a default that has no broker."""
    return drain.app.main not in (None, "default")


def start_command() -> str:
    """How this store starts a worker.

    Without mingle: Celery waits there for ever, deaf to SIGTERM, when the broker dies meanwhile.
    """
    queues = ",".join(queue_of(name) for name in (*Lane.values, UPKEEP))
    app = drain.app.main if has_app() else "yourproject"
    return f"celery -A {app} worker -Q {queues} --pool=solo --without-mingle"


# -- the worker's life -------------------------------------------------------------------------

_running: Engine | None = None


class EngineStep(bootsteps.StartStopStep):
    """Ties the engine to the worker: started after the pool, before the first try to reach the broker."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        global _running
        served = set(parent.app.amqp.queues.consume_from)
        lanes = [lane for lane in Lane.values if queue_of(lane) in served]
        if lanes or queue_of(UPKEEP) in served:
            _running = Engine(lanes, end=_end)
            _running.start()

    def stop(self, parent: Any) -> None:
        if _running is not None:
            _running.join()

    terminate = stop


@worker_init.connect(dispatch_uid="shop_ai.worker_init")
def add_engine(sender: Any, **kwargs: Any) -> None:
    """Any worker of the store's app may be one of ours; the step looks at its queues."""
    sender.app.steps["worker"].add(EngineStep)


@worker_shutting_down.connect(dispatch_uid="shop_ai.worker_shutting_down")
def stop_engine(how: str = "Warm", **kwargs: Any) -> None:
    """Called in the signal handler. A cold shutdown gives everything back at once."""
    if _running is not None:
        _running.wind_down(config().GRACE if how == "Warm" else 0.0)


def _end(code: int) -> None:
    """Make Celery's main thread stop the worker and end the process with this code."""
    from celery.worker import state  # the web process has no use for it

    setattr(state, "should_stop", code)  # noqa: B010 - its stubs know only None
