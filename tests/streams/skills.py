"""Skills that readers follow. On the echo backend both say what the product's title says."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, Field

from shop_ai.roles import PRODUCT
from shop_ai.safety.html import plain
from shop_ai.skills import Skill


class TellText(Skill):
    """Answers in JSON."""

    name, label, role = "tell_text", "Tell", PRODUCT
    writes = {"text": "description"}
    approval = False
    streams = True
    prompt = "{{ product.name }}"

    class Output(BaseModel):
        title: str = Field(default="", max_length=10)
        text: str = Field(min_length=1, max_length=2000)


class TellFreely(TellText):
    """Answers in free text."""

    name = "tell_freely"

    def requests(self, subject):
        return [replace(request, schema=None) for request in super().requests(subject)]

    def parse(self, completions, subject):
        texts = (plain(candidate.text) for candidate in completions[0].candidates)
        return [self.Output.model_construct(text=text) for text in texts]


class TellNoSecrets(TellFreely):
    """Keeps sentences back, and stumbles over some."""

    name = "tell_no_secrets"

    def sentence(self, text, subject):
        if "stumble" in text:
            raise ValueError(text)
        return None if "secret" in text else super().sentence(text, subject)


class TellOtherwise(TellFreely):
    """Stores another text than it says."""

    name = "tell_otherwise"

    def verify(self, output, subject):
        return self.Output.model_construct(text=output.text.upper())


NAMES = ("TellText", "TellFreely", "TellNoSecrets", "TellOtherwise")
SKILLS = [f"tests.streams.skills.{name}" for name in NAMES]
