"""From the settings to a backend."""

from __future__ import annotations

from django.utils.module_loading import import_string

from shop_ai.conf import config
from shop_ai.lm.base import Backend


def build_backend(checkpoint: str | None = None) -> Backend:
    """The backend of `SHOP_AI["LM"]`, of another checkpoint if one is given; not opened yet."""
    settings = config().LM
    options, name = config().backend_options, checkpoint or settings.CHECKPOINT
    backend: Backend = import_string(settings.BACKEND).build(name, options)
    return backend
