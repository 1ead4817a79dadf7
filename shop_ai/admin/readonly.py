"""What the lists of our own rows have in common: nobody adds, changes or deletes them here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from shop_ai.admin.mixin import Assets
from shop_ai.admin.notices import warn
from shop_ai.admin.rows import attach_rows
from shop_ai.admin.words import language_label, skill_label
from shop_ai.skills import skills

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin


class ReadOnlyAdmin(Assets, Base):
    """Rows to read. Their moves are made by code that guards them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        found = super().get_object(request, *args, **kwargs)
        if found is not None:
            found._shop_ai_request = request
        return found

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = super().changelist_view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse):
            warn(request)
        return response


class SkillFilter(admin.SimpleListFilter):
    title = _("skill")
    parameter_name = "skill"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, skill_label(name)) for name in skills()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(skill=self.value()) if self.value() else queryset


class WithRows(ReadOnlyAdmin):
    """Lists of what points to rows of the store: all rows of a page are read in one query a model."""

    change_form_template = "shop_ai/admin/record.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Headed by the skill and the row in words; `__str__` names them as code does."""
        item = kwargs.get("obj")
        if item is not None:
            context["subtitle"] = f"{skill_label(item.skill)}: {row_name(item)}"
        return super().render_change_form(request, context, *args, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        found.result_list = list(found.result_list)
        attach_rows(found.result_list)
        return found

    @admin.display(description=_("for"))
    def target(self, item: Any) -> str:
        """The row by its own name, with the way to it."""
        words, url = row_name(item), target_url(self.admin_site, item)
        return as_link(url, words) if url and item.row is not None else words

    def link(self, kind: str, pk: Any, words: object) -> str:
        """The way to another of our own rows."""
        return as_link(reverse(f"{self.admin_site.name}:shop_ai_{kind}_change", args=[quote(str(pk))]), words)

    @admin.display(description=_("skill"), ordering="skill")
    def what(self, item: Any) -> str:
        return skill_label(item.skill)

    @admin.display(description=_("language"), ordering="language")
    def spoken(self, item: Any) -> str:
        return language_label(item.language) or "–"


def row_name(item: Any) -> str:
    """The row's own name; of one that is gone, its key."""
    if not hasattr(item, "row"):
        attach_rows([item])
    return str(item.row or f"{item.target_model} {item.target_id}")


def target_url(site: Any, item: Any) -> str:
    """The form of the store's row; empty where its admin has none."""
    label, name = item.target_model.split(".")
    try:
        return reverse(f"{site.name}:{label}_{name}_change", args=[quote(item.target_id)])
    except NoReverseMatch:
        return ""


def as_json(value: Any) -> str:
    """JSON for people; shown escaped like any other text."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def as_block(text: str) -> str:
    """Text as it stands, line by line, escaped."""
    return render_to_string("shop_ai/admin/pre.html", {"text": text})


def as_link(url: str, words: object) -> str:
    return render_to_string("shop_ai/admin/link.html", {"url": url, "words": words})
