# SPDX-License-Identifier: Apache-2.0

"""The list of signers and the chain: only the authority's newest list counts, and an outage is nobody's fault."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ledger.chain.registry import Statement
from ledger.proof.signer_list import SignerList
from tests.simulators.issuing_world import NOW, SIGNED, TRUST, World
from verifier_api.errors import UnusableTrust
from verifier_api.intake import UnsafeInProcessExaminer
from verifier_api.trust import SIGNERS_FILE, TRUST_FILE, Trust
from verifier_api.verdict import Conclusion, Outcome
from verifier_api.verifier import Verifier

DAY = dt.timedelta(days=1)
LINES = TRUST.settings.signers
LIST = SignerList(authority="Sở GDĐT TP. Hồ Chí Minh", issued_at=SIGNED - 3 * DAY, lines=LINES)
NEWER = SignerList(authority=LIST.authority, issued_at=SIGNED - DAY, lines=LINES)
PUBLISHED = SIGNED - 2 * DAY


def trusting(signer_list):
    return replace(TRUST, settings=TRUST.settings.model_copy(update={"signers": None}), signer_list=signer_list)


@pytest.fixture
def world():
    return World()


def judged(world, signer_list=LIST, **state):
    unit = world.issue()
    for name, value in state.items():
        setattr(world, name, value)
    return world.verifier(trusting(signer_list)).verify(unit.pdf)


def about_the_list(verdict):
    return [one for one in verdict.findings if one.code.startswith("signatures.list_")]


@pytest.mark.parametrize(
    ("newest", "code", "outcome"),
    [
        (Statement(LIST.sha256(), PUBLISHED), "signatures.list_published", Outcome.PASSED),
        (Statement(NEWER.sha256(), SIGNED), "signatures.list_superseded", Outcome.UNKNOWN),
        (Statement(b"\x01" * 32, PUBLISHED), "signatures.list_superseded", Outcome.UNKNOWN),
        (Statement(b"\x01" * 32, LIST.issued_at - DAY), "signatures.list_unpublished", Outcome.UNKNOWN),
        (None, "signatures.list_unpublished", Outcome.UNKNOWN),
    ],
    ids=["the newest", "a newer one", "another one", "an older one alone", "none"],
)
def test_the_list_is_held_against_the_chains_newest(world, newest, code, outcome):
    verdict = judged(world, newest_list=newest)
    (told,) = about_the_list(verdict)
    assert (told.code, told.outcome) == (code, outcome)
    passed = outcome is Outcome.PASSED
    assert verdict.conclusion is (Conclusion.TOTAL_PASSED if passed else Conclusion.INDETERMINATE)
    assert "signatures.listed" in {one.code for one in verdict.findings}


@pytest.mark.parametrize(
    "altered",
    [
        {"lines": (*LINES, LINES[0].model_copy(update={"cert_sha256": "f" * 64}))},
        {"lines": (LINES[0].model_copy(update={"valid_to": NOW}), *LINES[1:])},
        {"authority": "Sở GDĐT TP. Hồ Chí Mính"},
        {"issued_at": LIST.issued_at + dt.timedelta(seconds=1)},
    ],
    ids=["a line more", "a line ended", "another authority", "another second"],
)
def test_whatever_is_changed_in_the_list_is_not_what_was_published(world, altered):
    verdict = judged(world, LIST.model_copy(update=altered), newest_list=Statement(LIST.sha256(), PUBLISHED))
    (told,) = about_the_list(verdict)
    assert (told.code, verdict.conclusion) == ("signatures.list_superseded", Conclusion.INDETERMINATE)


def test_a_signer_who_is_not_on_the_published_list_is_refused_all_the_same(world):
    short = LIST.model_copy(update={"lines": LINES[1:]})
    verdict = judged(world, short, newest_list=Statement(short.sha256(), PUBLISHED))
    assert verdict.conclusion is Conclusion.TOTAL_FAILED
    assert {"signatures.not_listed", "signatures.list_published"} <= {one.code for one in verdict.findings}


def test_a_chain_that_is_down_is_asked_once_and_is_nobodys_fault(world):
    verdict = judged(world, chain_down=True)
    assert [one.code for one in about_the_list(verdict)] == ["signatures.list_unconfirmed"]
    assert verdict.conclusion is Conclusion.INDETERMINATE
    assert Outcome.FAILED not in {one.outcome for one in verdict.findings}
    assert world.asked["statement_at"] == 0


@pytest.mark.parametrize(
    "state",
    [{"newest_list": Statement(NEWER.sha256(), SIGNED)}, {"newest_list": None}, {"chain_down": True}],
    ids=["an old list", "an unpublished list", "a chain that is down"],
)
def test_who_is_missing_on_a_list_that_may_be_old_is_not_refused_for_that(world, state):
    """Whoever came last year stands on the new list; a verifier with last year's folder must not turn their records red."""
    verdict = judged(world, LIST.model_copy(update={"lines": LINES[1:]}), **state)
    assert verdict.conclusion is Conclusion.INDETERMINATE
    assert Outcome.FAILED not in {one.outcome for one in verdict.findings}
    assert {"signatures.indeterminate"} <= {one.code for one in verdict.findings}
    assert "signatures.listed" not in {one.code for one in verdict.findings}


