"""`/v1/suggestions/`: compare, apply, edit, dismiss, revert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from shop_ai import jobs
from shop_ai.api import access, examples
from shop_ai.api.base import Records
from shop_ai.api.bodies import LISTING, READING, REFUSED, ApplyBody, EditBody, NoBody
from shop_ai.api.filters import SuggestionFilter
from shop_ai.api.schema import extend_schema, extend_schema_view
from shop_ai.api.serializers import SuggestionDetailSerializer, SuggestionSerializer
from shop_ai.models import Suggestion

ANSWERS = {200: SuggestionDetailSerializer, **REFUSED}


@extend_schema_view(list=extend_schema(responses={200: SuggestionSerializer(many=True), **LISTING}))
class Suggestions(Records):
    queryset = Suggestion.objects.select_related("job")
    serializer_class = SuggestionSerializer
    filter_backends = [DjangoFilterBackend]
    filterset_class = SuggestionFilter
    needs = {
        "list": access.READ_SUGGESTIONS,
        "retrieve": access.READ_SUGGESTIONS,
        "apply": (access.APPLY,),
        "edit": (access.APPLY,),
        "dismiss": (access.APPLY,),
        "revert": (access.APPLY,),
    }

    @extend_schema(responses={200: SuggestionDetailSerializer, **READING})
    def retrieve(self, request: Request, id: Any) -> Response:
        """One suggestion with the text before, the candidates and where it comes from."""
        self.record()
        return self._detail()

    @extend_schema(request=ApplyBody, responses=ANSWERS, examples=examples.APPLY)
    def apply(self, request: Request, id: Any) -> Response:
        """Put the text, or your wording of it, into the store's row."""
        body = self.body(ApplyBody).validated_data
        suggestion = self.record(change=True)
        values = body.get("values")
        if values is not None:
            _check(values, suggestion.after)
        jobs.apply(
            suggestion,
            by=request.user,
            values=values,
            seen=body.get("seen"),
            accept_stale=body["accept_stale"],
        )
        return self._detail()

    @extend_schema(request=EditBody, responses=ANSWERS, examples=examples.EDIT)
    def edit(self, request: Request, id: Any) -> Response:
        """Change a waiting text without applying it."""
        values = self.body(EditBody).validated_data["values"]
        suggestion = self.record(change=True)
        _check(values, suggestion.after)
        jobs.edit(suggestion, by=request.user, values=values)
        return self._detail()

    @extend_schema(request=NoBody, responses=ANSWERS)
    def dismiss(self, request: Request, id: Any) -> Response:
        """Put it aside; the store's row is not touched."""
        self.body(NoBody)
        jobs.dismiss(self.record(change=True), by=request.user)
        return self._detail()

    @extend_schema(request=NoBody, responses=ANSWERS)
    def revert(self, request: Request, id: Any) -> Response:
        """Put back what stood there before."""
        self.body(NoBody)
        jobs.revert(self.record(change=True), by=request.user)
        return self._detail()

    def _detail(self) -> Response:
        """The suggestion and the store's row as they are now."""
        suggestion = self.record()
        context = {**self.get_serializer_context(), "row": self.row}
        return Response(SuggestionDetailSerializer(suggestion, context=context).data)


def _check(values: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A person's values go where the suggestion's go, and are of the same kind."""
    problems = {}
    for name, value in values.items():
        if name not in after:
            problems[name[:64]] = [f"This suggestion has: {', '.join(sorted(after))}."]
        elif after[name] is not None and type(value) is not type(after[name]):
            problems[name] = [f"Must be of the same kind as the suggestion's ({type(after[name]).__name__})."]
    if problems:
        raise ValidationError({"values": problems})
