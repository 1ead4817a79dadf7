"""A request that carries an Idempotency-Key is done once; the same one again gets the same answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from shop_ai.api.problems import problem
from shop_ai.models import IdempotencyKey
from shop_ai.models.job import database

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


def once(request: Request, endpoint: str, work: Callable[[], tuple[int, Any]]) -> Response:
    """Do the work and keep its answer under the client's key, both in one transaction or neither.

    A second request meanwhile waits for the first one's commit at the unique constraint.
    """
    key = _key(request)
    if key is None:
        with transaction.atomic(using=database()):
            status, data = work()
        return Response(data, status=status)
    mine = {"user_id": request.user.pk, "endpoint": endpoint, "key": key}
    digest = _digest(request)
    with transaction.atomic(using=database()):
        try:
            with transaction.atomic(using=database()):
                kept = IdempotencyKey.objects.create(**mine, request_hash=digest)
        except IntegrityError:
            return _again(IdempotencyKey.objects.filter(**mine).first(), digest)
        status, data = work()
        data = json.loads(json.dumps(data, cls=JSONEncoder))
        IdempotencyKey.objects.filter(pk=kept.pk).update(status=status, response=data)
    return Response(data, status=status)


def _again(kept: IdempotencyKey | None, digest: str) -> Response:
    if kept is not None and kept.request_hash != digest:
        return problem("key_reused", "This Idempotency-Key came with another body before.", status=422)
    if kept is None or kept.status == 0:
        return problem("in_progress", "The first request with this Idempotency-Key is not answered yet.")
    return Response(kept.response, status=kept.status, headers={REPLAYED: "true"})


def _key(request: Request) -> str | None:
    key: str | None = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= 128 and key.isascii() and key.isprintable()):
        raise ValidationError({HEADER: ["1 to 128 printable ASCII characters."]})
    return key


def _digest(request: Request) -> str:
    return hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest()
