"""Functions and backends for the checks to look at."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.core.checks import Warning

from shop_ai.lm.echo import EchoBackend

site = AdminSite(name="elsewhere")
NOT_A_FUNCTION = 7


def of_nothing(): ...


def of_row(row): ...


def writes(row, value, language): ...


class ComplainingBackend(EchoBackend):
    @classmethod
    def check(cls):
        return [Warning("I complain.", hint="Let me.", id="store.W002")]


class OpenBackend(EchoBackend):
    """Says nothing about its options."""

    known_options = None


class StrictBackend(EchoBackend):
    known_options = ("speed", "latency")
