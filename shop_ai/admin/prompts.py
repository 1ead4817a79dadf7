"""The prompt of a job, rendered again from the row as it is now. Only for those who may see prompts."""

from __future__ import annotations

from typing import Any

from django.template import TemplateSyntaxError
from pydantic import ValidationError

from shop_ai.admin.rows import attach_rows
from shop_ai.admin.words import say
from shop_ai.exceptions import ShopAIError
from shop_ai.lm.base import Message
from shop_ai.models import Job
from shop_ai.models.finish import binding_of
from shop_ai.models.guidance import InForce
from shop_ai.roles import Binding
from shop_ai.skills import Skill, Subject, skill
from shop_ai.skills.guidance import Guidance


def prompt_of(job: Job) -> str:
    """Its messages, one after the other; a sentence where they cannot be rendered."""
    attach_rows([job])
    row = getattr(job, "row", None)
    if row is None:
        return say("The entry is no longer there.")
    try:
        asked, binding = skill(job.skill), binding_of(job.target_model)
        params = asked.Params.model_validate(job.params)
        language = params.language or binding.language(row)
        tried = None if job.preview is None else Guidance.model_validate(job.preview)
        found = messages_of(asked, binding, row, language, tried, params=params)
    except (ShopAIError, ValidationError, TemplateSyntaxError) as error:
        return say(error)
    return "\n\n".join(f"[{message.role}]\n{message.text}" for message in found)


def messages_of(
    asked: Skill,
    binding: Binding,
    row: Any,
    language: str,
    guidance: Guidance | None = None,
    *,
    params: Any = None,
) -> list[Message]:
    """What the model sees of the row, under this guidance or under what is in force.

    What several requests begin with, such as examples, is there once.
    """
    values = binding.values(row, language)
    if guidance is None:
        guidance, _versions = InForce.read().of(values, language)
    subject = Subject(values=values, params=params or asked.Params(), language=language, guidance=guidance)
    requests = asked.requests(subject)
    return list(
        dict.fromkeys(message for request in requests for message in getattr(request, "messages", ()))
    )
