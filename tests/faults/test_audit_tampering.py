# SPDX-License-Identifier: Apache-2.0

"""Every kind of tampering is found, and by its own code; a ledger that nobody touched gives nothing to report.

Each case is made directly in the database, with its keys and triggers out of the way, as somebody would who has its password.
"""

import json
from datetime import timedelta

import pytest

from ledger.audit.auditor import audit
from ledger.audit.findings import Severity
from tests.simulators.anchoring_world import World
from tests.simulators.audited_world import (
    DRAFT,
    LAST_YEAR,
    LOCKED,
    RECALLED,
    RENEWED,
    REPLACEMENT,
    SIGNING,
    TOPIC,
    another,
    codes,
    copied,
    eventful,
    findings,
    only,
    tamper,
)
from tests.simulators.school_ledger import NOON, OTHER_SCHOOL, SCHOOL, Clock, SchoolLedger, unit_id

UNTOUCHED = unit_id(3)
NEIGHBOUR = unit_id(4)
OTHER_DIGEST = "ee" * 32


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    return eventful(tmp_path_factory.mktemp("eventful"))


@pytest.fixture
def world(built: World, tmp_path) -> World:
    return copied(built, tmp_path / "copy")


def test_a_ledger_that_nobody_touched_gives_nothing_to_report(world):
    assert findings(world) == []


def test_the_same_holds_without_the_chain(world):
    assert findings(world, chain=None) == []


def test_an_empty_ledger_gives_nothing_to_report(tmp_path):
    assert findings(World(SchoolLedger.created(tmp_path))) == []


def test_what_is_older_than_the_journal_is_excused_school_by_school(tmp_path):
    ledger = SchoolLedger.created(tmp_path)
    ledger.issued(2)
    tamper(ledger, "DELETE FROM journal")
    assert {each.code for each in audit(ledger.engine)} == {"journal.empty"}
    later = ledger.reopened()
    later.now = Clock(NOON + timedelta(days=1))
    later.issued(1, first=9)
    assert {(each.code, each.subject) for each in audit(later.engine)} == {
        ("journal.late", f"school {code}") for code in (SCHOOL, OTHER_SCHOOL)
    }
    tamper(later, "UPDATE unit SET created_at = '2027-01-01 00:00:00' WHERE id = :unit", unit=unit_id(1).hex)
    assert "row.unjournaled" in {each.code for each in audit(later.engine)}


def manifest(world: World, unit) -> dict:
    return json.loads(world.ledger.reader.unit(unit).manifest)


