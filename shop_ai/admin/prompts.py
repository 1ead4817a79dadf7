"""The prompt of a job, rendered again from the row as it is now. Only for those who may see prompts."""

from __future__ import annotations

from django.template import TemplateSyntaxError
from pydantic import ValidationError

from shop_ai.admin.rows import attach_rows
from shop_ai.admin.words import say
from shop_ai.exceptions import ShopAIError
from shop_ai.models import Job
from shop_ai.models.finish import binding_of
from shop_ai.skills import Subject, skill


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
        subject = Subject(values=binding.values(row, language), params=params, language=language)
        requests = asked.requests(subject)
    except (ShopAIError, ValidationError, TemplateSyntaxError) as error:
        return say(error)
    found = [message for request in requests for message in getattr(request, "messages", ())]
    # What several requests begin with, such as examples, is shown once.
    return "\n\n".join(dict.fromkeys(f"[{message.role}]\n{message.text}" for message in found))