class DownForStatements(World):
    def statement_at(self, **asked):
        self.chain_down = True
        return super().statement_at(**asked)


def test_a_chain_that_goes_down_between_two_questions():
    verdict = judged(DownForStatements())
    assert [one.code for one in about_the_list(verdict)] == ["signatures.list_unconfirmed"]
    assert verdict.conclusion is Conclusion.INDETERMINATE


def test_a_list_inside_the_settings_is_vouched_for_by_the_operator(world):
    unit = world.issue()
    verdict = world.verifier().verify(unit.pdf)
    assert verdict.conclusion is Conclusion.TOTAL_PASSED
    assert about_the_list(verdict) == []
    assert world.asked["statement_at"] == 0


def test_offline_nothing_is_asked(world):
    unit = world.issue()
    examiner = UnsafeInProcessExaminer(world.seen.__getitem__)
    offline = Verifier.offline(trust=trusting(LIST), issued=world, examiner=examiner, now=lambda: NOW)
    verdict = offline.verify(unit.pdf)
    (told,) = about_the_list(verdict)
    assert (told.code, told.outcome) == ("signatures.list_not_asked", Outcome.SKIPPED)
    assert world.asked["statement_at"] == 0


def test_a_newer_list_answers_for_old_signatures(world):
    """The teacher left and another came; what the first one signed before stays good."""
    left = LINES[0].model_copy(update={"valid_to": SIGNED + DAY})
    came = LINES[0].model_copy(update={"cert_sha256": "f" * 64, "valid_from": SIGNED + DAY})
    newer = NEWER.model_copy(update={"lines": (left, *LINES[1:], came)})
    verdict = judged(world, newer, newest_list=Statement(newer.sha256(), NOW))
    assert verdict.conclusion is Conclusion.TOTAL_PASSED


# The folder.


def root_certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DEMO")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, SIGNED, SIGNED + DAY)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "demo.pem").write_bytes(root_certificate())
    write_settings(tmp_path)
    (tmp_path / SIGNERS_FILE).write_bytes(LIST.canonical())
    return tmp_path


def write_settings(folder, **changes):
    said = trusting(None).settings.model_dump(mode="json", exclude_none=True)
    (folder / TRUST_FILE).write_text(json.dumps({**said, **changes}))


def test_the_list_is_read_beside_the_settings(folder):
    trust = Trust.load(folder)
    assert (trust.signer_list, trust.signers) == (LIST, LINES)
    assert trust.lines_of(LINES[1].cert_sha256) == (LINES[1],)
    assert trust.lines_of("f" * 64) == ()


def test_without_either_there_is_no_list(folder):
    (folder / SIGNERS_FILE).unlink()
    assert Trust.load(folder).signers is None


def test_an_empty_list_approves_nobody(folder, world):
    (folder / SIGNERS_FILE).write_bytes(LIST.model_copy(update={"lines": ()}).canonical())
    assert Trust.load(folder).signers == ()


def test_two_lists_are_one_too_many(folder):
    write_settings(folder, signers=json.loads(LIST.canonical())["lines"])
    with pytest.raises(UnusableTrust) as refusal:
        Trust.load(folder)
    assert SIGNERS_FILE in refusal.value.vi
    assert "Hãy" in refusal.value.vi


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b" ",
        lambda data: data.replace(b"GVCN", b"GVCX", 1),
        lambda data: data.replace(b'"valid_from"', b'"valid_form"', 1),
        lambda _: b"",
    ],
    ids=["cut", "longer", "another role", "another member", "empty"],
)
def test_a_damaged_list_is_named(folder, damage):
    (folder / SIGNERS_FILE).write_bytes(damage(LIST.canonical()))
    with pytest.raises(UnusableTrust, match=SIGNERS_FILE):
        Trust.load(folder)


def test_a_line_under_a_hierarchy_that_the_settings_do_not_know(folder):
    elsewhere = LIST.model_copy(update={"lines": (LINES[0].model_copy(update={"hierarchy": "vgca"}), *LINES[1:])})
    (folder / SIGNERS_FILE).write_bytes(elsewhere.canonical())
    with pytest.raises(UnusableTrust, match="vgca"):
        Trust.load(folder)


def test_a_list_that_is_being_replaced_is_not_read(folder):
    (folder / f"{SIGNERS_FILE}.new").write_bytes(b"half a li")
    assert Trust.load(folder).signer_list == LIST
