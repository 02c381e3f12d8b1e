# SPDX-License-Identifier: Apache-2.0

"""What jobs do to units: the deeds behind `hocba work`, where `ledger.jobs` meets issuing, signing, renewing and verifying.

A kind of job is a class with `parts`, `units` and `do` (`ledger.jobs.job.Deed`), and a line in `Deeds.by_kind`. A deed may be
asked for the same unit twice, so each looks at where the unit stands: before it begins, and again when it was refused, because
another worker may have been faster. What asks a key or the network is opened when the first unit needs it, and closed with the
worker.

A seal's PIN stands in a file that the settings name, never in an order. A key that would not open is not tried again by the same
worker: a token counts wrong PINs, and a class has more pupils than a token has patience.
"""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from ledger.archives import archive_ends
from ledger.errors import LedgerError
from ledger.exporting import Exporting
from ledger.jobs.job import ALREADY, DONE, Deed, Order, Outcome, Told
from ledger.retimestamping import NotRenewed, Renewer, Retimestamping
from ledger.right_signer import SHOWN_ROLES
from ledger.signing import SignerIdentity
from ledger.stamping import RootStamper, Stamping, Unstamped
from ledger.store.database import open_for_reading
from ledger.store.errands import Errands
from ledger.store.files import FileStore
from ledger.store.reader import ArchivedPdf, Reader, Unit
from ledger.store.tables import FileRole
from ledger.store.writer import Writer
from ledger.unit import Role, Slot, UnitState
from ledger.worklist import Worklist
from scripts.audits import trust_files
from scripts.compose import Ledger, public_reader, public_verifier
from scripts.crew import CrewScribe, LocalArchivist, LocalHand, utc_now
from scripts.renewing import LocalRenewer
from scripts.root_stamps import LocalRootStamper
from signer.keys import SigningKey
from signer.keys.opening import open_key
from signer.keys.signing_key import Hidden
from verifier_api.trust import Trust
from verifier_api.verifier import Verifier

WORKERS: Final = 1
"""Processes that each worker signs or examines with: more processors are for more workers."""

RECORD_SUFFIXES: Final = (".pdf", ".xml")
SEAL: Final = Slot(Role.SEAL)


class NoSeal(LedgerError):
    """The settings do not say where the seal of a school is."""

    def __init__(self, school_code: str) -> None:
        super().__init__(
            f"Thiết lập chưa nêu con dấu số của trường {school_code}. Hãy ghi seal, seal_pin_file vào [schools.{school_code}].",
            f"The settings name no seal of school {school_code}. Put seal and seal_pin_file into [schools.{school_code}].",
        )


