"""The words: five roles and the fields they may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Field name → what it means. `required` fields must be bound; `facts` fields become name → value."""

    name: str
    fields: Mapping[str, str]
    required: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    created: str = "created"
    """The field of the time a row was made: what tells a new one where keys do not grow."""


PRODUCT = Role(
    name="product",
    required=("name",),
    facts=("attributes",),
    fields={
        "name": "what the product is called",
        "sku": "the store's own number",
        "brand": "maker or brand",
        "category": "category, in words",
        "attributes": "facts: a dictionary, pairs, JSON, lines of text or related rows",
        "price": "price with currency, if texts may name it",
        "stock": "units available",
        "variants": "sizes, colours and the like",
        "language": "language the product's texts are in",
        "url": "address of its page",
        "public": "whether customers see it",
        "created": "when the store took it in",
        "description": "long text",
        "short_description": "short text",
        "bullet_points": "list of selling points",
        "seo_title": "title for search engines",
        "seo_description": "description for search engines",
        "image_alt": "text for the picture",
        "reviews": "its reviews",
        "review_summary": "what customers say, summed up",
    },
)
REVIEW = Role(
    name="review",
    required=("text",),
    fields={
        "text": "what the customer wrote",
        "title": "its heading",
        "rating": "stars the customer gave, 1 to 5",
        "product": "the product",
        "author": "name shown",
        "owner": "the customer, as a user",
        "language": "language of the text",
        "verified": "whether the product was bought here",
        "created": "when it was written",
        "sentiment": "positive, neutral or negative",
        "score": "stars by the language model, 1 to 5",
        "aspects": "what it praises and blames",
        "reply": "the store's public answer",
    },
)
TICKET = Role(
    name="ticket",
    required=("text",),
    fields={
        "subject": "its heading",
        "text": "what the customer wrote",
        "owner": "the customer, as a logged-in user",
        "email": "address the message claims to come from",
        "language": "language of the text",
        "status": "open, closed and the like",
        "created": "when it arrived",
        "intent": "what the customer wants",
        "urgency": "how soon",
        "reply": "draft of the answer",
    },
)
ORDER = Role(
    name="order",
    required=("number",),
    created="placed",
    fields={
        "number": "number the customer knows",
        "status": "where it is",
        "owner": "the customer, as a user",
        "lines": "what was bought",
        "placed": "when it was placed",
        "total": "sum with currency",
    },
)
ARTICLE = Role(
    name="article",
    required=("title", "text"),
    fields={
        "title": "its heading",
        "text": "the help text or policy",
        "url": "address of its page",
        "public": "whether customers may read it",
        "language": "language of the text",
        "created": "when it was written",
        "valid_from": "first day it holds",
        "valid_until": "last day it holds",
    },
)
ROLES: Mapping[str, Role] = {role.name: role for role in (PRODUCT, REVIEW, TICKET, ORDER, ARTICLE)}
