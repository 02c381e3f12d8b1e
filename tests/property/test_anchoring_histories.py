# SPDX-License-Identifier: Apache-2.0

"""Whatever is issued, sealed, recalled, replaced, locked and published, by several workers that die and overtake one another, over
a chain that does what it likes: the database is what a plain model says, and the chain has everything once.

The model holds what people decided. What has come of it, the model reads off the errands that are FINAL; and that those are, is
held against the chain itself. It knows neither numbers nor attempts: how an errand gets to its end is the ledger's affair.
"""

import functools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import journal
from ledger.audit.auditor import audit, wrong
from ledger.batch import ActKind, BatchState
from ledger.chain import abi
from ledger.chain.errors import Unreachable, Unsendable
from ledger.chain.registry import UnsignedTransaction, Wallet
from ledger.errors import AlreadyImported, CannotSend, ForbiddenMove, LostRace
from ledger.journal import Deed
from ledger.proof.merkle import keccak
from ledger.proof.receipt import Receipt
from ledger.store.chain_tables import ActRow, AttemptRow, BatchRow, LeafRow, NumberRow, RecallRow
from ledger.store.class_import import Draft
from ledger.store.errand_writer import NewAct
from ledger.store.tables import UnitRow
from ledger.unit import FINAL_STATES, PAST_STATES, RecallReason, UnitState
from tests.simulators.anchoring_world import chain_with_schools
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, Meanwhile
from tests.simulators.registry import PIN, SimulatedChain, Transaction
from tests.simulators.school_ledger import (
    AUTHORITY,
    CONFIRMATIONS,
    OPERATOR,
    OTHER_OPERATOR,
    OTHER_SCHOOL,
    SCHOOL,
    YEAR,
    Clock,
    SchoolLedger,
    digest,
    school,
    unit_id,
)

WORKERS = range(3)
PUPILS = {0: SCHOOL, 1: SCHOOL, 2: OTHER_SCHOOL}
"""Pupils and their schools; the second school's batches are sent by the authority."""
KEYS: dict[str | None, Wallet] = {SCHOOL: OPERATOR, OTHER_SCHOOL: OTHER_OPERATOR, None: AUTHORITY}
TOPIC = keccak(b"topic")
BROUGHT_ABOUT = {"chain.statement-unknown", "class.incomplete", "errand.failed"}
"""What the audit rightly finds in the end: what somebody else published with our keys, whoever was recalled in a locked year and has
no record now, and a replacement that was recalled before it was named."""
MOST_STEPS = 40
"""More than any pass takes, so that some live to its end."""
PATIENCE = 60


def fair(chain: SimulatedChain) -> None:
    chain.down = chain.loses_answer = chain.stuck = chain.delays = False
    chain.lags, chain.least_fee, chain.takes_from, chain.counts_waiting = 0, 0, 0, True
    chain.poor = set()


WEATHER: dict[str, Callable[[SimulatedChain], object]] = {
    "fair": fair,
    "forgets what waits": SimulatedChain.drop,
    "is down": lambda chain: setattr(chain, "down", True),
    "loses an answer": lambda chain: setattr(chain, "loses_answer", True),
    "makes empty blocks": lambda chain: setattr(chain, "stuck", True),
    "takes its time": lambda chain: setattr(chain, "delays", True),
    "lags": lambda chain: setattr(chain, "lags", CONFIRMATIONS - 1),
    "lags a little": lambda chain: setattr(chain, "lags", 1),
    "counts what is mined alone": lambda chain: setattr(chain, "counts_waiting", False),
    "asks for fees": lambda chain: setattr(chain, "least_fee", 7),
    "asks for much": lambda chain: setattr(chain, "least_fee", 100),
    "takes nothing cheap": lambda chain: setattr(chain, "takes_from", 7),
    "shows the school's purse empty": lambda chain: setattr(chain, "poor", {OPERATOR.address}),
    "shows the authority's purse empty": lambda chain: setattr(chain, "poor", {AUTHORITY.address}),
}
"""What the chain may be like from one moment on."""

pupils = st.sampled_from(sorted(PUPILS))
accounts = st.sampled_from([SCHOOL, OTHER_SCHOOL, None])
workers = st.sampled_from(WORKERS)


