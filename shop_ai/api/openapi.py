"""`/v1/schema/`: the OpenAPI document of our own addresses. Needs drf-spectacular."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

TAIL = "v1/schema/"


class Schema(APIView):
    """Only what lies beside it: the rest of the project's API is not ours to show."""

    permission_classes = [IsAuthenticated]
    renderer_classes = [OpenApiJsonRenderer]
    versioning_class = None
    metadata_class = None

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        from shop_ai.api.urls import app_name, urlpatterns

        prefix = request.path_info.removesuffix(TAIL).lstrip("/")
        patterns: list[Any] = [path(prefix, include((urlpatterns, app_name)))]
        make: Any = SchemaGenerator
        return Response(make(patterns=patterns).get_schema(request=request, public=True))
