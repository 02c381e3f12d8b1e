# SPDX-License-Identifier: Apache-2.0

"""A school's ledger beside a simulated chain, the questions that every crash test ends with, and short ways to go on."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.audit.auditor import audit, wrong
from ledger.batch import BatchState
from ledger.chain.registry import Wallet
from ledger.proof.receipt import Receipt
from ledger.store.chain_tables import ActRow, AttemptRow, BatchRow, RecallRow
from ledger.store.errands import Batch, Recall
from ledger.unit import RecallReason, UnitState
from tests.simulators.mortality import Fate
from tests.simulators.registry import SimulatedChain
from tests.simulators.school_ledger import (
    AUTHORITY,
    CONFIRMATIONS,
    OPERATOR,
    OTHER_OPERATOR,
    OTHER_SCHOOL,
    SCHOOL,
    SEAL,
    YEAR,
    SchoolLedger,
)

PATIENCE = 40
"""Blocks after which an errand that is still open will never end."""


def chain_with_schools(code: str = SCHOOL) -> SimulatedChain:
    """A chain on which the school with this code stands, and the other one."""
    chain = SimulatedChain(authority=AUTHORITY.address)
    for registered, operator in ((code, OPERATOR), (OTHER_SCHOOL, OTHER_OPERATOR)):
        unsigned = chain.prepare_register_school(
            sender=AUTHORITY.address,
            nonce=chain.nonce(AUTHORITY.address),
            school=registered,
            operator=operator.address,
            seal_certificate=bytes.fromhex(SEAL),
            consent=bytes.fromhex("c0" * 32),
        )
        chain.broadcast(AUTHORITY.sign(unsigned).raw)
        chain.mine()
    chain.received.clear()
    return chain


@dataclass
class World:
    ledger: SchoolLedger
    chain: SimulatedChain = field(default_factory=chain_with_schools)

    def seal(self, *, school_code: str = SCHOOL) -> int:
        return self.ledger.sealer(self.chain).seal(school_code=school_code, school_year=YEAR)

    def recall(self, unit) -> None:
        self.ledger.errand_writer.decide_recall(
            unit.id, school_code=unit.school_code, reason=RecallReason.WRONG_DATA, note="nhầm điểm"
        )

    def restart(self, fate: Fate | None = None) -> None:
        """The process ends, and another one starts that knows only what is stored."""
        self.ledger = self.ledger.reopened(fate)

    def tick(self, *, school_code: str | None = SCHOOL, wallet: Wallet = OPERATOR, **parts: object):
        """One pass of a new anchorer."""
        return self.ledger.anchorer(self.chain, school_code=school_code, wallet=wallet, **parts).tick()

    def finish(self, **who: object) -> None:
        """Ticks and mines until nothing is open; nothing may stand in the way then."""
        for _ in range(PATIENCE):
            progress = self.tick(**who)
            if not progress.open:
                assert progress.obstacles == ()
                return
            self.chain.mine()
        raise AssertionError(f"still open: {self.errands()} on {self.chain}")

    def as_authority(self) -> dict[str, object]:
        return {"school_code": None, "wallet": AUTHORITY}

    def errands(self) -> dict[str, BatchState]:
        with Session(self.ledger.engine) as session:
            rows = [
                row
                for table in (BatchRow, RecallRow, ActRow)
                for row in session.scalars(select(table).order_by(table.id))
            ]
            return {f"{row.__tablename__} {row.id}": row.state for row in rows}

    def attempts(self) -> list[tuple[int, bytes]]:
        with Session(self.ledger.engine) as session:
            return [(row.nonce, row.raw) for row in session.scalars(select(AttemptRow).order_by(AttemptRow.nonce))]

    def batch(self) -> Batch:
        (batch,) = self.ledger.errands.open_batches()
        return batch

    def recalls(self) -> list[Recall]:
        return self.ledger.errands.open_recalls()

    def receipt(self, unit) -> Receipt:
        return Receipt.parse(self.ledger.reader.receipt_of_unit(unit.id).receipt)

    def assert_audited(self) -> None:
        """The audit of ledger against chain has nothing to report."""
        assert wrong(audit(self.ledger.engine, chain=self.chain, finality=CONFIRMATIONS)) == []

    def assert_whole(self, *, anchored: int = 1, recalled: int = 0) -> None:
        """What must be true in the end, whatever happened on the way."""
        names = [name for name, *_ in self.chain.events]
        assert names.count("BatchAnchored") == anchored
        assert names.count("LeafRecalled") == recalled
        assert set(self.errands().values()) == {BatchState.FINAL}
        stored = self.attempts()
        assert set(self.chain.received) == {raw for _, raw in stored}
        assert [nonce for nonce, _ in stored] == list(range(anchored + recalled))
        assert len({(each.nonce, each.data) for each in self.ledger.signed}) == anchored + recalled
        states = {UnitState.ANCHORED: 0, UnitState.RECALLED: 0} | self.ledger.reader.count_by_state()
        assert states[UnitState.RECALLED] == recalled
        assert set(states) == {UnitState.ANCHORED, UnitState.RECALLED}
        for unit in self.ledger.reader.units(school_code=SCHOOL, school_year=YEAR):
            entry, receipt = self.ledger.reader.receipt_of_unit(unit.id), self.receipt(unit)
            status = self.chain.status_of(
                school=SCHOOL, root=receipt.root_bytes, entry=receipt.entry_bytes, proof=receipt.proof_bytes
            )
            assert entry.final
            assert status.included
            assert (status.recalled_at is not None) == (unit.state is UnitState.RECALLED)
            assert status.head.number - status.anchored_in_block + 1 >= CONFIRMATIONS


def world_with(folder: Path, units: int) -> World:
    ledger = SchoolLedger.created(folder)
    ledger.issued(units)
    return World(ledger)
