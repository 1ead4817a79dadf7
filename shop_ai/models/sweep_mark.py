"""How far the sweep has come through the rows of a skill."""

from __future__ import annotations

from django.db import models


class SweepMark(models.Model):
    skill = models.CharField(max_length=64, unique=True)
    floor = models.CharField(max_length=128)
    """Key of the newest row when the skill was first swept: older rows are not new."""
    top = models.CharField(max_length=128)
    """Key of the newest row seen."""

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.skill}: {self.top}"
