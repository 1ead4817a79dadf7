"""One line in Django's own admin log for every decision a person makes."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from shop_ai.models.suggestion import Suggestion
from shop_ai.roles import binding_for


def record(suggestion: Suggestion, by: Any, message: str) -> None:
    """Write a LogEntry on the store's row; without an admin or a person there is nothing to write it for."""
    if by is None or not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import CHANGE, LogEntry

    model = apps.get_model(suggestion.target_model)
    binding = binding_for(model)
    row = binding.by_pk(suggestion.target_id).first() if binding else None
    LogEntry.objects.create(
        user_id=by.pk,
        content_type=ContentType.objects.get_for_model(model),
        object_id=suggestion.target_id,
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=message,
    )
