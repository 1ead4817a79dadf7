"""`/v1/jobs/`: ask, look, follow, cancel, retry."""

from __future__ import annotations

from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from shop_ai import jobs, streams
from shop_ai.api import access, examples
from shop_ai.api.asking import ask
from shop_ai.api.base import Records
from shop_ai.api.bodies import KEYED, LISTING, READING, REFUSED, EventsFound, JobsAsked, JobsWanted, NoBody
from shop_ai.api.filters import JobFilter
from shop_ai.api.idempotency import HEADER, once
from shop_ai.api.schema import OpenApiParameter, extend_schema, extend_schema_view
from shop_ai.api.serializers import JobDetailSerializer, JobSerializer
from shop_ai.exceptions import Refused
from shop_ai.models import Job
from shop_ai.models.job import REAL

KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="Makes a repeated request harmless.",
)
AFTER = OpenApiParameter(
    "after", str, description="`after` of the answer before; without it, from the beginning."
)


@extend_schema_view(list=extend_schema(responses={200: JobSerializer(many=True), **LISTING}))
class Jobs(Records):
    queryset = Job.objects.filter(REAL).select_related("suggestion")
    serializer_class = JobSerializer
    filter_backends = [DjangoFilterBackend]
    filterset_class = JobFilter
    needs = {
        "list": access.READ_JOBS,
        "retrieve": access.READ_JOBS,
        "events": access.READ_JOBS,
        "create": (access.GENERATE,),
        "cancel": (access.GENERATE,),
        "retry": (access.GENERATE,),
    }

    @extend_schema(
        parameters=[KEY],
        request=JobsWanted,
        responses={202: JobsAsked, **KEYED},
        examples=examples.ASK,
    )
    def create(self, request: Request) -> Response:
        """Ask a skill for up to 1,000 rows."""
        return once(request, "jobs", self._ask)

    def _ask(self) -> tuple[int, Any]:
        body = self.body(JobsWanted)
        asked = ask(self.request, body.wanted())
        return 202, JobsAsked(asked, context=self.get_serializer_context()).data

    @extend_schema(responses={200: JobDetailSerializer, **READING})
    def retrieve(self, request: Request, id: Any) -> Response:
        """One job with its answer."""
        return self._detail(self.record())

    @extend_schema(
        parameters=[AFTER], responses={200: EventsFound, **LISTING}, examples=examples.EVENTS, filters=False
    )
    def events(self, request: Request, id: Any) -> Response:
        """What a skill that streams has said so far; ask again, with `after`, until it has ended."""
        job, after = self.record(), request.query_params.get("after", "")
        try:
            streams.Place.of(after)
        except ValueError as error:
            raise ValidationError({"after": [str(error)]}) from error
        found = streams.read(job.pk, after=after)
        last = found[-1] if found else None
        answer = {
            "events": found,
            "after": last.id if last else after,
            "ended": last is not None and last.kind == "end",
        }
        return Response(EventsFound(answer).data)

    @extend_schema(request=NoBody, responses={200: JobDetailSerializer, 202: JobDetailSerializer, **REFUSED})
    def cancel(self, request: Request, id: Any) -> Response:
        """Cancel: 200 where it had not begun, 202 where it runs and stops within seconds."""
        self.body(NoBody)
        job = self.record(change=True)
        ended, stopping = jobs.cancel(Job.objects.filter(pk=job.pk))
        job = self.get_queryset().get(pk=job.pk)
        if not ended and not stopping and job.cancel_requested_at is None:
            raise Refused("This job is finished.")
        return self._detail(job, status=202 if job.is_live else 200)

    @extend_schema(request=NoBody, responses={201: JobDetailSerializer, 202: JobDetailSerializer, **REFUSED})
    def retry(self, request: Request, id: Any) -> Response:
        """Ask again, in the same lane: 201 with the new job, 202 with one that waits already for the same."""
        self.body(NoBody)
        job = self.record(change=True)
        new = jobs.retry(job, by=request.user)
        return self._detail(new, status=201 if new.retry_of_id == job.pk else 202)

    def _detail(self, job: Job, *, status: int = 200) -> Response:
        return Response(
            JobDetailSerializer(job, context=self.get_serializer_context()).data,
            status=status,
        )
