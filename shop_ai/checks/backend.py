"""Where the language model runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.core.checks import CheckMessage

from shop_ai.checks.context import Context, load, near
from shop_ai.checks.messages import message
from shop_ai.conf import nearest
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
    else:
        yield from _options(found, context.config.LM.OPTIONS)
        yield from getattr(found, "check", list)()


def _options(backend: type[Backend], options: Iterable[str]) -> Iterator[CheckMessage]:
    known = backend.known_options
    for name in options:
        if known is not None and name not in known:
            text = f"SHOP_AI['LM']['OPTIONS'] has {name!r}, which {backend.__name__} does not know."
            yield message("E038", text, nearest(name, known, what="options"))
