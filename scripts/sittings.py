# SPDX-License-Identifier: Apache-2.0

"""A signing round in the ledger's own folder, with the key at hand: the rounds that the desk carries, without a network."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from ledger.paper.moments import VIETNAM
from ledger.record.check import CheckOptions
from ledger.record.xml import read as read_record
from ledger.rounds import Rounds, Stopped
from ledger.signing import SignerIdentity, Values
from ledger.store.signing_tables import ItemState
from ledger.unit import PROFILES, Role, Slot, UnitState
from ledger.warnings import ClassWarnings
from scripts import workday
from scripts.compose import Ledger
from signer.agent.sitting import signed_values
from signer.keys import SigningKey


@dataclass(frozen=True)
class ToShow:
    """One record as its signer may look at it before the key is asked."""

    stt: int
    pupil: str
    notes: tuple[str, ...]
    """Warnings of the class sheet, and why it was given back if it was."""
    pdf: bytes | None
    """None for those who sign the XML alone."""


class LocalSitting:
    """One signer at one class. Each step tells how much there is to do, and does it as its iterator is run."""

    def __init__(
        self,
        ledger: Ledger,
        rounds: Rounds,
        where: workday.ClassKey,
        slot: Slot,
        key: SigningKey,
        *,
        assigned: frozenset[Role],
    ) -> None:
        self._ledger = ledger
        self._rounds = rounds
        self._where = where
        self._slot = slot
        self._key = key
        self._assigned = assigned | {slot.role}
        self._school_class = ledger.signing_reader.school_class(
            school_code=where.school_code, school_year=where.school_year, name=where.class_name
        )
        self._round: UUID | None = None
        self.notice: tuple[str, str] | None = None
        """From `prepare` on: what the signer should know before signing, Vietnamese and English."""

    def render(self) -> tuple[int, Iterator[object]]:
        """Drafts that this signer is the first for are drawn. Raises `CertificateRefused` before anything is."""
        drafts = workday.units_of(self._ledger, self._where, UnitState.DRAFT)
        ours = [unit for unit in drafts if self._slot.role in self._first_roles(unit.school_code)]
        if ours:
            self._rounds.require_may_sign(self._identity, self._slot, school_code=self._where.school_code)
        planned = dt.datetime.now(VIETNAM).replace(microsecond=0)
        return len(ours), self._ledger.issuing.prepare(ours, planned_issue_date=planned)

    def prepare(self) -> tuple[int, Iterator[UUID | Stopped]]:
        """The round is opened, or found open. Raises what `Rounds.open` raises."""
        opened = self._rounds.open(self._school_class, self._slot, self._identity, assigned=self._assigned)
        self._round, self.notice = opened.round_id, opened.notice
        return opened.total, opened.preparing

    def to_show(self, language: str) -> Iterator[ToShow]:
        """Everything that the key is about to sign, with what should be known of it before."""
        warnings = ClassWarnings(self._ledger.files, options=CheckOptions()).of(self._school_class)
        returned = {
            one.unit_id: one.reason
            for one in self._ledger.signing_reader.returns(class_id=self._school_class.id)
            if one.slot == self._slot
        }
        for item in self._ledger.signing_reader.round(self._opened).those(ItemState.PREPARED):
            prepared = self._rounds.load(item)
            notes = [finding.message(language) for finding in warnings.get(item.stt, ())]
            notes += [f"↩ {returned[item.unit_id]}"] if item.unit_id in returned else []
            pupil = read_record(prepared.xml.document).record.pupil.name
            yield ToShow(item.stt, pupil, tuple(notes), prepared.pdf.document if prepared.pdf else None)

    def sign(self) -> tuple[int, Iterator[object]]:
        """The key signs what is prepared; each value is stored as it is made."""
        items = self._ledger.signing_reader.round(self._opened).those(ItemState.PREPARED)

        def work() -> Iterator[object]:
            parts = [(item.xml.to_be_signed, item.pdf.to_be_signed if item.pdf else None) for item in items]
            for item, (xml, pdf) in zip(items, signed_values(self._key, parts), strict=True):
                self._rounds.answer(self._opened, {item.unit_id: Values(pdf=pdf, xml=xml)})
                yield item.unit_id

        return len(items), work()

    def finish(self) -> tuple[int, Iterator[UUID | Stopped]]:
        """What the key has signed is put in, time-stamped and stored."""
        answered = self._ledger.signing_reader.round(self._opened).those(ItemState.ANSWERED)
        return len(answered), self._rounds.finish(self._opened)

    @property
    def _identity(self) -> SignerIdentity:
        who = self._key.who
        return SignerIdentity(
            certificate=who.certificate.dump(), chain=tuple(one.dump() for one in who.chain), shown_role=""
        )

    @property
    def _opened(self) -> UUID:
        if self._round is None:  # pragma: no cover - prepare comes first
            raise ValueError("the round is not open")
        return self._round

    def _first_roles(self, school_code: str) -> frozenset[Role]:
        """Who may be the first to sign: the first role that is required or assigned."""
        profile = PROFILES[self._ledger.reader.school(school_code).profile]
        first = profile.next_role([], assigned=self._assigned)
        return frozenset() if first is None else frozenset({first})
