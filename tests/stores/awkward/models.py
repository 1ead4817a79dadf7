"""UUID keys, names in another table, proxies, parents, hidden rows, and orders in another database."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Maker(models.Model):
    title = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.title


class CurrentProducts(models.Manager["Product"]):
    """Hides what is archived, as the default manager of the model."""

    def get_queryset(self) -> models.QuerySet[Product]:
        return super().get_queryset().filter(archived=False)


class Product(models.Model):
    """Has a key nobody can count, and no name of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    maker = models.ForeignKey(Maker, models.SET_NULL, null=True, blank=True, related_name="products")
    specs = models.JSONField(default=dict, blank=True)
    texts = models.JSONField(default=dict, blank=True)
    slogan = models.CharField(max_length=20, blank=True)
    archived = models.BooleanField(default=False)
    changed = models.DateTimeField(auto_now=True)
    added = models.DateTimeField(auto_now_add=True)
    notes = GenericRelation("awkward.Note")

    objects = CurrentProducts()
    everything = models.Manager()  # noqa: DJ012 - the first manager is the default one: that is the point

    def __str__(self) -> str:
        return f"product {self.pk}"

    def facts(self) -> dict[str, Any]:
        """The specifications, as a method."""
        return {"Material": self.specs.get("material"), "Size": self.specs.get("size")}

    @property
    def brand(self) -> str:
        return self.maker.title if self.maker else ""


class ShopProduct(Product):
    """The product as the shop shows it."""

    class Meta:
        proxy = True

    @property
    def shown_brand(self) -> str:
        return self.brand.upper()


class Book(Product):
    """A product with a table of its own."""

    isbn = models.CharField(max_length=13, blank=True)
    blurb = models.TextField(blank=True)
    editor = models.ForeignKey(Maker, models.SET_NULL, null=True, blank=True, related_name="edited")


class Translation(models.Model):
    """A product's words in one language."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="translations")
    language = models.CharField(max_length=10)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "language"], name="one_text_a_language")]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.name


class Measure(models.Model):
    """An attribute as a row, in the manner of an attribute table with a row for each name."""

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="measures", related_query_name="measure"
    )
    unit = models.ForeignKey(Unit, models.CASCADE)
    amount = models.IntegerField()
    place = models.IntegerField(default=0)

    class Meta:
        ordering = ["place"]

    def __str__(self) -> str:
        return f"{self.unit}: {self.amount}"


class Review(models.Model):
    """An opinion, sometimes of the store as such: then it has no product."""

    product = models.ForeignKey(Product, models.CASCADE, null=True, blank=True, related_name="opinions")
    body = models.TextField()
    stars = models.IntegerField(default=5)
    approved = models.BooleanField(default=True)
    mood = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return self.body


class Note(models.Model):
    """A review that can hang on anything."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.UUIDField()
    about = GenericForeignKey("content_type", "object_id")
    body = models.TextField()

    def __str__(self) -> str:
        return self.body


class Purchase(models.Model):
    """Lives in the suppliers' database, to which we may not write."""

    number = models.CharField(max_length=20)
    state = models.CharField(max_length=20, default="ordered")
    remark = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return self.number
