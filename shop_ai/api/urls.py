"""REST v1."""

from __future__ import annotations

app_name = "shop_ai"
urlpatterns: list[object] = []
