"""Oscar's urls and the admin."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    *([path("ai/", include("shop_ai.api.urls"))] if apps.is_installed("shop_ai") else []),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
