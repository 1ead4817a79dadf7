"""`/v1/skills/`: what can be asked for, and in which form the answers come."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from shop_ai.api import access
from shop_ai.api.base import View
from shop_ai.api.bodies import CLOSED, READING, SkillSerializer
from shop_ai.api.schema import extend_schema
from shop_ai.api.serializers import link
from shop_ai.roles import bindings
from shop_ai.skills import Skill, skills


class Skills(View):
    serializer_class = SkillSerializer
    needs = {"list": access.READ_ANY, "retrieve": access.READ_ANY}

    @extend_schema(responses={200: SkillSerializer(many=True), **CLOSED})
    def list(self, request: Request) -> Response:
        """Every skill of this store."""
        return Response([_shown(request, one) for one in skills().values()])

    @extend_schema(responses={200: SkillSerializer, **READING})
    def retrieve(self, request: Request, name: str) -> Response:
        """One skill with the schemas of its options and its answer."""
        if name not in skills():
            raise NotFound
        return Response(_shown(request, skills()[name]))


def _shown(request: Request, one: Skill) -> dict[str, Any]:
    binding = bindings().get(one.role.name)
    may = binding is not None and access.allowed(request.user, "change", binding.model)
    bound = binding.fields if binding else {}
    return {
        "name": one.name,
        "label": str(one.label),
        "role": one.role.name,
        "writes": {output: field for output, field in one.writes.items() if field in bound},
        "approval": one.approval,
        "streams": one.streams,
        "may_generate": may and request.user.has_perm(access.GENERATE),
        "params_schema": one.Params.model_json_schema(),
        "output_schema": one.Output.model_json_schema(),
        "link": link(request, "skill-detail", one.name),
    }
