# SPDX-License-Identifier: Apache-2.0

"""Confirming: what the old school's head and seal sign when a pupil leaves in mid-year (QĐ 1789/QĐ-SGDĐT, Điều 22.2; SG-13).

The confirmation is drawn from the unit that is begun, as it stands on that day; before one is begun, from what a class sheet
has so far (`ledger.so_far`), which is stored. It is drawn from nothing else, so what came back signed can be compared, byte for
byte, with what the ledger draws. It is judged when the pupil is released:

1. The file can be read, is a confirmation of ours, and is as it was when the last of its signatures or timestamps was made.
2. It begins with the very bytes that are drawn now for this pupil, this new school and these earlier years, as of the day that it
   names. A mark that changed since wants a new one.
3. The head has signed, and after that the seal, and nobody else.
4. Each signature holds, and its certificate comes from a hierarchy that may certify its role, and was not revoked.
5. The seal is the one that the old school is registered with.
6. The head, or a deputy, stood on the approved list for that school when it was signed.

What no one can find out, such as revocation data that is out of reach, is a doubt: it is kept with the transfer and shown to the
new school. Whoever looks into the signatures is a `ConfirmationExaminer`; nothing here can.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

from ledger.drawing import Drawing
from ledger.errors import ConfirmationRefused
from ledger.journal import Detail
from ledger.record import xml
from ledger.record.errors import RecordError
from ledger.so_far import SoFar
from ledger.store.reader import Reader, School, Unit
from ledger.unit import Role, Slot

PDF: Final = b"%PDF-"
SHOWN_DIGITS: Final = 12
SIGNERS: Final = (Role.PRINCIPAL, Role.SEAL)
"""Who signs a confirmation, in this order."""


class Doubt(StrEnum):
    """What could not be found out about a signature. Stored by value, in the journal."""

    NO_REVOCATION_DATA = "no-revocation-data"
    """Neither the file nor the certification authority said whether the certificate was revoked."""
    NO_PROVEN_TIME = "no-proven-time"
    """No time-stamp that can be relied on says when it was made."""


DOUBTS: Mapping[Doubt, tuple[str, str]] = MappingProxyType(
    {
        Doubt.NO_REVOCATION_DATA: (
            "chưa tra được chứng thư số có bị thu hồi hay không",
            "whether the certificate was revoked could not be found out",
        ),
        Doubt.NO_PROVEN_TIME: (
            "không có dấu thời gian tin được cho biết ký lúc nào",
            "no time-stamp that can be relied on says when it was made",
        ),
    }
)
"""Each in Vietnamese and English."""

_WHO: Mapping[Role, tuple[str, str]] = MappingProxyType(
    {
        Role.PRINCIPAL: ("hiệu trưởng (CBQL)", "the head (CBQL)"),
        Role.SEAL: ("con dấu của trường (KY_PHAT_HANH)", "the school's seal (KY_PHAT_HANH)"),
    }
)


@dataclass(frozen=True)
class Endorsement:
    """One signature in a confirmation, as far as its file and its certification authority tell."""

    role: Role | None
    """Whose place it fills; None for a field that no confirmation has."""
    signer: str
    """The name in the certificate."""
    cert_sha256: str
    signed_at: dt.datetime | None
    """The time that a time-stamp proves; None where none does."""
    holds: bool
    """The bytes are those that were signed, by this certificate's key."""
    certified: bool
    """The certificate comes from a hierarchy that may certify this role, and was in force."""
    revoked: bool
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class ExaminedConfirmation:
    """What a file shows by itself."""

    record: bytes | None
    """The record inside, as a confirmation carries it; None where the file is not one of ours or cannot be read."""
    whole: bool
    """Nothing but signatures and time-stamps was added since it was laid out, and the last of them covers the whole file."""
    signatures: tuple[Endorsement, ...]
    """In the order in which they were made."""


class ConfirmationExaminer(Protocol):
    """Whoever looks into signed files."""

    def examine(self, pdf: bytes) -> ExaminedConfirmation:
        """What is to be seen in it. Raises a `LedgerError` when nobody can look now; nothing is known of the file then."""


class ApprovedLines(Protocol):
    """Whoever knows which certificates were approved; `ledger.store.signing_reader.SigningReader` does."""

    def line_for(self, cert_sha256: str, slot: Slot, *, school_code: str, at: dt.datetime) -> object | None:
        """The line that allows that signature at that time, or None."""


