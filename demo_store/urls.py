"""Addresses of the demo store: its pages, its admin, and shop_ai under ai/."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path


def icon(request: HttpRequest) -> HttpResponse:
    """The store's icon where a browser looks for one: the admin's pages name none."""
    return redirect(static("storefront/icon.svg"))


urlpatterns = [
    path("favicon.ico", icon),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("ai/", include("shop_ai.api.urls")),
    path("", include("demo_store.storefront.urls")),
]
