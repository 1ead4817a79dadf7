"""Loading rows with everything their role's paths walk, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import models

from shop_ai.roles import paths
from shop_ai.roles.paths import Step

if TYPE_CHECKING:
    from shop_ai.roles.binding import Binding


def with_relations(
    binding: Binding, queryset: models.QuerySet[Any], names: Iterable[str] | None = None
) -> models.QuerySet[Any]:
    """The queryset with the relations of these (dotted) role fields, or of all."""
    plan = Plan(wanted=None if names is None else frozenset(names))
    plan.add_role(binding)
    return plan.apply(queryset)


def related(
    binding: Binding, name: str, many: Step, queryset: Any, plan: Plan | None = None
) -> models.QuerySet[Any]:
    """The rows at the far end of a to-many relation, as the field wants them, with what is read of them."""
    settings = binding.fields[name]
    inner = (plan or Plan()).inner(name, binding)
    inner.without = many.back
    for lookup in binding.settings.PREFETCH:
        if lookup.startswith(f"{many.lookup}__"):
            inner.add_lookup(queryset.model, lookup.removeprefix(f"{many.lookup}__"))
    other = binding.sibling(queryset.model)
    if name in binding.role.facts:
        inner.add_path(queryset.model, settings.KEY)
        inner.add_path(queryset.model, settings.VALUE)
    elif many.rest:
        inner.add_path(queryset.model, many.rest)
    elif other is not None:
        inner.add_role(other)
    return limited(
        binding, name, inner.apply(queryset), cut=not hasattr(many.relation, "content_type_field_name")
    )


def limited(binding: Binding, name: str, queryset: Any, *, cut: bool = True) -> models.QuerySet[Any]:
    """Filtered, in an order that does not depend on the database's mood, at most LIMIT.

    Facts stand as the store orders them, other rows newest first. A queryset that a method has
    sliced is taken as it is. A generic relation cannot be prefetched in slices, so the reader cuts it.
    """
    settings, facts = binding.fields[name], name in binding.role.facts
    found: models.QuerySet[Any] = queryset
    if found.query.is_sliced:
        return found
    wish = settings.ORDER or queryset.query.order_by or (queryset.model._meta.ordering if facts else ())
    found = found.filter(**settings.FILTER).order_by(*wish, "pk" if facts else "-pk")
    return found[: settings.LIMIT] if cut else found


def kept_as(binding: Binding, name: str) -> str:
    """The attribute a prefetched relation is kept under: two fields may read one relation differently."""
    return f"_shop_ai_{binding.role.name}_{name}"


@dataclass(slots=True)
class Plan:
    """What to join and what to prefetch."""

    joins: set[str] = field(default_factory=set)
    prefetch: list[Any] = field(default_factory=list)
    lists: dict[str, tuple[type[models.Model], Plan]] = field(default_factory=dict)
    """To-many relations of PREFETCH, each with its model and what to load along."""
    wanted: frozenset[str] | None = None
    """Dotted role fields to load; None for all."""
    roles: tuple[str, ...] = ()
    """Roles around this one: of a role inside itself no lists and no nested rows are loaded."""
    without: str | None = None
    """The relation that leads back to the row we come from; Django fills it."""

    def apply(self, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """The plan on a queryset, instead of what it prefetches already: Django refuses a second way."""
        joined = queryset.select_related(*sorted(self.joins)) if self.joins else queryset
        lists = [
            models.Prefetch(lookup, inner.apply(model._default_manager.all()))
            for lookup, (model, inner) in self.lists.items()
        ]
        return joined.prefetch_related(None).prefetch_related(*self.prefetch, *lists)

    def inner(self, name: str, binding: Binding) -> Plan:
        """The plan for the rows behind a role field."""
        start = f"{name}."
        below = None
        if self.wanted is not None:
            below = frozenset(w.removeprefix(start) for w in self.wanted if w.startswith(start))
        return Plan(wanted=below, roles=(*self.roles, binding.role.name))

    def wants(self, name: str) -> bool:
        return self.wanted is None or any(w.partition(".")[0] == name for w in self.wanted)

    def add_role(self, binding: Binding, prefix: str = "") -> None:
        again = binding.role.name in self.roles
        wanted = {name: found.READ for name, found in binding.fields.items() if self.wants(name)}
        if not all(paths.ends_in_column(binding.model, path) for path in wanted.values()):
            for lookup in () if again else binding.settings.PREFETCH:
                self.add_lookup(binding.model, lookup, prefix)
        for name, path in wanted.items():
            last = self.add_path(binding.model, path, prefix)
            if last is None or again:
                continue
            if last.to_many:
                self._add_many(binding, name, last, prefix)
            elif not last.rest and last.model is not None:
                self._add_nested(binding, name, last, prefix)

    def add_path(self, model: type[models.Model], path: str, prefix: str = "") -> Step | None:
        """Load the to-one relations of a path; returns its last relation, or its first to many."""
        last = None
        for last in paths.relations(model, path):
            if last.to_many or (not prefix and last.lookup == self.without):
                return last if last.to_many else None
            lookup = prefix + last.lookup
            before = lookup.rpartition("__")[0]
            if last.joins and (not before or before in self.joins):
                self.joins.add(lookup)
            elif lookup not in self.prefetch:
                self.prefetch.append(lookup)
        return last

    def add_lookup(self, model: type[models.Model], lookup: str, prefix: str = "") -> None:
        """Load an entry of PREFETCH, joined wherever it leads to one row.

        Not left to `prefetch_related`: it fails on SQLite beyond 1,000 rows of a foreign key.
        """
        last = self.add_path(model, lookup, prefix)
        if last is None or not last.to_many or last.model is None:
            return
        _, inner = self.lists.setdefault(prefix + last.lookup, (last.model, Plan()))
        if last.rest:
            inner.add_lookup(last.model, last.rest)

    def _add_many(self, binding: Binding, name: str, many: Step, prefix: str) -> None:
        assert many.model is not None  # noqa: S101 - only a generic foreign key has none, and leads to one row
        rows = many.model._default_manager.using(binding.using)
        queryset = related(binding, name, many, rows, self)
        self.prefetch.append(models.Prefetch(prefix + many.lookup, queryset, to_attr=kept_as(binding, name)))

    def _add_nested(self, binding: Binding, name: str, one: Step, prefix: str) -> None:
        other = binding.sibling(one.model) if one.model else None
        if other is None:
            return
        inner = self.inner(name, binding)
        inner.joins, inner.prefetch, inner.lists = self.joins, self.prefetch, self.lists
        inner.add_role(other, f"{prefix}{one.lookup}__")
