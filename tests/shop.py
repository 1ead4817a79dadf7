"""Rows of the demo store, test skills bound to it, and a worker whose every step is taken by hand."""

from __future__ import annotations

import copy
import itertools
import uuid
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, F
from pydantic import BaseModel, Field

from demo_store.catalogue.models import Attribute, Category, Maker, Product
from demo_store.reviews.models import Review
from demo_store.settings import SHOP_AI as DEMO
from shop_ai.lm.echo import EchoBackend
from shop_ai.models import Attempt, Job, Lane, moves
from shop_ai.models.finish import Result, finish
from shop_ai.models.guidance import InForce
from shop_ai.models.job import LIVE
from shop_ai.roles import ORDER, PRODUCT, REVIEW
from shop_ai.skills import Answer, Params, Skill, skills
from shop_ai.worker.run import Run, load, prepare

_number = itertools.count(1)


# -- skills ------------------------------------------------------------------------------------


class AskedParams(Params):
    candidates: int = Field(default=1, ge=1, le=8)
    style: str = ""


class WriteText(Skill):
    """Writes a product's text without asking anybody."""

    name, label, role = "write_text", "Write text", PRODUCT
    writes = {"text": "description"}
    approval = False
    prompt = "{{ product.name }} by {{ product.brand }}: {{ product.attributes.Material }}"
    Params = AskedParams

    class Output(BaseModel):
        text: str = Field(min_length=1, max_length=400)


class DraftTitle(Skill):
    """Drafts a title for search engines; a person decides."""

    name, label, role = "draft_title", "Draft title", PRODUCT
    writes = {"title": "seo_title"}
    prompt = "{{ product.name }}"
    staleness = "suggest"

    class Output(BaseModel):
        title: str = Field(min_length=1, max_length=300)


class PolishText(Skill):
    """Reads the very text it writes."""

    name, label, role = "polish_text", "Polish text", PRODUCT
    writes = {"text": "description"}
    approval = False
    prompt = "Polish: {{ product.description }}"

    class Output(BaseModel):
        text: str = Field(min_length=1, max_length=400)


class ScoreReview(Skill):
    """Scores a review at once."""

    name, label, role = "score_review", "Score review", REVIEW
    writes = {"sentiment": "sentiment", "score": "score"}
    approval = False
    prompt = "{{ review.text }}"

    class Output(BaseModel):
        sentiment: str = Field(max_length=16)
        score: float = Field(ge=1, le=5)


class WeighReview(Skill):
    """Keeps its result with the job: the store has no field for it."""

    name, label, role = "weigh_review", "Weigh review", REVIEW
    prompt = "{{ review.text }}"

    class Output(BaseModel):
        weight: int = 1


class NoteOrder(Skill):
    """Would write to an order, wherever the store keeps its orders."""

    name, label, role = "note_order", "Note order", ORDER
    writes = {"note": "status"}
    approval = False
    prompt = "{{ order.number }}"

    class Output(BaseModel):
        note: str = Field(max_length=20)


NAMES = ("WriteText", "DraftTitle", "PolishText", "ScoreReview", "WeighReview")


def shop_settings(**changes: Any) -> dict[str, Any]:
    """The demo store's settings with the skills above on the echo backend."""
    made = copy.deepcopy(DEMO)
    made["LM"] = {"BACKEND": "shop_ai.lm.echo.EchoBackend"}
    made["SKILLS"] = [*made["SKILLS"], *(f"tests.shop.{name}" for name in NAMES)]
    made["ROLES"]["review"]["FIELDS"]["score"] = "score"
    return {**made, **changes}


# -- rows --------------------------------------------------------------------------------------


def product(title: str = "Bowl", *, facts: bool = True, **fields: Any) -> Product:
    number = next(_number)
    maker, _ = Maker.objects.get_or_create(name="Hansen")
    category, _ = Category.objects.get_or_create(slug="bowls", defaults={"name": "Bowls"})
    made = Product.objects.create(
        **{"sku": f"T-{number}", "title": title, "maker": maker, "category": category, "price": 5, **fields}
    )
    if facts:
        Attribute.objects.create(product=made, name="Material", value="oak")
        Attribute.objects.create(product=made, name="Width", value="20 cm")
    return made


def products(count: int, **fields: Any) -> list[Product]:
    """Many at once, without signals."""
    maker, _ = Maker.objects.get_or_create(name="Hansen")
    category, _ = Category.objects.get_or_create(slug="bowls", defaults={"name": "Bowls"})
    made = [
        Product(
            **{
                "sku": f"T-{next(_number)}",
                "title": f"Bowl {n}",
                "maker": maker,
                "category": category,
                "price": Decimal(5),
                **fields,
            }
        )
        for n in range(count)
    ]
    Product.objects.bulk_create(made)
    pairs = (("Material", "oak"), ("Width", "20 cm"))
    Attribute.objects.bulk_create(Attribute(product=p, name=n, value=v) for p in made for n, v in pairs)
    return made


def review(body: str = "A fine bowl.", **fields: Any) -> Review:
    of = fields.pop("product", None) or product()
    return Review.objects.create(**{"product": of, "author_name": "A", "stars": 4, "body": body, **fields})


def edit(row: Any, **changes: Any) -> None:
    """What a person in the admin does: no signal of ours, no lock held."""
    type(row)._base_manager.filter(pk=row.pk).update(**changes)
    row.refresh_from_db()


# -- time --------------------------------------------------------------------------------------


def pass_time(seconds: float) -> None:
    """Let so many seconds pass for live jobs: their times move back, the database's clock is left alone.

    Losses of attempts are so much older, too.
    """
    for name in ("available_at", "deadline_at", "lease_expires_at", "rank"):
        back = ExpressionWrapper(F(name) - timedelta(seconds=seconds), output_field=DateTimeField())
        Job.objects.filter(state__in=LIVE, **{f"{name}__isnull": False}).update(**{name: back})
    lost = Attempt.objects.filter(outcome="lost")
    lost.update(finished_at=F("finished_at") - timedelta(seconds=seconds))


# -- a worker by hand --------------------------------------------------------------------------

CAPS = {Lane.INTERACTIVE.value: 1000, Lane.BULK.value: 1000}


class Hand:
    """A worker without a loop."""

    def __init__(self) -> None:
        self.id = uuid.uuid4()

    def claim(
        self,
        total: int = 1,
        *,
        caps: dict[str, int] | None = None,
        known: Iterable[str] | None = None,
        idle: bool = True,
        at_hand: Iterable[str] | None = None,
        again: int | None = None,
    ) -> list[Job]:
        names = list(skills()) if known is None else list(known)
        lost = total if again is None else again
        asked = {"caps": caps or CAPS, "total": total, "idle": idle, "at_hand": at_hand, "again": lost}
        return moves.claim(self.id, skills=names, **asked)

    def one(self) -> Job:
        (job,) = self.claim(1)
        return job

    def read(self, job: Job) -> Run:
        return prepare(job, load([job]), EchoBackend(), InForce.read())

    def answer(self, run: Run, **output: Any) -> Result:
        made = run.skill.Output(**output)
        return Result(answer=Answer(output=made, candidates=(made,)), reading=run.reading())

    def finish(self, job: Job, **output: Any) -> Any:
        """Read, answer and store without a pause."""
        return finish(job, self.answer(self.read(job), **output))
