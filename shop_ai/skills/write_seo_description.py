"""Writes the description that search engines show from the product's own facts."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shop_ai.skills.base import Subject
from shop_ai.skills.from_facts import FromFacts


class WriteSEODescription(FromFacts):
    """Whole sentences, no more than search engines show."""

    name, label = "write_seo_description", "Write SEO description"
    writes = {"seo_description": "seo_description"}
    longest = 155

    class Output(BaseModel):
        seo_description: str = Field(min_length=10, max_length=155)

    def most_facts(self, subject: Subject) -> int:
        return 4
