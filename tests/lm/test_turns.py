"""Whose turn it is: decided without a language model and without a clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shop_ai.lm.local.turns import Turns

LIMIT = 2.0


def test_nobody_waits_and_nothing_changes():
    turns = Turns(LIMIT)

    assert turns.next({}, busy=False, now=100.0) is None
    assert turns.next({None: 1.0}, busy=True, now=100.0) is None


def test_who_comes_late_into_a_turn_need_not_wait():
    turns = Turns(LIMIT)
    turns.begin("red", 0.0)

    assert turns.next({"red": 0.0, "blue": 1.0}, busy=True, now=1.0) == "red"
    assert turns.next({"red": 0.0, "blue": 1.0}, busy=True, now=2.0) == "blue"
    assert turns.next({"red": 0.0, "blue": 50.0}, busy=True, now=50.0) == "blue"


def test_a_turn_ends_when_there_is_nothing_left_to_do():
    turns = Turns(LIMIT)
    turns.begin("red", 0.0)

    assert turns.next({"blue": 0.5}, busy=True, now=1.0) == "red"
    assert turns.next({"blue": 0.5}, busy=False, now=1.0) == "blue"


def test_who_had_a_turn_waits_behind_those_who_had_none():
    """The oldest request of all is red's; red has been served meanwhile, and green has not."""
    turns = Turns(LIMIT)
    turns.begin("red", 0.0)
    turns.begin("blue", 10.0)

    assert turns.next({"red": 0.0, "green": 9.0}, busy=False, now=11.0) == "green"


@given(
    adapters=st.integers(2, 5),
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.floats(0.01, 1.0), st.booleans()), min_size=20, max_size=200
    ),
)
def test_nobody_waits_longer_than_one_turn_of_each_other(adapters, steps):
    """Whatever arrives and is finished: with n adapters, n - 1 turns and the steps that end them."""
    turns, now = Turns(LIMIT), 0.0
    waiting: dict[str | None, float] = {}
    for number, seconds, done in steps:
        waiting.setdefault(str(number % adapters), now)
        now += seconds
        if done:
            waiting.pop(turns.present, None)
        wanted = turns.next(waiting, busy=False, now=now)
        if wanted != turns.present:
            turns.begin(wanted, now)

        asked = {name: max(since, turns._ended.get(name, since)) for name, since in waiting.items()}
        longest = max((now - since for name, since in asked.items() if name != turns.present), default=0.0)
        assert longest <= adapters * (LIMIT + 1.0)
