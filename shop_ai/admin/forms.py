"""A form of a skill's options, made from its `Params`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shop_ai.admin.words import language_label, say
from shop_ai.conf import config
from shop_ai.skills import Skill

REMEMBERED = "shop_ai_options"


class OptionsForm(forms.Form):
    """Fields are added by `options_form`."""

    use_required_attribute = False  # it stands inside the admin's form, whose Save must not ask for it

    def params(self) -> dict[str, Any]:
        """What was chosen; what was left empty is left to the skill."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def problems(self) -> list[str]:
        return [f"{self[name].label}: {error}" for name, found in self.errors.items() for error in found]


def options_form(
    asked: Skill, data: Mapping[str, Any] | None = None, initial: Mapping[str, Any] | None = None
) -> OptionsForm:
    """The form; names and ids carry the skill, so that several stand in one page."""
    schema = asked.Params.model_json_schema()
    fields = {
        name: field
        for name, spec in schema.get("properties", {}).items()
        if (field := _field(name, spec, schema.get("$defs", {}))) is not None
    }
    kind: Any = type("Options", (OptionsForm,), fields)
    defaults = {
        name: spec["default"] for name, spec in schema.get("properties", {}).items() if "default" in spec
    }
    form: OptionsForm = kind(data, prefix=f"shop_ai-{asked.name}", initial={**defaults, **(initial or {})})
    return form


def remembered(request: HttpRequest, asked: Skill) -> dict[str, Any]:
    """What this person chose last time for this skill."""
    found: dict[str, Any] = request.session.get(REMEMBERED, {}).get(asked.name, {})
    return found


def remember(request: HttpRequest, asked: Skill, params: Mapping[str, Any]) -> None:
    request.session[REMEMBERED] = {**request.session.get(REMEMBERED, {}), asked.name: dict(params)}


def _field(name: str, spec: Mapping[str, Any], defs: Mapping[str, Any]) -> forms.Field | None:
    """One option as a form field; None for kinds that fit no simple field (those keep their default)."""
    may_be_empty = any(one.get("type") == "null" for one in spec.get("anyOf", ()))
    spec = _plain(spec, defs)
    common: dict[str, Any] = {"required": False, "label": gettext(spec.get("title", name))}
    if "description" in spec:
        common["help_text"] = gettext(spec["description"])
    if name == "language" and "enum" not in spec:
        return forms.ChoiceField(choices=_languages(), **common)
    if "enum" in spec:
        choices = [(value, say(str(value).replace("_", " ").capitalize())) for value in spec["enum"]]
        empty = [("", _("As set for the shop"))] if may_be_empty else []
        return forms.ChoiceField(choices=[*empty, *choices], **common)
    return _of_type(spec, common)


def _of_type(spec: Mapping[str, Any], common: dict[str, Any]) -> forms.Field | None:
    bounds: dict[str, Any] = {"min_value": spec.get("minimum"), "max_value": spec.get("maximum")}
    match spec.get("type"):
        case "boolean":
            return forms.BooleanField(**common)
        case "integer":
            return forms.IntegerField(**bounds, **common)
        case "number":
            return forms.FloatField(**bounds, **common)
        case "string":
            return forms.CharField(max_length=spec.get("maxLength", 500), **common)
    return None


def _plain(spec: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    """The specification without references, and without the `null` of an option that may be empty."""
    found = dict(spec)
    if "$ref" in found:
        found = {**defs.get(found["$ref"].rpartition("/")[2], {}), **found}
    options = [one for one in found.get("anyOf", ()) if one.get("type") != "null"]
    if len(options) == 1:
        found = {**_plain(options[0], defs), **found}
    if "const" in found:
        found["enum"] = [found["const"]]
    return found


def _languages() -> list[tuple[str, Any]]:
    return [("", _("Its own")), *((code, language_label(code)) for code in config().LANGUAGES)]
