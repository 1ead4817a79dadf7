"""Translates a product's description from the product's own language into another of the store's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language_info
from pydantic import BaseModel, Field

from shop_ai.conf import config
from shop_ai.exceptions import Declined, Unsupported
from shop_ai.lm.base import Request
from shop_ai.roles import PRODUCT
from shop_ai.safety import grounding
from shop_ai.safety.html import plain
from shop_ai.safety.text import fit
from shop_ai.skills.base import Skill, Subject

SHORTEST, LONGEST = 0.15, 4.0
"""Characters of a translation for each of its source: Chinese takes a third of what English does."""


class TranslateProduct(Skill):
    """For stores that keep a text for each language. Numbers are the same, or nothing is offered."""

    name, label, role = "translate_product", "Translate description", PRODUCT
    writes = {"description": "description"}
    needs = ("description",)
    max_tokens = 800

    system = (
        "You translate texts of an online shop. Keep every name, number and unit. "
        "Add nothing and leave nothing out."
    )
    prompt = """Translate into {{ wanted }}:
{{ product.source.description }}"""

    class Output(BaseModel):
        description: str = Field(min_length=2, max_length=4000)

    def requests(self, subject: Subject) -> Sequence[Request]:
        if subject.language not in config().LANGUAGES:
            known = ", ".join(config().LANGUAGES)
            told = f"The store does not write {subject.language}; its LANGUAGES are {known}."
            raise Declined(told, missing=["language"])
        if not _source(subject):
            raise Declined("There is no description to translate.", missing=["description"])
        if _source(subject) == plain(str(subject.values["description"] or "")):
            raise Declined(
                "The product has one description for all languages, or is in that language already.",
                missing=["language"],
            )
        return super().requests(subject)

    def context(self, subject: Subject) -> dict[str, Any]:
        return {**super().context(subject), "wanted": get_language_info(subject.language)["name"]}

    def verify(self, output: Any, subject: Subject) -> BaseModel:
        text, source = plain(output.description), _source(subject)
        text = subject.guidance.worded(text)
        if not text or grounding.numbers(text) != grounding.numbers(source):
            raise Unsupported("The numbers of the translation are not those of the text.")
        if not SHORTEST <= len(text) / len(source) <= LONGEST:
            raise Unsupported("The translation is not about as long as the text.")
        fitted = fit(text, subject.limits.get("description"))
        if fitted != text:
            raise Unsupported("The store's field is too short for the translation.")
        return self.Output(description=text)


def _source(subject: Subject) -> str:
    return plain(str(subject.values["source"]["description"] or ""))
