"""What a text asserts, held against what is known: every claim supported, unsupported or contradicted."""

from __future__ import annotations

from shop_ai.safety.claims.claim import Claim, Fact, Kind, Verdict
from shop_ai.safety.claims.known import Known, read
from shop_ai.safety.claims.ledger import ledger

__all__ = ("Claim", "Fact", "Kind", "Known", "Verdict", "ledger", "read")
