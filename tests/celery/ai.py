"""Our settings under which the workers of these tests run: short leases, and texts nobody approves."""

from __future__ import annotations

from tests.settings import SHOP_AI

FIELDS = SHOP_AI["ROLES"]["product"]["FIELDS"]
WRITING = {"READ": "tests.celery.store.read", "WRITE": "tests.celery.store.append"}
PRODUCT = {**SHOP_AI["ROLES"]["product"], "FIELDS": {**FIELDS, "description": WRITING}}
AI = {
    "ROLES": {**SHOP_AI["ROLES"], "product": PRODUCT},
    "SKILLS": ["tests.celery.store.WriteAtOnce"],
    "ON_CREATE": {},
    "LEASE": 1.0,
    "STALL": 30.0,
    "GRACE": 20.0,
    "BACKOFF": 0.1,
    "DEBOUNCE": 0.0,
    "IDLE_LOOK": 0.2,
}
