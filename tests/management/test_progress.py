"""The line that says how far the jobs are."""

from __future__ import annotations

import io

import pytest
from django.core.management.base import OutputWrapper

from shop_ai.management.progress import Progress, duration, line


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("found", "seconds", "text"),
    [
        ({"queued": 4}, 1, "0 of 4"),
        ({"succeeded": 10, "queued": 30}, 5, "10 of 40 · 10 done · 2.0 a second · 15 s left"),
        (
            {"succeeded": 1, "declined": 1, "running": 2},
            60,
            "2 of 4 · 1 done, 1 declined · 2.0 a minute · 1 min 00 s left",
        ),
        ({"succeeded": 3, "dead": 1}, 2, "4 of 4 · 3 done, 1 failed · 2.0 a second"),
    ],
)
def test_line(found, seconds, text):
    assert line(found, seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(59.4, "59 s"), (61, "1 min 01 s"), (7260, "2 h 01 min")])
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_a_terminal_shows_one_line_that_changes():
    out = Terminal()
    progress = Progress(OutputWrapper(out), "  ")

    progress({"queued": 1})
    progress({"succeeded": 1})
    progress.close()

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().count("\r") == 2


def test_a_file_gets_a_line_now_and_then_and_one_at_the_end():
    out = io.StringIO()
    progress = Progress(OutputWrapper(out))

    for found in ({"queued": 2}, {"queued": 1, "succeeded": 1}, {"succeeded": 2}, {"succeeded": 2}):
        progress(found)
    progress.close()

    lines = out.getvalue().splitlines()
    assert lines[0] == "0 of 2"
    assert lines[-1].startswith("2 of 2")
    assert len(lines) in (2, 3)
