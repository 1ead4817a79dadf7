"""Writes a product's description from the product's own facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from shop_ai.exceptions import Declined, InvalidOutput
from shop_ai.lm.base import Request
from shop_ai.roles import PRODUCT
from shop_ai.safety.html import plain
from shop_ai.safety.text import fit, sentences
from shop_ai.skills.base import Params, Skill, Subject

LENGTHS: Mapping[str, tuple[str, int]] = {
    "short": ("two sentences", 300),
    "medium": ("three or four sentences", 600),
    "long": ("six sentences in two paragraphs", 1000),
}
TONES: Mapping[str, str] = {
    "plain": "plain and factual",
    "warm": "warm and friendly",
    "expert": "precise, for people who know the trade",
}


class DescribeParams(Params):
    tone: Literal["plain", "warm", "expert"] = "plain"
    length: Literal["short", "medium", "long"] = "medium"
    candidates: int = Field(default=1, ge=1, le=4)


class DescribeProduct(Skill):
    """Writes a product's description from its own facts."""

    name, label, role = "describe_product", "Write description", PRODUCT
    writes = {"description": "description"}
    min_facts = 2
    """Fewer facts than this beside the name, and nothing is written."""
    max_tokens = 220
    temperature = 0.3
    top_p = 0.9
    Params = DescribeParams

    system = (
        "You write product descriptions for an online shop. Use only the facts you are given. "
        "Never add a material, a number, a feature, a certificate or a price that is not among them."
    )
    prompt = """Product: {{ product.name }}
{% if product.brand %}Brand: {{ product.brand }}
{% endif %}{% if product.category %}Category: {{ product.category }}
{% endif %}{% for name, value in product.attributes.items %}{{ name }}: {{ value }}
{% endfor %}
Write a description of this product in {{ words }}, {{ size }}, {{ tone }}."""

    class Output(BaseModel):
        description: str = Field(min_length=20, max_length=1200)

    def requests(self, subject: Subject) -> list[Request]:
        missing = self.missing(subject.values)
        if missing:
            raise Declined(f"Not enough facts to write from: {', '.join(missing)}.", missing=missing)
        return list(super().requests(subject))

    def missing(self, values: Mapping[str, Any]) -> list[str]:
        """What the product lacks; empty when there is enough to write from."""
        if not str(values.get("name") or "").strip():
            return ["name"]
        facts = len(values.get("attributes") or {}) + bool(values.get("brand")) + bool(values.get("category"))
        has_attributes = bool(values.get("attributes"))
        return [] if facts >= self.min_facts and has_attributes else ["attributes"]

    def context(self, subject: Subject) -> dict[str, Any]:
        size, _ = LENGTHS[subject.params.length]
        words = {"en": "English", "zh-hans": "Chinese"}.get(subject.language, subject.language)
        return {"words": words, "size": size, "tone": TONES[subject.params.tone]}

    def schema(self, subject: Subject) -> dict[str, Any]:
        schema = super().schema(subject)
        _, most = LENGTHS[subject.params.length]
        found = schema["properties"]["description"]
        found["maxLength"] = min(found["maxLength"], most)
        return schema

    def verify(self, output: Any, subject: Subject) -> BaseModel:
        text = fit(plain(output.description), subject.limits.get("description"))
        whole = [s for s in sentences(text) if s[-1] in ".!?…。！？”\"')）"]
        if not whole:
            raise InvalidOutput("The language model wrote no whole sentence.")
        cut = text.rfind(whole[-1]) + len(whole[-1])
        return self.Output.model_construct(description=text[:cut])
