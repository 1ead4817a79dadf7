"""Admin of the reviews."""

from __future__ import annotations

from django.contrib import admin

from demo_store.reviews.models import Review


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    """Reviews, the newest first."""

    list_display = ["__str__", "product", "stars", "author_name", "status", "sentiment", "created_at"]
    list_filter = ["status", "stars", "sentiment", "product__category"]
    list_select_related = ["product"]
    search_fields = ["title", "body", "author_name", "product__title"]
    autocomplete_fields = ["product", "customer"]
    date_hierarchy = "created_at"
