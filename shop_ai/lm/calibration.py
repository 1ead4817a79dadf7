"""How sure to be of the answers of a Choose: a temperature for their scores. Pure functions, no torch.

A score is the log-probability of an answer, up to a constant that all answers of one request share.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, log

Scores = Sequence[float]

COLDEST, HOTTEST = 0.05, 20.0
"""Temperatures that `fit` looks between; where one of them is best, there was too little to fit."""
STEPS = 60


def softmax(scores: Scores, temperature: float = 1.0) -> tuple[float, ...]:
    """Probabilities of the answers. A temperature above 1 makes them less sure and changes no order."""
    best = max(scores)
    weights = [exp((score - best) / temperature) for score in scores]
    total = fsum(weights)
    return tuple(weight / total for weight in weights)


def loss(scores: Sequence[Scores], labels: Sequence[int], temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of the right answers (`labels` are their places)."""
    return fsum(_surprise(row, label, temperature) for row, label in _pairs(scores, labels)) / len(labels)


def fit(scores: Sequence[Scores], labels: Sequence[int]) -> float:
    """The temperature of the least loss, on rows that nothing was trained on.

    In 1/temperature the loss is convex, so its slope has one zero, which is closed in on by halving.
    """
    pairs = _pairs(scores, labels)
    cold, hot = 1 / COLDEST, 1 / HOTTEST
    for _ in range(STEPS):
        middle = (cold + hot) / 2
        if fsum(_slope(row, label, middle) for row, label in pairs) > 0:
            cold = middle
        else:
            hot = middle
    return 2 / (cold + hot)


def expected_calibration_error(
    probabilities: Sequence[Sequence[float]], labels: Sequence[int], *, bins: int = 10
) -> float:
    """How far, on average, the probability of the likeliest answer is from how often that is right.

    Rows are gathered in equally wide bins of that probability; 0 is perfect.
    """
    gathered: dict[int, list[tuple[float, bool]]] = {}
    for row, label in _pairs(probabilities, labels):
        sure = max(row)
        right = row.index(sure) == label
        gathered.setdefault(min(int(sure * bins), bins - 1), []).append((sure, right))
    gaps = (abs(fsum(sure - right for sure, right in rows)) for rows in gathered.values())
    return fsum(gaps) / len(labels)


def _pairs(rows: Sequence[Sequence[float]], labels: Sequence[int]) -> list[tuple[list[float], int]]:
    if not labels:
        raise ValueError("There is nothing to calibrate with: no row is labelled.")
    pairs = [(list(row), label) for row, label in zip(rows, labels, strict=True)]
    if any(not 0 <= label < len(row) for row, label in pairs):
        raise ValueError("A label is not the place of one of its row's answers.")
    return pairs


def _surprise(row: Scores, label: int, temperature: float) -> float:
    best = max(row)
    total = fsum(exp((score - best) / temperature) for score in row)
    return log(total) + (best - row[label]) / temperature


def _slope(row: Scores, label: int, inverse: float) -> float:
    """By how much the loss of a row grows with 1/temperature."""
    weights = softmax(row, 1 / inverse)
    return fsum(weight * score for weight, score in zip(weights, row, strict=True)) - row[label]
