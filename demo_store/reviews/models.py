"""Reviews that customers wrote."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Review(models.Model):
    """One customer's opinion of one product."""

    class Status(models.IntegerChoices):
        WAITING = 0, _("waiting")
        PUBLISHED = 1, _("published")

    product = models.ForeignKey(
        "catalogue.Product", models.CASCADE, related_name="reviews", verbose_name=_("product")
    )
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name=_("customer"),
    )
    author_name = models.CharField(_("author"), max_length=80)
    stars = models.PositiveSmallIntegerField(
        _("stars"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    title = models.CharField(_("title"), max_length=120, blank=True)
    body = models.TextField(_("text"))
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.WAITING)
    sentiment = models.CharField(_("sentiment"), max_length=16, blank=True)
    score = models.FloatField(_("score"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")

    def __str__(self) -> str:
        return self.title or self.body[:60]