SQL = {
    # Rows that say something else.
    "the digest of a record": (
        f"UPDATE unit SET record_sha256 = '{OTHER_DIGEST}' WHERE id = :untouched",
        "unit.record",
    ),
    "the digest of a draft's record": (
        f"UPDATE unit SET record_sha256 = '{OTHER_DIGEST}' WHERE id = :draft",
        "unit.record",
    ),
    "the pupil's school": (f"UPDATE unit SET school_code = '{OTHER_SCHOOL}' WHERE id = :untouched", "unit.manifest"),
    "the digest of the issued PDF": (
        f"UPDATE unit_file SET sha256 = '{OTHER_DIGEST}' WHERE unit_id = :untouched AND role = 'pdf'",
        "unit.files",
    ),
    "the digest of the issued XML": (
        f"UPDATE unit_file SET sha256 = '{OTHER_DIGEST}' WHERE unit_id = :untouched AND role = 'xml'",
        "unit.files",
    ),
    "the size of the issued XML": (
        "UPDATE unit_file SET size = 1 WHERE unit_id = :untouched AND role = 'xml'",
        "unit.files",
    ),
    "who signed": (
        f"UPDATE signature SET cert_sha256 = '{OTHER_DIGEST}' WHERE unit_id = :untouched",
        "unit.signatures",
    ),
    "a school's chain account": (
        f"UPDATE school SET operator = '0x{'99' * 20}' WHERE code = '{SCHOOL}'",
        "row.differs",
    ),
    "a school's seal": (
        f"UPDATE school SET seal_cert_sha256 = '{OTHER_DIGEST}' WHERE code = '{SCHOOL}'",
        "chain.school",
    ),
    "the enrolled count": ("UPDATE class SET enrolled = 99", "class.fewer-than-enrolled"),
    "the enrolled count, as imported": ("UPDATE class SET enrolled = 1", "row.differs"),
    "the sheet of a class": (f"UPDATE class SET sheet_sha256 = '{OTHER_DIGEST}'", "row.differs"),
    "why a unit was recalled": ("UPDATE recall SET reason = 'fraud'", "row.differs"),
    # Rows that are gone.
    "a deleted issued unit": ("DELETE FROM unit WHERE id = :untouched", "row.deleted"),
    "a deleted draft": ("DELETE FROM unit WHERE id = :draft", "row.deleted"),
    "a deleted unit in signing": ("DELETE FROM unit WHERE id = :signing", "row.deleted"),
    "a deleted class": ("DELETE FROM class", "row.deleted"),
    "a deleted school": (f"DELETE FROM school WHERE code = '{OTHER_SCHOOL}'", "row.deleted"),
    "a deleted batch": ("DELETE FROM batch WHERE id = 1", "row.deleted"),
    "a deleted recall": ("DELETE FROM recall", "row.deleted"),
    "a deleted lock": ("DELETE FROM act WHERE kind = 'lock'", "row.deleted"),
    "a deleted replacement": ("DELETE FROM act WHERE kind = 'replace'", "row.deleted"),
    "a deleted statement": ("DELETE FROM act WHERE topic = :topic", "row.deleted"),
    "a deleted leaf": ("DELETE FROM leaf WHERE unit_id = :untouched", "batch.leaves"),
    "a deleted signature": ("DELETE FROM signature WHERE unit_id = :untouched AND position = 0", "unit.signatures"),
    "a signature in signing that lost the one before": (
        "UPDATE signature SET position = 4 WHERE unit_id = :signing",
        "unit.signatures",
    ),
    "a deleted file": ("DELETE FROM unit_file WHERE unit_id = :untouched AND role = 'xml'", "unit.files"),
    "a deleted earlier file": ("DELETE FROM earlier_file", "unit.files"),
    "a deleted transaction": ("DELETE FROM attempt WHERE id = 1", "errand.attempt"),
    # Rows too many.
    "a unit that nothing imported": (
        another(
            "unit",
            "id = :draft",
            id=":new",
            short_code="'ABCDEFGH'",
            state="'draft'",
            manifest="NULL",
            template="NULL",
            pupil_code="'0000009999'",
        ),
        "row.unjournaled",
    ),
    "a second current unit": (
        another(
            "unit",
            "id = :untouched",
            id=":new",
            short_code="'ABCDEFGH'",
            state="'draft'",
            manifest="NULL",
            template="NULL",
        ),
        "unit.two-current",
    ),
    "a signature too many": (
        another("signature", "unit_id = :untouched", role="'GVCN'", position="7"),
        "unit.signatures",
    ),
    "a file for a draft": (
        f"INSERT INTO unit_file (unit_id, role, sha256, size) VALUES (:draft, 'pdf', '{OTHER_DIGEST}', 1)",
        "unit.files",
    ),
    "an earlier file that nobody renewed": (
        another("earlier_file", "TRUE", sha256="'dd'"),
        "unit.files",
    ),
    "a renewed paper taken back": (
        "UPDATE unit_file SET sha256 = (SELECT sha256 FROM earlier_file) WHERE unit_id = :renewed AND role = 'pdf'",
        "unit.files",
    ),
    "a batch that nothing sealed": (
        another("batch", "id = 1", id="99", root=f"x'{'77' * 32}'", state="'sealed'"),
        "row.unjournaled",
    ),
    "a recall that nobody decided": (
        another("recall", "TRUE", id="99", unit_id=":untouched", state="'sealed'"),
        "row.unjournaled",
    ),
    "a lock that nobody decided": (
        another("act", "kind = 'lock'", id="99", school_year="'2023-2024'", state="'sealed'"),
        "row.unjournaled",
    ),
    "a statement that nobody decided": (
        another("act", "topic = :topic", id="99", digest=f"x'{'55' * 32}'", state="'sealed'"),
        "row.unjournaled",
    ),
    "a leaf in another batch": ("UPDATE leaf SET batch_id = 2 WHERE unit_id = :untouched", "batch.root"),
    # States.
    "a recalled unit shown as current": ("UPDATE unit SET state = 'anchored' WHERE id = :recalled", "recall.state"),
    "a replaced unit shown as recalled": ("UPDATE unit SET state = 'recalled' WHERE id = :recalled", "row.differs"),
    "a current unit shown as recalled": ("UPDATE unit SET state = 'recalled' WHERE id = :untouched", "recall.state"),
    "a locked unit shown as anchored": ("UPDATE unit SET state = 'anchored' WHERE id = :locked", "unit.state"),
    "an anchored unit shown as locked": ("UPDATE unit SET state = 'locked' WHERE id = :untouched", "unit.state"),
    "an anchored unit shown as issued": ("UPDATE unit SET state = 'issued' WHERE id = :untouched", "unit.state"),
    "an issued unit made a draft": (
        "UPDATE unit SET state = 'draft', manifest = NULL WHERE id = :untouched",
        "row.differs",
    ),
    "a replacement of a unit in force": (
        "UPDATE unit SET replaces = :untouched WHERE id = :replacement",
        "unit.replaces",
    ),
    "a final batch made open": ("UPDATE batch SET state = 'sent' WHERE id = 1", "row.differs"),
    "a failed batch": ("UPDATE batch SET state = 'failed' WHERE id = 1", "errand.failed"),
    "a failed recall": ("UPDATE recall SET state = 'failed'", "errand.failed"),
    "a failed lock": ("UPDATE act SET state = 'failed' WHERE kind = 'lock'", "errand.failed"),
    "a lock that is open again": ("UPDATE act SET state = 'sent' WHERE kind = 'lock'", "row.differs"),
    # Leaves and receipts.
    "a leaf": (f"UPDATE leaf SET leaf = x'{'66' * 32}' WHERE unit_id = :untouched", "receipt.leaf"),
    "a root": (f"UPDATE batch SET root = x'{'66' * 32}' WHERE id = 1", "batch.root"),
    "a batch's count": ("UPDATE batch SET leaf_count = 4 WHERE id = 1", "batch.leaves"),
    "a batch's year": (f"UPDATE batch SET school_year = '{LAST_YEAR}' WHERE id = 1", "chain.root-differs"),
    "another unit's receipt": (
        "UPDATE leaf SET receipt = (SELECT receipt FROM leaf WHERE unit_id = :neighbour) WHERE unit_id = :untouched",
        "receipt.foreign",
    ),
    "a receipt that is none": ("UPDATE leaf SET receipt = x'7b7d' WHERE unit_id = :untouched", "receipt.malformed"),
    # Numbers.
    "a number given to another errand": (
        "UPDATE number SET batch_id = NULL, recall_id = 1 WHERE batch_id = 1",
        "errand.number",
    ),
    "a number freed after it was used": (
        "UPDATE number SET state = 'free', batch_id = NULL WHERE batch_id = 1",
        "errand.number",
    ),
    "a number that is gone": ("DELETE FROM number WHERE batch_id = 1", "errand.number"),
    "a signed transaction's bytes": ("UPDATE attempt SET raw = x'00' WHERE id = 1", "errand.attempt"),
    # Transfers.
    "a deleted transfer": ("DELETE FROM transfer WHERE accepted_at IS NOT NULL", "row.deleted"),
    "a transfer that nobody released": (another("transfer", "TRUE", id="99", pupil_code="'9'"), "row.unjournaled"),
    "where a pupil went": (
        "UPDATE transfer SET school_year = '2030-2031' WHERE accepted_at IS NOT NULL",
        "row.differs",
    ),
    "a transfer that is open again": (
        "UPDATE transfer SET accepted_at = NULL, accepted_by = NULL WHERE accepted_at IS NOT NULL",
        "row.differs",
    ),
    # The journal.
    "a changed journal entry": ("UPDATE journal SET why = 'khác' WHERE seq = 3", "journal.broken"),
    "a deleted journal entry": ("DELETE FROM journal WHERE seq = 3", "journal.broken"),
    "a shortened journal": ("DELETE FROM journal WHERE seq > 9", "journal.head-missing"),
    "an emptied journal": ("DELETE FROM journal", "journal.empty"),
    "an emptied journal, by its heads": ("DELETE FROM journal", "journal.head-missing"),
}


