"""What a product, a review, a ticket is to us, whatever the store calls it.

Owns reading and writing the store's rows; must not import our own models.
"""

from __future__ import annotations

from shop_ai.roles.binding import Binding
from shop_ai.roles.registry import binding_for, bindings, bound
from shop_ai.roles.values import Values, fingerprint
from shop_ai.roles.vocabulary import ARTICLE, ORDER, PRODUCT, REVIEW, ROLES, TICKET, Role

__all__ = (
    "ARTICLE",
    "ORDER",
    "PRODUCT",
    "REVIEW",
    "ROLES",
    "TICKET",
    "Binding",
    "Role",
    "Values",
    "binding_for",
    "bindings",
    "bound",
    "fingerprint",
)
