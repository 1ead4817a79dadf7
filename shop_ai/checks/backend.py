"""Where the language model runs."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage

from shop_ai.checks.context import Context, load, near
from shop_ai.checks.messages import message
from shop_ai.lm.base import Backend


def check(context: Context) -> Iterator[CheckMessage]:
    """The backend's class, then what it checks by itself."""
    dotted = context.config.LM.BACKEND
    found, causes = load(dotted)
    if causes:
        yield message("E030", f"The backend {dotted!r} cannot be imported: {causes}.", near(dotted))
    elif not (isinstance(found, type) and issubclass(found, Backend)):
        text = f"The backend {dotted!r} is not a subclass of shop_ai.lm.base.Backend."
        hint = 'Name a class such as "shop_ai.lm.local.LocalBackend" in SHOP_AI["LM"]["BACKEND"].'
        yield message("E031", text, hint)
    elif own := getattr(found, "check", None):
        yield from own()
