"""Admin of the catalogue."""

from __future__ import annotations

from django.contrib import admin

from demo_store.catalogue.models import Attribute, Category, Maker, Product


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    """Shelves."""

    list_display = ["name", "name_zh", "slug"]
    search_fields = ["name", "name_zh"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Maker)
class MakerAdmin(admin.ModelAdmin):
    """Makers."""

    list_display = ["name"]
    search_fields = ["name"]


class AttributeInline(admin.TabularInline):
    """The attribute table on the product's form."""

    model = Attribute
    extra = 1


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """Products with their attributes."""

    list_display = ["title", "sku", "category", "price", "stock", "is_public"]
    list_filter = ["category", "language", "is_public"]
    list_select_related = ["category"]
    list_per_page = 50
    search_fields = ["title", "sku", "maker__name", "long_text"]
    readonly_fields = ["created_at", "updated_at"]
    autocomplete_fields = ["maker"]
    inlines = [AttributeInline]
