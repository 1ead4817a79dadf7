"""Puts a product's selling points together from its facts, one a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from shop_ai.skills import wording
from shop_ai.skills.base import Subject
from shop_ai.skills.composed import Composed
from shop_ai.skills.from_facts import all_facts

MOST = 6
FEWEST = 2


class WriteBulletPoints(Composed):
    """Up to six facts as points; a list where the store keeps lists."""

    name, label = "write_bullet_points", "Write bullet points"
    writes = {"bullet_points": "bullet_points"}
    needs = ("attributes",)
    longest = 800
    prompt = "{{ product.name }} {{ product.brand }} {{ product.attributes }}"

    class Output(BaseModel):
        bullet_points: str = Field(min_length=3, max_length=800)

    def missing(self, values: Mapping[str, Any]) -> list[str]:
        return super().missing(values) or (
            [] if len(values.get("attributes") or {}) >= FEWEST else ["attributes"]
        )

    def compose(self, subject: Subject, limit: int) -> str:
        found: list[str] = []
        for fact, value in all_facts(subject):
            point = subject.guidance.worded(wording.point(fact, value))
            if point and len("\n".join((*found, f"- {point}"))) <= limit:
                found.append(f"- {point}")
        return "\n".join(found[:MOST])
