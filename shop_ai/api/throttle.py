"""A courtesy brake: it works where the project has set a rate for our scope, and is not there otherwise."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle


class Courtesy(SimpleRateThrottle):
    """`shop_ai_read` and `shop_ai_generate` of DEFAULT_THROTTLE_RATES, per user."""

    rate = None

    def allow_request(self, request: Request, view: Any) -> bool:
        self.scope = "shop_ai_read" if request.method in ("GET", "HEAD") else "shop_ai_generate"
        rate: Any = api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)
        self.rate = rate
        if rate is None:
            return True
        self.num_requests, self.duration = self.parse_rate(rate)
        return super().allow_request(request, view)

    def get_rate(self) -> str | None:
        """Nothing yet: the scope depends on the request."""
        return None

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        ident = request.user.pk if request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}
