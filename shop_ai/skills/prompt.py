"""Rendering a skill's prompt with a template engine of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.template import Context, Engine, Template, TemplateDoesNotExist
from django.template.base import FilterExpression, Node, Variable
from django.template.loader import get_template
from django.template.smartif import TokenBase

from shop_ai.lm.base import Segment
from shop_ai.skills.marks import Quoted, split


class _Engine(Engine):
    """No loaders, no libraries, no filters but ours."""

    default_builtins = ["django.template.defaulttags", "shop_ai.skills.filters"]


@lru_cache(maxsize=1)
def _engine() -> Engine:
    return _Engine(autoescape=False)


@lru_cache(maxsize=64)
def compiled(source: str) -> Template:
    return _engine().from_string(source)


def source(name: str, own: str) -> str:
    """The prompt's text: the store's `shop_ai/prompts/<skill>.txt` where there is one, else our own."""
    try:
        found = get_template(f"shop_ai/prompts/{name}.txt")
    except TemplateDoesNotExist:
        return own
    backend: Any = found
    return str(backend.template.source)


def render(text: str, context: Mapping[str, Any]) -> tuple[Segment, ...]:
    """The prompt as segments: what the template says is trusted, what a value says is not."""
    marked = {name: Quoted(value) for name, value in context.items()}
    return split(compiled(text).render(Context(marked)))


def variables(text: str) -> set[str]:
    """Dotted names that a template asks its context for (loop variables of its own included)."""
    return {name for node in _nodes(compiled(text).nodelist) for name in _names(node)}


def _nodes(nodelist: Any) -> Iterator[Node]:
    for node in nodelist:
        yield node
        for attribute in getattr(node, "child_nodelists", ()):
            yield from _nodes(getattr(node, attribute, None) or ())
        for _, branch in getattr(node, "conditions_nodelists", ()):
            yield from _nodes(branch)


def _names(node: Node) -> Iterator[str]:
    expressions = [
        *vars(node).values(),
        *(condition for condition, _ in getattr(node, "conditions_nodelists", ())),
    ]
    for expression in expressions:
        yield from _lookups(expression)


def _lookups(expression: Any) -> Iterator[str]:
    """Variables in a filter expression, or in both sides of an operator of `if`."""
    if isinstance(expression, FilterExpression):
        expression = expression.var
    if isinstance(expression, Variable):
        yield from [".".join(expression.lookups)] if expression.lookups else []
    elif isinstance(expression, TokenBase):
        for part in (expression.value, expression.first, expression.second):
            yield from _lookups(part)
