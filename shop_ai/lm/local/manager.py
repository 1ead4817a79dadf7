"""transformers' continuous batching manager: started, fed, listened to, paused, ended. Imports torch.

What is used of it beyond its documented calls stands in this file, in nucleus.py and in
tests/lm/test_manager.py, which fails where another version does it in another way.
"""

from __future__ import annotations

import gc
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig
from transformers.generation.continuous_batching import RequestStatus
from transformers.generation.continuous_batching.model_runner import infer_max_single_request_tokens

from shop_ai.lm.base import Sampling
from shop_ai.lm.local import guided
from shop_ai.lm.local.limits import Trouble
from shop_ai.lm.local.masks import Guide
from shop_ai.lm.local.nucleus import install, rules

TICKS = 255
"""Tokens of a row that only makes the manager step on."""
LOOK = 0.2
"""Seconds between two looks at a manager that says nothing."""
END_WITHIN = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the manager's batch may be."""

    rows: int
    kept: int = 0
    """Rows beside those, for urgent requests alone."""
    page: int
    """Tokens of one block of the cache."""
    step: int
    """Tokens of one forward pass."""
    tokens: int | None
    """Tokens of the cache; None is as many as fit into `memory`."""
    memory: float
    """Part of the device's free memory, for the cache and all else that a step needs."""
    share: float = 1.0
    """Of all this, after memory ran out."""

    @property
    def most(self) -> int:
        """Rows of all kinds, and the one that makes it step on."""
        return self.rows + self.kept + 1

    def halved(self) -> Size:
        return replace(self, share=self.share / 2)

    def config(self) -> ContinuousBatchingConfig:
        blocks = None if self.tokens is None else max(1, int(self.tokens * self.share) // self.page)
        return ContinuousBatchingConfig(
            page_size=self.page,
            num_blocks=blocks,
            max_batch_tokens=max(self.most, int(self.step * self.share)),
            max_memory_percent=self.memory * self.share if blocks is None else None,
            max_requests_per_batch=self.most,
            scheduler_type=guided.SCHEDULER,
            per_request_processors=True,
            auto_switch_to_flash=False,  # `attention.for_pages` has chosen, without downloading anything
        )


class Manager:
    """One life of the manager. Its loop has a thread of its own; what it delivers is collected in another.

    `progress` is called while steps are made, `wake` when there is something to `take` or it has died.
    """

    def __init__(
        self,
        model: Any,
        size: Size,
        *,
        stops: Sequence[int],
        progress: Callable[[], None],
        wake: Callable[[], None],
    ) -> None:
        if model.device.type == "cuda":
            torch.cuda.set_device(model.device)  # the present one of this thread is what gets measured
        self.page = size.page
        self._stops = sorted(stops)
        self._progress, self._wake = progress, wake
        self._inner = self._made(model, size)
        self._guided: set[str] = set()
        """Rows that are bound to a schema."""
        self._tick = ""
        self._ticks = count()
        self.capacity = self._capacity()
        self._outputs: deque[Any] = deque()
        self._ended = False
        # Its thread is a daemon if the one that starts it is: else a process that forgets `close` never ends.
        starter = threading.Thread(target=self._inner.start, daemon=True)
        starter.start()
        starter.join()
        self._collector = threading.Thread(target=self._collect, name="shop_ai.lm.collector", daemon=True)
        self._collector.start()

    def _made(self, model: Any, size: Size) -> Any:
        """Every value here makes the manager create the processor by which each request has its own."""
        generation = GenerationConfig(  # type: ignore[no-untyped-call]
            do_sample=True, temperature=0.5, top_p=0.5, top_k=None, eos_token_id=self._stops, pad_token_id=0
        )
        inner = model.init_continuous_batching(generation, size.config())
        install(inner.logit_processor.logits_processor)
        vocabulary = model.get_output_embeddings().weight.shape[0]
        masks = guided.Masks(vocabulary, size.most, self._stops, model.device)
        guided.install(inner.logit_processor, masks)
        inner.warmup()  # makes the cache, and records the graphs of kernels where there are any
        return inner

    def _capacity(self) -> int:
        """Tokens that the cache holds, of all requests together as of a single one."""
        config, cache = self._inner.continuous_batching_config, self._inner.batch_processor.cache
        most = min(config.num_blocks * config.page_size, infer_max_single_request_tokens(cache))
        return int(most) - (self.needs(TICKS + 1) if self._ahead else 0)

    @property
    def _ahead(self) -> bool:
        """Whether it prepares a step while the one before is computed."""
        return bool(self._inner.continuous_batching_config.use_async_batching)

    def needs(self, tokens: int) -> int:
        """What a request of so many tokens takes of the capacity."""
        return -(-tokens // self.page) * self.page

    # -- Requests ------------------------------------------------------------------------------

    def add(
        self,
        name: str,
        ids: Sequence[int],
        max_tokens: int,
        sampling: Sampling,
        *,
        guide: Guide | None = None,
        tell: bool = False,
    ) -> None:
        """Hand over a request that fits. `tell` delivers it after every token, not only at its end."""
        if guide is not None:
            self._guided.add(name)
        self._inner.add_request(
            list(ids),
            request_id=name,
            max_new_tokens=max_tokens,
            eos_token_id=self._stops,
            streaming=tell,
            **rules(sampling.temperature, sampling.top_p),
            **({} if guide is None else {"guide": guide}),
        )
        self._keep_going()

    def cancel(self, name: str) -> None:
        """Forget a request from the next step on; nothing is delivered for it."""
        self._inner.cancel_request(name)
        self._guided.discard(name)
        self._keep_going()

    def take(self) -> list[Any]:
        """What was delivered since the last time."""
        taken = []
        while self._outputs:
            output = self._outputs.popleft()
            if output.is_finished():
                self._guided.discard(output.request_id)
            if output.request_id != self._tick:
                taken.append(output)
            elif output.is_finished():
                self._tick = ""
        self._keep_going()
        return taken

    def _keep_going(self) -> None:
        """Guided rows sit out every other step, and a manager without a row for a step takes none.

        One that works ahead then never learns what the last step gave. So a row that means nothing keeps
        them company.
        """
        if self._ahead and bool(self._guided) != bool(self._tick):
            if self._tick:
                self._inner.cancel_request(self._tick)
                self._tick = ""
            else:
                self._tick = f"tick {next(self._ticks)}"
                asked = {"max_new_tokens": TICKS, "eos_token_id": [], **rules(0.0, 1.0)}
                self._inner.add_request([0], request_id=self._tick, **asked)

    # -- Life ----------------------------------------------------------------------------------

    @property
    def news(self) -> bool:
        return bool(self._outputs) or self._ended

    @property
    def trouble(self) -> Trouble | None:
        """Why it died; nothing while it lives."""
        if not self._ended:
            return None
        error = self._inner.background_thread_status.fatal_error
        return Trouble.of(error) if error else Trouble("It stopped without a word.", False, False)

    def pause(self) -> AbstractContextManager[None]:
        """No step is made meanwhile; raises RuntimeError when the manager is dead."""
        pause: AbstractContextManager[None] = self._inner.pause()
        return pause

    def forget(self) -> None:
        """Drop what is kept of finished requests, because the weights change. Only while nothing runs."""
        with self.pause():
            self._inner.batch_processor.cache.evict_cached_blocks()

    def close(self) -> None:
        """End it and give its memory back."""
        with suppress(RuntimeError):  # of a device that is dead
            self._inner.stop(block=True, timeout=END_WITHIN, hard_stop=True)
        self._collector.join(END_WITHIN)
        self._inner.background_thread_status.fatal_error = None  # its traceback holds the cache
        self._inner.batch_processor = None
        gc.collect()
        if torch.cuda.is_available():
            with suppress(RuntimeError):
                torch.cuda.empty_cache()

    # -- The collecting thread -----------------------------------------------------------------

    def _collect(self) -> None:
        steps = 0
        while True:
            output = self._inner.get_result(timeout=LOOK)
            if steps != (steps := getattr(self._inner, "current_batch", 0)):
                self._progress()
            if output is not None:
                self._deliver(output)
            elif not self._inner.is_running():
                break
        self._ended = True
        self._wake()

    def _deliver(self, output: Any) -> None:
        """A dying manager fails all its requests; those are not their errors."""
        dying = self._inner.background_thread_status.can_accept_new_requests() is not None
        if output.status != RequestStatus.FAILED or not dying:
            self._outputs.append(output)
            self._wake()
