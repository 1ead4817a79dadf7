"""What the lists can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from shop_ai.conf import nearest
from shop_ai.models import Job, Lane, State, Suggestion
from shop_ai.models.suggestion import Decision
from shop_ai.roles import bindings


class _OfTarget(django_filters.FilterSet):
    skill = django_filters.CharFilter(max_length=64)
    target = django_filters.CharFilter(
        method="of_target", max_length=140, label="Role and key of the row, such as product:12."
    )

    def of_target(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        role, colon, key = value.partition(":")
        if not colon or not key:
            raise ValidationError({"target": ["Write role:id, such as product:12."]})
        binding = bindings().get(role)
        if binding is None:
            hint = nearest(role, bindings(), what="roles")
            raise ValidationError({"target": [f"There is no role {role!r} here. {hint}"]})
        return queryset.filter(target_model=binding.model._meta.label_lower, target_id=key)


class JobFilter(_OfTarget):
    state = django_filters.ChoiceFilter(choices=State.choices)
    lane = django_filters.ChoiceFilter(choices=Lane.choices)
    batch = django_filters.UUIDFilter(field_name="batch_id")

    class Meta:
        model = Job
        fields = ("skill", "state", "lane", "target", "batch")


class SuggestionFilter(_OfTarget):
    state = django_filters.ChoiceFilter(choices=Decision.choices)
    stale = django_filters.BooleanFilter()

    class Meta:
        model = Suggestion
        fields = ("skill", "state", "stale", "target")
