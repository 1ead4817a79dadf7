"""The OpenAPI document, with drf-spectacular and without it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.api.store import client, person

WITHOUT = """
import sys
sys.modules["drf_spectacular"] = None
import django
django.setup()
from shop_ai.api.urls import urlpatterns
from shop_ai.api.schema import INSTALLED
assert not INSTALLED
assert "schema" not in {pattern.name for pattern in urlpatterns}
"""


def test_document_is_valid_and_made_without_a_warning(capsys):
    reset_generator_stats()

    document = SchemaGenerator().get_schema(request=None, public=True)

    validate_schema(document)
    assert not GENERATOR_STATS, capsys.readouterr().err
    asking = document["paths"]["/ai/v1/jobs/"]["post"]
    assert {"202", "400", "403", "409", "422"} <= set(asking["responses"])
    assert "Idempotency-Key" in [parameter["name"] for parameter in asking["parameters"]]
    assert asking["requestBody"]["content"]["application/json"]["examples"]


@pytest.mark.django_db
def test_document_is_served_with_our_paths_alone():
    document = client(person("anybody", staff=False)).get("/ai/v1/schema/").json()

    assert "/ai/v1/jobs/{id}/cancel/" in document["paths"]
    assert all(path.startswith("/ai/v1/") for path in document["paths"])


def test_works_without_drf_spectacular():
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=60)
