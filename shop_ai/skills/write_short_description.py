"""Writes the short text of lists and tops of pages from the product's own facts."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shop_ai.skills.base import Subject
from shop_ai.skills.from_facts import FromFacts


class WriteShortDescription(FromFacts):
    """Two or three sentences."""

    name, label = "write_short_description", "Write short description"
    writes = {"short_description": "short_description"}
    longest = 300

    class Output(BaseModel):
        short_description: str = Field(min_length=10, max_length=300)

    def most_facts(self, subject: Subject) -> int:
        return 3
