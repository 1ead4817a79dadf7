"""Admin of tickets and help articles."""

from __future__ import annotations

from django.contrib import admin

from demo_store.support.models import Article, Ticket


@admin.register(Ticket)
class TicketAdmin(admin.ModelAdmin):
    """Tickets, the newest first."""

    list_display = ["number", "title", "email", "status", "created_at"]
    list_filter = ["status", "created_at"]
    search_fields = ["number", "title", "message", "email"]
    autocomplete_fields = ["user"]


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    """Help articles."""

    list_display = ["title", "slug", "language", "published", "updated_at"]
    list_filter = ["language", "published"]
    search_fields = ["title", "body"]
    prepopulated_fields = {"slug": ["title"]}
