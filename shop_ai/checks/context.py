"""What the checks look at: the settings with the models and skills they name, loaded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import models, router
from django.utils.module_loading import import_string

from shop_ai.conf import Config, RoleConfig, nearest
from shop_ai.roles import ROLES, Role
from shop_ai.roles.registry import model_of
from shop_ai.skills.base import Skill


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Models that exist and skills that can be used; what cannot has a message of its own."""

    config: Config
    targets: Mapping[str, type[models.Model]] = field(default_factory=dict)
    """Role name → the store's model."""
    skills: tuple[type[Skill], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every listed skill could be loaded."""
        return len(self.skills) == len(self.config.SKILLS)

    def bound(self) -> Iterator[tuple[Role, RoleConfig, type[models.Model]]]:
        """Every role whose name and model exist."""
        for name, model in self.targets.items():
            yield ROLES[name], self.config.ROLES[name], model

    def writers(self, role: str, name: str) -> list[tuple[type[Skill], str]]:
        """The skills that write this role field, each with the output it writes there."""
        mine = (skill for skill in self.skills if skill.role.name == role)
        return [(skill, output) for skill in mine for output, to in skill.writes.items() if to == name]


def gather(config: Config) -> Context:
    """The context of these settings."""
    found = {name: model_of(role) for name, role in config.ROLES.items() if name in ROLES}
    usable = [skill for path in config.SKILLS if usable_skill(skill := load(path)[0])]
    return Context(
        config=config,
        targets={name: model for name, model in found.items() if model is not None},
        skills=tuple(usable),
    )


DECLARATIONS = ("name", "label", "role", "prompt", "Output")


def usable_skill(found: Any) -> bool:
    """Whether it is a skill with all that the other checks ask for."""
    is_skill = isinstance(found, type) and issubclass(found, Skill)
    return is_skill and all(hasattr(found, name) for name in DECLARATIONS)


def load(dotted: str) -> tuple[Any, str]:
    """What a dotted name leads to, or None and the causes in words."""
    try:
        return import_string(dotted), ""
    except Exception as error:  # the store's module may fail in any way while it is imported
        causes = []
        current: BaseException | None = error
        while current is not None:
            causes.append(f"{type(current).__name__}: {current}")
            current = current.__cause__
        return None, "; ".join(causes)


def near(dotted: str) -> str:
    """A hint that names the nearest thing in the module, or says that there is no such module."""
    module, _, name = dotted.rpartition(".")
    try:
        names = [n for n in vars(import_module(module)) if not n.startswith("_")]
    except Exception:
        return f"Write the dotted name of something in a module that can be imported; {module!r} cannot."
    return nearest(name, names, what=f"names in {module}")


def our_database() -> str:
    """The database of our own tables."""
    return router.db_for_write(apps.get_model("shop_ai", "Job"))
