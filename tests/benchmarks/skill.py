"""The skill that the throughput benchmark runs: the shipped one, asking each thing once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shop_ai.lm.base import Completion
from shop_ai.safety.html import plain
from shop_ai.skills import DescribeProduct, Subject


class DescribeOnce(DescribeProduct):
    """Keeps every sentence, so that no product is asked about twice and each side does the same work."""

    def _true_sentences(
        self, completions: Sequence[Completion], subject: Subject, candidate: int
    ) -> Iterator[str]:
        for completion in completions:
            yield plain(completion.candidates[candidate].text) or "Nothing."
