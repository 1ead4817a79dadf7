"""Forward passes through the language model, timed and counted. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from shop_ai.lm.local.cache import Slots, Window
from shop_ai.lm.local.shared import Shared


class Network:
    """The loaded model, and how fast it has been so far."""

    def __init__(self, model: Any, *, progress: Callable[[], None] = lambda: None) -> None:
        self.model = model
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.vocabulary = int(model.get_output_embeddings().weight.shape[0])
        self.context = int(getattr(model.config.get_text_config(), "max_position_embeddings", 0) or 1 << 30)
        self.progress = progress
        self.forwards = 0
        self.busy = 0.0
        self.prefill_rate = 500.0  # tokens a second, a low guess until it is measured
        self._plain_head = self._head_is_plain()

    def extend(
        self, cache: Slots, first: int, ids: Tensor, starts: Sequence[int], at: Sequence[int] | None = None
    ) -> Tensor:
        """Append tokens to rows of the cache.

        `ids` is rows × tokens, padded on the right; `starts` says how many tokens each row has; `at`
        which column's logits are wanted: rows × vocabulary, or of every column without it.
        """
        rows, columns = ids.shape
        last = first + rows
        in_front = cache.in_front(first, last)
        own = [start - length for start, length in zip(starts, in_front, strict=True)]
        end = max(own) + columns
        cache.ensure(last, end)
        same = len(set(own)) == 1
        steps = torch.arange(columns, device=self.device)
        places = torch.tensor(own[:1] if same else own, device=self.device)[:, None] + steps
        keys = torch.arange(end, device=self.device)
        cache.window = Window(
            first=first, last=last, start=own[0] if same else None, positions=places, end=end
        )
        shared = {"shared": Shared(cache.prefixes[first:last])} if any(in_front) else {}
        return self.forward(
            ids,
            at,
            attention_mask=keys[None, None, None, :] <= places[:, None, :, None],
            position_ids=torch.tensor(starts, device=self.device)[:, None] + steps,
            past_key_values=cache,
            **shared,
        )

    def forward(self, ids: Tensor, at: Sequence[int] | None, **inputs: Any) -> Tensor:
        """One pass; the logits at column `at` of each row, or everywhere."""
        started = time.perf_counter()
        inputs = {"input_ids": ids.to(self.device), "use_cache": True, **inputs}
        if self._additive and inputs["attention_mask"].ndim == 4:
            allowed = inputs["attention_mask"]
            inputs["attention_mask"] = torch.zeros_like(allowed, dtype=self.dtype).masked_fill_(
                ~allowed, torch.finfo(self.dtype).min
            )
        logits = self._logits(at, inputs)
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self._measure(ids.numel(), time.perf_counter() - started)
        return logits

    @property
    def _additive(self) -> bool:
        """Eager attention adds its mask; sdpa takes truth values."""
        return bool(self.model.config._attn_implementation == "eager")

    def _logits(self, at: Sequence[int] | None, inputs: dict[str, Any]) -> Tensor:
        if not self._plain_head:
            logits: Tensor = self.model(**inputs).logits
            return logits if at is None else logits[torch.arange(len(at)), torch.tensor(at)]
        hidden = self.model.get_decoder()(**inputs).last_hidden_state
        if at is not None:
            hidden = hidden[torch.arange(len(at), device=self.device), torch.tensor(at, device=self.device)]
        head: Tensor = self.model.get_output_embeddings()(hidden)
        return head

    def _measure(self, tokens: int, seconds: float) -> None:
        self.forwards += 1
        self.busy += seconds
        if tokens >= 256:
            self.prefill_rate += 0.2 * (tokens / max(seconds, 1e-6) - self.prefill_rate)
        self.progress()

    @torch.inference_mode()
    def _head_is_plain(self) -> bool:
        """Whether logits are no more than the head of the last hidden state.

        Some architectures scale or cap them; for those the whole model must run.
        """
        ids = torch.arange(3, device=self.device)[None]
        whole = self.model(input_ids=ids, use_cache=False).logits
        decoder = self.model.get_decoder()
        if decoder is None:
            return False
        hidden = decoder(input_ids=ids, use_cache=False).last_hidden_state
        return torch.equal(whole, self.model.get_output_embeddings()(hidden))
