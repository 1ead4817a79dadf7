"""How good answers are, measured on cases: a reader of skills that writes nothing into the store."""

from __future__ import annotations

from shop_ai.evaluation.answering import Outcome, answered
from shop_ai.evaluation.cases import Case, CasesError, read
from shop_ai.evaluation.evaluating import Evaluation, evaluate

__all__ = ("Case", "CasesError", "Evaluation", "Outcome", "answered", "evaluate", "read")
