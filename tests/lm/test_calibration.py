"""Temperatures: the fitted one is the best, finds what made the data, and changes no order."""

from __future__ import annotations

from math import exp, log
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shop_ai.lm.calibration import (
    COLDEST,
    HOTTEST,
    expected_calibration_error,
    fit,
    loss,
    softmax,
)

score = st.floats(-30, 30, allow_nan=False)
row = st.lists(score, min_size=2, max_size=5)
temperature = st.floats(COLDEST, HOTTEST)


@st.composite
def labelled(draw):
    scores = draw(st.lists(row, min_size=1, max_size=30))
    return scores, [draw(st.integers(0, len(each) - 1)) for each in scores]


def drawn(count, temperature, *, seed=1):
    """Rows whose answers were drawn from their scores at that temperature."""
    random = Random(seed)
    scores = [[random.gauss(0, 3) for _ in range(5)] for _ in range(count)]
    labels = [random.choices(range(5), softmax(each, temperature))[0] for each in scores]
    return scores, labels


# -- probabilities -----------------------------------------------------------------------------


@given(row, temperature)
def test_probabilities_sum_to_one_and_keep_the_order(scores, temperature):
    found = softmax(scores, temperature)

    assert sum(found) == pytest.approx(1.0)
    assert all(0 <= probability <= 1 for probability in found)
    for one, other in zip(range(len(scores)), range(1, len(scores)), strict=False):
        if scores[one] > scores[other]:
            assert found[one] >= found[other]


@given(row, temperature, st.floats(-1000, 1000))
def test_a_constant_changes_nothing(scores, temperature, constant):
    assert softmax([each + constant for each in scores], temperature) == pytest.approx(
        softmax(scores, temperature), abs=1e-9
    )


def test_temperature_one_is_the_plain_softmax():
    assert softmax([log(0.2), log(0.5), log(0.3)]) == pytest.approx((0.2, 0.5, 0.3))


@pytest.mark.parametrize("scores", [[-1e6, 0.0], [0.0, -1e308], [1e308, 1e308]])
def test_extreme_scores_are_no_trouble(scores):
    found = softmax(scores, COLDEST)

    assert sum(found) == pytest.approx(1.0)


@given(row)
def test_hotter_is_less_sure(scores):
    assert max(softmax(scores, 4.0)) <= max(softmax(scores, 1.0)) + 1e-12


# -- fitting -----------------------------------------------------------------------------------


@given(labelled(), temperature)
def test_no_other_temperature_loses_less(data, other):
    scores, labels = data

    assert loss(scores, labels, fit(scores, labels)) <= loss(scores, labels, other) + 1e-9


@pytest.mark.parametrize("true", [0.3, 1.0, 2.5, 8.0])
def test_the_temperature_that_made_the_data_is_found(true):
    scores, labels = drawn(4000, true)

    assert fit(scores, labels) == pytest.approx(true, rel=0.1)


@given(labelled(), st.floats(0.5, 2.0))
def test_louder_scores_want_a_higher_temperature(data, factor):
    scores, labels = data
    plain = fit(scores, labels)
    assume(0.2 < plain < 5)
    louder = [[factor * each for each in row] for row in scores]

    fitted = fit(louder, labels)

    assert loss(louder, labels, fitted) == pytest.approx(loss(louder, labels, factor * plain), abs=1e-9)


def test_rows_that_are_always_right_are_as_sure_as_is_allowed():
    assert fit([[0.0, 1.0]] * 3, [1, 1, 1]) == pytest.approx(COLDEST)
    assert fit([[0.0, 1.0]] * 3, [0, 0, 0]) == pytest.approx(HOTTEST)


@pytest.mark.parametrize(
    ("scores", "labels", "reason"),
    [
        ([], [], "nothing"),
        ([[0.0, 1.0]], [2], "place"),
        ([[0.0, 1.0]], [-1], "place"),
        ([[0.0]], [0, 0], "argument 2"),
    ],
)
def test_what_cannot_be_fitted_is_refused(scores, labels, reason):
    with pytest.raises(ValueError, match=reason):
        fit(scores, labels)


def test_the_loss_is_that_of_the_right_answers():
    found = loss([[log(0.2), log(0.8)], [log(0.5), log(0.5)]], [1, 0])

    assert exp(-found) == pytest.approx((0.8 * 0.5) ** 0.5)


# -- how far off -------------------------------------------------------------------------------


@given(labelled())
def test_the_error_is_between_none_and_all(data):
    scores, labels = data

    assert 0 <= expected_calibration_error([softmax(each) for each in scores], labels) <= 1


def test_the_error_by_hand():
    """Twice 0.9 sure and once right: off by 0.4 in two rows of four; twice 0.6 and always right: by 0.4."""
    sure, unsure = [0.9, 0.1], [0.6, 0.4]

    assert expected_calibration_error([sure, sure, unsure, unsure], [0, 1, 0, 0]) == pytest.approx(0.4)
    assert expected_calibration_error([[1.0, 0.0]], [0]) == 0.0
    assert expected_calibration_error([[1.0, 0.0]], [1]) == 1.0


def test_fitting_mends_scores_that_are_too_sure():
    scores, labels = drawn(2000, 4.0, seed=3)
    fitted = fit(scores, labels)

    before = expected_calibration_error([softmax(each) for each in scores], labels)
    after = expected_calibration_error([softmax(each, fitted) for each in scores], labels)

    assert after < 0.03 < 0.2 < before