class Deeds:
    """All that this installation's jobs can do. Open it with a `with` block."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._open = ExitStack()
        self._keys: dict[str, SigningKey | Exception] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def by_kind(self) -> Mapping[str, Deed]:
        """Each kind of job by its name."""
        ledger = self.ledger
        return {
            "prepare": Preparing(self),
            "seal": Sealing(self),
            "issue": Issuing(self),
            "stamp": StampingRoots(ledger.reader, ledger.errands, ledger.stamping, stamper=lambda: self.root_stamper),
            "retimestamp": Renewing(ledger.reader, ledger.writer, ledger.files, renewer=lambda: self.renewer),
            "verify": Verifying(self),
            "export": ExportingSchools(self),
        }

    @cached_property
    def trust(self) -> Trust:
        """What is believed here."""
        return Trust.load(self.ledger.settings.trust)

    @cached_property
    def scribe(self) -> CrewScribe:
        """Who prepares documents for a signature and puts it in."""
        return self._open.enter_context(CrewScribe.at(self.ledger.settings.signing, workers=WORKERS))

    @cached_property
    def archivist(self) -> LocalArchivist:
        """Who adds what makes signatures last."""
        tsa = self.ledger.settings.signing.tsa
        return self._open.enter_context(LocalArchivist(tsa=tsa, roots=self._roots, workers=WORKERS))

    @cached_property
    def renewer(self) -> LocalRenewer:
        """Who appends document timestamps."""
        tsa = self.ledger.settings.signing.tsa
        return self._open.enter_context(LocalRenewer(tsa=tsa, roots=self._roots, workers=WORKERS))

    @cached_property
    def root_stamper(self) -> LocalRootStamper:
        """Who asks for tokens over roots."""
        return LocalRootStamper(tsa=self.ledger.settings.signing.tsa, roots=self._roots)

    @cached_property
    def verifier(self) -> Verifier:
        """Who judges files."""
        issued = public_reader(self.ledger.settings)
        return self._open.enter_context(public_verifier(self.trust, issued, workers=WORKERS))

    def seal(self, school_code: str) -> SigningKey:
        """The opened seal of a school. Raises `NoSeal`, or what opening it raised the first time."""
        if school_code not in self._keys:
            self._keys[school_code] = self._opened_seal(school_code)
        key = self._keys[school_code]
        if isinstance(key, Exception):
            raise key
        return key

    def _opened_seal(self, school_code: str) -> SigningKey | Exception:
        school = self.ledger.settings.schools.get(school_code)
        if school is None or school.seal is None:
            return NoSeal(school_code)
        try:
            pin = school.seal_pin_file.read_text("utf-8").splitlines()[0] if school.seal_pin_file else ""
            key = self._open.enter_context(open_key(school.seal, Hidden(pin)))
            who = key.who
            identity = SignerIdentity(
                who.certificate.dump(), tuple(one.dump() for one in who.chain), SHOWN_ROLES[Role.SEAL]
            )
            self.ledger.registrations(self.trust).require_may_sign(identity, SEAL, school_code=school_code)
        except (
            Exception
        ) as error:  # Whatever it was, it is what every unit of this school is told, without another try.
            return error
        return key

    @property
    def _roots(self) -> list[bytes]:
        return [root for roots in self.trust.anchors.roots.values() for root in roots]


class _OfUnits(ABC):
    """A deed to the units of a class, a school's year, or everybody's: `school`, `year`, and `class` in the order."""

    waiting_in: UnitState
    """Where a unit stands that it can be done to."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds
        self._ledger = deeds.ledger

    def parts(self, order: Order) -> Sequence[str]:
        """The schools."""
        return [order["school"]] if "school" in order else [school.code for school in self._ledger.reader.schools()]

    def units(self, order: Order, part: str) -> Sequence[str]:
        """Ids of a school's units that wait, in class and list order. Raises `UnknownSchool`, `UnknownClass`."""
        self._ledger.reader.school(part)
        year, class_name = order["year"], order.get("class")
        if class_name is not None:
            self._ledger.signing_reader.school_class(school_code=part, school_year=year, name=class_name)
        found = self._ledger.reader.units(
            school_code=part, school_year=year, class_name=class_name, states=[self.waiting_in]
        )
        return [str(unit.id) for unit in self._ready(found)]

    def do(self, order: Order, unit: str) -> Outcome:
        """Does it, or finds it done, perhaps by somebody who was faster."""
        found = self._ledger.reader.unit(UUID(unit))
        if self._is_done(found):
            return ALREADY
        try:
            self._carry_out(order, found)
        except LedgerError:
            if self._is_done(self._ledger.reader.unit(found.id)):
                return ALREADY
            raise
        return DONE

    def _ready(self, units: Sequence[Unit]) -> Iterator[Unit]:
        yield from units

    def _is_done(self, unit: Unit) -> bool:
        return unit.state is not self.waiting_in

    def _assigned(self, units: Sequence[Unit]) -> Mapping[str, frozenset[Role]]:
        """The optional roles that somebody fills, by the name of the class of one school and year."""
        worklist = Worklist(self._ledger.reader, self._ledger.signing_reader, self._ledger.issuing)
        classes = {(unit.school_code, unit.school_year, unit.class_name) for unit in units}
        return {
            name: worklist.assigned(
                self._ledger.signing_reader.school_class(school_code=code, school_year=year, name=name)
            )
            for code, year, name in classes
        }

    @abstractmethod
    def _carry_out(self, order: Order, unit: Unit, /) -> None: ...


class Preparing(_OfUnits):
    """Drafts are drawn and opened for signing; `planned` in the order is the planned issue date, the same for all."""

    waiting_in = UnitState.DRAFT

    def _carry_out(self, order: Order, unit: Unit, /) -> None:
        planned = dt.datetime.fromisoformat(order["planned"])
        _exhaust(self._ledger.issuing.prepare([unit], planned_issue_date=planned))


class Sealing(_OfUnits):
    """Units that wait for nothing but the school's seal get it, by the key that the settings name."""

    waiting_in = UnitState.SIGNING

    def _ready(self, units: Sequence[Unit]) -> Iterator[Unit]:
        assigned = self._assigned(units)
        for unit in units:
            if SEAL in self._ledger.issuing.next_slots(unit, assigned=assigned[unit.class_name]):
                yield unit

    def _is_done(self, unit: Unit) -> bool:
        return Role.SEAL in unit.signed_roles

    def _carry_out(self, _order: Order, unit: Unit, /) -> None:
        hand = LocalHand(
            SEAL,
            self._deeds.seal(unit.school_code),
            shown_role=SHOWN_ROLES[Role.SEAL],
            scribe=self._deeds.scribe,
        )
        _exhaust(self._ledger.issuing.sign(hand, [unit]))


class Issuing(_OfUnits):
    """What everybody has signed gets its archive revision, its document timestamp and its manifest."""

    waiting_in = UnitState.SIGNING

    def _ready(self, units: Sequence[Unit]) -> Iterator[Unit]:
        return filter(self._ledger.issuing.is_signed_by_all, units)

    def _is_done(self, unit: Unit) -> bool:
        return unit.manifest is not None

    def _carry_out(self, _order: Order, unit: Unit, /) -> None:
        _exhaust(self._ledger.issuing.issue(self._deeds.archivist, [unit]))


