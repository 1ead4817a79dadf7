"""The private servers of the suite start, keep what they were told through a kill, and come back."""

from __future__ import annotations

import pytest

from tests import services

pytestmark = pytest.mark.services


def test_postgres_keeps_committed_rows_through_a_kill(postgres_server):
    import psycopg

    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")

    postgres_server.restart(kill=True)

    with psycopg.connect(postgres_server.dsn()) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone()[0] >= 1


def test_redis_answers_again_after_a_restart(redis_server):
    redis_server.restart(kill=True)

    assert redis_server.answers()


def test_a_server_without_binaries_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(services, "find_spec", lambda name: None)

    with pytest.raises(services.Unavailable, match="apt-get install redis-server"):
        services._redis_binary()


def test_an_address_from_the_environment_is_used_as_it_is(monkeypatch):
    monkeypatch.setenv("TEST_POSTGRES_URL", "postgres://me:secret@db:5433/mine")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://cache:6380/1")

    with services.postgres() as database, services.redis() as cache:
        found = (database.host, database.port, database.environment()["PGDATABASE"], cache.url)

    assert found == ("db", 5433, "mine", "redis://cache:6380/1")
