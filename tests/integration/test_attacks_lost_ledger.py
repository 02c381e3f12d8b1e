# SPDX-License-Identifier: Apache-2.0

"""A ledger that is lost: nothing is known of a genuine file without its receipt, and with it nothing is missing."""

import attacked_school as world
import pytest
from attacked_school import OPEN, PASSED

from ledger.store.database import open_for_reading
from ledger.store.reader import Reader
from tests.simulators.databases import DAMAGES, damage_database, database_at
from verifier_api.verdict import Standing


@pytest.fixture(params=DAMAGES)
def damaged(request, tmp_path):
    """A ledger that was there, and is lost."""
    path = tmp_path / "ledger.db"
    database_at(path, new=True)
    damage_database(path, request.param)
    reading = open_for_reading(database_at(path))
    yield Reader(reading)
    reading.dispose()


def test_ledger_cannot_be_asked(damaged):
    verdict = world.judge(world.genuine().xml, issued=damaged)
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.UNKNOWN)
    assert world.complaints(verdict) == {"bytes.no_ledger"}
    verdict = world.verifier(issued=damaged).unit(world.genuine().unit_id)
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.UNKNOWN)
    # Who brings the receipt needs no ledger.
    assert world.judge(world.genuine().xml, world.genuine_receipt(), issued=damaged).conclusion is PASSED
