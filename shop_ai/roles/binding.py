"""A role bound to the store's model: finds, locks, reads and writes its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache
from typing import Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db import models, router, transaction

from shop_ai.conf import FieldConfig, RoleConfig, config
from shop_ai.exceptions import ConfigurationError, TargetGone
from shop_ai.roles import paths
from shop_ai.roles.facts import as_facts
from shop_ai.roles.values import Values, fingerprint
from shop_ai.roles.vocabulary import ROLES, Role

Row = models.Model

_writing: ContextVar[bool] = ContextVar("shop_ai_writing", default=False)


def is_writing() -> bool:
    """Whether the present save is our own write, which no signal handler of ours may answer."""
    return _writing.get()


@contextmanager
def writing() -> Iterator[None]:
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


class Binding:
    """One role on one of the store's models."""

    def __init__(self, role: Role, settings: RoleConfig) -> None:
        self.role = role
        self.settings = settings
        self.fields: Mapping[str, FieldConfig] = settings.FIELDS

    @cached_property
    def model(self) -> type[Row]:
        return apps.get_model(self.settings.MODEL)

    @property
    def using(self) -> str:
        """The database the store writes these rows to."""
        return router.db_for_write(self.model)

    # -- finding -------------------------------------------------------------------------------

    def rows(self) -> models.QuerySet[Row]:
        """The rows within FILTER, with what the paths walk loaded in a constant number of queries."""
        return self.with_relations(self.all().filter(**self.settings.FILTER))

    def all(self) -> models.QuerySet[Row]:
        """Every row the manager shows, bare."""
        name = self.settings.MANAGER
        manager = getattr(self.model, name) if name else self.model._default_manager
        queryset: models.QuerySet[Row] = manager.using(self.using)
        return queryset

    def by_pk(self, *pks: Any) -> models.QuerySet[Row]:
        """Rows of these keys, also those that a default manager hides."""
        return self.model._base_manager.using(self.using).filter(pk__in=pks)

    def with_relations(self, queryset: models.QuerySet[Row]) -> models.QuerySet[Row]:
        joined: set[str] = set()
        prefetch: dict[str, Any] = dict.fromkeys(self.settings.PREFETCH)
        for field in self.fields.values():
            steps = list(paths.relations(self.model, field.READ))
            to_one = [lookup for lookup, step in steps if step.many_to_one or step.one_to_one]
            if len(to_one) == len(steps):
                joined.update(to_one)
            else:
                prefetch.pop(steps[-1][0], None)
                prefetch.update({f"{steps[-1][0]}|{field.FILTER}|{field.LIMIT}": self._prefetch(field, steps)})
        queryset = queryset.select_related(*sorted(joined)) if joined else queryset
        return queryset.prefetch_related(*(value or key for key, value in prefetch.items()))

    def _prefetch(self, field: FieldConfig, steps: list[tuple[str, Any]]) -> models.Prefetch[Any]:
        lookup, step = steps[-1]
        if len(steps) > 1:
            return models.Prefetch(lookup)
        related = self._related(step.related_model._default_manager.using(self.using), field)
        return models.Prefetch(lookup, queryset=related, to_attr=_loaded(field))

    def _related(self, queryset: Any, field: FieldConfig) -> Any:
        queryset = queryset.filter(**field.FILTER)
        other = next((b for b in bindings().values() if b.model is queryset.model), None)
        keys = sorted({lookup for f in (other.fields.values() if other else ())
                       for lookup, step in paths.relations(queryset.model, f.READ)
                       if (step.many_to_one or step.one_to_one) and step.related_model is not self.model})
        keys += [lookup for lookup, _ in paths.relations(queryset.model, field.KEY)]
        queryset = queryset.select_related(*keys) if keys else queryset
        return queryset.order_by("-pk")[: field.LIMIT]

    def lock(self, pk: Any) -> Row:
        """The row, locked until the transaction ends; `TargetGone` when it is no more."""
        parents = [f"{link.name}" for link in self.model._meta.parents.values() if link is not None]
        manager = self.model._base_manager.using(self.using)
        queryset = manager.select_for_update(of=("self", *parents))
        if self.model._meta.proxy or not transaction.get_connection(self.using).features.has_select_for_update_of:
            queryset = manager.select_for_update()
        row = queryset.filter(pk=pk).first()
        if row is None:
            raise TargetGone
        return row

    # -- reading -------------------------------------------------------------------------------

    def values(self, row: Row) -> Values:
        """The row as its role sees it; fields are read when asked for."""
        return Values(self.fields, lambda name: self.value(row, name))

    def value(self, row: Row, name: str) -> Any:
        field = self.fields[name]
        value = getattr(row, _loaded(field), None) if "__" not in field.READ else None
        if value is None:
            value = paths.follow(row, field.READ)
        if paths.is_manager(value):
            prefetched = "__" in field.READ or field.READ in getattr(row, "_prefetched_objects_cache", {})
            value = list(value.all() if prefetched else self._related(value.all(), field))
        if isinstance(value, models.QuerySet):
            value = list(value[: field.LIMIT])
        if name in self.role.facts:
            return as_facts(value, lambda item: (paths.follow(item, field.KEY), paths.follow(item, field.VALUE)))
        return [_present(item) for item in value] if isinstance(value, list) else _present(value)

    def language(self, row: Row) -> str:
        """The language the row's texts are in: its own field, or the store's first."""
        own = self.value(row, "language") if "language" in self.fields else None
        return str(own).lower() if own else config().LANGUAGES[0]

    # -- writing -------------------------------------------------------------------------------

    def column(self, name: str) -> models.Field[Any, Any] | None:
        """The concrete field behind a role field, where it is one."""
        field = self.fields[name]
        return None if field.WRITE else paths.concrete_field(self.model, field.READ)

    def max_length(self, name: str) -> int | None:
        """How long a text the store's own field takes, in characters."""
        column = paths.concrete_field(self.model, self.fields[name].READ)
        return getattr(column, "max_length", None)

    def can_undo(self, name: str) -> bool:
        field = self.fields[name]
        return field.WRITE is None or field.UNDO is not None

    def write(self, row: Row, values: Mapping[str, Any], language: str) -> None:
        """Store the values in their fields and nothing else; the row must be locked."""
        self._store(row, values, language, lambda field: field.WRITE)

    def undo(self, row: Row, values: Mapping[str, Any], language: str) -> None:
        """Put the values from before back."""
        self._store(row, values, language, lambda field: field.UNDO)

    def _store(
        self,
        row: Row,
        values: Mapping[str, Any],
        language: str,
        pick: Callable[[FieldConfig], str | None],
    ) -> None:
        changed = []
        with writing():
            for name, value in values.items():
                writer = pick(self.fields[name])
                if writer:
                    paths.function(writer)(row, value, language)
                    continue
                column = self.column(name)
                if column is None:
                    raise ConfigurationError(f"{self.role.name}.{name} cannot be written.")
                setattr(row, column.name, column.to_python(value) if value is not None else value)
                changed.append(column.name)
            if changed:
                row.save(update_fields=changed, using=self.using)

    # -- fingerprints --------------------------------------------------------------------------

    def target_fingerprint(self, row: Row, names: list[str]) -> str:
        """What the written fields hold at this moment."""
        return fingerprint({name: self.value(row, name) for name in names}, names)

    def target_fingerprints(self, queryset: models.QuerySet[Row], names: list[str]) -> Iterator[tuple[Any, str]]:
        """(key, fingerprint) of each row, reading only the written columns where they are columns."""
        columns = {name: self.column(name) for name in names}
        plain = [column.name for column in columns.values() if column is not None]
        if len(plain) < len(names):
            for row in queryset.iterator(chunk_size=1000):
                yield row.pk, self.target_fingerprint(row, names)
            return
        bare = queryset.select_related(None).prefetch_related(None).order_by("pk")
        for pk, *values in bare.values_list("pk", *plain).iterator(chunk_size=1000):
            yield pk, fingerprint(dict(zip(names, values, strict=True)), names)