@dataclass
class Noted:
    """One unit as somebody would note it down."""

    number: int
    replaces: "Noted | None" = None
    recall_decided: bool = False
    approved: set[int | None] = field(default_factory=set)
    """For which replacement the authority consents; None: to the recall itself."""

    @property
    def id(self) -> UUID:
        return unit_id(self.number)


@functools.cache
def founded() -> SchoolLedger:
    ledger = SchoolLedger.at(Path(tempfile.mkdtemp(prefix="hocba-anchoring-")) / "ledger.db")
    ledger.writer.register_school(school())
    ledger.writer.register_school(replace(school(OTHER_SCHOOL, OTHER_OPERATOR), relayed=True))
    return ledger


@pytest.fixture(scope="module", autouse=True)
def _gone_afterwards():
    yield
    founded().engine.dispose()
    shutil.rmtree(founded().path.parent)
    founded.cache_clear()


class Carried:
    """What the database has of errands at one moment, beside what the chain has."""

    def __init__(self, ledger: SchoolLedger, chain: SimulatedChain) -> None:
        with Session(ledger.engine, expire_on_commit=False) as session:
            self.batches = {row.id: row for row in session.scalars(select(BatchRow))}
            self.recalls = {row.unit_id: row for row in session.scalars(select(RecallRow))}
            self.acts = list(session.scalars(select(ActRow)))
            self.leaves = {row.unit_id: row for row in session.scalars(select(LeafRow))}
            self.units = {row.id: row for row in session.scalars(select(UnitRow))}
            self.numbers = {(row.sender, row.nonce): row for row in session.scalars(select(NumberRow))}
            self.attempts = list(session.scalars(select(AttemptRow)))
        self.events = Counter(map(self._event, chain.events))
        self.mined = chain.mined

    @staticmethod
    def _event(event) -> tuple[object, ...]:
        name, values = event
        keys = ("schoolYear",) if name == "SchoolYearLocked" else ("root", "entry", "replacementEntry", "digest")
        return (name, *(values[key] for key in keys if key in values))

    def rows(self) -> list[BatchRow | RecallRow | ActRow]:
        return [*self.batches.values(), *self.recalls.values(), *self.acts]

    def receipt(self, unit: UUID) -> Receipt:
        return Receipt.parse(self.leaves[unit].receipt)

    def event_of(self, row: BatchRow | RecallRow | ActRow) -> tuple[object, ...]:
        """What the contract says once it has carried the errand out."""
        nothing = bytes(32)
        if isinstance(row, BatchRow):
            return ("BatchAnchored", row.root)
        if isinstance(row, RecallRow):
            receipt = self.receipt(row.unit_id)
            return ("LeafRecalled", receipt.root_bytes, receipt.entry_bytes, nothing)
        if row.kind is ActKind.LOCK:
            return ("SchoolYearLocked", int(row.school_year[:4]))
        if row.kind is ActKind.PUBLISH:
            return ("StatementPublished", row.digest)
        receipt = self.receipt(row.unit_id)
        new = nothing if row.replacement_id is None else self.receipt(row.replacement_id).entry_bytes
        name = "RecallApproved" if row.kind is ActKind.APPROVE else "LeafReplaced"
        return (name, receipt.root_bytes, receipt.entry_bytes, new)

    def transactions_of(self, row: BatchRow | RecallRow | ActRow) -> list[tuple[int, bool]]:
        """Where the errand's transactions are in a block."""
        key = f"{row.__tablename__}_id"
        mine = {place for place, number in self.numbers.items() if getattr(number, key) == row.id}
        return [
            self.mined[each.tx_hash]
            for each in self.attempts
            if (each.sender, each.nonce) in mine and each.tx_hash in self.mined
        ]

    def overtaken(self, row: BatchRow | RecallRow | ActRow) -> bool:
        """Whether it is the naming of a replacement that is recalled itself, which no registry takes."""
        return isinstance(row, ActRow) and row.kind is ActKind.REPLACE and row.replacement_id in self.recalls

    def ended(self, row: BatchRow | RecallRow | ActRow) -> bool:
        return self.final(row) or (row.state is BatchState.FAILED and self.overtaken(row))

    def final(self, row: BatchRow | RecallRow | ActRow | None) -> bool:
        return row is not None and row.state is BatchState.FINAL

    def replaced(self, unit: UUID) -> bool:
        return any(self.final(act) and act.unit_id == unit and act.kind is ActKind.REPLACE for act in self.acts)

    def locked(self) -> bool:
        return any(self.final(act) and act.kind is ActKind.LOCK for act in self.acts)


