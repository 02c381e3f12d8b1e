# SPDX-License-Identifier: Apache-2.0

"""Files: every byte that a row names, read once and hashed, and the record in each XML digested anew."""

from collections.abc import Generator, Iterator
from typing import Protocol

from sqlalchemy import select

from ledger.audit import findings
from ledger.audit.findings import Finding
from ledger.audit.pages import Pages
from ledger.errors import DamagedFile, LedgerError, UnknownFile
from ledger.record.digest import record_digest
from ledger.record.errors import RecordError
from ledger.store.named_files import named_files
from ledger.store.tables import FileRole, UnitFileRow, UnitRow


class KeptFiles(Protocol):
    """Where the bytes are; `ledger.store.files` has one."""

    def get(self, sha256: str) -> bytes:
        """The bytes with this digest. Raises `UnknownFile`, `DamagedFile`, or another `LedgerError` when nobody answers."""


def check_files(pages: Pages, files: KeptFiles) -> Iterator[Finding]:
    """Every file of every unit, past and present, and what classes, recalls and the journal rest on."""
    issued = select(
        UnitFileRow.sha256, UnitFileRow.unit_id, UnitFileRow.role, UnitFileRow.size, UnitRow.record_sha256
    ).join(UnitRow, UnitRow.id == UnitFileRow.unit_id)
    for page in pages.of(issued, UnitFileRow.sha256, part="files"):
        for row in page:
            subject = f"{row.role} of unit {row.unit_id}"
            data = yield from _read(files, row.sha256, subject)
            if data is None:
                continue
            if len(data) != row.size:
                yield findings.FILE_SIZE(subject, found=row.size, expected=len(data))
            if row.role is FileRole.XML and (digest := _digest(data)) != row.record_sha256:
                yield findings.FILE_RECORD(subject, found=digest, expected=row.record_sha256)
    pages.watcher.begin("other files", 0)
    for digest, subject in named_files(pages.session):
        yield from _only_read(files, digest, subject)


def _read(files: KeptFiles, sha256: str, subject: str) -> Generator[Finding, None, bytes | None]:
    """The bytes, if they are there; what is wrong with them is yielded."""
    try:
        return files.get(sha256)
    except UnknownFile:
        yield findings.FILE_MISSING(subject, found="none", expected=sha256)
    except DamagedFile:
        yield findings.FILE_DAMAGED(subject, found="other bytes", expected=sha256)
    except (LedgerError, OSError) as error:
        yield findings.FILE_UNREADABLE(subject, found=error, expected=sha256)
    return None


def _only_read(files: KeptFiles, sha256: str, subject: str) -> Iterator[Finding]:
    yield from _read(files, sha256, subject)


def _digest(xml: bytes) -> str:
    try:
        return record_digest(xml).hex()
    except (RecordError, ValueError) as error:
        return str(error)
