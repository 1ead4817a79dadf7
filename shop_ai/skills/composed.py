"""What the skills have in common that put a text together by code: no language model is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from shop_ai.exceptions import Unsupported, WrongLanguage
from shop_ai.lm.base import Completion, Request
from shop_ai.roles import PRODUCT
from shop_ai.safety.html import plain
from shop_ai.safety.text import fit
from shop_ai.skills.base import Answer, Skill, Subject
from shop_ai.skills.from_facts import refuse_unknown, refuse_without


class Composed(Skill):
    """One text from the product's own facts, word for word."""

    role = PRODUCT
    by_code = True
    names_only: ClassVar[bool] = False
    """Whether it is made of names, which have no language."""
    longest: ClassVar[int]
    """Characters; the store's own field may be shorter."""

    def compose(self, subject: Subject, limit: int) -> str:
        """The text, of at most so many characters; empty where there is nothing to say."""
        raise NotImplementedError

    def missing(self, values: Mapping[str, Any]) -> list[str]:
        """What the product lacks."""
        return [] if str(values.get("name") or "").strip() else ["name"]

    def requests(self, subject: Subject) -> Sequence[Request]:
        refuse_unknown(subject.language)
        refuse_without(self.missing(subject.values))
        return ()

    def answer(self, completions: Sequence[Completion], subject: Subject) -> Answer:
        (field,) = self.writes
        limit = min(self.longest, subject.limits.get(field, self.longest))
        text = fit(plain(self.compose(subject, limit)), limit)
        if not text:
            raise Unsupported
        output = self.Output(**{field: text})
        if not (self.names_only or self.speaks(output, subject.language)):
            raise WrongLanguage
        return Answer(output=output, candidates=(output,))