@dataclass(frozen=True)
class Confirmed:
    """A confirmation that was found good."""

    until: dt.datetime
    """The moment up to which results are confirmed."""
    signatures: tuple[Endorsement, ...]
    """The head's and the seal's."""

    def as_detail(self) -> Detail:
        """How the journal keeps it, beside the digest of the file."""
        return {
            "confirmed_until": self.until.isoformat(),
            "confirmed_by": [
                f"{one.role} {one.cert_sha256} {one.signed_at.isoformat() if one.signed_at else '-'} {one.signer}"
                for one in self.signatures
            ],
            "doubts": [f"{one.role} {doubt}" for one in self.signatures for doubt in one.doubts],
        }

    @classmethod
    def from_detail(cls, detail: Detail) -> "Confirmed | None":
        """What the journal says; None for what was released before confirmations were judged."""
        until, by, doubts = (detail.get(name) for name in ("confirmed_until", "confirmed_by", "doubts"))
        if not isinstance(until, str) or not isinstance(by, list) or not isinstance(doubts, list):
            return None
        return cls(dt.datetime.fromisoformat(until), tuple(_endorsement(line, doubts) for line in by))


def _endorsement(line: str, doubts: Sequence[str]) -> Endorsement:
    role, cert_sha256, at, signer = line.split(" ", 3)
    return Endorsement(
        role=Role(role),
        signer=signer,
        cert_sha256=cert_sha256,
        signed_at=None if at == "-" else dt.datetime.fromisoformat(at),
        holds=True,
        certified=True,
        revoked=False,
        doubts=tuple(doubt for doubt in Doubt if f"{role} {doubt}" in doubts),
    )


class ConfirmationCheck(Protocol):
    """Whoever draws and judges confirmations; `Confirmations` does."""

    def draw(self, unit: Unit | SoFar, *, to_school: str, handed_over: Sequence[Unit], until: dt.datetime) -> bytes:
        """The unsigned confirmation of what `unit` says now."""

    def require(self, pdf: bytes, unit: Unit | SoFar, *, to_school: str, handed_over: Sequence[Unit]) -> Confirmed:
        """What a signed confirmation says. Raises `ConfirmationRefused` unless it is good."""