def values() -> dict[str, object]:
    ids = {
        "untouched": UNTOUCHED,
        "neighbour": NEIGHBOUR,
        "recalled": RECALLED,
        "replacement": REPLACEMENT,
        "renewed": RENEWED,
        "locked": LOCKED,
        "draft": DRAFT,
        "signing": SIGNING,
        "new": unit_id(999),
    }
    return {**{name: one.hex for name, one in ids.items()}, "topic": TOPIC}


@pytest.mark.parametrize("mutation", SQL)
def test_tampering_is_found(world, mutation):
    statement, code = SQL[mutation]
    tamper(world.ledger, statement, **values())
    assert code in codes(world)


# What takes more than a statement.


def rewritten(world: World, unit, change) -> None:
    """The unit's receipt, changed as JSON."""
    receipt = json.loads(world.ledger.reader.receipt_of_unit(unit).receipt)
    change(receipt)
    stored = json.dumps(receipt, indent=2).encode()
    tamper(world.ledger, "UPDATE leaf SET receipt = :receipt WHERE unit_id = :unit", receipt=stored, unit=unit.hex)


def test_a_path_that_leads_elsewhere_is_found(world):
    rewritten(world, UNTOUCHED, lambda receipt: receipt["proof"].reverse())
    # Of each batch the contract is asked about one record, chosen by chance: it may be this one.
    assert {"receipt.path"} <= codes(world) <= {"receipt.path", "chain.root-missing"}


