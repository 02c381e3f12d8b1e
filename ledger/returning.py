# SPDX-License-Identifier: Apache-2.0

"""Returning: a signer gives a unit back to one who signed before, with a reason.

That signature and all after it are taken off, and the files go back to the very bytes they were before it; those of earlier
signers stay. Nothing of it was issued, so nobody outside has seen it. What has to be corrected in the record itself is corrected
in the sheet, and an import of it takes the unit back to draft by itself.
"""

from uuid import UUID

from ledger.errors import ForbiddenMove, LedgerError
from ledger.store.files import FileStore
from ledger.store.reader import NewFile, Reader
from ledger.store.signing_writer import SigningWriter
from ledger.store.tables import FileRole
from ledger.unit import Slot, UnitState


class Returning:
    """Gives units back. Holds no key."""

    def __init__(self, reader: Reader, writer: SigningWriter, files: FileStore) -> None:
        self._reader = reader
        self._writer = writer
        self._files = files

    def give_back(self, unit_id: UUID, *, slot: Slot, reason: str, by: str) -> None:
        """Gives a unit back to whoever signed in `slot`, with a reason: that signature and all after it are taken off.

        Raises `ForbiddenMove` if that slot has not signed, or the unit is past signing.
        """
        unit = self._reader.unit(unit_id)
        if unit.state is not UnitState.SIGNING or slot not in unit.signed_slots:
            raise ForbiddenMove(f"học bạ/unit {unit_id}", unit.state, str(slot))
        if not reason.strip():
            raise LedgerError(
                "Trả lại học bạ cần có lý do, để người ký trước biết phải sửa gì. Hãy ghi lý do.",
                "Giving a record back needs a reason, so that the signer before knows what to mend. Give one.",
            )
        signature = unit.signatures[unit.signed_slots.index(slot)]
        before = None
        if signature.pdf_before is not None and signature.xml_before is not None:
            was = {FileRole.PDF: signature.pdf_before, FileRole.XML: signature.xml_before}
            before = {role: NewFile(sha256, len(self._files.get(sha256))) for role, sha256 in was.items()}
        self._writer.give_back(unit, slot=slot, before=before, reason=reason, by=by)
