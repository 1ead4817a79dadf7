"""Admin of the orders."""

from __future__ import annotations

from django.contrib import admin

from demo_store.orders.models import Line, Order


class LineInline(admin.TabularInline):
    """The lines on the order's form."""

    model = Line
    extra = 0
    autocomplete_fields = ["product"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Orders, the newest first."""

    list_display = ["number", "user", "status", "placed_at", "shipped_at", "tracking"]
    list_filter = ["status", "placed_at"]
    list_select_related = ["user"]
    search_fields = ["number", "user__username", "user__email", "tracking"]
    autocomplete_fields = ["user"]
    date_hierarchy = "placed_at"
    inlines = [LineInline]