def test_another_salt_in_a_receipt_is_found(world):
    rewritten(world, UNTOUCHED, lambda receipt: receipt.update(salt="0x" + "12" * 32))
    assert "receipt.leaf" in codes(world, chain=None)


def test_another_root_in_a_receipt_is_found(world):
    rewritten(world, UNTOUCHED, lambda receipt: receipt.update(root="0x" + "12" * 32))
    assert "receipt.path" in codes(world, chain=None)


def test_another_school_in_a_receipt_is_found(world):
    rewritten(world, UNTOUCHED, lambda receipt: receipt["anchor"].update(school=OTHER_SCHOOL))
    assert codes(world) == {"receipt.foreign"}


def test_a_member_more_in_a_receipt_is_found(world):
    rewritten(world, UNTOUCHED, lambda receipt: receipt.update(note="x"))
    assert codes(world, chain=None) == {"receipt.malformed"}


def test_a_member_that_stands_twice_in_a_receipt_is_found(world):
    stored = world.ledger.reader.receipt_of_unit(UNTOUCHED).receipt.replace(b"{", b'{"format": "hocba-receipt/1",', 1)
    tamper(world.ledger, "UPDATE leaf SET receipt = :receipt WHERE unit_id = :unit", receipt=stored, unit=UNTOUCHED.hex)
    assert codes(world, chain=None) == {"receipt.malformed"}


