"""What clients may send, and the answers that are not rows of ours. Unknown keys are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError as Invalid
from rest_framework import serializers

from shop_ai.api.asking import Wanted
from shop_ai.api.schema import extend_schema_field
from shop_ai.api.serializers import JobSerializer
from shop_ai.exceptions import ConfigurationError
from shop_ai.jobs import FEW
from shop_ai.models import Lane
from shop_ai.roles import bound
from shop_ai.skills import Skill, skill


class Strict(serializers.Serializer[Any]):
    """Refuses keys it does not know, so that nothing is mistaken for accepted."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            known = f"Unknown field. Known: {', '.join(self.fields)}."
            raise serializers.ValidationError({name[:64]: [known] for name in unknown[:10]})
        return super().to_internal_value(data)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "minLength": 1, "maxLength": 128}]})
class RowKey(serializers.Field[Any, Any, Any, Any]):
    """The key of a row as the store has it: a number or a string."""

    default_error_messages = {"invalid": "The id of a row is a number or a string of 1 to 128 characters."}

    def to_internal_value(self, data: Any) -> int | str:
        if isinstance(data, bool) or not isinstance(data, int | str) or not 0 < len(str(data)) <= 128:
            self.fail("invalid")
        found: int | str = data
        return found

    def to_representation(self, value: Any) -> Any:
        return value


class JobsWanted(Strict):
    """Ask for jobs."""

    skill = serializers.CharField(max_length=64)
    ids = serializers.ListField(child=RowKey(), min_length=1, max_length=1000)
    params = serializers.DictField(required=False, help_text="Options of the skill; see its params_schema.")
    lane = serializers.ChoiceField(
        choices=Lane.choices,
        required=False,
        help_text=f"Default: interactive for up to {FEW} rows, bulk for more.",
    )

    def validate_skill(self, name: str) -> Skill:
        try:
            found = skill(name)
            bound(found.role)
        except ConfigurationError as error:
            raise serializers.ValidationError(str(error)) from error
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        few = len(attrs["ids"]) <= FEW
        lane = attrs.setdefault("lane", Lane.INTERACTIVE if few else Lane.BULK)
        if lane == Lane.INTERACTIVE and not few:
            raise serializers.ValidationError({"lane": [f"More than {FEW} rows go through the bulk lane."]})
        attrs.setdefault("params", {})
        try:
            attrs["skill"].Params.model_validate(attrs["params"])
        except Invalid as error:
            raise serializers.ValidationError({"params": _by_field(error)}) from error
        return attrs

    def wanted(self) -> Wanted:
        found = self.validated_data
        ids = list(dict.fromkeys(found["ids"]))
        return Wanted(skill=found["skill"], ids=ids, params=found["params"], lane=Lane(found["lane"]))


def _by_field(error: Invalid) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    for one in error.errors(include_url=False, include_input=False, include_context=False)[:20]:
        where = ".".join(map(str, one["loc"]))[:64] or "params"
        problems.setdefault(where, []).append(one["msg"])
    return problems


class JobsAsked(serializers.Serializer[Any]):
    """The queued jobs, in the order of the ids; those that waited already are among them."""

    created = serializers.IntegerField(help_text="New jobs.")
    coalesced = serializers.IntegerField(help_text="Jobs that waited already for the same.")
    skipped = serializers.DictField(child=serializers.IntegerField(), help_text="Reason → rows (bulk only).")
    batch = serializers.UUIDField(source="batch.pk", allow_null=True, default=None)
    jobs = JobSerializer(many=True)


class EventSerializer(serializers.Serializer[Any]):
    """One event of a stream."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=["sentence", "restart", "end"],
        help_text="A restart takes back every sentence before it.",
    )
    attempt = serializers.IntegerField()
    text = serializers.CharField(help_text="The sentence, as plain text.")
    state = serializers.CharField(help_text="What the job came to; of an end.")
    differs = serializers.BooleanField(help_text="The job's answer is not what was said; of an end.")


class EventsFound(serializers.Serializer[Any]):
    """What is new."""

    events = EventSerializer(many=True)
    after = serializers.CharField(help_text="Send it with the next request.", allow_blank=True)
    ended = serializers.BooleanField(help_text="Nothing more will come.")


class ApplyBody(Strict):
    """Decide for a suggestion."""

    values = serializers.DictField(required=False, help_text="Role field → your own wording.")
    seen = serializers.CharField(
        required=False, max_length=64, help_text="`seen` of the detail you compared the text with."
    )
    accept_stale = serializers.BooleanField(
        default=False, help_text="Apply although the facts have changed since."
    )


class EditBody(Strict):
    """Another wording for a suggestion that waits."""

    values = serializers.DictField(allow_empty=False, help_text="Role field → your own wording.")


class NoBody(Strict):
    """Nothing to send."""


class Problem(serializers.Serializer[Any]):
    """Why it was refused."""

    type = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=["conflict", "outdated", "refused", "in_progress", "key_reused"])


class Detail(serializers.Serializer[Any]):
    """Why the door is closed, or that there is nothing behind it."""

    detail = serializers.CharField()


_MISTAKES = {"type": "object", "additionalProperties": {}, "description": "Field → what is wrong with it."}
CLOSED: Mapping[Any, Any] = {401: Detail, 403: Detail, 429: Detail}
READING = {**CLOSED, 404: Detail}
LISTING = {**READING, 400: _MISTAKES}
REFUSED = {**LISTING, (409, "application/problem+json"): Problem}
KEYED = {**REFUSED, (422, "application/problem+json"): Problem}
"""Answers that are not the wanted one, for the OpenAPI document."""


class SkillSerializer(serializers.Serializer[Any]):
    """What a skill reads, takes, answers and writes."""

    name = serializers.CharField()
    label: Any = serializers.CharField()
    role = serializers.CharField()
    writes = serializers.DictField(child=serializers.CharField(), help_text="Output field → role field.")
    approval = serializers.BooleanField(help_text="Whether a person applies the result.")
    streams = serializers.BooleanField(help_text="Whether the events of its jobs can be followed.")
    may_generate = serializers.BooleanField(help_text="Whether you may ask for it.")
    params_schema = serializers.DictField(help_text="JSON schema of `params`.")
    output_schema = serializers.DictField(help_text="JSON schema of a job's `output`.")
    link = serializers.CharField()
