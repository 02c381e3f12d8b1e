# SPDX-License-Identifier: Apache-2.0

"""The right signer: whether whoever holds a certificate is the person who signs in a slot of a class, and as what they are shown.

Whether the certificate may sign there at all is decided by the signer list (`ledger.registering`). Here it is held against what
the school has said itself: to whom the slot is assigned, and whom the records name for it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from ledger.errors import NotTheirs
from ledger.record import xml
from ledger.record.model import Person, Record
from ledger.registering import Judged
from ledger.signing import SignerIdentity
from ledger.store.files import FileStore
from ledger.store.reader import Unit
from ledger.store.signing_reader import Registration, SchoolClass, SigningReader
from ledger.unit import Role, Slot, UnitKind

SHOWN_ROLES: Final[Mapping[Role, str]] = {
    Role.SUBJECT: "Giáo viên bộ môn",
    Role.HOMEROOM: "Giáo viên chủ nhiệm",
    Role.PRINCIPAL: "Hiệu trưởng",
    Role.SEAL: "Ký phát hành",
}
"""What the visible signature says that its signer is; a principal's is what the record calls the office."""

DEPUTY: Final = "Phó Hiệu trưởng"
"""What it says of a deputy, who signs for the principal ("KT. HIỆU TRƯỞNG", Nghị định 30/2020/NĐ-CP, Phụ lục I)."""


class RightSigner:
    """Tells the right signer from others, before anything is prepared."""

    def __init__(self, lines: SigningReader, files: FileStore) -> None:
        self._lines = lines
        self._files = files

    def require_assigned(self, school_class: SchoolClass, slot: Slot, account: str) -> str:
        """Refuses a slot that is assigned to somebody else; returns why another than the regular teacher has it, if so."""
        assignments = self._lines.assignments(class_id=school_class.id)
        current = next((one for one in assignments if one.slot == slot), None)
        if current is None:
            return ""
        if account and current.account != account:
            raise NotTheirs(
                f"Lớp {school_class.name}: phần ký {slot} được phân công cho tài khoản “{current.account}”. Chưa ký "
                f"gì cả; nếu "
                "phân công đã đổi, hãy nhờ văn thư phân công lại.",
                f"Class {school_class.name}: {slot} is assigned to the account '{current.account}'. Nothing was "
                f"signed; if that "
                "has changed, ask the clerk to assign it anew.",
            )
        return current.replacing

    def require_named(
        self, slot: Slot, units: Sequence[Unit], line: Registration, judged: Judged, *, replacing: bool
    ) -> None:
        """Refuses a certificate of another person than the record names for the slot: by number, or by name where one has none.

        A deputy signs for the principal, and a replacement for a teacher who left: for them the registered delegation and the
        assignment speak.
        """
        if slot.role is Role.SEAL or replacing or line.delegated_by is not None:
            return
        for unit in units:
            person = _named(xml.read(self._files.get(unit.source_sha256)).record, slot) if _is_unit(unit) else None
            if person is not None and not _is(person, judged):
                raise NotTheirs(
                    f"STT {unit.stt}: học bạ ghi {slot} là {person.name}, nhưng chứng thư số là của {judged.holder} "
                    f"(người khác, "
                    "hoặc số định danh khác). Chưa ký gì cả; hãy dùng chữ ký số của đúng người, hoặc nhờ văn thư "
                    "phân công người "
                    "thay thế.",
                    f"No. {unit.stt}: the record names {person.name} for {slot}, but the certificate is of "
                    f"{judged.holder} "
                    "(somebody else, or another personal number). Nothing was signed; use the right person's key, or "
                    "have the "
                    "clerk assign a replacement.",
                )

    def shown(
        self, signer: SignerIdentity, slot: Slot, units: Sequence[Unit], line: Registration, judged: Judged
    ) -> SignerIdentity:
        """With the words that the visible signature shows, and the certificates that lead to a root: few tokens hold them."""
        words = SHOWN_ROLES[slot.role]
        if slot.role is Role.PRINCIPAL and units and _is_unit(units[0]):
            words = xml.read(self._files.get(units[0].source_sha256)).record.class_info.principal_title
        if line.delegated_by is not None:
            words = DEPUTY
        return SignerIdentity(certificate=signer.certificate, chain=judged.chain, shown_role=words)


def revocation_unknown(holder: str) -> tuple[str, str]:
    """What a signer should know before signing, Vietnamese and English: what could not be found out, and what it will cost."""
    return (
        (
            f"Chưa hỏi được chứng thư số của {holder} có bị thu hồi hay không (máy chủ CRL, OCSP không trả lời). Vẫn ký "
            f"được; học bạ chỉ "
            "phát hành được khi hỏi lại được, và nếu chứng thư đã bị thu hồi thì phải ký lại bằng chứng thư khác."
        ),
        (
            f"It could not be asked whether the certificate of {holder} was revoked (CRL and OCSP do not answer). You "
            f"can sign; records "
            "are issued only once it can be asked, and if it was revoked they have to be signed anew with another one."
        ),
    )


def _is_unit(unit: Unit) -> bool:
    return unit.kind is UnitKind.UNIT


def _named(record: Record, slot: Slot) -> Person | None:
    """Whom the record names for a slot."""
    match slot.role:
        case Role.HOMEROOM:
            return record.class_info.homeroom
        case Role.PRINCIPAL:
            return record.class_info.principal
        case Role.SUBJECT:
            return next((one.teacher for one in record.year.subjects if one.code == slot.subject), None)
        case Role.SEAL:
            return None


def _is(person: Person, judged: Judged) -> bool:
    """Whether a certificate is this person's. Two of one name pass where a number is missing: then the approval alone tells."""
    if person.personal_id and judged.personal_number:
        return person.personal_id == judged.personal_number
    return _folded(person.name) == _folded(judged.holder)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
