# SPDX-License-Identifier: Apache-2.0

"""A ledger that lags, a stalled copy or last week's backup, does not say of anything that it was not issued."""

from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.chain.errors import Malformed
from ledger.chain.web3_registry import Web3Registry
from ledger.errors import Unavailable
from ledger.journal import JOURNAL_TOPIC
from tests.simulators.anchoring_world import world_with
from tests.simulators.issuing_world import PIN
from tests.simulators.issuing_world import SCHOOL as ISSUER
from tests.simulators.issuing_world import World as IssuingWorld
from tests.simulators.school_ledger import OTHER_SCHOOL, SCHOOL
from tests.simulators.web_client import get
from verifier_api.abreast import Abreast
from verifier_api.verdict import Conclusion
from verifier_api.verifier import Verifier


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    """A ledger whose head the school has published, with the copy that was made of it the day before."""
    folder = tmp_path_factory.mktemp("evening")
    world = world_with(folder, 1)
    yesterday = world.ledger.copied(folder / "yesterday")
    world.seal()
    assert world.ledger.decisions.publish_head(SCHOOL)
    world.finish()
    return world, yesterday


def test_a_ledger_that_has_what_was_published_is_abreast_also_when_it_has_gone_on(evening):
    world, _ = evening
    abreast = Abreast(world.ledger.reader, world.chain)
    assert abreast(SCHOOL)
    assert abreast(None)
    assert abreast(OTHER_SCHOOL)


def test_a_copy_from_before_is_not_abreast_of_that_school_and_of_others_it_is_not_known(evening):
    world, yesterday = evening
    abreast = Abreast(yesterday.reader, world.chain)
    assert not abreast(SCHOOL)
    assert abreast(OTHER_SCHOOL)
    assert abreast(None)


def test_what_the_authority_publishes_counts_for_every_school(evening, tmp_path):
    world, _ = evening
    world = replace(world, ledger=world.ledger.copied(tmp_path / "today"), chain=deepcopy(world.chain))
    yesterday = world.ledger.copied(tmp_path / "yesterday")
    world.ledger.issued(1, first=60)
    world.seal()
    assert world.ledger.decisions.publish_head(None)
    world.finish()
    world.finish(**world.as_authority())
    assert not Abreast(yesterday.reader, world.chain)(OTHER_SCHOOL)
    assert not Abreast(yesterday.reader, world.chain)(None)
    assert Abreast(world.ledger.reader, world.chain)(None)


class Down:
    def has_head(self, _digest):
        raise Unavailable


def test_an_outage_speaks_against_nobody(evening):
    world, yesterday = evening
    assert Abreast(Down(), world.chain)(SCHOOL)
    issuing = IssuingWorld()
    issuing.chain_down = True
    assert Abreast(yesterday.reader, issuing)(SCHOOL)


@pytest.mark.parametrize("school", ["", "không phải mã", "9" * 300, "3131250²"])
def test_a_file_that_names_no_possible_school_is_no_mishap(evening, school):
    """What a file claims to be of, anybody may have written."""
    _, yesterday = evening
    registry = Web3Registry("http://127.0.0.1:9", PIN)
    with pytest.raises(Malformed):
        registry.statement_at(publisher=school, topic=JOURNAL_TOPIC)
    assert Abreast(yesterday.reader, registry)(school)


def test_a_head_that_was_found_is_not_looked_up_again(evening):
    world, _ = evening
    asked = []

    class Counting:
        def has_head(self, digest):
            asked.append(digest)
            return world.ledger.reader.has_head(digest)

    abreast = Abreast(Counting(), world.chain)
    assert [abreast(SCHOOL), abreast(SCHOOL)] == [True, True]
    assert len(asked) == 1


# What is said then.


def behind(world, asked):
    def abreast(school):
        asked.append(school)
        return False

    current = world.verifier()
    return Verifier.live(
        trust=current._trust,
        issued=world,
        registry=world,
        examiner=current._examiner,
        now=current._now,
        abreast=abreast,
    )


def codes(verdict):
    return {finding.code for finding in verdict.findings}


def test_a_genuine_file_that_the_copy_does_not_know_yet_is_not_called_false():
    world, asked = IssuingWorld(), []
    unit = world.issue()
    del world.units[unit.id]
    verdict = behind(world, asked).verify(unit.pdf)
    assert (verdict.conclusion, asked) == (Conclusion.INDETERMINATE, [ISSUER])
    assert "bytes.ledger_behind" in codes(verdict)
    assert world.verifier().verify(unit.pdf).conclusion is Conclusion.TOTAL_FAILED


def test_an_id_and_a_digest_that_the_copy_does_not_know_are_no_404():
    world, asked = IssuingWorld(), []
    unit = world.issue()
    del world.units[unit.id]
    verifier = behind(world, asked)
    for verdict in (verifier.unit(unit.id), verifier.digest(unit.sha256)):
        assert (verdict.conclusion, codes(verdict) >= {"bytes.ledger_behind"}) == (Conclusion.INDETERMINATE, True)
    assert asked == [None, None]
    app = world.app(verifier=verifier)
    for path in (f"/q/{unit.id}", f"/v1/units/{unit.id}", f"/v1/digests/{unit.sha256}"):
        assert get(app, path).status_code == 503, path
    for path in (f"/q/{unit.id}", f"/v1/units/{unit.id}"):
        assert get(world.app(), path).status_code == 404, path


def test_a_receipt_that_the_chain_bears_out_proves_the_file_all_the_same():
    world, asked = IssuingWorld(), []
    unit = world.issue()
    with_receipt = behind(world, asked).verify(unit.pdf, receipt=unit.receipt.to_json())
    assert (with_receipt.conclusion, asked) == (Conclusion.TOTAL_PASSED, [])
