"""What a refusal looks like: a small body with a code that a program can act on."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import RequestDataTooBig, ValidationError
from rest_framework.response import Response

from shop_ai.exceptions import ConfigurationError, Conflict, Outdated, Refused, ShopAIError, TargetGone

TITLES: Mapping[str, str] = {
    "conflict": "The text was changed in the meantime",
    "outdated": "The facts were changed in the meantime",
    "refused": "Not possible in the present state",
    "in_progress": "The same request is still at work",
    "key_reused": "The Idempotency-Key belongs to another request",
}
CODES: tuple[tuple[type[ShopAIError], str], ...] = (
    (Conflict, "conflict"),
    (Outdated, "outdated"),
    (Refused, "refused"),
    (TargetGone, "refused"),
    (ConfigurationError, "refused"),
)


def problem(code: str, detail: str, *, status: int = 409) -> Response:
    """A body after RFC 9457."""
    body = {"type": f"urn:shop_ai:{code}", "title": TITLES[code], "detail": detail, "code": code}
    return Response(body, status=status, content_type="application/problem+json")


def answer_to(error: Exception) -> Response | None:
    """The answer to an error of ours; None where it is not ours."""
    for kind, code in CODES:
        if isinstance(error, kind):
            return problem(code, str(error))
    if isinstance(error, ValidationError):  # the store's own model refused the value
        return Response({"values": error.messages}, status=400)
    if isinstance(error, RequestDataTooBig):
        return Response({"detail": "The body is too long."}, status=413)
    return None
