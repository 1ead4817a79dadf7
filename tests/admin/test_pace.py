"""How fast jobs are done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shop_ai.admin import pace

START = datetime(2026, 1, 1, tzinfo=UTC)


def span(begin, end):
    return START + timedelta(seconds=begin), START + timedelta(seconds=end)


def test_jobs_side_by_side_count_once():
    assert pace.busy([span(0, 10), span(2, 8), span(5, 15)]) == 15


def test_idle_time_between_jobs_does_not_count():
    assert pace.busy([span(0, 10), span(100, 110)]) == 20


def test_the_rate_is_jobs_a_minute():
    assert pace.per_minute([span(0, 30), span(0, 30), span(30, 60)]) == 3


def test_too_few_or_too_short_attempts_tell_nothing():
    assert pace.per_minute([span(0, 30)]) is None
    assert pace.per_minute([span(0, 0)] * 5) is None


def test_minutes_left_are_rounded_up():
    assert pace.minutes_left(7, 3.0) == 3
    assert pace.minutes_left(7, None) is None
