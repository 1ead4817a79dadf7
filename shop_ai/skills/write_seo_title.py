"""Puts the title that search engines show together from name, brand and category."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shop_ai.skills.base import Subject
from shop_ai.skills.composed import Composed


class WriteSEOTitle(Composed):
    """The name, then brand and category as far as there is room."""

    name, label = "write_seo_title", "Write SEO title"
    writes = {"seo_title": "seo_title"}
    names_only = True
    longest = 60
    prompt = "{{ product.name }} {{ product.brand }} {{ product.category }}"

    class Output(BaseModel):
        seo_title: str = Field(min_length=1, max_length=60)

    def compose(self, subject: Subject, limit: int) -> str:
        title = subject.guidance.worded(str(subject.values["name"]).strip())
        for mark, name in ((" – ", "brand"), (" | ", "category")):
            more = str(subject.values.get(name) or "").strip()
            if more and more.lower() not in title.lower() and len(title + mark + more) <= limit:
                title += mark + more
        return title
