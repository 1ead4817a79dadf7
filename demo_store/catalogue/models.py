"""Categories, makers, products and their attribute table."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Category(models.Model):
    """A shelf of the store."""

    name = models.CharField(_("name"), max_length=80)
    name_zh = models.CharField(_("Chinese name"), max_length=80, blank=True)
    slug = models.SlugField(unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.local_name

    def get_absolute_url(self) -> str:
        """Return the address of the shelf."""
        return reverse("storefront:category", args=[self.slug])

    @property
    def local_name(self) -> str:
        """Return the name in the visitor's language."""
        return self.name_zh if self.name_zh and (get_language() or "").startswith("zh") else self.name


class Maker(models.Model):
    """Who makes a product."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("maker")
        verbose_name_plural = _("makers")

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """A thing for sale. Its texts are written in one language."""

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        CHINESE = "zh-hans", _("Simplified Chinese")

    sku = models.CharField(_("SKU"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=120)
    maker = models.ForeignKey(Maker, models.PROTECT, related_name="products", verbose_name=_("maker"))
    category = models.ForeignKey(
        Category, models.PROTECT, related_name="products", verbose_name=_("category")
    )
    language = models.CharField(
        _("language"), max_length=10, choices=Language.choices, default=Language.ENGLISH
    )
    price = models.DecimalField(_("price"), max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField(_("stock"), default=0)
    is_public = models.BooleanField(_("public"), default=True)
    long_text = models.TextField(_("description"), blank=True)
    meta_title = models.CharField(
        _("search engine title"),
        max_length=70,
        blank=True,
        help_text=_("The title that search engines show."),
    )
    meta_description = models.CharField(
        _("search engine description"),
        max_length=160,
        blank=True,
        help_text=_("The text that search engines show below the title."),
    )
    short_text = models.CharField(_("short text"), max_length=300, blank=True)
    points = models.TextField(_("selling points"), blank=True, help_text=_("One a line."))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["title"]
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address of the product page."""
        return reverse("storefront:product", args=[self.sku])

    @property
    def point_lines(self) -> list[str]:
        """Return the selling points without their dashes."""
        return [line.removeprefix("- ") for line in self.points.splitlines() if line]

    @property
    def html_language(self) -> str:
        """Return the value of the lang attribute for the product's own texts."""
        return "zh-Hans" if self.language == self.Language.CHINESE else self.language


class Attribute(models.Model):
    """One line of a product's attribute table."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="attributes", verbose_name=_("product"))
    name = models.CharField(_("name"), max_length=60)
    value = models.CharField(_("value"), max_length=200)

    class Meta:
        ordering = ["id"]
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="attribute_once_a_product")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
