"""What our rows look like from outside. Nothing here writes to a row."""

from __future__ import annotations

from typing import Any, TypedDict

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from shop_ai.api import access
from shop_ai.api.schema import extend_schema_field
from shop_ai.models import Job, State, Suggestion, decisions
from shop_ai.models.finish import binding_of
from shop_ai.models.suggestion import Decision

SHOWN = frozenset(
    "backend checkpoint sha256 adapter adapter_sha256 skill_version prompt_hash guidance_version seed asked "
    "fields tokens_in tokens_out milliseconds".split()
)
"""Provenance that everybody who sees the suggestion sees; the rest may hold words of the prompt."""


# "state" means two things here, and often a third in the store: wrapped in allOf, the generator does not
# try to give the choices one name for the whole project, which it would complain about.
@extend_schema_field({"allOf": [{"type": "string", "enum": State.values}]})
class JobState(serializers.CharField):
    """Where a job is."""


@extend_schema_field({"allOf": [{"type": "string", "enum": Decision.values}]})
class SuggestionState(serializers.CharField):
    """What became of a suggestion."""


class Target(TypedDict):
    role: str
    model: str
    id: str


class JobLinks(TypedDict):
    self: str
    events: str
    cancel: str
    retry: str
    suggestion: str | None


class SuggestionLinks(TypedDict):
    self: str
    job: str
    apply: str
    edit: str
    dismiss: str
    revert: str


def link(request: Request, name: str, *args: Any) -> str:
    """A path beside the one that was asked for, wherever the project has put us."""
    match = request.resolver_match
    space = f"{match.namespace}:" if match and match.namespace else ""
    return reverse(f"{space}{name}", args=args)


def _target(record: Job | Suggestion) -> Target:
    role = binding_of(record.target_model).role.name
    return {"role": role, "model": record.target_model, "id": record.target_id}


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job in a list."""

    state = JobState(read_only=True)
    target = serializers.SerializerMethodField()
    reason = serializers.CharField(source="error_public", read_only=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields: tuple[str, ...] = (
            "id",
            "skill",
            "state",
            "lane",
            "target",
            "language",
            "batch",
            "retry_of",
            "reason",
            "created_at",
            "started_at",
            "finished_at",
            "links",
        )
        read_only_fields = fields

    def get_target(self, job: Job) -> Target:
        return _target(job)

    def get_links(self, job: Job) -> JobLinks:
        request = self.context["request"]
        suggestion = getattr(job, "suggestion", None)
        return {
            "self": link(request, "job-detail", job.pk),
            "events": link(request, "job-events", job.pk),
            "cancel": link(request, "job-cancel", job.pk),
            "retry": link(request, "job-retry", job.pk),
            "suggestion": link(request, "suggestion-detail", suggestion.pk) if suggestion else None,
        }


class JobDetailSerializer(JobSerializer):
    """A job with what was asked and what came back."""

    class Meta(JobSerializer.Meta):
        fields = (*JobSerializer.Meta.fields, "params", "output", "missing", "cancel_requested_at")
        read_only_fields = fields


class SuggestionSerializer(serializers.ModelSerializer[Suggestion]):
    """A suggestion in a list."""

    state = SuggestionState(read_only=True)
    target = serializers.SerializerMethodField()
    ai_generated = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Suggestion
        fields: tuple[str, ...] = (
            "id",
            "job",
            "skill",
            "state",
            "stale",
            "stale_reason",
            "target",
            "language",
            "after",
            "edited",
            "ai_generated",
            "created_at",
            "decided_at",
            "links",
        )
        read_only_fields = fields

    def get_target(self, suggestion: Suggestion) -> Target:
        return _target(suggestion)

    def get_ai_generated(self, suggestion: Suggestion) -> bool:
        """Always true: what a machine wrote is marked as such."""
        return True

    def get_links(self, suggestion: Suggestion) -> SuggestionLinks:
        request, pk = self.context["request"], suggestion.pk
        return {
            "self": link(request, "suggestion-detail", pk),
            "job": link(request, "job-detail", suggestion.job_id),
            "apply": link(request, "suggestion-apply", pk),
            "edit": link(request, "suggestion-edit", pk),
            "dismiss": link(request, "suggestion-dismiss", pk),
            "revert": link(request, "suggestion-revert", pk),
        }


class SuggestionDetailSerializer(SuggestionSerializer):
    """A suggestion with everything a person decides by."""

    seen = serializers.SerializerMethodField()
    provenance = serializers.SerializerMethodField()
    raw = serializers.SerializerMethodField()

    class Meta(SuggestionSerializer.Meta):
        fields = (
            *SuggestionSerializer.Meta.fields,
            "before",
            "candidates",
            "applied",
            "seen",
            "provenance",
            "raw",
        )
        read_only_fields = fields

    def get_seen(self, suggestion: Suggestion) -> str | None:
        """Fingerprint of the current text, to be sent back with `apply`; null when the row is gone."""
        row = self.context["row"]
        return None if row is None else decisions.seen_now(suggestion, row)

    def get_provenance(self, suggestion: Suggestion) -> dict[str, Any]:
        everything = self._sees_prompts()
        return {name: value for name, value in suggestion.provenance.items() if everything or name in SHOWN}

    def get_raw(self, suggestion: Suggestion) -> list[str] | None:
        """The language model's own words; null without the permission to see prompts."""
        return suggestion.raw if self._sees_prompts() else None

    def _sees_prompts(self) -> bool:
        return bool(self.context["request"].user.has_perm(access.SEE_PROMPTS))
