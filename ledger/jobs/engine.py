# SPDX-License-Identifier: Apache-2.0

"""How DBOS is used here: its names, its queues, its database, and what it may not do.

DBOS ties a workflow to the version of the application that began it, by default a hash of its source: an upgrade at midnight
would leave a city's run lying. Ours is `VERSION`, which says how jobs are *stored*, not what the code does with a unit. A new
release of hocba therefore goes on with the jobs of the old one; what is done to a unit is decided by the ledger in either. It is
raised only when order, plan or shares are stored otherwise, and then the old release finishes its jobs first (docs/jobs.md).

Values are stored as JSON: DBOS's default is pickle, with which whoever writes to the database runs code in every worker.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from dbos import error as error_kinds
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from ledger.jobs.errors import JobsOutOfReach
from ledger.jobs.presence import FilePresence, PostgresPresence, Presence

APPLICATION: Final = "hocba"
VERSION: Final = "hocba-jobs-1"

PLAN: Final = "hocba.plan"
"""The workflow that there is one of for each job."""

SHARE: Final = "hocba.share"
"""The workflow of each share."""

PLANS: Final = "hocba-plans"
SHARES: Final = "hocba-shares"
"""Their queues are two, so that a long plan keeps no share waiting."""

UNIT: Final = "unit"
"""The step in a share that each unit is."""

AT_ONCE: Final = 2
"""Shares that a worker holds: one in hand, and the next, so that it never waits for the queue."""

POLL_SECONDS: Final = 0.2
"""How often a worker looks into a queue."""

MOST_ATTEMPTS: Final = 5
"""A share whose worker died so often is what kills it: it is set aside, and told."""


def sqlalchemy_url(url: str) -> str:
    """The URL as DBOS and psycopg want it: without the name of a driver."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def opened(url: str) -> DBOSClient:
    """Whoever asks about jobs without working on any; makes the tables and queues that are not there. Raises `JobsOutOfReach`."""
    hush()
    url = sqlalchemy_url(url)
    try:
        _write_ahead(url)
        DBOS.migrate(url)
        client = DBOSClient(
            system_database_url=url, serializer=DBOSPortableJSONSerializer(), application_name=APPLICATION
        )
    except (SQLAlchemyError, sqlite3.Error, error_kinds.DBOSException, ValueError) as error:
        # The kind of trouble and no more: its words repeat the address, and may repeat a password.
        raise JobsOutOfReach(type(getattr(error, "orig", None) or error).__name__) from error
    held: dict[str, Any] = {"worker_concurrency": AT_ONCE, "polling_interval_sec": POLL_SECONDS}
    client.register_queue(SHARES, **held)
    client.register_queue(PLANS, **held | {"worker_concurrency": 1})
    return client


def _write_ahead(url: str) -> None:
    """Gives a SQLite file a write-ahead log, for good: nobody waits for a reader, and a step costs a quarter."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        with closing(sqlite3.connect(parsed.database)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


def configuration(url: str, *, name: str) -> DBOSConfig:
    """For a worker: no conductor, no telemetry, no word but warnings."""
    return DBOSConfig(
        name=APPLICATION,
        system_database_url=sqlalchemy_url(url),
        application_version=VERSION,
        executor_id=name,
        serializer=DBOSPortableJSONSerializer(),
        log_level="WARNING",
        enable_otlp=False,
        conductor_key=None,
        # Nobody here waits for a notification, and a listener costs each worker a connection.
        use_listen_notify=False,
        run_migrations=False,
    )


def hush() -> None:
    """DBOS's warnings go where all others go, and a share that was cancelled is none: whoever cancelled it knows."""
    logger = logging.getLogger("dbos")
    if logging.lastResort is not None and logging.lastResort not in logger.handlers:
        # With a handler there, DBOS makes none of its own, which would hold on to whatever standard error is at the moment.
        logger.addHandler(logging.lastResort)
        logger.propagate = False
    logger.addFilter(_told)


def _told(record: logging.LogRecord) -> bool:
    raised = record.exc_info[1] if record.exc_info else None
    return not isinstance(
        raised, error_kinds.DBOSAwaitedWorkflowCancelledError | error_kinds.DBOSWorkflowCancelledError
    )


def presence_at(url: str) -> Presence:
    """Who is there, where the jobs are."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return FilePresence(Path(f"{parsed.database}.workers"))
    return PostgresPresence(sqlalchemy_url(url))
