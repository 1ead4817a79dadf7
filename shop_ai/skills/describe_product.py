"""Writes a product's description from the product's own facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field

from shop_ai.skills.base import Subject
from shop_ai.skills.from_facts import FactParams, FromFacts

SENTENCES: Mapping[str, int] = {"short": 3, "medium": 8, "long": 16}


class DescribeParams(FactParams):
    length: Literal["short", "medium", "long"] | None = None
    """Empty means as the guidance says, else medium."""


class DescribeProduct(FromFacts):
    """A description, a sentence for each fact."""

    name, label = "describe_product", "Write description"
    writes = {"description": "description"}
    Params = DescribeParams

    class Output(BaseModel):
        description: str = Field(min_length=10, max_length=2000)

    def most_facts(self, subject: Subject) -> int:
        return SENTENCES[subject.params.length or subject.guidance.length or "medium"]
