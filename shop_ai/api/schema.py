"""drf-spectacular where it is installed; without it the same names do nothing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or find_spec("drf_spectacular"):
    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.utils import (
        OpenApiExample,
        OpenApiParameter,
        extend_schema,
        extend_schema_field,
        extend_schema_view,
    )

    INSTALLED = True
else:
    from rest_framework.schemas.openapi import AutoSchema

    INSTALLED = False

    class OpenApiParameter:
        HEADER = "header"

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    OpenApiExample = OpenApiParameter

    def extend_schema(*args: Any, **kwargs: Any) -> Any:
        return lambda described: described

    extend_schema_field = extend_schema_view = extend_schema


__all__ = (
    "INSTALLED",
    "AutoSchema",
    "OpenApiExample",
    "OpenApiParameter",
    "extend_schema",
    "extend_schema_field",
    "extend_schema_view",
)
