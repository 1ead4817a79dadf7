"""What a store's ModelAdmin gains: a panel on the form, an action and a filter on the list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from shop_ai.admin import actions, bulk, filters
from shop_ai.admin.notices import warn
from shop_ai.admin.panel import offered_skills, render_panel
from shop_ai.admin.permits import permits
from shop_ai.roles import binding_for
from shop_ai.skills import Skill

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

PANEL = "shop_ai_panel"


class Assets:
    """Our stylesheet and script, added to a ModelAdmin's own."""

    @property
    def media(self) -> Any:
        script: Any = forms.Script("shop_ai/admin.js", type="module")
        ours = forms.Media(css={"all": ["shop_ai/admin.css"]}, js=[script])
        return super().media + ours  # type: ignore[misc]


class ShopAIMixin(Assets, Base):
    """Stands left of a ModelAdmin. Everything it adds is added to what the store has declared."""

    def shop_ai_skills(self) -> list[Skill]:
        """The skills that work on this model."""
        return offered_skills(binding_for(self.model))

    def shop_ai_shows(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person sees the panel of this row."""
        if obj is None or obj.pk is None or IS_POPUP_VAR in request.GET or not self.shop_ai_skills():
            return False
        return permits(request, self, obj).any

    # -- the form ------------------------------------------------------------------------------

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        found = super().get_object(request, *args, **kwargs)
        if found is not None:
            found._shop_ai_request = request  # a readonly field is given only the row
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        declared = super().get_readonly_fields(request, obj)
        if PANEL in declared or not self.shop_ai_shows(request, obj):
            return declared
        return (*declared, PANEL)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The store's fieldsets and ours below them, unless the store has put the panel somewhere itself."""
        declared = super().get_fieldsets(request, obj)
        if not self.shop_ai_shows(request, obj) or PANEL in self._declared_fields():
            return declared
        theirs = [
            (name, {**options, "fields": _without_panel(options["fields"])}) for name, options in declared
        ]
        return [*theirs, (_("AI texts"), {"fields": (PANEL,), "classes": ("shop-ai",)})]

    def _declared_fields(self) -> Sequence[Any]:
        return flatten_fieldsets(self.fieldsets) if self.fieldsets else list(self.fields or ())

    @admin.display(description=_("AI texts"))
    def shop_ai_panel(self, obj: Any) -> str:
        return render_panel(obj._shop_ai_request, self, obj)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_shop_ai"
        wrap = self.admin_site.admin_view
        ours = [
            path("<path:object_id>/shop-ai/", wrap(partial(actions.act, self)), name=name),
            path(
                "<path:object_id>/shop-ai/<slug:name>/",
                wrap(partial(actions.state, self)),
                name=f"{name}_section",
            ),
        ]
        return [*ours, *super().get_urls()]

    # -- the list ------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Since 6.1 Django says where the actions stand; ours stand on the list."""
        on_list = action_location is None or action_location.name == "CHANGE_LIST"
        declared = self._declared_actions(request, action_location, on_list)
        if not on_list or self.actions is None or IS_POPUP_VAR in request.GET:
            return declared
        if not permits(request, self).bulk:
            return declared
        return {**declared, **dict(map(bulk.entry, self.shop_ai_skills()))}

    def _declared_actions(self, request: HttpRequest, action_location: Any, on_list: bool) -> Any:
        """The store's own; an override of theirs may not know of locations yet."""
        inherited: Any = super().get_actions
        if action_location is not None and "action_location" in signature(inherited).parameters:
            return inherited(request, action_location=action_location)
        return inherited(request) if on_list else {}

    def get_list_filter(self, request: HttpRequest) -> Any:
        declared = super().get_list_filter(request)
        return [*declared, *map(filters.text_filter, filter(filters.can_filter, self.shop_ai_skills()))]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = super().changelist_view(request, *args, **kwargs)
        asked = self.shop_ai_skills()
        if asked and permits(request, self).any and isinstance(response, TemplateResponse):
            warn(request, [one.name for one in asked])
        return response


def _without_panel(fields: Sequence[Any]) -> list[Any]:
    return [field for field in fields if field != PANEL]
