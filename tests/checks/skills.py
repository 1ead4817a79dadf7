"""Skills for the checks to look at."""

from __future__ import annotations

from django.core.checks import Warning
from pydantic import BaseModel

from shop_ai.roles import ORDER, PRODUCT, TICKET
from shop_ai.skills.base import Skill

NOT_A_CLASS = "a skill"


class Title(Skill):
    """Writes a title, and needs a field the vocabulary does not have."""

    name, label, role = "write_title", "Write title", PRODUCT
    prompt = "{{ product.name }}"
    writes = {"title": "seo_title"}

    class Output(BaseModel):
        title: str


class SameName(Title):
    pass


class Remark(Title):
    name, role = "write_remark", ORDER
    prompt = "{{ order.number }}"
    writes = {"title": "status"}


class Answer(Title):
    name, role = "answer_title", TICKET
    prompt = "{{ ticket.text }}"
    writes = {}


class Adapted(Title):
    name, adapter = "write_adapted", "shop-titles"


class Condition(Title):
    name = "write_sometimes"
    condition = {"sloga": "x"}


class Teaser(Title):
    name = "write_teaser"
    writes = {"title": "teaser"}


class Complaining(Title):
    """Has a check of its own."""

    name = "complain"

    @classmethod
    def check(cls):
        return [Warning("I complain.", hint="Let me.", id="store.W001")]


class NoPrompt(Skill):
    name, label, role = "say_nothing", "Say nothing", PRODUCT
