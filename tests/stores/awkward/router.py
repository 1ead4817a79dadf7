"""Sends purchases to the suppliers' database and everything else to the default one."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

ELSEWHERE = {"purchase"}


class SuppliersRouter:
    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return "suppliers" if self._elsewhere(model._meta.app_label, model._meta.model_name) else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        return (db == "suppliers") == self._elsewhere(app_label, model_name)

    def _elsewhere(self, app_label: str, model_name: str | None) -> bool:
        return app_label == "awkward" and model_name in ELSEWHERE
