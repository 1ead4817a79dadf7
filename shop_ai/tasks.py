"""The Celery side: doorbells, and the worker's threads tied to the worker's life. The only importer of celery."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from kombu.exceptions import OperationalError

from shop_ai.conf import config
from shop_ai.exceptions import CheckpointError
from shop_ai.models import Lane
from shop_ai.worker import Worker, build_backend
from shop_ai.worker.keeper import Keeper, Renewer, register
from shop_ai.worker.sweep import sweep as sweep_now

log = logging.getLogger("shop_ai.tasks")

SILENCE = 10.0
"""Seconds without rings after the broker could not be reached."""
EXIT_REFUSED = 78
"""The worker refused its checkpoint (EX_CONFIG of sysexits.h)."""
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
            with drain.app.connection_for_write(transport_options=_transport_options()) as connection:
                drain.apply_async((lane,), queue=queue_of(lane), connection=connection, retry=False)
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


def _transport_options() -> dict[str, Any]:
    return {**drain.app.conf.broker_transport_options, **RING_OPTIONS}


bell = Bell()


def ring(lane: str) -> bool:
    """Wake the workers of a lane, if the broker is there."""
    return bell.ring(lane)


def queue_of(lane: str) -> str:
    return f"{config().CELERY_QUEUES}.{lane}"


# -- the worker's life -------------------------------------------------------------------------

_running: Engine | None = None


class Engine:
    """The threads of one worker process."""

    def __init__(self, lanes: list[str], terminate: Any) -> None:
        self.worker = Worker(build_backend(), lanes) if lanes else None
        self.keeper = Keeper()
        self.renewer = Renewer(self.worker) if self.worker else None
        self.thread = threading.Thread(target=self._run, name="shop_ai-loop", daemon=True)
        self._terminate = terminate

    def start(self) -> None:
        self.keeper.start()
        self.thread.start()

    def ring(self) -> None:
        if self.worker is not None:
            self.worker.ring()

    def _run(self) -> None:
        if self.worker is None or self.renewer is None:
            return
        register(self.worker, "loading")
        self.renewer.start()
        try:
            self.worker.backend.open()
        except CheckpointError as error:
            log.critical("This worker takes no jobs: %s", error)
            register(self.worker, "refused", error=str(error))
            self._terminate(EXIT_REFUSED)
            return
        register(self.worker, "ready", **self.worker.backend.describe())
        log.info("Ready: %s", self.worker.backend.describe())
        self.worker.run()
        register(self.worker, "stopped")

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.stop(config().GRACE)

    def join(self) -> None:
        """Wait for the loop to finish or give back what it holds."""
        if self.thread.is_alive():
            self.thread.join(config().GRACE + 5)
        if self.renewer is not None:
            self.renewer.finish()
        self.keeper.finish()
        if self.worker is not None:
            self.worker.backend.close()


@worker_ready.connect(dispatch_uid="shop_ai.worker_ready")
def start_engine(sender: Any, **kwargs: Any) -> None:
    """Start the threads in a worker that serves one of our queues; any other worker stays as it is."""
    global _running
    served = set(sender.app.amqp.queues.consume_from)
    lanes = [lane for lane in Lane.values if queue_of(lane) in served]
    if lanes or f"{config().CELERY_QUEUES}.upkeep" in served:
        _running = Engine(lanes, terminate=_terminate)
        _running.start()


@worker_shutting_down.connect(dispatch_uid="shop_ai.worker_shutting_down")
def stop_engine(**kwargs: Any) -> None:
    if _running is not None:
        _running.stop()


@worker_shutdown.connect(dispatch_uid="shop_ai.worker_shutdown")
def join_engine(**kwargs: Any) -> None:
    if _running is not None:
        _running.stop()
        _running.join()


def _terminate(code: int) -> None:
    """Make Celery's main thread end the process with this code."""
    from celery.worker import state

    state.should_terminate = code
