"""The skills the store has listed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from shop_ai.conf import config, nearest
from shop_ai.exceptions import UnknownSkill
from shop_ai.skills.base import Skill


@lru_cache(maxsize=1)
def skills() -> Mapping[str, Skill]:
    """Every listed skill by name, in the order of the settings."""
    found: list[Skill] = [import_string(path)() for path in config().SKILLS]
    return {skill.name: skill for skill in found}


def skill(name: str) -> Skill:
    """The skill of that name; `UnknownSkill` names the nearest."""
    try:
        return skills()[name]
    except KeyError:
        raise UnknownSkill(f"There is no skill {name!r}. {nearest(name, skills(), what='skills')}") from None


def _reset(*, setting: str, **kwargs: Any) -> None:
    if setting == "SHOP_AI":
        skills.cache_clear()


setting_changed.connect(_reset, dispatch_uid="shop_ai.skills")
