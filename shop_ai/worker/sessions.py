"""How long our sessions with PostgreSQL may be silent: nobody can wait for one that is frozen or gone."""

from __future__ import annotations

import threading
from typing import Any

from django.db.backends.signals import connection_created

from shop_ai.conf import config
from shop_ai.models.job import database

OURS = "shop_ai-"
"""How the names of our threads begin; other threads of the process are the store's."""
KEEPER = f"{OURS}keeper"


def limit_silence() -> None:
    """From now on, every session that a thread of ours opens."""
    connection_created.connect(_limit, dispatch_uid="shop_ai.worker.sessions")


def _limit(sender: Any, connection: Any, **kwargs: Any) -> None:
    """The database ends what was silent for a lease in the middle of a transaction, and its locks with it.

    The keeper's lock is held outside of transactions, so it may not be silent at all.
    """
    name = threading.current_thread().name
    ours = name.startswith(OURS) and connection.alias == database()
    if connection.vendor != "postgresql" or not ours:
        return
    limits = ["idle_in_transaction_session_timeout", *(["idle_session_timeout"] if name == KEEPER else [])]
    with connection.cursor() as cursor:
        for limit in limits:
            cursor.execute("SELECT set_config(%s, %s, false)", [limit, str(round(config().LEASE * 1000))])
