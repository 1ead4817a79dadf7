"""Numbers, languages and versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from django.conf.locale import LANG_INFO
from django.core.checks import CheckMessage
from django.utils.translation import get_language_info
from django.utils.version import get_version_tuple

from shop_ai.checks.context import Context
from shop_ai.checks.messages import message
from shop_ai.conf import Config, nearest

ABOVE_ZERO = (
    "LEASE",
    "STALL",
    "IDLE_LOOK",
    "BACKOFF",
    "SWEEP_EVERY",
    "DEADLINE",
    "MAX_ATTEMPTS",
    "SWEEP_ROWS",
    "STREAM_EXPIRES",
)
NOT_BELOW_ZERO = ("GRACE", "DEBOUNCE", "BULK_HEAD_START")
FLOORS: Mapping[str, str] = {"torch": "2.10", "transformers": "5.3"}


def check(context: Context) -> Iterator[CheckMessage]:
    """Everything about single values that needs no model."""
    yield from _numbers(context.config)
    yield from _limits(context.config)
    yield from _times(context.config)
    yield from _languages(context.config)
    yield from _versions()


def _numbers(config: Config) -> Iterator[CheckMessage]:
    for name in (*ABOVE_ZERO, *NOT_BELOW_ZERO):
        value, word = getattr(config, name), "more than 0" if name in ABOVE_ZERO else "0 or more"
        if value is not None and (value < 0 or (value == 0 and name in ABOVE_ZERO)):
            yield _out_of_range(f"SHOP_AI[{name!r}]", value, word)


def _limits(config: Config) -> Iterator[CheckMessage]:
    for role, bound in config.ROLES.items():
        for name, field in bound.FIELDS.items():
            if field.LIMIT < 1:
                where = f"SHOP_AI['ROLES'][{role!r}]['FIELDS'][{name!r}]['LIMIT']"
                yield _out_of_range(where, field.LIMIT, "1 or more")


def _out_of_range(where: str, value: float, word: str) -> CheckMessage:
    return message("E033", f"{where} is {value:g}.", f"Set it to {word}.")


def _times(config: Config) -> Iterator[CheckMessage]:
    if config.STALL < config.LEASE:
        text = f"SHOP_AI['STALL'] ({config.STALL:g}) is shorter than SHOP_AI['LEASE'] ({config.LEASE:g})."
        yield message("E035", text, f'Set "STALL" to {config.LEASE:g} or more.')
    if 0 < config.LEASE < 5:
        text = f"SHOP_AI['LEASE'] is {config.LEASE:g} seconds: a short pause of the worker costs its jobs."
        yield message("W036", text, 'Set "LEASE" to 5 or more; 30 suits most stores.')


def _languages(config: Config) -> Iterator[CheckMessage]:
    if not config.LANGUAGES:
        yield message("E037", "SHOP_AI['LANGUAGES'] is empty.", 'Name one at least, such as ["en"].')
    for code in config.LANGUAGES:
        try:
            get_language_info(code)
        except KeyError:
            text = f"SHOP_AI['LANGUAGES'] has {code!r}, which Django does not know."
            yield message("W032", text, nearest(code, LANG_INFO, what="codes"))


def _versions() -> Iterator[CheckMessage]:
    for package, floor in FLOORS.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            continue  # the web process does without
        if get_version_tuple(found) < get_version_tuple(floor):
            text = f"{package} {found} is installed; shop_ai needs {floor} or newer."
            yield message("E034", text, f"Run: pip install -U '{package}>={floor}'")
