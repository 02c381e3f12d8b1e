# SPDX-License-Identifier: Apache-2.0

"""What the audit says of the tokens over roots: one over something else is an error, one that is missing is worth knowing."""

import json

import pytest

from ledger.audit.auditor import audit
from ledger.stamping import Stamping
from tests.simulators.anchoring_world import World, world_with
from tests.simulators.audited_world import tamper
from tests.simulators.root_stamper import SimulatedStamper
from tests.simulators.school_ledger import SCHOOL


@pytest.fixture
def world(tmp_path) -> World:
    """Two batches, the first with its token."""
    world = world_with(tmp_path, 1)
    world.seal()
    stamping = Stamping(world.ledger.errands, world.ledger.errand_writer)
    assert len(list(stamping.stamp(SimulatedStamper(), stamping.waiting(SCHOOL)))) == 1
    world.ledger.issued(1, first=11)
    world.seal()
    return world


def found(world: World) -> list[tuple[str, str]]:
    return [(each.code, each.severity.value) for each in audit(world.ledger.engine)]


def test_a_batch_without_a_token_is_worth_knowing_and_no_more(world):
    assert found(world) == [("batch.unstamped", "info")]
    world.finish()
    world.assert_whole(anchored=2)
    world.assert_audited()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE batch SET token = x'3000' WHERE token IS NOT NULL",
        "UPDATE batch SET stamped_at = '2025-01-01 00:00:00' WHERE token IS NOT NULL",
        "UPDATE batch SET token = (SELECT token FROM batch WHERE id = 1), stamped_at = (SELECT stamped_at FROM batch WHERE id = 1) WHERE id = 2",
    ],
    ids=["no token", "another time", "another batch's"],
)
def test_a_token_that_was_tampered_with_is_found(world, statement):
    tamper(world.ledger, statement)
    assert ("batch.token", "error") in found(world)


def test_a_receipt_that_is_stored_with_tokens_of_its_own_is_none_of_ours(world):
    """Ours are stored without, and get their batch's when they are handed out."""
    unit = world.ledger.issued_ids()[0]
    value = json.loads(world.ledger.reader.receipt_of_unit(unit).receipt)
    assert len(value["timestamps"]) == 1
    tamper(world.ledger, "UPDATE leaf SET receipt = :receipt WHERE batch_id = 1", receipt=json.dumps(value).encode())
    assert ("receipt.malformed", "error") in found(world)
