"""Puts the text for a product's picture together from its facts: for those who cannot see it."""

from __future__ import annotations

import re

from pydantic import BaseModel, Field

from shop_ai.safety.grounding import ANSWERS
from shop_ai.skills.base import Subject
from shop_ai.skills.composed import Composed

SEEN = re.compile(r"colou?rs?|main material|material|finish|pattern|shape|颜色|材质|图案|形状", re.IGNORECASE)
"""Facts that a picture shows."""
MOST, LONGEST_VALUE = 3, 40


class WriteImageAlt(Composed):
    """The name and what can be seen of it."""

    name, label = "write_image_alt", "Write image text"
    writes = {"image_alt": "image_alt"}
    names_only = True
    longest = 125
    prompt = "{{ product.name }} {{ product.attributes }}"

    class Output(BaseModel):
        image_alt: str = Field(min_length=1, max_length=125)

    def compose(self, subject: Subject, limit: int) -> str:
        text = subject.guidance.worded(str(subject.values["name"]).strip())
        comma = "，" if subject.language.startswith("zh") else ", "
        seen = [
            str(value).strip()
            for fact, value in (subject.values.get("attributes") or {}).items()
            if SEEN.fullmatch(str(fact).strip()) and str(value).strip().lower() not in ANSWERS
        ]
        for value in seen[:MOST]:
            more = subject.guidance.worded(value)
            if 0 < len(more) <= LONGEST_VALUE and len(text + comma + more) <= limit:
                text += comma + more
        return text
