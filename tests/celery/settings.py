"""Settings of the workers that these tests start: what SHOP_TEST says, over those of the suite."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, SHOP_AI

_given = json.loads(os.environ["SHOP_TEST"])
DATABASES["default"]["NAME"] = _given["database"]
SHOP_AI = {**SHOP_AI, **_given["shop_ai"]}
CELERY_BROKER_URL = _given["broker"]
CELERY_BROKER_TRANSPORT_OPTIONS = _given["transport_options"]
