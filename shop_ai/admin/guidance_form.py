"""The form of guidance: lists are lines of a text area, which one can paste."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from shop_ai.admin.words import language_label, say
from shop_ai.conf import config
from shop_ai.models.guidance import Scope
from shop_ai.skills.guidance import Guidance, Term

ARROW = "="
LISTS = ("keywords", "banned")
CHOICES = ("tone", "length", "reading_level")


def _lines(rows: int = 4) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "cols": 60})


def _choice(label: Any, field: str) -> forms.ChoiceField:
    told = [value for value in get_args(Guidance.model_fields[field].annotation) if value]
    choices = [("", _("Not said here")), *((value, say(value.capitalize())) for value in told)]
    return forms.ChoiceField(label=label, required=False, choices=choices)


class GuidanceForm(forms.Form):
    """For one scope; `seen` is the version that the person began with."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    over = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    """The version of somebody else that this one shall replace all the same."""
    voice = forms.CharField(
        label=_("Brand voice"),
        required=False,
        max_length=600,
        widget=_lines(3),
        help_text=_("How the shop speaks, in a sentence or two. It goes into the prompt."),
    )
    keywords = forms.CharField(
        label=_("Keywords"),
        required=False,
        widget=_lines(),
        help_text=_("One a line. A text that lacks one is pointed out; none is put in by force."),
    )
    glossary = forms.CharField(
        label=_("Glossary"),
        required=False,
        widget=_lines(),
        help_text=_(
            "One a line: “rucksack = backpack” says backpack wherever the text would say rucksack; "
            "without “=” the sentence goes."
        ),
    )
    banned = forms.CharField(
        label=_("Banned words"),
        required=False,
        widget=_lines(),
        help_text=_("One a line. A sentence with one of these is not offered."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = dict(zip(CHOICES, (_("Tone"), _("Length"), _("Reading level")), strict=True))
        self.fields |= {name: _choice(label, name) for name, label in labels.items()}
        self.order_fields(["seen", "over", "voice", *CHOICES, "keywords", "glossary", "banned"])

    @property
    def knows(self) -> int:
        """The newest version that the person has seen."""
        found = self.cleaned_data if self.is_bound else {}
        return found.get("over") or found.get("seen") or 0

    def clean(self) -> dict[str, Any]:
        """Made into guidance; a line that is too long is named."""
        found = super().clean() or {}
        content = {name: found.get(name, "") for name in ("voice", *CHOICES)}
        content |= {name: list(_split(found.get(name, ""))) for name in LISTS}
        content["glossary"] = [_term(line) for line in _split(found.get("glossary", ""))]
        try:
            self.content = Guidance.model_validate(content)
        except ValidationError as error:
            for one in error.errors():
                self.add_error(str(one["loc"][0]), _problem(one))
        return found

    @staticmethod
    def filled(content: Guidance, seen: int) -> dict[str, Any]:
        """Initial values."""
        terms = (f"{term.never} {ARROW} {term.say}" if term.say else term.never for term in content.glossary)
        return {
            **{name: getattr(content, name) for name in ("voice", *CHOICES)},
            **{name: "\n".join(getattr(content, name)) for name in LISTS},
            "glossary": "\n".join(terms),
            "seen": seen,
        }


class ScopeForm(forms.Form):
    """Where new guidance holds."""

    category = forms.CharField(
        label=_("Category"),
        required=False,
        max_length=200,
        help_text=_("As the products name it. Empty means every category."),
    )
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        spoken = [(code, language_label(code)) for code in config().LANGUAGES]
        self.fields["language"].choices = [("", _("Every language")), *spoken]  # type: ignore[attr-defined]

    @property
    def scope(self) -> Scope:
        return self.cleaned_data["category"].strip(), self.cleaned_data["language"]


class TryForm(forms.Form):
    """Which product it is tried on."""

    product = forms.CharField(
        label=_("Try it on"),
        required=False,
        help_text=_("Name, number or key of a product. Empty takes the first."),
    )


def _split(text: str) -> Iterator[str]:
    yield from filter(None, (line.strip() for line in text.splitlines()))


def _term(line: str) -> dict[str, str]:
    never, _arrow, said = line.partition(ARROW)
    return Term.model_construct(never=never.strip(), say=said.strip()).model_dump()


def _problem(error: Any) -> str:
    where = [part for part in error["loc"][1:] if isinstance(part, int)]
    line = gettext("Line %d: ") % (where[0] + 1) if where else ""
    most = error.get("ctx", {}).get("max_length")
    known = {
        "string_too_long": gettext("At most %d characters.") % (most or 0),
        "string_too_short": gettext("A word is missing."),
        "too_long": gettext("At most %d lines.") % (most or 0),
    }
    return line + known.get(error["type"], f"{error['msg']}.")


def summary(content: Guidance) -> str:
    """What it says, in a line."""
    return "; ".join(_told(content)) or gettext("Nothing: the default")


def _told(content: Guidance) -> Iterable[str]:
    if content.voice:
        yield content.voice if len(content.voice) <= 60 else f"{content.voice[:59]}…"
    for name, label in zip(CHOICES, (_("Tone"), _("Length"), _("Reading level")), strict=True):
        if value := getattr(content, name):
            yield f"{label}: {say(value.capitalize())}"
    for found, label in (
        (content.keywords, _("Keywords")),
        (content.glossary, _("Glossary")),
        (content.banned, _("Banned words")),
    ):
        if found:
            yield f"{label}: {len(found)}"
