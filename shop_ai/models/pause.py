"""A stop sign over a skill, a lane, or everything: queued jobs stay where they are."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shop_ai.models.job import Lane
from shop_ai.skills import skills


class Pause(models.Model):
    skill = models.CharField(_("skill"), max_length=64, blank=True, help_text=_("Empty means every skill."))
    lane = models.CharField(
        _("lane"), max_length=16, blank=True, choices=Lane.choices, help_text=_("Empty means every lane.")
    )
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["skill", "lane"], name="shop_ai_pause_once")]

    def __str__(self) -> str:
        """What stands still, as a person would name it."""
        known = skills().get(self.skill)
        skill = gettext(known.label) if known else self.skill
        lane = str(Lane(self.lane).label) if self.lane else ""
        return " / ".join(filter(None, (skill, lane))) or gettext("everything")

    @classmethod
    def blocked(cls) -> models.Exists:
        """Condition on jobs that must not be claimed now."""
        skill = models.Q(skill="") | models.Q(skill=models.OuterRef("skill"))
        lane = models.Q(lane="") | models.Q(lane=models.OuterRef("lane"))
        return models.Exists(cls.objects.filter(skill, lane))
