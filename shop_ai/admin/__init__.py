"""The door for people: a panel, a bulk action filters on the store's own admins, lists of our rows."""

from __future__ import annotations
