# SPDX-License-Identifier: Apache-2.0

"""Units: each against its manifest, its signatures and files, and against what became of its leaf and its recall."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy import select

from ledger.audit import findings
from ledger.audit.class_part import locked_years
from ledger.audit.findings import Finding
from ledger.audit.journal_part import Vouching, deeds_about
from ledger.audit.pages import AnyRow, Pages
from ledger.batch import BatchState
from ledger.journal import Deed
from ledger.store.chain_tables import BatchRow, LeafRow, RecallRow
from ledger.store.tables import EarlierFileRow, FileRole, SignatureRow, UnitFileRow, UnitRow
from ledger.unit import FINAL_STATES, PAST_STATES, UNISSUED_STATES, UnitKind, UnitState

_UNITS = (
    select(
        UnitRow.id,
        UnitRow.kind,
        UnitRow.school_code,
        UnitRow.school_year,
        UnitRow.level,
        UnitRow.pupil_code,
        UnitRow.state,
        UnitRow.record_sha256,
        UnitRow.manifest,
        UnitRow.replaces,
        UnitRow.created_at,
        UnitRow.changed_at,
        LeafRow.batch_id,
        BatchRow.state.label("batch_state"),
        RecallRow.state.label("recall_state"),
    )
    .outerjoin(LeafRow, LeafRow.unit_id == UnitRow.id)
    .outerjoin(BatchRow, BatchRow.id == LeafRow.batch_id)
    .outerjoin(RecallRow, RecallRow.unit_id == UnitRow.id)
)
_SIGNATURES = select(
    SignatureRow.unit_id, SignatureRow.role, SignatureRow.subject, SignatureRow.cert_sha256, SignatureRow.position
).order_by(SignatureRow.unit_id, SignatureRow.position)
_FILES = select(UnitFileRow.unit_id, UnitFileRow.role, UnitFileRow.sha256, UnitFileRow.size)
_EARLIER = select(EarlierFileRow.unit_id, EarlierFileRow.sha256, EarlierFileRow.size)


@dataclass(frozen=True)
class _Beside:
    """What stands beside the units of one page."""

    signatures: Mapping[Any, list[AnyRow]]
    files: Mapping[Any, list[AnyRow]]
    earlier: Mapping[Any, list[AnyRow]]
    told: Mapping[str, list[AnyRow]]
    replaced: Mapping[Any, list[AnyRow]]
    locked: frozenset[str]


def check_units(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every unit and booklet, in the order of their ids."""
    locked = locked_years(pages)
    for page in pages.of(_UNITS, UnitRow.id, part="units"):
        ids = [row.id for row in page]
        old = [row.replaces for row in page if row.replaces is not None]
        beside = _Beside(
            pages.beside(_SIGNATURES, SignatureRow.unit_id, ids),
            pages.beside(_FILES, UnitFileRow.unit_id, ids),
            pages.beside(_EARLIER, EarlierFileRow.unit_id, ids),
            deeds_about(pages, [f"unit {unit_id}" for unit_id in ids]),
            pages.beside(select(UnitRow.id, UnitRow.state, UnitRow.pupil_code), UnitRow.id, old) if old else {},
            locked,
        )
        for row in page:
            subject = f"unit {row.id}"
            told = beside.told.get(subject, [])
            yield from _told(row, subject, told, vouched)
            yield from _state(row, subject, locked=row.school_year in locked)
            yield from _replacement(row, subject, beside.replaced)
            files = {file.role: (file.sha256, file.size) for file in beside.files.get(row.id, [])}
            signatures = beside.signatures.get(row.id, [])
            if row.manifest is None:
                yield from _unissued(row, subject, files, signatures)
            else:
                yield from _issued(row, subject, files, signatures)
                yield from _renewals(row, subject, files, beside.earlier.get(row.id, []), told)


def _told(row: AnyRow, subject: str, told: Sequence[AnyRow], vouched: Vouching) -> Iterator[Finding]:
    """The row against what the journal says of the unit."""
    deeds = {entry.deed: entry for entry in told}
    bound = row.kind is UnitKind.BOOKLET and Deed.BOOKLET_BOUND not in deeds
    if bound and vouched.covers(row.school_code, row.created_at):
        yield findings.ROW_UNJOURNALED(subject, found=row.kind)
    issued = deeds.get(Deed.UNIT_ISSUED)
    if issued is not None:
        digest = None if row.manifest is None else hashlib.sha256(row.manifest).hexdigest()
        said = json.loads(issued.detail).get("manifest")
        if digest != said:
            yield findings.ROW_DIFFERS(subject, found=f"manifest {digest}", expected=f"manifest {said}")
    elif row.manifest is not None and vouched.covers(row.school_code, row.created_at):
        yield findings.ROW_UNJOURNALED(subject, found=row.state, expected=Deed.UNIT_ISSUED)
    for deed, states in (
        (Deed.UNIT_RECALLED, PAST_STATES),
        (Deed.UNIT_REPLACED, frozenset({UnitState.REPLACED})),
    ):
        if deed in deeds and row.state not in states:
            yield findings.ROW_DIFFERS(subject, found=row.state, expected=deed)
        elif deed not in deeds and row.state in states and vouched.covers(row.school_code, row.changed_at):
            yield findings.ROW_UNJOURNALED(subject, found=row.state, expected=deed)


