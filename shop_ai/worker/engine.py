"""The threads of one worker process, from the loading of the language model to the last lease given back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, InterfaceError, connections

from shop_ai.conf import config
from shop_ai.exceptions import DeadBackend, ShopAIError
from shop_ai.lm.base import Generate, says
from shop_ai.models import WorkerBoot
from shop_ai.skills import skills
from shop_ai.worker.keeper import EXIT_DEAD_BACKEND, Keeper, Renewer, register
from shop_ai.worker.loop import Worker
from shop_ai.worker.sessions import limit_silence
from shop_ai.worker.start import build_backend

log = logging.getLogger("shop_ai.worker")

EXIT_REFUSED = 78
"""The checkpoint, or a setting, cannot be used (EX_CONFIG of sysexits.h)."""
PROBE_WITHIN = 60.0
"""Seconds the language model may take to answer a probe, behind what it does already."""
PATIENCE = 5.0
"""Seconds beyond the grace for the threads to end."""


class Engine:
    """Loop, renewer and keeper. `end` is asked to end the process with an exit code; it may return."""

    def __init__(self, lanes: Sequence[str], end: Callable[[int], object]) -> None:
        self.lanes = lanes
        self.worker: Worker | None = None
        self._end = end
        self._keeper = Keeper()
        self._renewer: Renewer | None = None
        self._thread = threading.Thread(target=self._run, name="shop_ai-loop", daemon=True)

    def start(self) -> None:
        """Build the backend here, so that what is wrong with a setting is known at once; load it beside."""
        limit_silence()
        self._keeper.start()
        if not self.lanes:
            return
        try:
            self.worker = Worker(build_backend(), self.lanes)
        except Exception as error:
            self._refuse(error)
            return
        self._renewer = Renewer(self.worker)
        self._thread.start()

    def ring(self) -> None:
        """There may be work."""
        if self.worker is not None:
            self.worker.ring()

    def probe(self, token: str) -> None:
        """Have the language model write a few tokens, and say so in the worker's row."""
        if self.worker is not None:
            threading.Thread(
                target=_probe, args=(self.worker, token), name="shop_ai-probe", daemon=True
            ).start()

    def wind_down(self, grace: float) -> None:
        """Take nothing new, and be done within `grace` seconds. Safe in a signal handler: takes no lock."""
        if self.worker is not None:
            self.worker.stop(grace, ring=False)

    def join(self) -> None:
        """Wait until what runs is finished or given back, then let go of everything."""
        if self.worker is not None:
            self.worker.stop(config().GRACE)
        if self._thread.is_alive():
            self._thread.join(config().GRACE + PATIENCE)
        self._keeper.finish()
        if self._renewer is not None:
            self._renewer.finish()
        if self.worker is not None:
            self.worker.backend.close()

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        assert self.worker is not None and self._renewer is not None  # noqa: S101 - start() saw to it
        try:
            register(self.worker, "loading")
            self._renewer.start()
            if self._opened(self.worker):
                register(self.worker, "ready", skills=list(skills()), **self.worker.backend.describe())
                log.info("Ready: %s", self.worker.backend.describe())
                self.worker.run()
                register(self.worker, "stopped")
        except (DatabaseError, InterfaceError) as error:
            log.critical("The database cannot be used (%s). Is it migrated? `manage.py migrate`", error)
            self._end(EXIT_DEAD_BACKEND)
        except DeadBackend as error:
            log.critical("%s This worker ends.", error)
            register(self.worker, "stopped", error=str(error))
            self._end(EXIT_DEAD_BACKEND)
        except Exception:
            # A worker without its loop would look alive and do nothing: better that it is started anew.
            log.critical("The worker's loop broke; this worker ends.", exc_info=True)
            self.worker.give_back()
            self._end(EXIT_DEAD_BACKEND)
        finally:
            connections.close_all()

    def _opened(self, worker: Worker) -> bool:
        try:
            worker.backend.open()
        except DeadBackend:
            raise
        except Exception as error:
            self._refuse(error)
            register(worker, "refused", error=_sentence(error))
            return False
        return True

    def _refuse(self, error: Exception) -> None:
        """One clear sentence; the trace only where the error is not one of ours."""
        known = isinstance(error, ShopAIError | ImportError)
        log.critical("This worker takes no jobs: %s", _sentence(error), exc_info=None if known else error)
        self._end(EXIT_REFUSED)


PROBE = Generate(messages=(says("user", "Write one short sentence."),), max_tokens=8)


def _probe(worker: Worker, token: str) -> None:
    began = time.monotonic()
    try:
        completion = worker.backend.submit(PROBE).result(PROBE_WITHIN)
        answer: dict[str, object] = {"tokens": completion.tokens_out}
    except Exception as error:
        answer = {"error": _sentence(error)}
    answer |= {"token": token, "milliseconds": round((time.monotonic() - began) * 1000)}
    try:
        boot = WorkerBoot.objects.get(pk=worker.id)
        detail = {**boot.detail, **worker.backend.describe(), "probe": answer}
        WorkerBoot.objects.filter(pk=worker.id).update(detail=detail)
    except Exception:
        log.warning("The answer to a probe could not be stored.", exc_info=True)
    finally:
        connections.close_all()


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
