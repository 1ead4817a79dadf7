"""The adapters that skills name, as far as files tell: nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage

from shop_ai.checks.context import Context, load
from shop_ai.checks.messages import message
from shop_ai.exceptions import AdapterError, AdapterMisfit, CheckpointError, UnsupportedRequest
from shop_ai.lm.base import Backend
from shop_ai.skills.base import Skill


def check(context: Context) -> Iterator[CheckMessage]:
    """Only where the backend's class can be used; a check of its own says so where it cannot."""
    backend, _ = load(context.config.LM.BACKEND)
    if isinstance(backend, type) and issubclass(backend, Backend):
        for skill in context.skills:
            if skill.adapter is not None:
                yield from _of(skill, skill.adapter, backend, context)


def _of(skill: type[Skill], adapter: str, backend: type[Backend], context: Context) -> Iterator[CheckMessage]:
    config = context.config
    named = f"The skill {skill.name!r} names the adapter {adapter!r}: "
    try:
        backend.check_adapter(adapter, config.LM.CHECKPOINT, config.backend_options)
    except UnsupportedRequest as error:
        hint = "Choose a backend that can, or set `adapter = None` in a subclass of the skill."
        yield message("E064", f"{named}{error}", hint)
    except AdapterMisfit as error:
        hint = "Install the checkpoint that it was trained on, or train it anew on this one."
        yield message("W066", f"{named}{error}", hint)
    except AdapterError as error:
        hint = "Until it is there, the skill's jobs fail. `manage.py ai_model list` shows what is installed."
        yield message("W065", f"{named}{error}", hint)
    except CheckpointError:
        pass  # no worker runs on a computer without the checkpoint, so none can miss the adapter
