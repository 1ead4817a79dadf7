"""Anything at all, sent by somebody who may do everything, is never a server error."""

from __future__ import annotations

import json
import uuid
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop_ai import jobs
from shop_ai.api.urls import urlpatterns
from shop_ai.models import Job
from tests.api.store import ALL, ROW, client, person, product, suggestion

WORDS = st.sampled_from(
    ["describe_product", "product:1", "bulk", "interactive", "waiting", "en", "short", "\x00"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
KEYS = st.sampled_from(
    ["skill", "ids", "params", "lane", "values", "seen", "accept_stale", "description", "tone"]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=5)
NAMES = ("skill", "state", "lane", "target", "batch", "stale", "cursor", "page_size", "after", "format")
QUERIES = st.dictionaries(st.sampled_from(NAMES), WORDS | st.text(max_size=12), max_size=3)
ROUTES = [
    (f"/ai/{pattern.pattern}", sorted({*pattern.callback.actions} - {"head"}))
    for pattern in urlpatterns
    if pattern.name != "schema"
]


@pytest.fixture
def world(db):
    """A queued job, a waiting text and an applied one, and who may touch them."""
    waiting, applied = suggestion(product(1)), suggestion(product(2))
    jobs.apply(applied, by=None)
    jobs.enqueue("describe_product", product(3))
    known = [*Job.objects.values_list("pk", flat=True), waiting.pk, applied.pk, uuid.uuid4(), "x"]
    return client(person("editor", *ALL, *ROW)), known


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_is_a_server_error(world, data):
    api, known = world
    path, methods = data.draw(st.sampled_from(ROUTES))
    method = data.draw(st.sampled_from([*methods, "put", "delete"]))
    path = path.replace("<str:id>", str(data.draw(st.sampled_from(known))))
    path = path.replace("<str:name>", data.draw(st.sampled_from(["describe_product", "x", "-"])))
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in data.draw(QUERIES).items())

    answer = api.generic(
        method.upper(),
        f"{path}?{query}",
        json.dumps(data.draw(BODIES)).encode(),
        content_type="application/json",
        headers=data.draw(st.sampled_from([{}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "é"}])),
    )

    assert answer.status_code < 500
    assert method in methods or answer.status_code in (404, 405)  # 404: no such `format`
