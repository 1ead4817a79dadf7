"""The skills that benchmarks run: the shipped one, asking each thing once, and one of free text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from shop_ai.lm.base import Completion
from shop_ai.roles import PRODUCT
from shop_ai.safety import grounding
from shop_ai.safety.html import plain
from shop_ai.skills import DescribeProduct, Skill, Subject


class DescribeOnce(DescribeProduct):
    """Keeps every sentence, so that no product is asked about twice and each side does the same work."""

    def _true_sentences(
        self, completions: Sequence[Completion], subject: Subject, candidate: int
    ) -> Iterator[str]:
        for completion in completions:
            text = plain(completion.candidates[candidate].text)
            yield text if grounding.ends(text) else f"{text}."  # cut off at the last token


class WriteFreely(Skill):
    """Free text of a given length: what the language model writes is not looked at."""

    name, label, role = "write_freely", "Write freely", PRODUCT
    writes = {"text": "description"}
    max_tokens = int(os.environ.get("BENCH_TOKENS", "256"))
    prompt = """Write a long text about {{ product.name }} by {{ product.brand }} for our shop.
{% for name, value in product.attributes.items %}- {{ name }}: {{ value }}
{% endfor %}"""

    class Output(BaseModel):
        text: str

    def schema(self, subject: Subject) -> None:  # type: ignore[override]
        return None

    def parse(self, completions: Sequence[Completion], subject: Subject) -> list[BaseModel]:
        return [self.Output(text=f"{completions[0].tokens_out} tokens.")]