def _loaded(field: FieldConfig) -> str:
    """Name under which a filtered relation is kept on a row: two fields may read one relation."""
    digest = abs(hash((field.READ, repr(field.FILTER), field.LIMIT)))
    return f"_shop_ai_{field.READ}_{digest:x}"


def _present(value: Any) -> Any:
    """A row that is bound itself becomes its role's values; any other row its own words."""
    if not isinstance(value, models.Model):
        return value
    for other in bindings().values():
        if isinstance(value, other.model):
            return other.values(value)
    return str(value)


@lru_cache(maxsize=1)
def bindings() -> Mapping[str, Binding]:
    """Every bound role by name."""
    return {name: Binding(ROLES[name], found) for name, found in config().ROLES.items() if name in ROLES}


def bound(role: Role) -> Binding:
    """The role's binding; `ConfigurationError` when the store has none."""
    found = bindings().get(role.name)
    if found is None:
        raise ConfigurationError(f'The role {role.name!r} is not bound in SHOP_AI["ROLES"].')
    return found


def binding_for(model: type[Row]) -> Binding | None:
    """The binding of exactly this model, or of the model it is a proxy of."""
    concrete = model._meta.concrete_model
    for candidate in bindings().values():
        if candidate.model is model:
            return candidate
    return next((b for b in bindings().values() if b.model._meta.concrete_model is concrete), None)


def _reset(*, setting: str, **kwargs: Any) -> None:
    if setting == "SHOP_AI":
        bindings.cache_clear()


setting_changed.connect(_reset, dispatch_uid="shop_ai.roles")
