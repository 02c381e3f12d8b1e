# SPDX-License-Identifier: Apache-2.0

"""What a file says by itself, before anybody is asked about it: its kind, its signatures, the record inside.

`examine` is what runs on hostile bytes, so it runs in a worker process with bounds on time and memory (`intake`). It concludes
nothing: it hands plain values to `verifier`, which does. No exception leaves it but those of running out of something.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, TypedDict
from uuid import UUID

from pydantic import ConfigDict

from ledger.record import xml
from ledger.record.digest import record_digest
from ledger.record.errors import RecordError
from ledger.record.xml import booklet as xml_booklet
from ledger.unit import ON_PAPER
from verifier_api import quicker, root_tokens, signatures, xml_places, xml_signatures
from verifier_api.judgements import SignatureJudgement
from verifier_api.root_tokens import TokenJudgement
from verifier_api.trust import Anchors

PDF_HEADER = b"%PDF-"
PDF_HEADER_WITHIN = 1024
"""Readers accept the header anywhere in the first kilobyte (ISO 32000-1, annex H, note 13)."""

ATTACHMENT = "record.xml"
"""What `ledger.paper.render` calls the record among a PDF's attachments; not imported, because that brings a typesetter."""


class FileKind(StrEnum):
    """What the first bytes claim the file to be."""

    PDF = "pdf"
    XML = "xml"
    OTHER = "other"


@dataclass(frozen=True)
class ClaimedLine:
    """What a booklet's cover says of one unit."""

    year: str
    school: str


@dataclass(frozen=True)
class Examination:
    """What was seen in one file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    """How `verifier_api.examined` writes bytes."""

    kind: FileKind
    problem: str | None = None
    """Why the structure could not be read, for experts; None when it could."""
    signatures: tuple[SignatureJudgement, ...] = ()
    timestamps: tuple[SignatureJudgement, ...] = ()
    """Document timestamps of a PDF."""
    changed_after: str | None = None
    """What was changed after the first signature and may not be, or stands in an XML unsigned; None when nothing does."""
    record_sha256: str | None = None
    """Digest of the record inside, None when there is none of ours."""
    record: bytes | None = field(default=None, repr=False)
    """The XML with that digest, as the file carries it. Names a pupil: it is for whoever asked about this very file."""
    claimed_unit: UUID | None = None
    """The unit that the record inside claims to be."""
    claimed_school: str | None = None
    """The eight digits of the school that the record inside claims to come from."""
    claimed_year: str | None = None
    """The school year that it speaks of, such as 2025-2026."""
    claimed_level: str | None = None
    """TH, THCS or THPT."""
    claimed_subjects: tuple[str, ...] = ()
    """Codes of the subjects that the record inside has rows for, each of which has a teacher. Empty for a booklet."""
    claimed_replaces: UUID | None = None
    """The recalled unit whose place it claims to take."""
    claimed_units: tuple[tuple[UUID, str], ...] | None = None
    """What a booklet claims to list: each unit's id and the SHA-256 of its manifest. None for a unit."""
    claimed_lines: tuple[ClaimedLine, ...] | None = None
    """What a booklet's cover says beside each of them. None for a unit."""
    seen_at: datetime | None = None
    """When these very bytes were examined; None when that was just now (`verifier_api.examined`)."""
    tokens: tuple[TokenJudgement, ...] = ()
    """What the tokens prove that were asked about (`root_tokens`), which are of kind OTHER."""


class Examiner(Protocol):
    """Whoever runs `examine` on one file; raises `Exhausted` when it needs more time or memory than is allowed."""

    def examine(self, data: bytes) -> Examination:
        """What is to be seen in `data`."""

    def stands(self) -> bool:
        """Whether files can be examined at all."""


