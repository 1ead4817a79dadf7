"""The one clock that counts: the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections, models
from django.db.models.functions import Now


def later(seconds: float) -> Any:
    """The database's time so many seconds from now, as an expression."""
    return models.ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=models.DateTimeField())


def now(using: str) -> datetime:
    """The database's time now, in UTC."""
    connection = connections[using]
    query = "SELECT statement_timestamp()"
    if connection.vendor == "sqlite":
        query = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
    with connection.cursor() as cursor:
        cursor.execute(query)
        (value,) = cursor.fetchone()
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    found: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
    return found
