# SPDX-License-Identifier: Apache-2.0

"""The parts that a desk signs with, over a school's office: real ones, but for who certifies and who works on documents."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NoReturn

from ledger.class_jobs import Board, ClassJobs
from ledger.desk.signing_desk import SigningDesk
from ledger.record.check import CheckOptions
from ledger.registering import CertificateJudge, Registrations
from ledger.returning import Returning
from ledger.round_work import RoundWork
from ledger.rounds import Rounds
from ledger.signing import Prepared, Scribe, Signed, Unfinished
from ledger.store.signing_reader import SigningReader
from ledger.store.signing_writer import SigningWriter
from ledger.warnings import ClassWarnings
from ledger.worklist import Worklist
from tests.simulators.certificates import CertificateOffice
from tests.simulators.class_board import ClassBoard
from tests.simulators.school_office import Office

HIERARCHIES = {"GVBM": ("public",), "GVCN": ("public",), "CBQL": ("public",), "KY_PHAT_HANH": ("vgca",)}


class UnaskedScribe:
    """For desks at which nobody signs."""

    def prepare(self, _units: Iterable[object], **_more: object) -> Iterator[Prepared | Unfinished]:
        return self._asked()

    def finish(self, _units: Iterable[object], **_more: object) -> Iterator[Signed | Unfinished]:
        return self._asked()

    def _asked(self) -> NoReturn:
        raise AssertionError("nobody was to sign here")


def signing_desk(
    office: Office,
    now: Callable[[], datetime],
    *,
    certificates: CertificateJudge | None = None,
    scribe: Scribe | None = None,
    retry_after: timedelta = timedelta(hours=1),
    board: Board | None = None,
) -> SigningDesk:
    """The parts; enter `work` to have rounds worked on."""
    ledger, lines = office.ledger, SigningReader(office.ledger.engine)
    writer, issuing = SigningWriter(ledger.engine, now=now), office.issuing
    registrations = Registrations(
        ledger.reader,
        lines,
        writer,
        certificates or CertificateOffice(),
        role_hierarchies=HIERARCHIES,
        now=now,
    )
    rounds = Rounds(
        reader=ledger.reader,
        lines=lines,
        writer=writer,
        files=office.files,
        issuing=issuing,
        registrations=registrations,
        scribe=scribe or UnaskedScribe(),
        now=now,
        new_id=office.new_id,
    )
    return SigningDesk(
        lines=lines,
        writer=writer,
        rounds=rounds,
        work=RoundWork(rounds, lines, retry_after=retry_after),
        worklist=Worklist(ledger.reader, lines, issuing),
        warnings=ClassWarnings(office.files, options=CheckOptions(allow_synthetic_province=True)),
        issuing=issuing,
        registrations=registrations,
        returning=Returning(ledger.reader, writer, office.files),
        class_jobs=ClassJobs(board or ClassBoard()),
    )
