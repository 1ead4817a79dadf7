"""The same seed gives the same faults, one small run of the real thing, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.benchmarks.report import Figure
from tests.celery.harness import ROOT, rung, wait_until
from tests.chaos.plan import chance, in_order, plan, waves
from tests.chaos.scenarios import FILES, failpoints, scenario
from tests.chaos.stage import Stage


@pytest.fixture
def postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("chaos runs on PostgreSQL")


@pytest.fixture
def stage(postgresql, transactional_db, redis_server, tmp_path):
    with rung(redis_server):
        yield Stage(redis=redis_server, postgres=None, logs=tmp_path, seed=7, share=0.25)


def test_the_same_seed_gives_the_same_faults():
    first, again, other = (plan(seed, "kills", kill=20, stop=3) for seed in (7, 7, 8))

    assert first == again
    assert first != other
    assert sorted(fault.kind for fault in first) == ["kill"] * 20 + ["stop"] * 3


def test_a_scenario_has_its_own_chance():
    assert plan(7, "kills", kill=5) != plan(7, "stops", kill=5)
    assert chance(7, "edits").random() == chance(7, "edits").random()


def test_faults_come_in_the_order_of_progress():
    faults = in_order([*plan(7, "all", kill=10), *waves(4)])

    shares = [fault.at for fault in faults]
    assert shares == sorted(shares)
    assert [fault.at for fault in faults if fault.kind == "ask"] == [0, 0, 0.25, 0.5]


@pytest.mark.parametrize(
    ("target", "value", "reached"),
    [("", 5, True), ("= 0", 0, True), ("= 0", 1, False), ("≤ 2.5", 2.5, True), ("≥ 3", 2, False)],
)
def test_a_figure_knows_whether_it_was_reached(target, value, reached):
    assert Figure(name="x", value=value, unit="", target=target).reached is reached


@pytest.mark.parametrize("name", FILES)
def test_every_scenario_can_be_found(name):
    assert callable(scenario(name))


def test_workers_that_die_at_named_places_lose_and_double_nothing(stage):
    """F2, F3."""
    planned = failpoints.places(stage, 1)

    figures = {figure.name: figure for figure in failpoints.run(stage)}

    assert [figure for figure in figures.values() if not figure.reached] == []
    assert figures["failpoints.kills"].value == len(planned) == 3
    assert {place for place, _ in planned} == {"in_claim", "before_commit", "after_commit"}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
def test_an_interrupt_leaves_no_process_behind(postgresql, tmp_path):
    command = [sys.executable, "-u", "-m", "tests.chaos", "kills", "--seed", "7", "--json", tmp_path / "x"]
    running = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_until(lambda: "kills: " in running.stdout.readline(), "the first line of progress")
    before = processes(running.pid)

    os.killpg(running.pid, signal.SIGINT)  # a terminal tells everybody

    _, told = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert len(before) > 3  # itself, two servers, workers
    assert processes(running.pid) == []


def processes(session):
    """Those of this session, by number."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found += [entry.name] if int(fields[3]) == session and fields[0] != "Z" else []
    return found
