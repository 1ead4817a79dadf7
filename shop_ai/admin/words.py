"""Sentences of code that knows no translation, said in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin.utils import model_ngettext
from django.template.defaultfilters import yesno
from django.utils.translation import get_language_info, gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from shop_ai.models import Lane, State
from shop_ai.roles import bindings
from shop_ai.skills import skills

KNOWN = (
    # labels and options of the built-in skills
    gettext_noop("Write description"),
    gettext_noop("Write short description"),
    gettext_noop("Write bullet points"),
    gettext_noop("Write SEO title"),
    gettext_noop("Write SEO description"),
    gettext_noop("Write image text"),
    gettext_noop("Translate description"),
    gettext_noop("Language"),
    gettext_noop("Tone"),
    gettext_noop("Length"),
    gettext_noop("Candidates"),
    gettext_noop("Plain"),
    gettext_noop("Warm"),
    gettext_noop("Expert"),
    gettext_noop("Simple"),
    gettext_noop("Short"),
    gettext_noop("Medium"),
    gettext_noop("Long"),
    # fields of the roles
    gettext_noop("name"),
    gettext_noop("attributes"),
    gettext_noop("description"),
    gettext_noop("short description"),
    gettext_noop("seo title"),
    gettext_noop("seo description"),
    gettext_noop("bullet points"),
    gettext_noop("image alt"),
    gettext_noop("reply"),
    gettext_noop("language"),
    # reasons
    gettext_noop("Not enough facts to write from."),
    gettext_noop("There are not enough facts to write from."),
    gettext_noop("There is no description to translate."),
    gettext_noop("The product has one description for all languages, or is in that language already."),
    gettext_noop("The numbers of the translation are not those of the text."),
    gettext_noop("The translation is not about as long as the text."),
    gettext_noop("The store's field is too short for the translation."),
    gettext_noop("Cancelled before it began."),
    gettext_noop("Cancelled while it ran."),
    gettext_noop("Nobody was free in time."),
    gettext_noop("The entry was deleted in the meantime."),
    gettext_noop("The entry is no longer there."),
    gettext_noop("The result could not be stored."),
    gettext_noop("The language model's answer does not have the required form."),
    gettext_noop(
        "The language model found no words for this that the facts support; it is left for a person."
    ),
    gettext_noop("The text would be in another language than was asked for; it is left for a person."),
    gettext_noop("This backend cannot answer that kind of request."),
    gettext_noop("That is not possible in the present state."),
    gettext_noop("The language model failed; the job may be tried again."),
    gettext_noop("The text is longer than the language model can read."),
    gettext_noop("The worker died three times while running this, the last time with nothing beside it."),
    gettext_noop("This job is not finished yet."),
    gettext_noop("The text was changed by somebody in the meantime; compare again."),
    gettext_noop("The facts have changed since this was written; write it again or accept it as it is."),
    gettext_noop("The facts have changed since this was written."),
    gettext_noop("The facts were changed while this was written."),
    gettext_noop("The text was changed by somebody after this was asked for."),
    gettext_noop("Somebody has edited the text since it was applied; it is left as it is."),
    gettext_noop("The store has no way to undo this field (UNDO is not set)."),
    gettext_noop("The store does not take this."),
)

PATTERNS = (
    (
        re.compile(r"(?P<field>.+) has (?P<number>\d+) characters; the store's field takes (?P<limit>\d+)\."),
        gettext_noop("%(field)s has %(number)s characters; the store's field takes %(limit)s."),
    ),
    (
        re.compile(r"The store's field (?P<field>.+?) does not take this: (?P<reason>.+)", re.DOTALL),
        gettext_noop("The store's field %(field)s does not take this: %(reason)s"),
    ),
    (
        re.compile(r"The store's database does not take this: (?P<reason>.+)"),
        gettext_noop("The store's database does not take this: %(reason)s"),
    ),
    (
        re.compile(r"The store does not write (?P<language>.+); its LANGUAGES are (?P<known>.+)\."),
        gettext_noop("The store does not write %(language)s; its LANGUAGES are %(known)s."),
    ),
)
"""Sentences with something filled in."""

BOOTS: Mapping[str, Any] = {
    "loading": _("Loading the language model"),
    "ready": _("Ready"),
    "refused": _("Refused to start"),
    "stopping": _("Stopping"),
    "stopped": _("Stopped"),
}
"""What a worker said of itself last."""
OUTCOMES: Mapping[str, Any] = {
    "retry": _("To be tried again"),
    "released": _("Given back"),
    "lost": _("Worker lost"),
}
"""How an attempt may end beside the states of its job."""


def say(sentence: object) -> str:
    """The sentence, translated where it is one of ours."""
    text = str(sentence)
    for pattern, wording in PATTERNS:
        if found := pattern.fullmatch(text):
            return gettext(wording) % found.groupdict()
    return gettext(text) if text else ""


def name_of(role_field: str) -> str:
    """A role field as a person would say it."""
    return gettext(role_field.replace("_", " "))


def names(role_fields: Sequence[Any]) -> str:
    return ", ".join(name_of(str(one)) for one in role_fields)


def reason(job: Any) -> str:
    """Why a job ended as it did, without what is missing: that is listed beside it."""
    text = str(job.error_public)
    if job.missing:
        text = text.removesuffix(f": {', '.join(map(str, job.missing))}.").removesuffix(".") + "."
    return " ".join(say(sentence) for sentence in re.split(r"(?<=\.) ", text))


def skill_label(name: str) -> str:
    """A skill in words, also one that is no longer listed."""
    known = skills().get(name)
    return say(known.label) if known else name


def things(skill: str, number: int) -> str:
    """What the skill works on, as the store calls it: "products"."""
    known = skills().get(skill)
    binding = bindings().get(known.role.name) if known else None
    return model_ngettext(binding.model._meta, number) if binding else ngettext("entry", "entries", number)


def lane_label(name: str) -> str:
    return str(Lane(name).label) if name in Lane.values else name


def outcome_label(name: str) -> str:
    """How an attempt ended; nothing while it runs."""
    return str(State(name).label if name in State.values else OUTCOMES.get(name, name))


def language_label(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"]).capitalize()
    except KeyError:
        return code


def option_labels(params: Mapping[str, Any]) -> str:
    """The options a job was asked for with."""
    return ", ".join(f"{_spoken(name)}: {_value(name, value)}" for name, value in params.items())


def _value(name: str, value: Any) -> str:
    if name == "language":
        return language_label(str(value))
    return str(yesno(value)) if isinstance(value, bool) else _spoken(value)


def _spoken(value: Any) -> str:
    return say(str(value).replace("_", " ").capitalize())
