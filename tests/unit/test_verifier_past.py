# SPDX-License-Identifier: Apache-2.0

"""An answer about an earlier moment is what would have been said then, and never passes for one about today."""

import datetime as dt
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ledger.chain.registry import Head, RecallReason, Statement
from ledger.proof.signer_list import SignerList
from tests.simulators.issuing_world import ANCHORED, NOW, SIGNED, TRUST, World
from verifier_api.trust import Anchors
from verifier_api.verdict import Check, Conclusion, Outcome, Standing

HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR
LIST = SignerList(authority="Sở GDĐT", issued_at=SIGNED - 3 * DAY, lines=TRUST.settings.signers)


@pytest.fixture
def world():
    return World()


def codes(verdict):
    return {finding.code for finding in verdict.findings}


def test_a_recall_does_not_show_before_it_was_made(world):
    unit = world.issue()
    world.recall(unit, reason=RecallReason.WRONG_DATA)
    then = world.verifier(at=unit.recalled_at - HOUR).verify(unit.pdf)
    assert (then.conclusion, then.standing) == (Conclusion.TOTAL_PASSED, Standing.CURRENT)
    after = world.verifier(at=unit.recalled_at + HOUR).verify(unit.pdf)
    assert after.standing is Standing.RECALLED
    assert world.verifier().verify(unit.pdf).standing is Standing.RECALLED


def test_what_was_anchored_later_is_not_called_false(world):
    unit = world.issue()
    verdict = world.verifier(at=ANCHORED - HOUR).verify(unit.pdf)
    assert (verdict.conclusion, verdict.standing) == (Conclusion.INDETERMINATE, Standing.UNANCHORED)
    assert "chain.not_yet" in codes(verdict)
    assert "chain.not_anchored" not in codes(verdict)
    assert not verdict.good


def test_what_was_never_anchored_is_false_at_every_time(world):
    unit = world.issue(depth=0)
    verdict = world.verifier(at=NOW - HOUR).verify(unit.pdf)
    assert verdict.conclusion is Conclusion.TOTAL_FAILED
    assert "chain.not_anchored" in codes(verdict)


@pytest.mark.parametrize("question", ["file", "unit", "digest", "receipt", "oversized"])
def test_every_answer_about_then_says_so(world, question):
    unit, moment = world.issue(), NOW - HOUR

    def asked(verifier):
        return {
            "file": lambda: verifier.verify(unit.pdf),
            "unit": lambda: verifier.unit(unit.id),
            "digest": lambda: verifier.digest(unit.sha256),
            "receipt": lambda: verifier.receipt(unit.receipt.to_json()),
            "oversized": verifier.oversized,
        }[question]()

    then, today = asked(world.verifier(at=moment)), asked(world.verifier())
    (told,) = [finding for finding in then.findings if finding.code == "standing.as_of"]
    assert (told.check, told.outcome) == (Check.STANDING, Outcome.SKIPPED)
    assert (then.as_of, then.to_dict()["as_of"], then.judged_at) == (moment, "2026-06-02T02:04:00Z", NOW)
    assert "standing.as_of" not in codes(today)
    assert "as_of" not in today.to_dict()


def test_a_node_that_stopped_after_the_moment_knows_all_that_is_asked(world):
    settings = TRUST.settings.model_copy(
        update={"registry": TRUST.settings.registry.model_copy(update={"newest_block_within": 60})}
    )
    unit, old = world.issue(), Head(number=1_000, time=NOW - 2 * HOUR)

    class Stopped(World):
        def status_of(self, **asked):
            return replace(world.status_of(**asked), head=old)

    stopped = Stopped(units=world.units, seen=world.seen)
    trust = replace(TRUST, settings=settings)
    assert stopped.verifier(trust).verify(unit.pdf).conclusion is Conclusion.INDETERMINATE
    assert stopped.verifier(trust, at=NOW - 3 * HOUR).verify(unit.pdf).conclusion is Conclusion.TOTAL_PASSED
    assert "chain.stale" in codes(stopped.verifier(trust, at=NOW - HOUR).verify(unit.pdf))


@pytest.mark.parametrize(
    ("newest", "before", "code"),
    [
        (Statement(b"\x01" * 32, NOW - HOUR), Statement(LIST.sha256(), SIGNED - 2 * DAY), "signatures.list_published"),
        (Statement(LIST.sha256(), NOW - HOUR), Statement(b"\x01" * 32, SIGNED - 2 * DAY), "signatures.list_since"),
        (Statement(LIST.sha256(), NOW - HOUR), None, "signatures.list_since"),
        (Statement(b"\x02" * 32, NOW - HOUR), Statement(b"\x01" * 32, SIGNED), "signatures.list_superseded"),
    ],
    ids=["the list of then", "the list of today", "the first list", "neither"],
)
def test_the_list_of_then_counts_and_that_of_today_is_named_as_such(world, newest, before, code):
    world.newest_list, world.list_before = newest, before
    trust = replace(TRUST, settings=TRUST.settings.model_copy(update={"signers": None}), signer_list=LIST)
    verdict = world.verifier(trust, at=NOW - 2 * HOUR).verify(world.issue().pdf)
    assert [found for found in codes(verdict) if found.startswith("signatures.list_")] == [code]
    passed = code != "signatures.list_superseded"
    assert verdict.conclusion is (Conclusion.TOTAL_PASSED if passed else Conclusion.INDETERMINATE)


def test_revocation_data_that_came_later_is_left_aside():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])

    def crl(made):
        builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(made).next_update(made + DAY)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    old, new = crl(NOW - 3 * DAY), crl(NOW - HOUR)
    trust = replace(TRUST, anchors=Anchors(roots=TRUST.anchors.roots, crls=(old, new)))
    assert trust.as_of(NOW - DAY).anchors.crls == (old,)
    assert trust.as_of(NOW).anchors.crls == (old, new)


def test_a_receipt_alone_tells_how_its_unit_stands_and_never_that_a_file_is_genuine(world):
    unit = world.issue()
    verdict = world.verifier().receipt(unit.receipt.to_json())
    assert (verdict.conclusion, verdict.standing, verdict.unit) == (
        Conclusion.INDETERMINATE, Standing.CURRENT, unit.id,
    )  # fmt: skip
    assert {"intake.no_file", "receipt.consistent", "chain.anchored", "signatures.skipped"} <= codes(verdict)
    world.recall(unit, reason=RecallReason.FRAUD)
    assert world.verifier().receipt(unit.receipt.to_json()).standing is Standing.RECALLED


@pytest.mark.parametrize(
    "receipt", [b"", b"{}", b"\xff\x00", b"[" * 100_000], ids=["empty", "no members", "bytes", "deep"]
)
def test_what_is_no_receipt_proves_nothing(world, receipt):
    verdict = world.verifier().receipt(receipt)
    assert (verdict.conclusion, verdict.standing) == (Conclusion.TOTAL_FAILED, Standing.UNKNOWN)
    assert world.asked["status_of"] == 0


def test_the_record_is_given_out_only_of_a_file_that_passed_and_is_current(world):
    good, recalled = world.issue(), world.issue()
    world.recall(recalled, reason=RecallReason.WRONG_DATA)
    verifier = world.verifier()
    assert verifier.verify_and_read(good.pdf)[1] == b"<record/>"
    assert verifier.verify_and_read(recalled.pdf)[1] is None
    assert verifier.verify_and_read(world.forged(good))[1] is None
    assert verifier.verify_and_read(world.issue(depth=1).pdf)[1] is None
    world.chain_down = True
    assert verifier.verify_and_read(good.pdf)[1] is None
