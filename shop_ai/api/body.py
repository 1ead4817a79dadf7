"""Reading a JSON body that the database can keep: no endless nesting, no NUL, no half characters."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 20


class Body(JSONParser):
    """JSON as DRF reads it, within bounds: PostgreSQL refuses NUL, and no database takes a lone surrogate."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        most: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read() if most is None else stream.read(most + 1)
        if most is not None and len(raw) > most:
            raise ParseError(f"The body is longer than {most} bytes.")
        try:
            found = super().parse(BytesIO(raw), media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        if not isinstance(found, dict):
            raise ParseError("The body must be a JSON object.")
        _inspect(found, DEEPEST)
        return found


def _inspect(value: Any, room: int) -> None:
    if room == 0:
        raise ParseError("The body is nested too deeply.")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ParseError("The body has a character that cannot be stored.")
        return
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            _inspect(item, room - 1)