class Confirmations:
    """Draws confirmations, and judges those that come back signed. Implements `ConfirmationCheck`."""

    def __init__(
        self,
        reader: Reader,
        drawing: Drawing,
        lines: ApprovedLines,
        examiner: ConfirmationExaminer,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._reader = reader
        self._drawing = drawing
        self._lines = lines
        self._examiner = examiner
        self._now = now

    def draw(self, unit: Unit | SoFar, *, to_school: str, handed_over: Sequence[Unit], until: dt.datetime) -> bytes:
        """The unsigned confirmation of what `unit` says now. Raises a `PaperError` for what cannot be printed."""
        schools = {code: self._reader.school(code) for code in {to_school, *(one.school_code for one in handed_over)}}
        return self._drawing.confirmation(
            unit,
            to_code=to_school,
            schools={c: s.name for c, s in schools.items()},
            handed_over=handed_over,
            until=until,
        )

    def require(self, pdf: bytes, unit: Unit | SoFar, *, to_school: str, handed_over: Sequence[Unit]) -> Confirmed:
        """What a signed confirmation says, if it is good: see the module, whose numbers these are.

        Whoever has a `SoFar` found it by the file's first bytes; the record inside is in a profile that no examiner reads.
        Raises `ConfirmationRefused` with all that is wrong with it, or what the examiner raises.
        """
        # 1. One of ours, and whole.
        examined = self._examiner.examine(pdf) if pdf.startswith(PDF) else ExaminedConfirmation(None, False, ())
        if isinstance(unit, SoFar):
            until: dt.datetime | None = unit.until
        else:
            until = None if examined.record is None else _until(examined.record, unit.id)
        if until is None:
            raise ConfirmationRefused([NOT_OURS if examined.record is None else _ANOTHER_RECORD])
        wrong = [] if examined.whole else [_NOT_WHOLE]
        # 2. The very bytes that are drawn now.
        if not pdf.startswith(self.draw(unit, to_school=to_school, handed_over=handed_over, until=until)):
            wrong.append(_NOT_AS_DRAWN)
        # 3. to 6.
        wrong += self._signatures(examined.signatures, self._reader.school(unit.school_code))
        if wrong:
            raise ConfirmationRefused(wrong)
        return Confirmed(until, examined.signatures)

    def _signatures(self, signatures: Sequence[Endorsement], school: School) -> list[tuple[str, str]]:
        # 3. The head, then the seal.
        present = [one.role for one in signatures]
        wrong = [_missing(role) for role in SIGNERS if role not in present]
        if not wrong and present != list(SIGNERS):
            wrong.append(_OUT_OF_ORDER)
        for one in signatures:
            if one.role is None or one.role not in SIGNERS:
                wrong.append(_stranger(one))
            # 4. It holds.
            elif not one.holds:
                wrong.append(_broken(one.role))
            elif one.revoked:
                wrong.append(_revoked(one, one.role))
            elif not one.certified:
                wrong.append(_uncertified(one, one.role))
            # 5. The registered seal.
            elif one.role is Role.SEAL and one.cert_sha256 != school.seal_cert_sha256:
                wrong.append(_other_seal(one, school))
            # 6. An approved head.
            elif one.role is Role.PRINCIPAL and not self._approved(one, school.code):
                wrong.append(_not_approved(one, school))
        return wrong

    def _approved(self, one: Endorsement, school_code: str) -> bool:
        at = one.signed_at or self._now()
        return self._lines.line_for(one.cert_sha256, Slot(Role.PRINCIPAL), school_code=school_code, at=at) is not None


def _until(record: bytes, unit_id: UUID) -> dt.datetime | None:
    """The moment that the confirmation of this unit names; None where it is about something else."""
    try:
        read = xml.read(record)
    except RecordError:
        return None
    return read.planned_issue_date if read.unit_id == unit_id else None


NOT_OURS = (
    "tệp không phải bản xác nhận do phần mềm này lập, hoặc không đọc được (lập bằng hocba transfer confirm)",
    "the file is not a confirmation made by this software, or cannot be read (make it with hocba transfer confirm)",
)
_ANOTHER_RECORD = (
    "bản xác nhận này là của một học bạ khác, không phải học bạ năm nay của học sinh này",
    "it confirms another record than the one that this pupil has for the year",
)
_NOT_WHOLE = (
    "tệp đã bị thêm hoặc sửa sau khi ký, nên chữ ký không bao trùm toàn bộ tệp",
    "something was added or changed after it was signed, so that the signatures do not cover the whole file",
)
_NOT_AS_DRAWN = (
    "nội dung không đúng với sổ cái lúc này: điểm, học bạ bàn giao hoặc trường đến khác với bản xác nhận; hãy lập và ký bản mới",
    "it does not say what the ledger says now: marks, the records handed over or the new school differ; make and sign a new one",
)
BEGUN_SINCE = (
    "học bạ năm nay đã được nhập sau khi lập bản xác nhận này từ bảng lớp; hãy lập và ký bản mới từ học bạ đó",
    "this year's record was begun since it was drawn from a sheet; make and sign a new one of that record",
)
_OUT_OF_ORDER = (
    "thứ tự ký chưa đúng: hiệu trưởng ký trước, con dấu đóng sau, mỗi bên một lần",
    "the signatures are out of order: first the head, then the seal, each once",
)


def _missing(role: Role) -> tuple[str, str]:
    vi, en = _WHO[role]
    return f"thiếu chữ ký số của {vi}", f"the signature of {en} is missing"


def _stranger(one: Endorsement) -> tuple[str, str]:
    return f"có chữ ký lạ của {one.signer}", f"there is a signature of {one.signer} that does not belong there"


def _broken(role: Role) -> tuple[str, str]:
    vi, en = _WHO[role]
    return f"chữ ký số của {vi} không đúng với tệp", f"the signature of {en} does not fit the file"


def _revoked(one: Endorsement, role: Role) -> tuple[str, str]:
    vi, en = _WHO[role]
    return f"chứng thư số của {vi}, {one.signer}, đã bị thu hồi", f"the certificate of {en}, {one.signer}, was revoked"


def _uncertified(one: Endorsement, role: Role) -> tuple[str, str]:
    vi, en = _WHO[role]
    return (
        f"chứng thư số của {vi}, {one.signer}, không do tổ chức được chấp nhận cấp cho vai trò này, hoặc không còn hiệu lực",
        f"the certificate of {en}, {one.signer}, is not from an authority accepted for this role, or not in force",
    )


def _other_seal(one: Endorsement, school: School) -> tuple[str, str]:
    used, registered = one.cert_sha256[:SHOWN_DIGITS], school.seal_cert_sha256[:SHOWN_DIGITS]
    return (
        f"con dấu {one.signer} (SHA-256 {used}…) không phải con dấu đã đăng ký của trường {school.code} ({registered}…)",
        f"the seal {one.signer} (SHA-256 {used}…) is not the one that school {school.code} is registered with ({registered}…)",
    )


def _not_approved(one: Endorsement, school: School) -> tuple[str, str]:
    return (
        f"{one.signer} không có trong danh sách Sở đã duyệt để ký vai trò hiệu trưởng của trường {school.code} lúc ký",
        f"{one.signer} was not on the approved list of heads of school {school.code} when it was signed",
    )
