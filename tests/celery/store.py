"""What the worker writes in these tests: each write leaves a line, so that a second one would be seen."""

from __future__ import annotations

import time
from pathlib import Path

from shop_ai.exceptions import ConfigurationError
from shop_ai.lm.echo import EchoBackend
from shop_ai.skills.describe_product import DescribeProduct


def read(product):
    return product.long_text


def append(product, value, language):
    """One more line, whatever stands there already."""
    product.long_text += f"{value}\n"
    product.save(update_fields=["long_text"])


class WriteAtOnce(DescribeProduct):
    """Descriptions that nobody approves."""

    approval = False


class SlowToOpen(EchoBackend):
    """A checkpoint that takes its time."""

    def open(self):
        time.sleep(2)
        super().open()


class NeedsOptions(EchoBackend):
    """A backend with a mistake in its settings."""

    def __init__(self, *args, **kwargs):
        raise ConfigurationError("it needs options")


class Halfway(EchoBackend):
    """Says half of a text, and the rest once the file `until` is there; never without one."""

    def _tell(self, listener, completion):
        text = completion.candidates[0].text
        listener.tell(text[: len(text) // 2])
        until = Path(self.options.get("until", "/nowhere/at/all"))
        while not until.exists() and not self._closed:
            self._wait(0.05)
            self.progressed_at = time.monotonic()
        super()._tell(listener, completion)