class Histories(RuleBasedStateMachine):
    """Two schools and their authority, three pupils, a year; three workers and a chain."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hocba-history-"))
        self.clock = Clock()
        self.ledger = founded().copied(self.folder / "ledger")
        self.ledger.now = self.clock
        self.workers = {worker: self.ledger.reopened() for worker in WORKERS}
        self.chain = chain_with_schools()
        self.chain.mine(CONFIRMATIONS)
        self.noted: dict[int, list[Noted]] = {pupil: [] for pupil in PUPILS}
        self.sealed: list[set[UUID]] = []
        self.numbered = 0
        self.year_to_lock = False
        self.published: list[bytes] = []
        self.foreign: set[bytes] = set()

    def teardown(self) -> None:
        try:
            self.left_alone()
        finally:
            for ledger in (self.ledger, *self.workers.values()):
                ledger.engine.dispose()
            shutil.rmtree(self.folder)

    def restarted(self, worker: int, fate: Fate | None = None) -> SchoolLedger:
        """Another process in the worker's place."""
        self.workers[worker].engine.dispose()
        self.workers[worker] = self.ledger.reopened(fate)
        return self.workers[worker]

    def newest(self, pupil: int) -> Noted | None:
        return self.noted[pupil][-1] if self.noted[pupil] else None

    def everybody(self) -> list[Noted]:
        return [noted for each in self.noted.values() for noted in each]

    def state_of(self, noted: Noted) -> UnitState:
        return self.ledger.reader.unit(noted.id).state

    @initialize(how_far=st.integers(0, 5))
    def a_class_has_come_so_far(self, how_far: int) -> None:
        """Sealed; anchored; one recalled; its successor sealed; the year to be locked; locked before that is sent."""
        for pupil in PUPILS:
            self.issue(pupil)
        self.everything_is_sealed()
        if how_far >= 1:
            self.an_evening_passes(0, fairly=True)
        if how_far >= 2:
            self.recall(0, 0)
        if how_far >= 3:
            self.an_evening_passes(0, fairly=True)
            self.issue(0)
            self.everything_is_sealed()
        if how_far >= 4:
            self.lock()
        if how_far >= 5:
            self.tick(None, 0)
            self.chain.mine(CONFIRMATIONS)
            self.tick(None, 0)

    def everything_is_sealed(self) -> None:
        for code in (SCHOOL, OTHER_SCHOOL):
            self.seal(code, 0, dies=False)

    # What people do.

    @rule(pupil=pupils)
    def issue(self, pupil: int) -> None:
        before, code = self.newest(pupil), PUPILS[pupil]
        self.numbered += 1
        noted = Noted(self.numbered, before)
        draft = Draft(
            noted.id,
            f"{pupil:010d}",
            1,
            digest("record", noted.number),
            digest("source", noted.number),
            replaces=None if before is None else before.id,
        )
        change = functools.partial(
            self.ledger.import_class, [draft], school_code=code, name=f"9A{pupil}", sheet_sha256=digest(noted.number)
        )
        if before is not None and self.state_of(before) not in PAST_STATES:
            with pytest.raises(AlreadyImported):
                change()
            return
        change()
        self.ledger.signed_and_issued(self.ledger.opened(self.ledger.reader.unit(noted.id)))
        self.noted[pupil].append(noted)

    @rule(code=st.sampled_from([SCHOOL, OTHER_SCHOOL]), worker=workers, dies=st.booleans())
    def seal(self, code: str, worker: int, *, dies: bool) -> None:
        batched = {each for batch in self.sealed for each in batch}
        waiting = {noted.id for pupil, each in self.noted.items() if PUPILS[pupil] == code for noted in each} - batched
        ledger = self.restarted(worker, Fate(dies_at="before commit" if dies else None))
        with suppress(Killed):
            assert ledger.sealer(self.chain).seal(school_code=code, school_year=YEAR) == len(waiting)
            if waiting:
                self.sealed.append(waiting)
        self.restarted(worker)

    @rule(pupil=pupils, earlier=st.integers(0, 1))
    def recall(self, pupil: int, earlier: int) -> None:
        noted = self.noted[pupil][max(0, len(self.noted[pupil]) - 1 - earlier)]
        decide = functools.partial(
            self.ledger.errand_writer.decide_recall,
            noted.id,
            school_code=PUPILS[pupil],
            reason=RecallReason.WRONG_DATA,
            note="nhầm",
        )
        if self.state_of(noted) not in FINAL_STATES:
            with pytest.raises(ForbiddenMove):
                decide()
        elif noted.recall_decided:
            with pytest.raises(LostRace):
                decide()
        else:
            decide()
            noted.recall_decided = True

    @rule()
    def lock(self) -> None:
        lock = NewAct(ActKind.LOCK, school_year=YEAR)
        if self.year_to_lock:
            with pytest.raises(LostRace):
                self.ledger.errand_writer.decide(lock)
        else:
            self.ledger.errand_writer.decide(lock)
            self.year_to_lock = True

    @rule(pupil=pupils)
    def approve(self, pupil: int) -> None:
        """The authority consents to whatever of the pupil's may need it."""
        for noted in self.noted[pupil]:
            if noted.recall_decided:
                self.approved(noted, None)
        for noted in self.noted[pupil]:
            old = noted.replaces
            if old is not None and any(noted.id in batch for batch in self.sealed):
                self.approved(old, noted)

    def approved(self, noted: Noted, replacement: Noted | None) -> None:
        what = None if replacement is None else replacement.number
        if what in noted.approved:
            return
        noted.approved.add(what)
        code = next(PUPILS[pupil] for pupil, each in self.noted.items() if noted in each)
        self.ledger.errand_writer.decide(
            NewAct(
                ActKind.APPROVE,
                school_code=code,
                unit_id=noted.id,
                replacement_id=None if replacement is None else replacement.id,
                reason=RecallReason.WRONG_DATA,
            )
        )

    @rule(code=accounts)
    def publish(self, code: str | None) -> None:
        self.published.append(keccak(b"%d" % len(self.published)))
        act = NewAct(ActKind.PUBLISH, school_code=code, topic=TOPIC, digest=self.published[-1])
        self.ledger.errand_writer.decide(act)

    @rule(code=accounts)
    def try_again(self, code: str | None) -> None:
        """A person has looked at what the contract undid."""
        self.ledger.decisions.retry(code, by="co.hoa")

    # What workers do.

    @rule(code=accounts, worker=workers)
    def tick(self, code: str | None, worker: int) -> None:
        self.passed(self.workers[worker], code)

    @rule(worker=workers, fairly=st.booleans())
    def an_evening_passes(self, worker: int, *, fairly: bool) -> None:
        """Whoever is there carries everything on, as far as the chain lets it."""
        if fairly:
            fair(self.chain)
        for _ in range(2):
            for code in KEYS:
                self.passed(self.workers[worker], code)
            self.chain.mine(CONFIRMATIONS)

    @rule(code=accounts, worker=workers, step=st.integers(1, MOST_STEPS))
    def die(self, code: str | None, worker: int, step: int) -> None:
        with suppress(Killed):
            self.passed(self.restarted(worker, Fate(dies_at=step)), code)
        self.restarted(worker)

    @rule(code=accounts, first=workers, step=st.integers(1, MOST_STEPS), mines=st.booleans())
    def overtake(self, code: str | None, first: int, step: int, *, mines: bool) -> None:
        """Another worker makes a whole pass while the first is in the middle of its own."""
        second = self.workers[(first + 1) % len(WORKERS)]

        def meanwhile() -> None:
            self.passed(second, code)
            if mines:
                self.chain.mine()

        self.passed(self.restarted(first, Meanwhile(step, meanwhile)), code)
        self.restarted(first)

    def passed(self, ledger: SchoolLedger, code: str | None) -> None:
        with suppress(Unreachable):  # Whoever asks again later goes on.
            progress = ledger.anchorer(self.chain, school_code=code, wallet=KEYS[code]).tick()
            assert progress.open >= 0
            assert all(isinstance(each, CannotSend) for each in progress.obstacles), progress.obstacles

    # What the chain does.

    @rule(blocks=st.integers(1, CONFIRMATIONS))
    def mine(self, blocks: int) -> None:
        self.chain.mine(blocks)

    @rule(depth=st.integers(1, CONFIRMATIONS - 1), forgets=st.booleans())
    def reorganise(self, depth: int, *, forgets: bool) -> None:
        """Shorter than what is called final: that is the assumption behind the number."""
        self.chain.reorg(depth)
        if forgets:
            self.chain.drop()

    @rule(weather=st.sampled_from(sorted(WEATHER)))
    def change(self, weather: str) -> None:
        WEATHER[weather](self.chain)

    @rule(minutes=st.sampled_from([1, 3, 25]))
    def time_passes(self, minutes: int) -> None:
        self.clock.passes(minutes=minutes)

    @rule(code=accounts, fee=st.sampled_from([0, 50, 10**6]))
    def somebody_with_the_same_key(self, code: str | None, fee: int) -> None:
        """Sends something that this ledger knows nothing of, under the account's next number."""
        wallet, words = KEYS[code], keccak(b"foreign %d" % len(self.foreign))
        data = abi.call("publish", abi.publisher_word(code), TOPIC, words)
        number = self.chain.count(wallet.address)
        unsigned = UnsignedTransaction(
            PIN.chain_id, wallet.address, number, PIN.address, data, gas=200_000, gas_price=fee
        )
        raw = wallet.sign(unsigned).raw
        self.foreign.add(raw)
        with suppress(Unsendable, Unreachable):
            self.chain.broadcast(raw)

    # What must be true.

    @invariant()
    def everything_is_as_it_must_be(self) -> None:
        carried = Carried(self.ledger, self.chain)
        self.the_database_is_what_the_model_says(carried)
        self.what_is_final_is_on_the_chain_once(carried)
        self.what_was_sent_is_stored_and_a_number_has_one_purpose(carried)
        self.the_journal_is_whole_and_tells_each_deed_once(carried)

    def the_database_is_what_the_model_says(self, carried: Carried) -> None:
        assert {frozenset(batch) for batch in self.sealed} == {
            frozenset(unit for unit, leaf in carried.leaves.items() if leaf.batch_id == batch)
            for batch in carried.batches
        }
        assert set(carried.units) == {noted.id for noted in self.everybody()}
        for noted in self.everybody():
            unit, leaf = carried.units[noted.id], carried.leaves.get(noted.id)
            assert unit.replaces == (None if noted.replaces is None else noted.replaces.id)
            assert (noted.id in carried.recalls) is noted.recall_decided
            assert unit.state is self.expected(carried, noted)
            if leaf is not None:
                final = carried.final(carried.batches[leaf.batch_id])
                assert self.ledger.reader.receipt_of_unit(noted.id).final is final
        current = Counter(
            (row.pupil_code, row.school_year, row.level)
            for row in carried.units.values()
            if row.state not in PAST_STATES
        )
        assert set(current.values()) <= {1}
        assert sorted(act.digest for act in carried.acts if act.kind is ActKind.PUBLISH) == sorted(self.published)
        self.replacements_are_named(carried)

    def expected(self, carried: Carried, noted: Noted) -> UnitState:
        leaf = carried.leaves.get(noted.id)
        if leaf is None or not carried.final(carried.batches[leaf.batch_id]):
            return UnitState.ISSUED
        if carried.final(carried.recalls.get(noted.id)):
            return UnitState.REPLACED if carried.replaced(noted.id) else UnitState.RECALLED
        return UnitState.LOCKED if carried.locked() else UnitState.ANCHORED

    def replacements_are_named(self, carried: Carried) -> None:
        """The chain is told of a replacement once both units stand on it, once."""
        named = Counter((act.unit_id, act.replacement_id) for act in carried.acts if act.kind is ActKind.REPLACE)
        assert set(named.values()) <= {1}
        for noted in self.everybody():
            if noted.replaces is not None and noted.id in carried.leaves:
                there = carried.final(carried.batches[carried.leaves[noted.id].batch_id])
                assert ((noted.replaces.id, noted.id) in named) is there

    def what_is_final_is_on_the_chain_once(self, carried: Carried) -> None:
        for row in carried.rows():
            seen = carried.events[carried.event_of(row)]
            assert seen <= 1
            found = carried.transactions_of(row)
            if row.state is BatchState.FINAL:
                assert seen == 1
                assert [depth for depth, succeeded in found if succeeded and depth >= CONFIRMATIONS]
            if row.state is BatchState.FAILED:
                assert seen == 0
                undone = [depth for depth, succeeded in found if not succeeded and depth >= CONFIRMATIONS]
                assert undone or carried.overtaken(row)
        ours = {carried.event_of(row) for row in carried.rows()}
        strangers = {("StatementPublished", keccak(b"foreign %d" % number)) for number in range(len(self.foreign))}
        told = {event for event in carried.events if event[0] not in {"SchoolRegistered", "RoleGranted"}}
        assert told <= ours | strangers

    def what_was_sent_is_stored_and_a_number_has_one_purpose(self, carried: Carried) -> None:
        stored = {row.raw for row in carried.attempts}
        assert set(self.chain.received) - self.foreign <= stored
        purposes: dict[tuple[str, int], set[bytes]] = {}
        for raw in stored:
            transaction = Transaction.read(raw)
            purposes.setdefault((transaction.sender, transaction.nonce), set()).add(transaction.data)
        assert all(len(purpose) == 1 for purpose in purposes.values())

    def the_journal_is_whole_and_tells_each_deed_once(self, carried: Carried) -> None:
        entries = list(self.ledger.journal.entries())
        assert list(journal.breaks(entries)) == []
        deeds = Counter(entry.deed for entry, _ in entries)
        final = Counter(
            row.kind if isinstance(row, ActRow) else type(row) for row in carried.rows() if carried.final(row)
        )
        assert (deeds[Deed.UNIT_ISSUED], deeds[Deed.CLASS_IMPORTED]) == (len(self.everybody()),) * 2
        assert (deeds[Deed.BATCH_SEALED], deeds[Deed.BATCH_FINAL]) == (len(self.sealed), final[BatchRow])
        decided = sum(noted.recall_decided for noted in self.everybody())
        assert (deeds[Deed.RECALL_DECIDED], deeds[Deed.UNIT_RECALLED]) == (decided, final[RecallRow])
        assert (deeds[Deed.TO_PUBLISH], deeds[Deed.PUBLISHED]) == (len(self.published), final[ActKind.PUBLISH])
        assert (deeds[Deed.YEAR_TO_LOCK], deeds[Deed.YEAR_LOCKED]) == (self.year_to_lock, final[ActKind.LOCK])
        assert deeds[Deed.RECALL_APPROVED] == final[ActKind.APPROVE]
        assert deeds[Deed.UNIT_REPLACED] == final[ActKind.REPLACE]

    def left_alone(self) -> None:
        """With a chain that goes on and an authority that consents, everything ends, without anything new to carry.

        The numbers that somebody else's transactions had before the chain forgot them are used up, and ours go on.
        """
        chain = self.chain
        fair(chain)
        self.everything_is_sealed()
        for _ in range(PATIENCE):
            self.clock.passes(minutes=1)
            for pupil in PUPILS:
                self.approve(pupil)
            for code in KEYS:
                self.try_again(code)
                self.passed(self.workers[0], code)
            carried = Carried(self.ledger, chain)
            if all(map(carried.ended, carried.rows())):
                break
            chain.mine()
        left = [row for row in carried.rows() if not carried.ended(row)]
        assert not left, f"still open: {[(row.__tablename__, row.id, row.state) for row in left]} on {chain}"
        self.everything_is_as_it_must_be()
        found = wrong(audit(self.ledger.engine, chain=chain, finality=CONFIRMATIONS))
        odd = [each for each in found if each.code not in BROUGHT_ABOUT]
        assert not odd, odd


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