def with_manifest(world: World, unit, stored: bytes) -> None:
    tamper(world.ledger, "UPDATE unit SET manifest = :manifest WHERE id = :unit", manifest=stored, unit=unit.hex)


def test_a_changed_manifest_is_found_by_journal_leaf_and_receipt(world):
    said = manifest(world, UNTOUCHED) | {"record_sha256": OTHER_DIGEST}
    with_manifest(world, UNTOUCHED, json.dumps(said, sort_keys=True, separators=(",", ":")).encode())
    assert {"row.differs", "unit.record", "receipt.foreign", "receipt.leaf"} <= codes(world)


def test_a_manifest_in_other_bytes_is_found(world):
    with_manifest(world, UNTOUCHED, json.dumps(manifest(world, UNTOUCHED)).encode())
    assert "unit.manifest" in codes(world)


def test_a_changed_mark_with_everything_around_it_made_to_fit_is_found_by_the_journal(world):
    said = manifest(world, UNTOUCHED) | {"record_sha256": OTHER_DIGEST}
    with_manifest(world, UNTOUCHED, json.dumps(said, sort_keys=True, separators=(",", ":")).encode())
    tamper(world.ledger, "UPDATE unit SET record_sha256 = :sha WHERE id = :unit", sha=OTHER_DIGEST, unit=UNTOUCHED.hex)
    assert "row.differs" in codes(world, chain=None)


def test_a_journal_entry_with_its_hash_made_to_fit_breaks_the_next(world):
    entries = list(world.ledger.journal.entries())
    changed = type(entries[2][0])(**{**_fields(entries[2][0]), "why": "khác"})
    tamper(
        world.ledger,
        "UPDATE journal SET why = 'khác', hash = :hash WHERE seq = 3",
        hash=changed.digest(),
    )
    assert [each.subject for each in only(findings(world), "journal.broken")] == ["journal 4"]


def test_a_journal_written_anew_from_some_entry_on_is_found_by_its_published_heads(world):
    entries = [entry for entry, _ in world.ledger.journal.entries()]
    previous = entries[1].previous
    for entry in entries[1:]:
        why = "khác" if entry.seq == 2 else entry.why
        anew = type(entry)(**{**_fields(entry), "why": why, "previous": previous})
        tamper(
            world.ledger,
            "UPDATE journal SET why = :why, previous = :previous, hash = :hash WHERE seq = :seq",
            why=why,
            previous=previous,
            hash=anew.digest(),
            seq=entry.seq,
        )
        previous = anew.digest()
    assert codes(world, chain=None) == set()
    assert codes(world) == {"journal.head-missing"}


def _fields(entry) -> dict:
    return {name: getattr(entry, name) for name in type(entry).__dataclass_fields__}


def test_a_recalled_record_moved_into_a_new_batch_is_found(world):
    """Its receipt would lead to a root where nothing is recalled."""
    tamper(world.ledger, "UPDATE batch SET sealed_at = '2027-01-01 00:00:00.000000' WHERE id = 1")
    found = only(findings(world, chain=None), "recall.anchored-again")
    assert [each.subject for each in found] == [f"unit {RECALLED}"]


def test_the_completeness_of_a_locked_year_is_told_by_number_and_code(world):
    with_manifest(world, LOCKED, None)
    tamper(world.ledger, "UPDATE unit SET state = 'draft' WHERE id = :unit", unit=LOCKED.hex)
    (found,) = only(findings(world), "class.incomplete")
    assert found.found == f"STT 50 ({50:010d})"


def test_who_waits_in_an_open_year_is_worth_knowing_and_no_fault(world):
    told = [each for each in audit(world.ledger.engine) if each.code == "class.waiting"]
    assert {each.severity for each in told} == {Severity.INFO}
    assert [each.found for each in told] == [f"STT {n} ({n:010d}), {n + 1} ({n + 1:010d})" for n in (20, 30)]
