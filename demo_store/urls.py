"""Addresses of the demo store: its pages, its admin, and shop_ai under ai/."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("ai/", include("shop_ai.api.urls")),
    path("", include("demo_store.storefront.urls")),
]
