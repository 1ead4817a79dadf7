"""How each kind of fault is done. `False`: there is nothing yet that it could hit."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from django.db import connections

from shop_ai.models import Attempt, Job, State
from tests.chaos import people
from tests.chaos.plan import Fault
from tests.chaos.scene import Scene

AWAY = 10
"""A broker stays away so many times as long as other faults wait."""


def kill(scene: Scene, fault: Fault) -> bool:
    """kill -9 of a worker."""
    awake = scene.crew.awake()
    if not awake:
        return False
    time.sleep(fault.wait)
    scene.crew.kill(awake[fault.pick % len(awake)])
    return True


def stop(scene: Scene, fault: Fault) -> bool:
    """SIGSTOP for two leases of a worker that holds jobs, one worker at a time."""
    awake = [] if scene.crew.frozen else scene.crew.awake()
    if not awake:
        return False
    time.sleep(fault.wait)
    worker = awake[fault.pick % len(awake)]
    boot = worker.boot
    if not Job.objects.filter(lease_owner=boot.pk).exists():
        return False
    scene.crew.freeze(worker)
    scene.held += Attempt.objects.filter(worker=boot.pk, outcome="").values_list("pk", flat=True)
    scene.later(2 * scene.stage.lease, partial(scene.crew.thaw, worker))
    return True


def broker(scene: Scene, fault: Fault) -> bool:
    """kill -9 of the broker, which comes back after a while."""
    server = scene.stage.redis
    if server.process is None:
        return False
    server.kill()
    scene.later(AWAY * fault.wait, server.start)
    return True


def database(scene: Scene, fault: Fault) -> bool:
    """What `pg_ctl restart -m immediate` does."""
    time.sleep(fault.wait)
    connections.close_all()
    assert scene.stage.postgres is not None
    scene.stage.postgres.restart(kill=True)
    return True


def edit(scene: Scene, fault: Fault) -> bool:
    """A person changes a product while a text about it is written."""
    running = Job.objects.filter(state=State.RUNNING).order_by("pk").values_list("target_id", flat=True)
    keys = [key for key in running if key not in scene.typed]
    if not keys:
        return False
    key = keys[fault.pick % len(keys)]
    if not people.edit(fault.kind, key):
        return False
    if fault.kind == "text":
        scene.typed.add(key)
    return True


def ask(scene: Scene, fault: Fault) -> bool:
    """The next of `pick` parts of the jobs is asked for."""
    scene.ask(-(-len(scene.keys) // fault.pick))
    return True


KINDS: dict[str, Callable[[Scene, Fault], bool]] = {
    "kill": kill,
    "stop": stop,
    "broker": broker,
    "database": database,
    "facts": edit,
    "text": edit,
    "delete": edit,
    "ask": ask,
}