class StampingRoots:
    """Batches without a time-stamp token over their root get one; of one school, if `school` names it."""

    def __init__(
        self, reader: Reader, errands: Errands, stamping: Stamping, *, stamper: Callable[[], RootStamper]
    ) -> None:
        self._reader = reader
        self._errands = errands
        self._stamping = stamping
        self._stamper = stamper

    def parts(self, order: Order) -> Sequence[str]:
        """The schools. Raises `UnknownSchool`."""
        if "school" in order:
            return [self._reader.school(order["school"]).code]
        return [school.code for school in self._reader.schools()]

    def units(self, _order: Order, part: str) -> Sequence[str]:
        """The numbers of a school's batches that have no token."""
        return [str(batch.id) for batch in self._stamping.waiting(part)]

    def do(self, _order: Order, unit: str) -> Outcome:
        """Stamps one, or finds it stamped."""
        waiting = [batch for batch in self._errands.unstamped() if str(batch.id) == unit]
        answer = next(self._stamping.stamp(self._stamper(), waiting), None)
        if isinstance(answer, Unstamped):
            return Outcome(Told.REFUSED, answer.vi, answer.en)
        return ALREADY if answer is None else DONE


class Renewing:
    """Papers whose last document timestamp ends before `before` get another."""

    def __init__(self, reader: Reader, writer: Writer, files: FileStore, *, renewer: Callable[[], Renewer]) -> None:
        self._reader = reader
        self._files = files
        self._renewer = renewer
        self._keeping = Retimestamping(reader, writer, files)

    def parts(self, _order: Order, /) -> Sequence[str]:
        """One: ends are known of every paper, whosever it is."""
        return [""]

    def units(self, order: Order, _part: str, /) -> Sequence[str]:
        """Ids of the units whose papers are due and gain by it, the most urgent first; ends that nobody noted are noted."""
        _exhaust(self._keeping.look(self._keeping.unlooked()))
        due = self._keeping.due(ending_before=_before(order), lasting_until=self._renewer().lasting_until())
        return [str(paper.unit_id) for paper in due.papers]

    def do(self, order: Order, unit: str) -> Outcome:
        """Renews one paper, if it still ends so soon."""
        found = self._reader.unit(UUID(unit))
        sha256 = found.file(FileRole.PDF).sha256
        ends = archive_ends(self._files.get(sha256))
        if ends > _before(order):
            return ALREADY
        (answer,) = self._keeping.renew(self._renewer(), [ArchivedPdf(found.id, sha256, ends)])
        if not isinstance(answer, NotRenewed):
            return DONE
        if self._reader.unit(found.id).file(FileRole.PDF).sha256 != sha256:
            return ALREADY
        return Outcome(Told.REFUSED, answer.vi, answer.en)


class Verifying:
    """Every file of a folder is judged; `folder` in the order is its path, the same on every machine that has a worker."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds

    def parts(self, order: Order) -> Sequence[str]:
        """The folder, and those in it."""
        root = Path(order["folder"])
        if not root.is_dir():
            raise LedgerError(f"Không có thư mục {root}.", f"There is no folder {root}.")
        return [".", *sorted(str(each.relative_to(root)) for each in root.rglob("*") if each.is_dir())]

    def units(self, order: Order, part: str) -> Sequence[str]:
        """The records in one folder."""
        folder = Path(order["folder"]) / part
        named = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in RECORD_SUFFIXES]
        return [str(Path(part) / path.name) for path in named if path.is_file()]

    def do(self, order: Order, unit: str) -> Outcome:
        """One verdict. A receipt is the file's sibling, or looked up in the ledger."""
        path = Path(order["folder"]) / unit
        beside = path.with_suffix(".receipt.json")
        receipt = beside.read_bytes() if beside.is_file() else None
        verdict = self._deeds.verifier.verify(path.read_bytes(), receipt=receipt)
        return Outcome(Told.DONE, detail=verdict.to_dict("vi"))


class ExportingSchools:
    """Each school's archive, into `folder` of the order under the school's code; of one school, if `school` names it."""

    def __init__(self, deeds: Deeds) -> None:
        self._ledger = deeds.ledger

    def parts(self, _order: Order, /) -> Sequence[str]:
        """One: schools are few."""
        return [""]

    def units(self, order: Order, _part: str, /) -> Sequence[str]:
        """The schools' codes. Raises `UnknownSchool`."""
        if "school" in order:
            return [self._ledger.reader.school(order["school"]).code]
        return [school.code for school in self._ledger.reader.schools()]

    def do(self, order: Order, unit: str) -> Outcome:
        """Writes one archive whole, or finds it there."""
        folder = Path(order["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        if (archive := folder / unit).exists():
            return ALREADY
        settings = self._ledger.settings
        exporting = Exporting(open_for_reading(settings.database), self._ledger.files)
        trust = trust_files(settings.trust)
        _exhaust(exporting.export(archive, now=utc_now(), school_code=unit, trust=trust))
        return DONE


def _before(order: Order) -> dt.datetime:
    return dt.datetime.fromisoformat(order["before"])


def _exhaust(work: Iterator[object]) -> None:
    for _ in work:
        pass
