"""Fixtures of the whole suite."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, settings

from tests import services

# Time limits of one example would be timing assertions; the database decides how long it takes.
settings.register_profile(
    "ci",
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("chaos", settings.get_profile("ci"), max_examples=2500, stateful_step_count=40)
settings.register_profile("random", settings.get_profile("ci"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first: begun last, one of them would keep all other processes waiting."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """A SQLite file for this run alone: two runs at a time do not disturb each other."""
    test = django_settings.DATABASES["default"].setdefault("TEST", {})
    if "sqlite" not in django_settings.DATABASES["default"]["ENGINE"]:
        yield
        return
    path = Path(test["NAME"])
    test["NAME"] = path.with_name(f"{path.stem}-{os.getpid()}{path.suffix}")
    yield
    for left in test["NAME"].parent.glob(f"{test['NAME'].name}*"):
        left.unlink()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[services.Postgres]:
    """A private PostgreSQL with `stop`, `start`, `kill` and `restart`."""
    try:
        with services.postgres() as server:
            yield server
    except services.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[services.Redis]:
    """A private Redis with `stop`, `start`, `kill` and `restart`."""
    try:
        with services.redis() as server:
            yield server
    except services.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["database", "redis"])
def stream_url(request):
    """STREAM_URL for either transport."""
    return None if request.param == "database" else request.getfixturevalue("redis_server").url


@pytest.fixture
def carried(shop, stream_url):
    """The skills of tests/streams/skills.py over either transport; call it to change settings of ours."""
    from tests.streams.skills import SKILLS

    def change(**changes):
        shop(**{"SKILLS": SKILLS, "STREAM_URL": stream_url, **changes})

    change()
    return change


@pytest.fixture
def without_settings(settings):
    """A project that has no SHOP_AI. To set one sends a signal that it has changed, to delete it does not."""
    settings.SHOP_AI = {}
    del settings.SHOP_AI
    return settings


@pytest.fixture
def awkward(settings):
    """The awkward store bound instead of the demo store; gives its settings to change and set again."""
    from tests.stores.awkward.settings import SHOP_AI

    settings.SHOP_AI = copy.deepcopy(SHOP_AI)
    return settings


@pytest.fixture
def shop(settings):
    """The demo store with the skills of tests/shop.py; call it to change settings of ours."""
    from tests.shop import shop_settings

    def change(**changes):
        settings.SHOP_AI = shop_settings(**changes)

    change()
    return change
