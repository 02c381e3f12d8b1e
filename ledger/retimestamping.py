# SPDX-License-Identifier: Apache-2.0

"""Renewing: a new document timestamp for every issued paper, before the certificate of its last one ends.

A paper is renewed by appending, so what was anchored stays what it was: the issued file is a prefix of the renewed one, its
own bytes stay in the file store, and either is found by its digest. State and manifest of the unit do not change.

    look    papers issued before ends were noted are opened once, and their ends noted
    due     whose last timestamp ends soon, and which a timestamp made today would outlive
    renew   each gets one revision more; file first, then the row, from the digest it was read with

Killed anywhere, the next run finds what is left and renews nothing twice: what was renewed is not due any more. What fails
for one paper is told as its `NotRenewed`, and the others go on. A timestamp that gains nothing is not made: while the
authority still stamps with the certificate that stands in the file, the paper waits.

Who asks the time-stamping authority comes in as a `Renewer`; nothing here holds a connection.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledger.additions import pdf_is_archived
from ledger.archives import archive_ends
from ledger.errors import LedgerError, LostRace, NotArchived, NothingGained, NotSigned
from ledger.store.files import FileStore
from ledger.store.reader import ArchivedPdf, NewFile, Reader
from ledger.store.writer import Writer


@dataclass(frozen=True)
class Paper:
    """One unit's PDF."""

    unit_id: UUID
    pdf: bytes


@dataclass(frozen=True)
class NotRenewed:
    """A paper that stays as it was, and why."""

    unit_id: UUID
    vi: str
    en: str


@dataclass(frozen=True)
class Renewed:
    """A paper with a new document timestamp, as it is stored now."""

    unit_id: UUID
    sha256: str
    archive_ends: datetime
    added: int
    """How many bytes longer it became."""


@dataclass(frozen=True)
class Due:
    """What there is to do."""

    papers: tuple[ArchivedPdf, ...]
    """The most urgent first."""
    waiting: tuple[ArchivedPdf, ...]
    """Those that end soon as well, and would not last longer with a timestamp made today."""


class Renewer(Protocol):
    """Whoever appends validation data and document timestamps, and holds the line to the time-stamping authority."""

    def lasting_until(self) -> datetime:
        """Until when a document timestamp made now would last."""

    def renew(self, papers: Iterable[Paper]) -> Iterator[Paper | NotRenewed]:
        """Appends one revision to each PDF and yields each as it is done, in any order; or says why it could not."""


class Retimestamping:
    """Renews what is issued. Guarantees that a row names only files that are on disk, and that no file is lost.

    Does not guarantee that anybody starts it in time: that is the operator's calendar (docs/operating.md).
    """

    def __init__(self, reader: Reader, writer: Writer, files: FileStore) -> None:
        self._reader = reader
        self._writer = writer
        self._files = files

    def unlooked(self) -> list[ArchivedPdf]:
        """Papers of which nobody has noted yet when their timestamps end."""
        return self._reader.archived_pdfs(ending_before=None)

    def look(self, papers: Iterable[ArchivedPdf]) -> Iterator[ArchivedPdf | NotRenewed]:
        """Opens each paper and notes when its last document timestamp ends."""
        for paper in papers:
            try:
                ends = archive_ends(self._files.get(paper.sha256))
            except LedgerError as error:
                yield _because(paper, error)
                continue
            self._writer.note_archive_end(paper.unit_id, pdf=paper.sha256, archive_ends=ends)
            yield ArchivedPdf(paper.unit_id, paper.sha256, ends)

    def due(self, *, ending_before: datetime, lasting_until: datetime) -> Due:
        """What ends by `ending_before`, and gains by a timestamp that lasts until `lasting_until`."""
        ending = self._reader.archived_pdfs(ending_before=ending_before)
        gains = {paper: paper.archive_ends is not None and paper.archive_ends < lasting_until for paper in ending}
        return Due(
            papers=tuple(paper for paper in ending if gains[paper]),
            waiting=tuple(paper for paper in ending if not gains[paper]),
        )

    def renew(self, renewer: Renewer, papers: Sequence[ArchivedPdf]) -> Iterator[Renewed | NotRenewed]:
        """Renews each of `papers` and yields it as it is stored, or why it is not."""
        asked = {paper.unit_id: paper for paper in papers}
        unread: list[NotRenewed] = []
        for answer in renewer.renew(self._read(papers, unread)):
            yield answer if isinstance(answer, NotRenewed) else self._keep(asked[answer.unit_id], answer.pdf)
        yield from unread

    def _read(self, papers: Iterable[ArchivedPdf], unread: list[NotRenewed]) -> Iterator[Paper]:
        for paper in papers:
            try:
                yield Paper(paper.unit_id, self._files.get(paper.sha256))
            except LedgerError as error:
                unread.append(_because(paper, error))

    def _keep(self, before: ArchivedPdf, after: bytes) -> Renewed | NotRenewed:
        """Stores a renewed paper, having looked at what was done to it."""
        earlier = self._files.get(before.sha256)
        if not pdf_is_archived(earlier, after):
            return _because(before, NotSigned(f"PDF {before.unit_id}"))
        try:
            ends = archive_ends(after)
            if before.archive_ends is not None and ends <= before.archive_ends:
                return _because(before, NothingGained(ends))
            new = NewFile(sha256=self._files.put(after), size=len(after), archive_ends=ends)
            self._writer.renew(before.unit_id, replaced_pdf=before.sha256, pdf=new)
        except (NotArchived, LostRace) as error:
            return _because(before, error)
        return Renewed(before.unit_id, new.sha256, ends, len(after) - len(earlier))


def _because(paper: ArchivedPdf, error: LedgerError) -> NotRenewed:
    return NotRenewed(paper.unit_id, error.vi, error.en)