def _state(row: AnyRow, subject: str, *, locked: bool) -> Iterator[Finding]:
    """The state against leaf, batch, recall and lock."""
    in_force = UnitState.LOCKED if locked else UnitState.ANCHORED
    if row.state in UNISSUED_STATES:
        if row.batch_id is not None:
            yield findings.UNIT_STATE(subject, found=f"{row.state}, batch {row.batch_id}", expected="no batch")
    elif row.state is UnitState.ISSUED:
        if row.batch_state is BatchState.FINAL:
            yield findings.UNIT_STATE(subject, found=row.state, expected=in_force)
    elif row.batch_state is not BatchState.FINAL:
        batch = "no batch" if row.batch_id is None else f"batch {row.batch_state}"
        yield findings.UNIT_STATE(subject, found=f"{row.state}, {batch}", expected=f"batch {BatchState.FINAL}")
    elif row.state in FINAL_STATES and row.state is not in_force:
        yield findings.UNIT_STATE(subject, found=row.state, expected=in_force)
    if (row.recall_state is BatchState.FINAL) is not (row.state in PAST_STATES):
        recall = "no recall" if row.recall_state is None else f"recall {row.recall_state}"
        yield findings.RECALL_STATE(subject, found=f"{row.state}, {recall}", expected="both or neither")


def _replacement(row: AnyRow, subject: str, replaced: Mapping[Any, Sequence[AnyRow]]) -> Iterator[Finding]:
    if row.replaces is None:
        return
    old = next(iter(replaced.get(row.replaces, ())), None)
    if old is None or old.state not in PAST_STATES or old.pupil_code != row.pupil_code:
        found = "none" if old is None else f"{old.state}, pupil {old.pupil_code}"
        yield findings.UNIT_REPLACES(subject, found=f"{row.replaces}: {found}", expected=f"pupil {row.pupil_code}")


def _unissued(
    row: AnyRow, subject: str, files: Mapping[FileRole, tuple[str, int]], signatures: Sequence[AnyRow]
) -> Iterator[Finding]:
    """A draft has neither files nor signatures; a unit in signing has both files, and its signatures are counted from 0."""
    expected = set(FileRole) if row.state is UnitState.SIGNING else set()
    if files.keys() != expected:
        yield findings.UNIT_FILES(subject, found=sorted(files), expected=sorted(expected))
    allowed = len(signatures) if row.state is UnitState.SIGNING else 0
    if [each.position for each in signatures] != list(range(allowed)):
        yield findings.UNIT_SIGNATURES(
            subject, found=[each.position for each in signatures], expected=list(range(allowed))
        )


def _issued(
    row: AnyRow, subject: str, files: Mapping[FileRole, tuple[str, int]], signatures: Sequence[AnyRow]
) -> Iterator[Finding]:
    """The row and what stands beside it, against the manifest."""
    manifest = read_manifest(row.manifest)
    if manifest is None:
        yield findings.UNIT_MANIFEST(subject, found="not canonical", expected="hocba-manifest/1")
        return
    said = {name: manifest.get(name) for name in ("id", "kind", "school", "year", "level", "replaces")}
    stored = {
        "id": str(row.id),
        "kind": row.kind.value,
        "school": row.school_code,
        "year": row.school_year,
        "level": row.level,
        "replaces": None if row.replaces is None else str(row.replaces),
    }
    if said != stored:
        yield findings.UNIT_MANIFEST(subject, found=stored, expected=said)
    if manifest.get("record_sha256") != row.record_sha256:
        yield findings.UNIT_RECORD(subject, found=row.record_sha256, expected=manifest.get("record_sha256"))
    signed = [(each.role.value, each.subject or None, each.cert_sha256) for each in signatures]
    signers = [(each["role"], each.get("subject"), each["cert_sha256"]) for each in manifest["signers"]]
    if signed != signers:
        yield findings.UNIT_SIGNATURES(subject, found=signed, expected=signers)
    xml = files.get(FileRole.XML)
    issued = {each["role"]: (each["sha256"], each["size"]) for each in manifest["files"]}
    if files.keys() != set(FileRole) or xml != issued.get("xml"):
        yield findings.UNIT_FILES(subject, found=dict(files), expected=issued)


def _renewals(
    row: AnyRow,
    subject: str,
    files: Mapping[FileRole, tuple[str, int]],
    earlier: Sequence[AnyRow],
    told: Sequence[AnyRow],
) -> Iterator[Finding]:
    """The newest PDF is the one that was issued, or the end of a line of renewals that the journal tells of one by one."""
    manifest = read_manifest(row.manifest)
    if manifest is None or FileRole.PDF not in files:
        return
    issued = next((each["sha256"] for each in manifest["files"] if each["role"] == "pdf"), None)
    newest, before = files[FileRole.PDF][0], {each.sha256 for each in earlier}
    line, stands = [], issued
    for entry in told:
        if entry.deed is Deed.PAPER_RENEWED:
            renewal = json.loads(entry.detail)
            if renewal["from"] == stands:
                line.append(renewal["from"])
                stands = renewal["to"]
    if stands == newest and before == set(line):
        return
    # A ledger that is older than its journal renewed papers that the journal knows nothing of: what was issued is kept then.
    if not line and newest != issued and issued in before and Deed.UNIT_ISSUED not in {each.deed for each in told}:
        return
    yield findings.UNIT_FILES(
        subject, found=f"pdf {newest}, earlier {sorted(before)}", expected=f"pdf {stands}, earlier {line}"
    )


def read_manifest(stored: bytes) -> dict[str, Any] | None:
    """The members of a stored manifest; None unless its bytes are the canonical form of what they say.

    Manifests are ASCII throughout, for which Python's sorted, compact JSON is the same as RFC 8785, at a twentieth of the time.
    """
    try:
        manifest = from_json(stored)
        again = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except ValueError:
        return None
    sound = isinstance(manifest, dict) and isinstance(manifest.get("signers"), list)
    return manifest if sound and again == stored and isinstance(manifest.get("files"), list) else None
