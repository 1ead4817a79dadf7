"""Tickets from customers, and the help articles of the store."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Ticket(models.Model):
    """One question of one customer."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    number = models.CharField(_("number"), max_length=20, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=_("customer"),
    )
    email = models.EmailField(_("email"))
    title = models.CharField(_("subject"), max_length=160)
    message = models.TextField(_("message"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    draft = models.TextField(_("draft"), blank=True, help_text=_("Not sent yet."))
    reply = models.TextField(_("reply"), blank=True, help_text=_("What the customer got."))
    created_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Article(models.Model):
    """A page of the help centre."""

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        CHINESE = "zh-hans", _("Simplified Chinese")

    title = models.CharField(_("title"), max_length=160)
    slug = models.SlugField(unique=True)
    language = models.CharField(
        _("language"), max_length=10, choices=Language.choices, default=Language.ENGLISH
    )
    body = models.TextField(_("text"))
    published = models.BooleanField(_("published"), default=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["title"]
        verbose_name = _("help article")
        verbose_name_plural = _("help articles")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address of the page."""
        return reverse("storefront:article", args=[self.slug])

    @property
    def html_language(self) -> str:
        """Return the value of the lang attribute for the article's own texts."""
        return "zh-Hans" if self.language == self.Language.CHINESE else self.language
