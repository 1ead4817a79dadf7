"""Requests and answers as they stand in the OpenAPI document."""

from __future__ import annotations

from shop_ai.api.schema import OpenApiExample

_ID = "01930f5e-7a3c-7cc1-9d0e-2f4f3f0c8a11"
_JOB = {
    "id": _ID,
    "skill": "describe_product",
    "state": "queued",
    "lane": "interactive",
    "target": {"role": "product", "model": "catalogue.product", "id": "12"},
    "language": "",
    "batch": None,
    "retry_of": None,
    "reason": "",
    "created_at": "2026-01-05T09:30:00Z",
    "started_at": None,
    "finished_at": None,
    "links": {
        "self": f"/ai/v1/jobs/{_ID}/",
        "events": f"/ai/v1/jobs/{_ID}/events/",
        "cancel": f"/ai/v1/jobs/{_ID}/cancel/",
        "retry": f"/ai/v1/jobs/{_ID}/retry/",
        "suggestion": None,
    },
}
ASK = [
    OpenApiExample(
        "One product",
        value={"skill": "describe_product", "ids": [12], "params": {"tone": "warm", "length": "short"}},
        request_only=True,
    ),
    OpenApiExample(
        "Queued",
        value={"created": 1, "coalesced": 0, "skipped": {}, "batch": None, "jobs": [_JOB]},
        response_only=True,
        status_codes=["202"],
    ),
    OpenApiExample(
        "Same key, other body",
        value={
            "type": "urn:shop_ai:key_reused",
            "title": "The Idempotency-Key belongs to another request",
            "detail": "This Idempotency-Key came with another body before.",
            "code": "key_reused",
        },
        response_only=True,
        status_codes=["422"],
    ),
]
_SAID = {"attempt": 1, "text": "", "state": "", "differs": False}
EVENTS = [
    OpenApiExample(
        "The beginning",
        value={
            "events": [
                {**_SAID, "id": "1.1767605400123-0", "kind": "sentence", "text": "The kettle is of steel."}
            ],
            "after": "1.1767605400123-0",
            "ended": False,
        },
        response_only=True,
        status_codes=["200"],
    ),
    OpenApiExample(
        "The end",
        value={
            "events": [{**_SAID, "id": "1.1767605402456-1", "kind": "end", "state": "succeeded"}],
            "after": "1.1767605402456-1",
            "ended": True,
        },
        response_only=True,
        status_codes=["200"],
    ),
]
CONFLICT = OpenApiExample(
    "Somebody was faster",
    value={
        "type": "urn:shop_ai:conflict",
        "title": "The text was changed in the meantime",
        "detail": "The text was changed by somebody in the meantime; compare again.",
        "code": "conflict",
    },
    response_only=True,
    status_codes=["409"],
)
APPLY = [
    OpenApiExample("As it is", value={}, request_only=True),
    OpenApiExample(
        "In your own words",
        value={"values": {"description": "A steel kettle for 1.7 litres of water."}, "seen": "6b86b273ff34…"},
        request_only=True,
    ),
    CONFLICT,
]
EDIT = [
    OpenApiExample(
        "Another wording", value={"values": {"description": "A kettle of steel."}}, request_only=True
    ),
    CONFLICT,
]
