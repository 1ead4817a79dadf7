"""The batch: rows enter and leave between two forward passes. Full attention only. Imports torch."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from shop_ai.lm.local.cache import Saved, Slots
from shop_ai.lm.local.network import Network
from shop_ai.lm.local.shared import NAME, Prefix
from shop_ai.lm.local.ticket import Prompt

log = logging.getLogger("shop_ai.lm")

SHORTEST = 16
"""Tokens from which a shared prefix is worth keeping."""
KEPT = 8
"""Prefixes that are kept."""

CLOSE = {torch.float32: 1e-3}
"""How far the same logits may be apart when they are computed in another way, as a part of their size."""

_Ids = tuple[int, ...]
_Parked = tuple[list[int], list[Saved]]
"""Lengths of rows, and what is in the cache of each."""


class Rows:
    """Rows 0 … `count` of the cache are being written; the places above them are free for scratch."""

    continuous = True
    """Newcomers may enter at any time."""

    def __init__(self, network: Network, *, rows: int, scratch: int) -> None:
        self.network = network
        self.scratch = scratch
        self.cache = Slots(network.model.config.get_text_config().num_hidden_layers, rows + scratch)
        self.lengths: list[int] = []
        self._prefixes: OrderedDict[_Ids, Prefix] = OrderedDict()
        self.apart = self._finds_what_is_apart()
        """Whether prefixes are held once for all rows that begin with them; else each row has a copy."""

    @property
    def count(self) -> int:
        return len(self.lengths)

    def worth_sharing(self, prefix: _Ids, seekers: int) -> bool:
        """Whether a prefix is computed on its own: it is known, or several wait for it.

        In fp32 always, so that the same request takes the same path every time.
        """
        if len(prefix) < SHORTEST:
            return False
        return prefix in self._prefixes or seekers > 1 or self.network.dtype == torch.float32

    def prefill(
        self, prompts: Sequence[Prompt], shared: _Ids, longest: int, copies: Sequence[int] = ()
    ) -> Tensor:
        """Compute prompts in the places above the rows in use; the logits after each.

        `shared` is a prefix that all of them begin with, or empty; `longest` the tokens of one pass.
        Nothing counts as in use until `keep`.
        """
        first, number = self.count, len(prompts)
        prefix = self._prefix(shared, longest) if shared else None
        if prefix and not self.apart:
            self.cache.load(first, first + number, (None, prefix.layers))
        else:
            self.cache.begin(first, first + number, prefix)
        todo = [prompt.rest if shared else prompt.prefix + prompt.rest for prompt in prompts]
        return self._pieces(self.cache, first, todo, len(shared), max(1, longest // number))

    def keep(self, lengths: Sequence[int], copies: Sequence[int]) -> list[int]:
        """Take prefilled prompts in, each with so many rows; the prompt of each row, in order."""
        base = self.count
        order = list(range(len(lengths)))
        for prompt, number in enumerate(copies):
            for _ in range(number - 1):
                self.cache.copy(base + prompt, base + len(order), lengths[prompt])
                order.append(prompt)
        self.lengths += [lengths[prompt] for prompt in order]
        return order

    def decode(self, tokens: Sequence[int], first: int, last: int) -> Tensor:
        """Append one token to each of the rows first … last; the logits after it. Repeatable."""
        ids = torch.tensor(tokens)[:, None]
        return self.network.extend(self.cache, first, ids, self.lengths[first:last], [0] * len(tokens))

    def advance(self) -> None:
        """The token of the last `decode` counts for every row."""
        self.lengths = [length + 1 for length in self.lengths]

    def remove(self, place: int) -> None:
        """Free a row; the last one moves into its place."""
        last = self.count - 1
        if place != last:
            self.cache.copy(last, place, self.lengths[last])
            self.lengths[place] = self.lengths[last]
        self.lengths.pop()

    def park(self) -> _Parked:
        """Take all rows out of the cache, to go on with them later under the same weights."""
        state = self.lengths, [self.cache.save(place, length) for place, length in enumerate(self.lengths)]
        self.lengths = []
        return state

    def resume(self, state: _Parked) -> None:
        """Put parked rows back; no other row may be in use."""
        lengths, saved = state
        for place, tensors in enumerate(saved):
            self.cache.load(place, place + 1, tensors)
        self.lengths = lengths

    def rest(self) -> None:
        """Nothing to do for the moment: give memory back."""
        self.cache.shrink()

    def forget(self) -> None:
        """Drop the kept prefixes, to free memory or because the weights have changed."""
        self._prefixes.clear()

    def _prefix(self, ids: _Ids, longest: int) -> Prefix:
        if ids not in self._prefixes:
            self._prefixes[ids] = self._computed(ids, longest)
            if len(self._prefixes) > KEPT:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(ids)
        return self._prefixes[ids]

    def _computed(self, ids: _Ids, longest: int) -> Prefix:
        """In a cache of its own: places of the other need not be as long as a prefix."""
        cache = Slots(len(self.cache.own), 1)
        self._pieces(cache, 0, [ids], 0, longest)
        _, layers = cache.save(0, len(ids))
        return Prefix(len(ids), layers)

    @torch.inference_mode()
    def _finds_what_is_apart(self) -> bool:
        """Try it out: the same logits whether a prefix is apart or in its row.

        Not every architecture passes on to its attention what it does not know.
        """
        network, model = self.network, self.network.model
        if network.device.type != "cpu" or model.config._attn_implementation != "sdpa":
            return False
        ids = tuple(number % network.vocabulary for number in range(2 * SHORTEST))
        cache = Slots(len(self.cache.own), 1)
        whole = self._pieces(cache, 0, [ids], 0, len(ids))
        cache.begin(0, 1, self._computed(ids[:SHORTEST], len(ids)))
        model.set_attn_implementation(NAME)
        try:
            apart = self._pieces(cache, 0, [ids[SHORTEST:]], SHORTEST, len(ids))
            found = bool((apart - whole).norm() <= CLOSE.get(network.dtype, 0.1) * whole.norm())
        except (RuntimeError, TypeError, ValueError) as error:
            log.info("Prefixes are copied into every row: %s", error)
            found = False
        if not found:
            model.set_attn_implementation("sdpa")
        return found

    def _pieces(
        self, cache: Slots, first: int, todo: Sequence[Sequence[int]], start: int, longest: int
    ) -> Tensor:
        """Forward passes of at most `longest` columns; the logits at each row's last token."""
        ids = padded(todo)
        result: Tensor | None = None
        for begin in range(0, ids.shape[1], longest):
            piece = ids[:, begin : begin + longest]
            at = [min(max(len(row) - 1 - begin, 0), piece.shape[1] - 1) for row in todo]
            logits = self.network.extend(cache, first, piece, [start + begin] * len(todo), at)
            here = torch.tensor([begin < len(row) <= begin + longest for row in todo], device=logits.device)
            result = logits if result is None else torch.where(here[:, None], logits, result)
        assert result is not None  # noqa: S101 - no prompt is empty
        return result


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows × longest, filled up on the right with a token that nobody looks at."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
