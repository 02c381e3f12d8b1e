# SPDX-License-Identifier: Apache-2.0

"""A child process is killed for real, at every step that leaves something else behind; the next one goes on, and the audit is silent.

The chain is a real node, the database is whichever the suite runs on. What a step is, a first run in this process tells
(`tests.simulators.mortality`). Afterwards there is one question: does `audit` have anything to report?
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from ledger.audit.auditor import audit, wrong
from ledger.batch import BatchState
from ledger.chain.web3_node import Web3Node
from ledger.chain.web3_registry import Web3Registry
from ledger.store.class_import import Draft
from ledger.unit import RecallReason, Role, UnitState
from scripts.deploy import deploy
from scripts.devchain import Devchain
from tests.simulators.mortality import Fate, MortalFiles, mortal_statements, telling
from tests.simulators.real_nodes import rpc
from tests.simulators.school_ledger import (
    AUTHORITY,
    OPERATOR,
    OTHER_OPERATOR,
    OTHER_SCHOOL,
    SCHOOL,
    SEAL,
    YEAR,
    SchoolLedger,
    digest,
    new_file,
    unit_id,
)

pytestmark = pytest.mark.chain
NEXT = "2026-2027"
INCOMPLETE = "class.incomplete"
"""That a pupil of a locked year has no record, as after a recall, is a fact and no damage."""


class Doom(Fate):
    """Kills its process, as the kernel would."""

    def step(self, name: str) -> None:
        self.log.append(name)
        if self.dies_at == len(self.log):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Node:
    """One node with the registry and both schools on it; it can be taken back to that moment."""

    url: str
    registry: Web3Registry
    start: str = ""

    def keep(self) -> None:
        self.start = rpc(self.url, "evm_snapshot")

    def back(self) -> None:
        assert rpc(self.url, "evm_revert", self.start)
        self.keep()


@contextmanager
def node_with_schools() -> Iterator[Node]:
    with Devchain() as chain:
        for wallet in (AUTHORITY, OPERATOR, OTHER_OPERATOR):
            rpc(chain.url, "anvil_setBalance", wallet.address, hex(10**20))
        registry = Web3Registry(chain.url, deploy(Web3Node(chain.url), AUTHORITY, sleep=lambda _: None).pin)
        for code, operator in ((SCHOOL, OPERATOR), (OTHER_SCHOOL, OTHER_OPERATOR)):
            unsigned = registry.prepare_register_school(
                sender=AUTHORITY.address,
                nonce=registry.nonce(AUTHORITY.address),
                school=code,
                operator=operator.address,
                seal_certificate=bytes.fromhex(SEAL),
                consent=bytes.fromhex("c0" * 32),
            )
            registry.broadcast(AUTHORITY.sign(unsigned).raw)
        yield Node(chain.url, registry)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Process:
    """What one process has open: the ledger at a folder, a node, and a fate."""

    ledger: SchoolLedger
    node: Node
    fate: Fate

    @classmethod
    def over(cls, ledger: SchoolLedger, node: Node, fate: Fate) -> "Process":
        mine = SchoolLedger(ledger.path, fate, now)
        mortal_statements(mine.engine, fate)
        mine.__dict__["files"] = MortalFiles(ledger.path.parent / "files", fate)
        return cls(mine, Node(node.url, Web3Registry(node.url, node.registry.pin)), fate)

    def carry(self, school_code: str | None = SCHOOL) -> None:
        wallet = AUTHORITY if school_code is None else OPERATOR
        anchorer = self.ledger.anchorer(self.node.registry, school_code=school_code, wallet=wallet, finality=1)
        while anchorer.tick().open:
            pass


# Each deed goes on where an earlier process left it, as its command does.


def import_a_class(process: Process) -> None:

    files, ledger = process.ledger.files, process.ledger
    if not ledger.reader.units(school_code=SCHOOL, school_year="2027-2028"):
        sources = [files.put(f"<xml>{number}</xml>".encode()) for number in (1, 2)]
        drafts = [
            Draft(unit_id(300 + n), f"{n:010d}", n, digest("record", n), source) for n, source in enumerate(sources, 1)
        ]
        ledger.import_class(drafts, school_year="2027-2028", name="7A1", sheet_sha256=files.put(b"sheet"))


def issue_a_unit(process: Process) -> None:
    ledger = process.ledger
    unit = ledger.reader.unit(unit_id(20))
    for role in (Role.PRINCIPAL, Role.SEAL):
        if unit.state is UnitState.SIGNING and role not in unit.signed_roles:
            unit = ledger.sign(unit, role)
    if unit.state is UnitState.SIGNING:
        ledger.issue(unit)


def anchor_a_batch(process: Process) -> None:
    process.ledger.sealer(process.node.registry).seal(school_code=SCHOOL, school_year=YEAR)
    process.ledger.decisions.publish_head(SCHOOL)
    process.carry()


def lock_the_year(process: Process) -> None:
    if not process.ledger.errands.year_locked(YEAR):
        process.ledger.decisions.lock(YEAR, by="Sở")
    process.carry(None)


def recall_after_the_lock(process: Process) -> None:
    ledger, unit = process.ledger, process.ledger.reader.unit(unit_id(1))
    if ledger.errands.recall_of(unit.id) is None:
        ledger.decisions.recall(
            unit.id, school_code=SCHOOL, reason=RecallReason.CIVIL_STATUS_CHANGE, by="van.thu", evidence=b"%PDF"
        )
    if unit.state is UnitState.LOCKED:
        ledger.decisions.approve(unit.id, by="Sở")
        process.carry(None)
        process.carry()


def transfer_a_pupil(process: Process) -> None:
    ledger, pupil = process.ledger, process.ledger.reader.unit(unit_id(30)).pupil_code
    known = ledger.transfers.those(pupil_code=pupil)
    transfer = (
        known[0]
        if known
        else ledger.transferring.release(
            pupil,
            level="THCS",
            school_year=NEXT,
            from_school=SCHOOL,
            to_school=OTHER_SCHOOL,
            confirmation=b"%PDF-1.7 xac nhan",
            by="van.thu",
        )
    )
    if transfer.open:
        ledger.transferring.accept(transfer.id, school_code=OTHER_SCHOOL, by="clerk")


def renew_a_paper(process: Process) -> None:
    ledger = process.ledger
    unit = ledger.reader.unit(unit_id(1))
    if not any(file.sha256 == new_file("renewed", unit.id).sha256 for file in unit.files):
        ledger.files.put(b"renewed")
        ledger.renew(unit)


DEEDS: dict[str, tuple[str, Callable[[Process], None]]] = {
    "import": ("issued", import_a_class),
    "issue": ("issued", issue_a_unit),
    "anchor": ("issued", anchor_a_batch),
    "lock": ("issued", lock_the_year),
    "recall, with approval": ("locked", recall_after_the_lock),
    "transfer": ("issued", transfer_a_pupil),
    "retimestamp": ("issued", renew_a_paper),
}
"""What is done, and from where."""


@pytest.fixture(scope="module")
def issued(tmp_path_factory) -> Iterator[tuple[SchoolLedger, Node]]:
    """Two issued units, one that is being signed, and a pupil in the middle of a year."""
    ledger = SchoolLedger.created(tmp_path_factory.mktemp("issued"))
    ledger.now = now
    ledger.issued(2)
    ledger.signing(1, first=20)
    ledger.drafts(1, first=30, year=NEXT)
    with node_with_schools() as node:
        node.keep()
        yield ledger, node


@pytest.fixture(scope="module")
def locked(issued, tmp_path_factory) -> Iterator[tuple[SchoolLedger, Node]]:
    """The same, with what is issued on the chain, in a year that is locked."""
    ledger = issued[0].copied(tmp_path_factory.mktemp("locked") / "ledger")
    with node_with_schools() as node:
        process = Process.over(ledger, node, Fate())
        anchor_a_batch(process)
        lock_the_year(process)
        process.ledger.engine.dispose()
        node.keep()
        yield ledger, node


def in_a_child(ledger: SchoolLedger, node: Node, deed: Callable[[Process], None], *, dies_at: int) -> int:
    """The wait status of a child process that does the deed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            deed(Process.over(ledger, node, Doom(dies_at=dies_at)))
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("name", DEEDS)
def test_whatever_is_killed_the_audit_has_nothing_to_report(name, request, tmp_path):
    start, deed = DEEDS[name]
    begun, node = request.getfixturevalue(start)
    node.back()
    first = Process.over(begun.copied(tmp_path / "first"), node, Fate())
    deed(first)
    first.ledger.engine.dispose()
    steps = telling(first.fate.log)
    assert "before commit" in first.fate.log
    for step in steps:
        node.back()
        ledger = begun.copied(tmp_path / str(step))
        died = in_a_child(ledger, node, deed, dies_at=step)
        assert os.WIFSIGNALED(died), f"{first.fate.log[step - 1]} ({step})"
        again = Process.over(ledger, node, Fate())
        deed(again)
        assert dict(open_errands(again.ledger)) == {}
        found = wrong(audit(again.ledger.engine, chain=node.registry, finality=1))
        assert [each for each in found if each.code != INCOMPLETE] == [], first.fate.log[step - 1]
        again.ledger.engine.dispose()


def open_errands(ledger: SchoolLedger) -> Iterator[tuple[str, BatchState]]:
    for errand in (*ledger.errands.open_batches(), *ledger.errands.open_recalls(), *ledger.errands.open_acts()):
        yield f"{type(errand).__name__} {errand.id}", errand.state
