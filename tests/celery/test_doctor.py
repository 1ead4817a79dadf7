"""ai_doctor's round trip: over the broker to a worker's language model, and back through the database."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command


@pytest.mark.parametrize("broker", ["folder", "redis"], indirect=True)
def test_round_trip(broker, start):
    start(broker)
    out = io.StringIO()

    call_command("ai_doctor", "--json", stdout=out)

    found = json.loads(out.getvalue())
    (trip,) = (finding for finding in found["findings"] if finding["about"] == "round trip")
    assert trip["level"] == "ok", found
    assert "A worker's language model wrote" in trip["text"]