def kind_of(data: bytes) -> FileKind:
    """What a file claims to be, from its first bytes alone."""
    if PDF_HEADER in data[:PDF_HEADER_WITHIN]:
        return FileKind.PDF
    head = data[:PDF_HEADER_WITHIN].lstrip(b"\xef\xbb\xbf \t\r\n")
    return FileKind.XML if head.startswith(b"<") else FileKind.OTHER


def examine(data: bytes, anchors: Anchors) -> Examination:
    """Everything that `data` shows, with certificate chains built to `anchors`."""
    try:
        if data.startswith(root_tokens.MARK):
            return Examination(kind=FileKind.OTHER, tokens=root_tokens.judge(data, anchors))
        match kind_of(data):
            case FileKind.PDF:
                return _examine_pdf(data, anchors)
            case FileKind.XML:
                return _examine_xml(data, anchors)
            case FileKind.OTHER:
                return Examination(kind=FileKind.OTHER)
    finally:
        quicker.forget()


def _examine_pdf(data: bytes, anchors: Anchors) -> Examination:
    judged = signatures.judge_pdf(
        data,
        roots=anchors.roots,
        field_names=frozenset(role.value for role in ON_PAPER),
        crls=anchors.crls,
        ocsps=anchors.ocsps,
    )
    if not judged.readable:
        return Examination(kind=FileKind.PDF, problem=judged.revisions_problem or "unreadable")
    attached = [attachment.data for attachment in judged.attachments if attachment.name == ATTACHMENT]
    # Two attachments of this name would let two readers see two records.
    record = _read_record(attached[0]) if len(attached) == 1 else None
    return Examination(
        kind=FileKind.PDF,
        signatures=judged.signatures,
        timestamps=judged.document_timestamps,
        changed_after=judged.revisions_problem,
        **(_Claims() if record is None else record),
    )


def _examine_xml(data: bytes, anchors: Anchors) -> Examination:
    record = _read_record(data)
    if record is None:
        return Examination(kind=FileKind.XML, problem="not a record of ours, or hostile XML")
    return Examination(
        kind=FileKind.XML,
        signatures=xml_signatures.judge_xml(data, anchors=anchors),
        changed_after=xml_places.unsigned_content(data),
        **record,
    )


class _Claims(TypedDict, total=False):
    """What a record says of itself, by the names that `Examination` has for it."""

    record_sha256: str
    record: bytes
    claimed_unit: UUID
    claimed_school: str
    claimed_year: str
    claimed_level: str
    claimed_replaces: UUID | None
    claimed_subjects: tuple[str, ...]
    claimed_units: tuple[tuple[UUID, str], ...] | None
    claimed_lines: tuple[ClaimedLine, ...] | None


def _read_record(data: bytes) -> _Claims | None:
    """What a record, or a booklet, says of itself; None for anything that is neither."""
    for read in (_read_unit, _read_booklet):
        try:
            return read(data)
        except RecordError:
            continue
    return None


def _read_unit(data: bytes) -> _Claims:
    read = xml.read(data)
    info = read.record.class_info
    return _Claims(
        record_sha256=record_digest(data).hex(),
        record=data,
        claimed_unit=read.unit_id,
        claimed_school=read.record.school.code,
        claimed_year=info.school_year,
        claimed_level=info.level.value,
        claimed_replaces=read.replaces,
        claimed_subjects=tuple(subject.code for subject in read.record.year.subjects),
        claimed_units=None,
        claimed_lines=None,
    )


def _read_booklet(data: bytes) -> _Claims:
    read = xml_booklet.read(data)
    info = read.booklet.class_info
    return _Claims(
        record_sha256=record_digest(data).hex(),
        record=data,
        claimed_unit=read.booklet_id,
        claimed_school=read.booklet.school.code,
        claimed_year=info.school_year,
        claimed_level=info.level.value,
        claimed_replaces=read.replaces,
        claimed_units=tuple((line.unit_id, line.manifest_sha256) for line in read.booklet.units),
        claimed_lines=tuple(ClaimedLine(line.school_year, line.school_code) for line in read.booklet.units),
    )
