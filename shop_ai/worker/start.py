"""From the settings to a backend."""

from __future__ import annotations

from django.utils.module_loading import import_string

from shop_ai.conf import config
from shop_ai.lm.base import Backend


def build_backend() -> Backend:
    """The backend of `SHOP_AI["LM"]`, not opened yet."""
    settings = config().LM
    options = config().backend_options
    backend: Backend = import_string(settings.BACKEND)(checkpoint=settings.CHECKPOINT, options=options)
    return backend
