"""What became of the jobs, counted by SQL over the tables and never from logs.

Each product is asked about once and each write leaves a line, so that one line is what must stand there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

LIVE = "SELECT count(DISTINCT target_id) FROM shop_ai_job WHERE state IN ('queued', 'running')"
ENDED = """
SELECT target_id FROM shop_ai_job GROUP BY target_id HAVING bool_and(state NOT IN ('queued', 'running'))
"""
UNWRITTEN = """
SELECT count(*) FROM shop_ai_job LEFT JOIN catalogue_product row ON CAST(row.id AS varchar) = target_id
WHERE state = 'succeeded' AND COALESCE(long_text, '') = ''
"""
LINES = "length(long_text) - length(replace(long_text, chr(10), ''))"
DOUBLED = f"SELECT count(*) FROM catalogue_product WHERE {LINES} > 1"
OLD = f"SELECT count(*) FROM catalogue_product WHERE {LINES} > 0 AND position(title IN long_text) = 0"
OVERWRITTEN = """
SELECT count(*) FROM catalogue_product
WHERE CAST(id AS varchar) = ANY(%s) AND long_text <> 'By hand ' || id || '.'
"""
STATES = "SELECT state, count(*) FROM shop_ai_job GROUP BY state"
REASONS = "SELECT error_class, count(*) FROM shop_ai_job WHERE state = 'dead' GROUP BY error_class"
OUTCOMES = "SELECT outcome, count(*) FROM shop_ai_attempt GROUP BY outcome"


def rows(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        return list(cursor.fetchall())


def number(query: str, values: Sequence[Any] = ()) -> int:
    return int(rows(query, values)[0][0])


def live() -> int:
    """Requests that have not come to their end."""
    return number(LIVE)


def lost(asked: Collection[str]) -> int:
    """Requests that no ended job answers, and jobs that succeeded without a text."""
    return len(set(asked) - {key for (key,) in rows(ENDED)}) + number(UNWRITTEN)


def written_twice() -> int:
    return number(DOUBLED)


def old_texts() -> int:
    """Texts that do not name the product as it is called now."""
    return number(OLD)


def overwritten(typed: Collection[str]) -> int:
    """Texts of people that are not what they typed any more."""
    return number(OVERWRITTEN, [list(typed)])


def states() -> dict[str, int]:
    return dict(rows(STATES))


def dead() -> dict[str, int]:
    """By the kind of error."""
    return dict(rows(REASONS))


def outcomes() -> dict[str, int]:
    return dict(rows(OUTCOMES))
