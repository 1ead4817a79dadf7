"""What all our views have in common: closed by default, JSON in and out, our own problems."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import GenericViewSet

from shop_ai.api import access
from shop_ai.api.bodies import Strict
from shop_ai.api.body import Body
from shop_ai.api.paging import NewestFirst
from shop_ai.api.problems import answer_to
from shop_ai.api.schema import AutoSchema
from shop_ai.api.throttle import Courtesy

Sent = TypeVar("Sent", bound=Strict)


class View(GenericViewSet[Any]):
    """Authentication is the project's; everything that opens a door is said here or by the view."""

    pagination_class: Any = None
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Action → permissions, any of which opens it."""
    permission_classes = [access.Permitted]
    parser_classes = [Body]
    renderer_classes = [JSONRenderer]
    versioning_class = None
    metadata_class = None
    filter_backends = []
    schema = AutoSchema()

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), Courtesy()]

    def handle_exception(self, exc: Exception) -> Response:
        return answer_to(exc) or super().handle_exception(exc)

    def body(self, serializer: type[Sent]) -> Sent:
        """The request's body, valid."""
        found = serializer(data=self.request.data, context=self.get_serializer_context())
        found.is_valid(raise_exception=True)
        return found


class Records(View):
    """Jobs or suggestions: those whose row of the store the request may see."""

    pagination_class = NewestFirst
    lookup_field = "id"
    row: Any = None
    """The store's row behind the record that was asked for; None when it was deleted."""

    def list(self, request: Any) -> Response:
        """Newest first, by cursor."""
        mine = self.get_queryset().filter(target_model__in=list(access.readable(request)))
        page = self.paginate_queryset(self.filter_queryset(mine)) or []
        found = access.behind(request, page)
        serializer = self.get_serializer([record for record in page if record.pk in found], many=True)
        return self.get_paginated_response(serializer.data)

    def record(self, *, change: bool = False) -> Any:
        """The record of the address; what may not be seen is answered like what does not exist."""
        record = self.get_queryset().filter(pk=_uuid(self.kwargs["id"])).first()
        found = access.behind(self.request, [record]) if record else {}
        if record is None or record.pk not in found:
            raise NotFound
        self.row = found[record.pk]
        if change and not self._may_change(record):
            raise PermissionDenied
        return record

    def _may_change(self, record: Any) -> bool:
        model = access.readable(self.request)[record.target_model].model
        if self.row is None:
            return access.allowed(self.request.user, "change", model)
        return access.may(self.request, "change", self.row, model)


def _uuid(given: str) -> uuid.UUID:
    try:
        return uuid.UUID(given)
    except ValueError:
        raise NotFound from None
