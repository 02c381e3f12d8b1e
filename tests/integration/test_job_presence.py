# SPDX-License-Identifier: Apache-2.0

"""Who is there: told by a lock that goes with its process, never by a clock."""

import psycopg
import pytest

from ledger.jobs.presence import FilePresence, PostgresPresence


@pytest.fixture(params=["files", "postgresql"])
def presences(request, tmp_path):
    """Those of two workers."""
    if request.param == "files":
        both = FilePresence(tmp_path / "workers"), FilePresence(tmp_path / "workers")
    else:
        uri = request.getfixturevalue("job_server")
        both = PostgresPresence(uri), PostgresPresence(uri)
    both[1].enter("watching")
    yield both
    for one in both:
        one.leave()


def test_a_worker_is_seen_from_its_coming_to_its_going(presences):
    one, watching = presences
    assert watching.gone("one")
    one.enter("one")
    assert not watching.gone("one")
    assert not one.gone("watching")
    one.keep()
    assert not watching.gone("one")
    one.leave()
    assert watching.gone("one")
    assert watching.gone("one")


def test_a_worker_does_not_take_itself_for_gone(presences):
    assert not presences[1].gone("watching")


def test_a_connection_that_was_lost_is_made_again_and_the_worker_is_seen_again(job_server):
    one, watching = PostgresPresence(job_server), PostgresPresence(job_server)
    one.enter("one")
    watching.enter("watching")
    with psycopg.connect(job_server, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> %s", [0]
        )
    with pytest.raises(psycopg.OperationalError):
        watching.gone("one")
    watching.keep()
    assert watching.gone("one")
    one.keep()
    assert not watching.gone("one")
    one.leave()
    watching.leave()
