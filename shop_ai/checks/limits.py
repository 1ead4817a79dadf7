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
from shop_ai.conf import Config, closest

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
DAY, YEAR = 86_400, 31_536_000
MOST: Mapping[str, int] = {
    "DEADLINE": YEAR,
    "BULK_HEAD_START": YEAR,
    "MAX_ATTEMPTS": 1000,
    "SWEEP_ROWS": 100_000,
    "LIMIT": 100_000,
}
"""Beyond these a number is a slip, and some cannot be added to a time; all others are seconds of a DAY."""
IN_WORDS: Mapping[int, str] = {DAY: ": a day", YEAR: ": a year"}
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
        least = "more than 0" if name in ABOVE_ZERO else "0 or more"
        yield from _out_of_range(f"SHOP_AI[{name!r}]", getattr(config, name), least, MOST.get(name, DAY))


def _limits(config: Config) -> Iterator[CheckMessage]:
    for role, bound in config.ROLES.items():
        for name, field in bound.FIELDS.items():
            where = f"SHOP_AI['ROLES'][{role!r}]['FIELDS'][{name!r}]['LIMIT']"
            yield from _out_of_range(where, field.LIMIT, "1 or more", MOST["LIMIT"])


def _out_of_range(where: str, value: float | None, least: str, most: int) -> Iterator[CheckMessage]:
    """A message for a number below or beyond, and for what is none at all."""
    if value is None:
        return
    told = f"{where} is {value if isinstance(value, int) else f'{value:g}'}."
    if value > most:
        yield message("E033", told, f"Set it to {most} or less{IN_WORDS.get(most, '.')}".rstrip(".") + ".")
    elif not (value >= 0 if least == "0 or more" else value > 0):
        yield message("E033", told, f"Set it to {least}.")


def _times(config: Config) -> Iterator[CheckMessage]:
    if 0 < config.STALL < config.LEASE <= DAY:
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
            yield message("W032", text, _language_like(code))


def _language_like(code: str) -> str:
    """A hint for what was written in place of a language code: another spelling, or the language's name."""
    plain = code.replace("_", "-").lower()
    found = _by_code(plain) or _by_name(plain)
    if found is None:
        return 'Write a code such as "en", "de" or "zh-hans"; django.conf.locale.LANG_INFO has them all.'
    return f"Did you mean {LANG_INFO[found].get('fallback', [found])[0]!r}?"


def _by_code(code: str) -> str | None:
    """The code itself, its language without the country, or the first of a language's."""
    language = code.partition("-")[0]
    more = (known for known in LANG_INFO if known.startswith(f"{language}-") and "name" in LANG_INFO[known])
    return next((known for known in (code, language) if known in LANG_INFO), next(more, None))


def _by_name(name: str) -> str | None:
    names = {
        info[key].lower(): code
        for code, info in LANG_INFO.items()
        for key in ("name", "name_local")
        if key in info
    }
    if len(name) <= 3:  # a code, and too short to be like any other
        return None
    within = next((known for known in names if name in known), None)
    near = name if name in names else within or closest(name, [*names, *LANG_INFO])
    return names.get(near or "", near)


def _versions() -> Iterator[CheckMessage]:
    for package, floor in FLOORS.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            continue  # the web process does without
        if get_version_tuple(found) < get_version_tuple(floor):
            text = f"{package} {found} is installed; shop_ai needs {floor} or newer."
            yield message("E034", text, f"Run: pip install -U '{package}>={floor}'")
