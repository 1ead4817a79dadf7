"""A role bound to the store's model: finds, locks, reads and writes its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.utils import translation

from shop_ai.conf import FieldConfig, RoleConfig, config
from shop_ai.exceptions import ConfigurationError, TargetGone, Unfit
from shop_ai.roles import loading, paths, reading
from shop_ai.roles.values import SOURCE, Values, fingerprint
from shop_ai.roles.vocabulary import Role
from shop_ai.roles.writing import is_writing, writing

__all__ = ("Binding", "Row", "is_writing", "nearest_binding", "writing")

Row = models.Model


class Binding:
    """One role on one of the store's models."""

    def __init__(self, role: Role, settings: RoleConfig, siblings: Mapping[str, Binding]) -> None:
        self.role = role
        self.settings = settings
        self.fields: Mapping[str, FieldConfig] = settings.FIELDS
        self.siblings = siblings
        """Every bound role, this one among them: a row of theirs inside ours is read as theirs."""

    @cached_property
    def model(self) -> type[Row]:
        return apps.get_model(self.settings.MODEL)

    @property
    def using(self) -> str:
        """The database the store writes these rows to; reads go there too, as a replica may lag."""
        return router.db_for_write(self.model)

    def sibling(self, model: type[Row]) -> Binding | None:
        return nearest_binding(self.siblings.values(), model)

    # -- finding -------------------------------------------------------------------------------

    def rows(self, names: Iterable[str] | None = None) -> models.QuerySet[Row]:
        """The rows within FILTER, with the relations of these role fields (or all) loaded."""
        return self.with_relations(self.all().filter(**self.settings.FILTER), names)

    def all(self) -> models.QuerySet[Row]:
        """Every row the manager shows, bare."""
        name = self.settings.MANAGER
        manager = getattr(self.model, name) if name else self.model._default_manager
        queryset: models.QuerySet[Row] = manager.using(self.using)
        return queryset

    def by_pk(self, *pks: Any) -> models.QuerySet[Row]:
        """Rows of these keys, also those that a default manager hides."""
        return self.model._base_manager.using(self.using).filter(pk__in=pks)

    def with_relations(
        self, queryset: models.QuerySet[Row], names: Iterable[str] | None = None
    ) -> models.QuerySet[Row]:
        """Load what these (dotted) role fields walk, or all of them, in a constant number of queries."""
        return loading.with_relations(self, queryset, names)

    def lock(self, pk: Any) -> Row:
        """The row, locked until the transaction ends; `TargetGone` when it is no more.

        Without `select_related` only parents of multi-table inheritance are joined, never a nullable
        side, which PostgreSQL could not lock. Where it can, others may still insert rows that refer
        to this one, such as a new review.
        """
        try:
            key = self.model._meta.pk.to_python(pk)
        except ValidationError:
            raise TargetGone from None
        weaker = transaction.get_connection(self.using).features.has_select_for_no_key_update
        rows = self.by_pk(key).select_related(None).prefetch_related(None)
        row = rows.select_for_update(no_key=weaker).first()
        if row is None:
            raise TargetGone
        return row

    # -- reading -------------------------------------------------------------------------------

    def values(self, row: Row, language: str | None = None) -> Values:
        """The row as its role sees it; fields are read when asked for."""
        identity = f"{self.role.name}:{row.pk}"

        def read(name: str) -> Any:
            if name == SOURCE:
                return self.values(row, self.language(row))
            return self.value(row, name, language)

        return Values(self.fields, read, identity=identity)

    def value(self, row: Row, name: str, language: str | None = None) -> Any:
        """One role field, read with the language active: translated fields and functions follow it."""
        with translation.override(language or self.language(row)):
            return reading.read(self, row, name, language)

    def language(self, row: Row) -> str:
        """The language the row's texts are in: its own field, or the store's first."""
        default = config().LANGUAGES[0]
        if "language" not in self.fields:
            return default
        with translation.override(default):
            own = reading.read(self, row, "language", default)
        return str(own).lower() if own else default

    # -- writing -------------------------------------------------------------------------------

    def column(self, name: str) -> models.Field[Any, Any] | None:
        """The concrete field behind a role field, where it is one."""
        field = self.fields[name]
        return None if field.WRITE else paths.concrete_field(self.model, field.READ)

    def max_length(self, name: str) -> int | None:
        """How long a text the store's own field takes, in characters."""
        column = paths.concrete_field(self.model, self.fields[name].READ)
        return getattr(column, "max_length", None)

    def can_write(self, name: str) -> bool:
        return name in self.fields and bool(self.fields[name].WRITE or self.column(name))

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
        with writing(), translation.override(language):
            for name, value in values.items():
                writer = pick(self.fields[name])
                if writer:
                    paths.function(writer)(row, value, language)
                    continue
                column = self.column(name)
                if column is None:
                    raise ConfigurationError(f"{self.role.name}.{name} cannot be written.")
                setattr(row, column.attname, _fitting(column, value))
                changed.append(column.name)
            if changed:
                row.save(update_fields=changed, using=self.using)

    # -- fingerprints --------------------------------------------------------------------------

    def target_fingerprint(self, row: Row, names: list[str], language: str | None = None) -> str:
        """What the written fields hold at this moment."""
        columns = {name: self.column(name) for name in names}
        with translation.override(language or self.language(row)):
            held = {
                name: column.value_from_object(row) if column else reading.read(self, row, name, language)
                for name, column in columns.items()
            }
        return fingerprint(held, names)

    def target_fingerprints(
        self, queryset: models.QuerySet[Row], names: list[str], language: str | None = None
    ) -> Iterator[tuple[Any, str]]:
        """(key, fingerprint) of each row, reading only the written columns where they are columns."""
        columns = {name: self.column(name) for name in names}
        plain = [column.attname for column in columns.values() if column is not None]
        if len(plain) < len(names):
            for row in self.with_relations(queryset, names).iterator(chunk_size=500):
                yield row.pk, self.target_fingerprint(row, names, language)
            return
        bare = queryset.select_related(None).prefetch_related(None).order_by("pk")
        for pk, *values in bare.values_list("pk", *plain).iterator(chunk_size=1000):
            yield pk, fingerprint(dict(zip(names, values, strict=True)), names)


def _fitting(column: models.Field[Any, Any], value: Any) -> Any:
    """The value as the column keeps it; a text column that may not be null keeps nothing as ""."""
    if value is None:
        return "" if not column.null and column.empty_strings_allowed else None
    try:
        return column.to_python(value)
    except (ValidationError, TypeError, ValueError) as error:
        reason = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        raise Unfit(f"The store's field {column.name} does not take this: {reason}") from error


def nearest_binding(candidates: Iterable[Binding], model: type[Row]) -> Binding | None:
    """The binding of exactly this model, of one it inherits from, or of its proxy."""
    known = tuple(candidates)
    tests: tuple[Callable[[type[Row]], bool], ...] = (
        lambda bound: bound is model,
        lambda bound: issubclass(model, bound),
        lambda bound: issubclass(model, bound._meta.concrete_model or bound),
    )
    return next((found for test in tests for found in known if test(found.model)), None)
