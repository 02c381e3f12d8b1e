# SPDX-License-Identifier: Apache-2.0

"""Signing rounds: everything one person has to sign at one sitting, with one PIN.

::

    open      the certificate is looked at, the units that wait for this slot are prepared and stored        PREPARED
    answer    the key, wherever it is, has signed the digests; its values are stored                         ANSWERED
    finish    each value is put in, time-stamped, checked, and becomes a signature of the unit               STORED

What is next for a unit is decided when it is prepared and once more when it is stored, so a record that changed in between is
refused, by name, and the others go on. After a crash the same round is found open: what was answered is finished without another
PIN, and only what is left is to be signed. Two people may have the same unit prepared; whoever is stored first has signed it.

=============  ======================================================================================================
PREPARED       if everything dies here: nothing is signed; the next `open` prepares what has changed or grown old
ANSWERED       nothing is lost: the values are stored, and the next `finish` puts them in
STORED         nothing: the signature stands on the unit's files, in the same transaction as its row
REFUSED        the reason stands beside it; the next `open` takes the unit in again if it still waits
=============  ======================================================================================================

Nothing here holds a key: `Scribe` prepares and finishes, and the values come from a token, a provider or an agent.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.errors import CertificateRefused, LedgerError, LostRace, NothingWaits, NotSigned, UnknownUnit
from ledger.issuing import Issuing
from ledger.registering import Registrations
from ledger.right_signer import RightSigner, revocation_unknown
from ledger.signing import (
    Prepared,
    PreparedPart,
    Scribe,
    Signed,
    SignerIdentity,
    ToPrepare,
    Unfinished,
    Values,
)
from ledger.store.files import FileStore
from ledger.store.reader import Reader, Unit
from ledger.store.signing_reader import Round, RoundItem, SchoolClass, SigningReader, StoredPart
from ledger.store.signing_tables import ItemState
from ledger.store.signing_writer import SigningWriter
from ledger.store.tables import FileRole
from ledger.unit import Role, Slot, UnitState

STALE_AFTER: Final = dt.timedelta(minutes=30)
"""A prepared document claims a time of signing; when nobody has signed it by then, it is prepared anew with the
time as it is."""


@dataclass(frozen=True)
class Stopped:
    """One unit of a round that is not signed, and why."""

    unit_id: UUID
    stt: int
    vi: str
    en: str
    later: bool
    """True: a service was down; `finish` again will do. False: it was refused and has to be signed anew."""


@dataclass(frozen=True)
class Opened:
    """A round that has been opened, and is prepared as `preparing` is run."""

    round_id: UUID
    total: int
    """How many units are to be prepared."""
    preparing: Iterator[UUID | Stopped]
    notice: tuple[str, str] | None
    """What the signer should know before signing, Vietnamese and English: what could not be found out, and what it will cost."""


class Rounds:
    """Carries signing rounds. Guarantees what the module says; holds no key and opens no connection of its own."""

    def __init__(
        self,
        *,
        reader: Reader,
        lines: SigningReader,
        writer: SigningWriter,
        files: FileStore,
        issuing: Issuing,
        registrations: Registrations,
        scribe: Scribe,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._reader = reader
        self._lines = lines
        self._writer = writer
        self._files = files
        self._issuing = issuing
        self._registrations = registrations
        self._right = RightSigner(lines, files)
        self._scribe = scribe
        self._now = now
        self._new_id = new_id

    def require_may_sign(self, signer: SignerIdentity, slot: Slot, *, school_code: str) -> None:
        """Raises `CertificateRefused` unless this certificate may sign in that slot now."""
        self._registrations.require_may_sign(signer, slot, school_code=school_code)

    def waiting(self, school_class: SchoolClass, slot: Slot, *, assigned: frozenset[Role]) -> list[Unit]:
        """The units of a class that wait for `slot`, in the order of the list."""
        return self._issuing.waiting_for(slot, self._signing(school_class), assigned=assigned)

    def open(
        self,
        school_class: SchoolClass,
        slot: Slot,
        signer: SignerIdentity,
        *,
        assigned: frozenset[Role],
        account: str = "",
        units: Iterable[UUID] | None = None,
    ) -> Opened:
        """Opens the round, or the one that this certificate has open already.

        `assigned` are the optional roles that somebody fills; `account` is who is signed in at the desk, if anybody is; `units`
        limits the round to some. Before anything is prepared it raises `CertificateRefused`, `NotTheirs`, `WrongCertificate`, or
        `NothingWaits`. What is to be prepared is prepared as its iterator is run; it may be stopped, and opened again.
        """
        line, judged = self._registrations.require_may_sign(signer, slot, school_code=school_class.school_code)
        replacing = self._right.require_assigned(school_class, slot, account)
        waiting = self.waiting(school_class, slot, assigned=assigned)
        current = self._lines.open_round(class_id=school_class.id, slot=slot, cert_sha256=judged.sha256)
        answered = frozenset(item.unit_id for item in current.those(ItemState.ANSWERED)) if current else frozenset()
        if current is not None:
            self._drop_obsolete(current, waiting)
        if units is not None:
            wanted = frozenset(units)
            waiting = [unit for unit in waiting if unit.id in wanted]
        if not waiting and not answered:
            if current is not None:
                self._writer.close_round(current.id)
            raise NothingWaits(str(slot), school_class.name)
        self._issuing.require_waiting(slot, waiting, cert_sha256=judged.sha256)
        self._right.require_named(slot, waiting, line, judged, replacing=bool(replacing))
        signer = self._right.shown(signer, slot, waiting, line, judged)
        if current is None:
            round_id = self._new_id()
            self._writer.open_round(
                round_id,
                school_class=school_class,
                slot=slot,
                signer=signer,
                cert_sha256=judged.sha256,
                account=account,
            )
        else:
            round_id, signer = current.id, current.signer
            if current.account != account:
                # Begun in another place or under another name: whoever holds the key goes on with it here.
                self._writer.take_over(round_id, account=account)
        fresh = self._fresh(current)
        work = [unit for unit in waiting if unit.id not in answered | fresh]
        return Opened(
            round_id=round_id,
            total=len(work),
            preparing=self._prepare(round_id, slot, signer, work),
            notice=None if judged.revocation_known else revocation_unknown(judged.holder),
        )

    def answer(self, round_id: UUID, values: Mapping[UUID, Values]) -> int:
        """Stores what the key said to the digests of some units, and returns how many were new.

        A value for a unit that is answered already is passed over, so that an agent may send the same twice. One that was made
        over what has been prepared anew since is found out when it is put in, and that unit is to be signed again.
        """
        stored = 0
        items = {item.unit_id: item for item in self._lines.items(round_id, values)}
        for unit_id, value in values.items():
            item = items.get(unit_id)
            if item is None or item.state is not ItemState.PREPARED or (item.pdf is None) is not (value.pdf is None):
                continue
            try:
                self._writer.answer(round_id, unit_id, value)
            except LostRace:  # Another process was told the same at this moment.
                continue
            stored += 1
        return stored

    def finish(self, round_id: UUID) -> Iterator[UUID | Stopped]:
        """Puts in what is answered; yields each unit as it is stored, or what stopped it. Closes the round when none is left.

        A certificate that may no longer sign (revoked, or its line ended, since it did) is refused here: the time-stamp of now
        would say that it signed now, and no verifier would accept it.
        """
        found = self._lines.round(round_id)
        units = {unit.id: unit for unit in self._signing(found.school_class)}
        ready = []
        for item in found.those(ItemState.ANSWERED):
            unit = units.get(item.unit_id)
            if unit is not None and self._stands_on(found, item, unit):
                self._note_stored(round_id, item)
                yield item.unit_id
            elif unit is None or not self._as_prepared(item, unit):
                yield self._refuse(found, item, *_changed(item))
            else:
                ready.append(item)
        if ready and (why := self._why_not_any_more(found)) is not None:
            yield from (self._refuse(found, item, *_no_longer(item, why)) for item in ready)
            ready = []
        by_id = {item.unit_id: item for item in ready}
        unreadable: list[Stopped] = []
        for one in self._scribe.finish(self._loaded(ready, unreadable), slot=found.slot, signer=found.signer):
            if isinstance(one, Unfinished):
                item = by_id[one.unit_id]
                if one.lasting:
                    yield self._refuse(found, item, one.vi, one.en)
                else:
                    yield Stopped(item.unit_id, item.stt, one.vi, one.en, later=True)
                continue
            yield self._store(found, by_id[one.documents.unit_id], units[one.documents.unit_id], one)
        yield from unreadable
        self._writer.close_round(round_id)

    def _why_not_any_more(self, found: Round) -> CertificateRefused | None:
        school_code = found.school_class.school_code
        try:
            self._registrations.require_may_sign(found.signer, found.slot, school_code=school_code)
        except CertificateRefused as error:
            return error
        return None

    def _loaded(self, items: Iterable[RoundItem], unreadable: list[Stopped]) -> Iterator[tuple[Prepared, Values]]:
        """What is to be put in; an item whose files cannot be read joins `unreadable` and stops none of the others."""
        for item in items:
            try:
                prepared = self.load(item)
            except LedgerError as error:
                unreadable.append(Stopped(item.unit_id, item.stt, error.vi, error.en, later=True))
            else:
                yield prepared, _values(item)

    def _drop_obsolete(self, current: Round, waiting: Sequence[Unit]) -> None:
        """Takes out what was prepared and waits for this slot no more as it was, so that no key is asked to sign it."""
        as_it_was = {unit.id: unit for unit in waiting}
        obsolete = [
            item.unit_id
            for item in current.those(ItemState.PREPARED)
            if item.unit_id not in as_it_was or not self._as_prepared(item, as_it_was[item.unit_id])
        ]
        if obsolete:
            self._writer.drop_items(current.id, obsolete)

    def _signing(self, school_class: SchoolClass) -> list[Unit]:
        return self._reader.units(
            school_code=school_class.school_code,
            school_year=school_class.school_year,
            class_name=school_class.name,
            states=[UnitState.SIGNING],
        )

    def _fresh(self, current: Round | None) -> frozenset[UUID]:
        """Units of an open round that were prepared from what stands, not long ago."""
        if current is None:
            return frozenset()
        units = {unit.id: unit for unit in self._signing(current.school_class)}
        return frozenset(
            item.unit_id
            for item in current.those(ItemState.PREPARED)
            if item.unit_id in units
            and self._as_prepared(item, units[item.unit_id])
            and self._now() - item.prepared_at < STALE_AFTER
        )

    def _prepare(
        self, round_id: UUID, slot: Slot, signer: SignerIdentity, units: Sequence[Unit]
    ) -> Iterator[UUID | Stopped]:
        by_id = {unit.id: unit for unit in units}
        unreadable: list[Stopped] = []

        def read() -> Iterator[ToPrepare]:
            for unit in units:
                try:
                    documents = self._issuing.to_prepare(unit)
                except LedgerError as error:
                    unreadable.append(Stopped(unit.id, unit.stt, error.vi, error.en, later=True))
                else:
                    yield documents

        for prepared in self._scribe.prepare(read(), slot=slot, signer=signer):
            unit = by_id[prepared.unit_id]
            if isinstance(prepared, Unfinished):
                yield Stopped(unit.id, unit.stt, prepared.vi, prepared.en, later=not prepared.lasting)
                continue
            self._writer.put_item(
                round_id,
                RoundItem(
                    unit_id=unit.id,
                    stt=unit.stt,
                    state=ItemState.PREPARED,
                    signed_at=prepared.signed_at,
                    prepared_at=self._now(),
                    pdf_before=unit.file(FileRole.PDF).sha256,
                    xml_before=unit.file(FileRole.XML).sha256,
                    pdf=self._kept(prepared.pdf) if prepared.pdf else None,
                    xml=self._kept(prepared.xml),
                    pdf_value=None,
                    xml_value=None,
                    problem_vi=None,
                    problem_en=None,
                ),
            )
            yield unit.id
        yield from unreadable

    def _store(self, found: Round, item: RoundItem, unit: Unit, signed: Signed) -> UUID | Stopped:
        try:
            self._issuing.accept(unit, signed, slot=found.slot, cert_sha256=found.cert_sha256)
        except LostRace:
            if not self._stored_by_another_process(found, item):
                return self._refuse(found, item, *_changed(item))
        except NotSigned as error:
            return self._refuse(found, item, error.vi, error.en)
        except LedgerError as error:
            # Disk or database: nothing is wrong with the value, and it will do later.
            return Stopped(item.unit_id, item.stt, error.vi, error.en, later=True)
        self._note_stored(found.id, item)
        return item.unit_id

    def _stored_by_another_process(self, found: Round, item: RoundItem) -> bool:
        """Whether somebody else, such as the desk that asks again by itself, has put in this very value."""
        try:
            return self._stands_on(found, item, self._reader.unit(item.unit_id))
        except UnknownUnit:
            return False

    def _note_stored(self, round_id: UUID, item: RoundItem) -> None:
        # Lost only to another process that noted the same.
        with suppress(LostRace):
            self._writer.store_item(round_id, item.unit_id)

    def _refuse(self, found: Round, item: RoundItem, vi: str, en: str) -> Stopped:
        # Lost to another process that refused it too, or to an import that took the pupil out of the class, item and all.
        with suppress(LostRace):
            self._writer.refuse_item(found.id, item, vi=vi, en=en)
        return Stopped(item.unit_id, item.stt, vi, en, later=False)

    @staticmethod
    def _as_prepared(item: RoundItem, unit: Unit) -> bool:
        return (item.pdf_before, item.xml_before) == tuple(
            unit.file(role).sha256 for role in (FileRole.PDF, FileRole.XML)
        )

    @staticmethod
    def _stands_on(found: Round, item: RoundItem, unit: Unit) -> bool:
        """The signature stands on the unit, and only the round did not hear of it, after a crash or from another process."""
        return any(
            (signature.slot, signature.cert_sha256, signature.pdf_before, signature.xml_before)
            == (found.slot, found.cert_sha256, item.pdf_before, item.xml_before)
            for signature in unit.signatures
        )

    def _kept(self, part: PreparedPart) -> StoredPart:
        return StoredPart(self._files.put(part.document), part.to_be_signed, part.state)

    def load(self, item: RoundItem) -> Prepared:
        """A prepared unit with its documents: what an agent is shown before it signs."""

        def part(stored: StoredPart) -> PreparedPart:
            return PreparedPart(self._files.get(stored.sha256), stored.to_be_signed, stored.state)

        return Prepared(
            unit_id=item.unit_id,
            signed_at=item.signed_at,
            pdf=part(item.pdf) if item.pdf else None,
            xml=part(item.xml),
        )


def _values(item: RoundItem) -> Values:
    if item.xml_value is None:  # pragma: no cover - the database demands it of what is answered
        raise ValueError(item.unit_id)
    return Values(pdf=item.pdf_value, xml=item.xml_value)


def _no_longer(item: RoundItem, why: CertificateRefused) -> tuple[str, str]:
    return (
        f"STT {item.stt}: chữ ký chưa được đưa vào học bạ vì nay không còn được phép ký. {why.vi}",
        f"No. {item.stt}: the signature was not put in, because it is no longer allowed. {why.en}",
    )


def _changed(item: RoundItem) -> tuple[str, str]:
    return (
        (
            f"STT {item.stt}: học bạ đã thay đổi sau khi chuẩn bị ký (bảng lớp được nhập lại, bị trả lại, hoặc người "
            f"khác vừa ký). Chữ "
            "ký cho học bạ này không được dùng; hãy mở lại danh sách và ký lại riêng học bạ này."
        ),
        (
            f"No. {item.stt}: the record changed after it was prepared (imported anew, given back, or signed by "
            f"another). The signature "
            "is not used; open the list again and sign this one anew."
        ),
    )
