"""What merchants want of texts, per category and language. Every save is a new version; none changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from shop_ai.exceptions import Conflict
from shop_ai.models.job import database
from shop_ai.skills.guidance import Guidance as Content

Scope = tuple[str, str]
"""Category and language; empty means every one."""


class Guidance(models.Model):
    """One version for one scope; the newest of a scope holds."""

    category = models.CharField(
        _("category"), max_length=200, blank=True, help_text=_("Empty means every category.")
    )
    language = models.CharField(_("language"), max_length=16, blank=True)
    version = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("guidance"), default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    if TYPE_CHECKING:
        by_id: int | None

    class Meta:
        verbose_name = _("guidance")
        verbose_name_plural = _("guidance")
        default_permissions = ("view",)
        permissions = [("manage_guidance", _("Can change guidance"))]
        constraints = [
            models.UniqueConstraint(fields=["category", "language", "version"], name="shop_ai_guidance_once")
        ]

    def __str__(self) -> str:
        where = " / ".join(filter(None, (self.category, self.language))) or "*"
        return f"{where} v{self.version}"

    @property
    def parsed(self) -> Content:
        return Content.model_validate(self.content)

    @property
    def says_nothing(self) -> bool:
        """Whether it is the default again."""
        return not any(self.content.values())

    @classmethod
    def newest(cls) -> models.QuerySet[Guidance]:
        """The version that holds, of every scope."""
        later = cls.objects.filter(
            category=models.OuterRef("category"),
            language=models.OuterRef("language"),
            version__gt=models.OuterRef("version"),
        )
        return cls.objects.filter(~models.Exists(later))


def keep(scope: Scope, content: Content, *, by: Any = None, seen: int) -> Guidance:
    """A new version of that scope, for somebody who has seen version `seen` of it (0 where there was none).

    `Conflict` where somebody else has saved one since.
    """
    category, language = scope
    new = Guidance(
        category=category,
        language=language,
        version=seen + 1,
        content=content.model_dump(mode="json", exclude_defaults=True),
        by=by,
    )
    try:
        with transaction.atomic(using=database()):
            new.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("Somebody has saved another version in the meantime; compare with it.") from error
    return new


@dataclass(frozen=True, slots=True)
class InForce:
    """All guidance that holds, read at once."""

    found: Mapping[Scope, Guidance] = field(default_factory=dict)

    @classmethod
    def read(cls) -> InForce:
        return cls({(one.category, one.language): one for one in Guidance.newest() if not one.says_nothing})

    def of(self, values: Mapping[str, Any], language: str) -> tuple[Content, list[str]]:
        """What holds for a row in that language, and which versions say so, the most particular first."""
        particular = any(category for category, _ in self.found)  # else the category is no input of this
        about = (str(values.get("category") or ""), "") if particular else ("",)
        scopes = [(category, spoken) for category in about for spoken in (language, "")]
        versions = [self.found[scope] for scope in dict.fromkeys(scopes) if scope in self.found]
        content = Content()
        for one in reversed(versions):
            content = one.parsed.over(content)
        return content, [str(one) for one in versions]
