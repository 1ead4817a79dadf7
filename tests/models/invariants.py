"""Invariants I1 to I7 of jobs and write-backs, asked of a live database: a list of what is violated.

`violations()` needs nothing but the tables. A `Watch` also remembers what it saw before, so that it can
tell that an ended job moved (I3) and that a column nobody asked for changed (I7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import Model

from shop_ai.conf import config
from shop_ai.models import Job, Suggestion
from shop_ai.models.clock import now
from shop_ai.models.finish import binding_of
from shop_ai.models.job import TERMINAL, database
from shop_ai.models.suggestion import Decision

JOBS = """
WITH log AS (
  SELECT job_id, COUNT(*) AS tried, MIN(number) AS first, MAX(number) AS last,
    SUM(CASE WHEN outcome = '' THEN 1 ELSE 0 END) AS open,
    MAX(CASE WHEN outcome = '' THEN number ELSE 0 END) AS current
  FROM shop_ai_attempt GROUP BY job_id
), job AS (
  SELECT shop_ai_job.*, COALESCE(tried, 0) AS tried, first, last, COALESCE(open, 0) AS open, current,
    answer.id AS answer, answer.state AS decision, answer.decided_by_id, answer.stale
  FROM shop_ai_job
  LEFT JOIN log ON log.job_id = shop_ai_job.id
  LEFT JOIN shop_ai_suggestion answer ON answer.job_id = shop_ai_job.id
)
"""
"""Each job with the sum of its attempts and its suggestion."""
LIVING = "('queued', 'running')"
ENDED = "('succeeded', 'declined', 'dead', 'stale', 'expired', 'cancelled')"
ANSWERED = "('succeeded', 'stale')"
FAULTS = {
    "I1: waits without its key": "state = 'queued' AND (queue_key IS NULL OR queue_key <> twin)",
    "I1: has the key of a waiting job": "state <> 'queued' AND queue_key IS NOT NULL",
    "I1: runs without its key": "state = 'running' AND (write_key IS NULL OR write_key <> slot)",
    "I1: has the key of a running job": "state <> 'running' AND write_key IS NOT NULL",
    "I1: runs without an owner": "state = 'running' AND lease_owner IS NULL",
    "I1: is held and does not run": "state <> 'running' AND lease_owner IS NOT NULL",
    "I1: ended without a time": f"state IN {ENDED} AND finished_at IS NULL",
    "I1: has an end and goes on": f"state IN {LIVING} AND finished_at IS NOT NULL",
    "I1: is of no state": f"state NOT IN {LIVING} AND state NOT IN {ENDED}",
    "I1: has not ended": f"state IN {LIVING} AND %(settled)s",
    "I2: was answered without a suggestion": f"state IN {ANSWERED} AND answer IS NULL",
    "I2: was not answered and has a suggestion": f"state NOT IN {ANSWERED} AND answer IS NOT NULL",
    "I2: was outdated and applied by itself": (
        "state = 'stale' AND stale AND decision = 'applied' AND decided_by_id IS NULL"
    ),
    "I4: has attempts that are not in the log": (
        "tried <> attempt OR (attempt > 0 AND (first <> 1 OR last <> attempt))"
    ),
    "I4: cost too much": "charged > %(most)s",
    "I4: was charged more often than tried": "charged > attempt",
    "I4: runs, and its attempt is not the open one": (
        "state = 'running' AND (open <> 1 OR current <> attempt)"
    ),
    "I4: does not run and has an open attempt": "state <> 'running' AND open > 0",
    "I5: runs long after its lease": "state = 'running' AND lease_expires_at < %(late)s",
}


def violations(
    *,
    settled: bool = False,
    overdue: float | None = None,
    asked: Iterable[str] = (),
    edited: Collection[tuple[str, str]] = (),
) -> list[str]:
    """What is wrong now.

    `settled`: nothing may be under way any more. `overdue`: seconds a lease may be over. `asked`: twins
    of all committed requests. `edited`: (model, key) of rows that people wrote to by themselves.
    """
    return [*_lost(asked), *_jobs(settled, overdue), *_written(edited)]


def _lost(asked: Iterable[str]) -> list[str]:
    """I1: each request has a row."""
    twins = set(asked)
    known = set(Job.objects.filter(twin__in=twins).values_list("twin", flat=True)) if twins else set()
    return [f"I1: a request has no job: {twin}" for twin in twins - known]


def _jobs(settled: bool, overdue: float | None) -> list[str]:
    """I1, I2, I4 and I5 in one query."""
    using = database()
    kinds = [
        f"SELECT '{fault}', CAST(id AS varchar) FROM job WHERE {wrong}" for fault, wrong in FAULTS.items()
    ]
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    late = long_ago if overdue is None else now(using) - timedelta(seconds=overdue)
    values = {
        "settled": settled,
        "most": config().MAX_ATTEMPTS,
        "late": connections[using].ops.adapt_datetimefield_value(late),
    }
    with connections[using].cursor() as cursor:
        cursor.execute(JOBS + " UNION ALL ".join(kinds), values)
        return [f"{fault}: {key}" for fault, key in cursor.fetchall()]


def _written(edited: Collection[tuple[str, str]]) -> list[str]:
    """I6: a row holds what was applied last, unless somebody edited it since."""
    last: dict[tuple[str, ...], Suggestion] = {}
    applied = Suggestion.objects.filter(state=Decision.APPLIED).order_by("decided_at", "pk")
    for suggestion in applied.exclude(after={}):
        for name in suggestion.after:
            last[(suggestion.target_model, suggestion.target_id, name)] = suggestion
    found = []
    for suggestion in {s.pk: s for s in last.values()}.values():
        where = (suggestion.target_model, suggestion.target_id)
        binding = binding_of(suggestion.target_model)
        row = binding.by_pk(suggestion.target_id).first()
        mine = all(last[(*where, name)] == suggestion for name in suggestion.after)
        if row is None or where in edited or not mine:
            continue
        if (
            binding.target_fingerprint(row, list(suggestion.after), suggestion.language)
            != suggestion.applied_fp
        ):
            found.append(f"I6: {' '.join(where)} holds something nobody wrote")
    return found


class Watch:
    """Looks again and again, and remembers."""

    def __init__(self) -> None:
        self._ended: dict[Any, dict[str, Any]] = {}
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}
        self._written: dict[str, frozenset[str]] = {}

    def rows(self, rows: Iterable[Model], *, written: Collection[str]) -> None:
        """From now on these rows may change in the written columns only."""
        keys: dict[str, list[str]] = {}
        for row in rows:
            keys.setdefault(row._meta.label_lower, []).append(str(row.pk))
        for label, some in keys.items():
            self._written[label] = frozenset(written)
            self._rows.setdefault(label, {}).update(self._columns(label, some))

    def violations(self, **known: Any) -> list[str]:
        return [*violations(**known), *self.moved(), *self._changed()]

    def _columns(self, label: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        rows = apps.get_model(label)._base_manager.filter(pk__in=list(keys)).values()
        written = self._written[label]
        return {str(r["id"]): {k: v for k, v in r.items() if k not in written} for r in rows}

    def moved(self) -> list[str]:
        """I3: an ended job stays as it ended, to the last column."""
        now = {row["id"]: row for row in Job.objects.filter(state__in=TERMINAL).values()}
        found = [
            f"I3: an ended job changed: {key}" for key, row in self._ended.items() if now.get(key) != row
        ]
        self._ended = now
        return found

    def _changed(self) -> list[str]:
        """I7: nothing but the written columns of a row changed."""
        found = []
        for label, before in self._rows.items():
            after = self._columns(label, before)
            changed = [key for key in after if after[key] != before[key]]
            found += [f"I7: {label} {key} was changed beside its text" for key in changed]
        return found
