# SPDX-License-Identifier: Apache-2.0

"""Whatever fails, however it fails, whichever question is asked: what the answer then is, in every cell.

Five dependencies, four ways to fail, four questions. A failure is never red for what is genuine, and never green for what could
not be checked; what a question does not need does not spoil its answer. Real nodes and workers that fail are in
`test_attacks_outages`; here each fails by its state, through the same Protocols.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest

from ledger.chain.errors import Unreachable, WrongChain
from ledger.errors import Unavailable
from ledger.store.reader import ReceiptEntry
from scripts.receipt_folder import ReceiptFolder
from tests.simulators.issuing_world import NOW, TRUST, Unit, World
from verifier_api.intake import Exhausted, Shortage, UnsafeInProcessExaminer
from verifier_api.judgements import RevocationKnown
from verifier_api.verdict import Conclusion, Outcome, Standing, Verdict
from verifier_api.verifier import Verifier

DEPENDENCIES = ("ledger", "chain", "receipt folder", "workers", "revocation data")
WAYS = ("down", "slow", "wrong", "stale")
QUESTIONS = ("file", "id", "digest", "receipt")


@dataclass
class Scene:
    """One genuine, current unit and everything that the verifier asks, each part of which may be made to fail."""

    folder: Path

    def __post_init__(self) -> None:
        self.world = World()
        self.other, self.unit = self.world.issue(), self.world.issue()
        self.issued: object = self.world
        self.registry: object = self.world
        self.examine: Callable[[bytes], object] = self.world._examine
        self.trust = TRUST
        self.minutes_later = 0
        self.brought: bytes | None = None

    def ask(self, question: str) -> Verdict:
        verifier = Verifier.live(
            trust=self.trust,
            issued=self.issued,
            registry=self.registry,
            examiner=UnsafeInProcessExaminer(self.examine),
            now=lambda: NOW + dt.timedelta(minutes=self.minutes_later),
        )
        match question:
            case "file":
                return verifier.verify(self.unit.pdf, receipt=self.brought)
            case "id":
                return verifier.unit(self.unit.id)
            case "digest":
                return verifier.digest(self.unit.sha256)
        return verifier.receipt(self.unit.receipt.to_json())

    def seen(self, **changes: object) -> None:
        """What a worker sees of each signature, from now on."""
        shown = self.world.seen[self.unit.pdf]
        signatures = tuple(replace(one, **changes) for one in shown.signatures)
        self.world.seen[self.unit.pdf] = replace(shown, signatures=signatures)


class Mixed:
    """A ledger that gives another unit's receipt, whatever it is asked. Implements `Issued`."""

    complete = True

    def __init__(self, unit: Unit) -> None:
        self._entry = ReceiptEntry(unit_id=unit.id, receipt=unit.receipt.to_json(), final=True)

    def receipt_of_file(self, _: object) -> ReceiptEntry:
        return self._entry

    receipt_of_unit = receipt_of_file

    def successor(self, _: object) -> None:
        return None


class Late:
    """Whatever it is asked, it takes longer than is waited for."""

    complete = True
    pin = World.pin

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _late(self, *_: object, **__: object) -> None:
        raise self._error

    receipt_of_file = receipt_of_unit = successor = status_of = settled_block = statement_at = seal_at = head = _late


def folder_of(scene: Scene, text: bytes | None) -> None:
    """The verifier has no ledger, but a folder with this receipt in it."""
    if text is not None:
        (scene.folder / "a.receipt.json").write_bytes(text)
    scene.issued = ReceiptFolder([scene.folder])


def exhausted(scene: Scene, shortage: Shortage) -> None:
    def examine(_: bytes) -> None:
        raise Exhausted(shortage)

    scene.examine = examine


def a_stopped_chain(scene: Scene) -> None:
    registry = scene.trust.settings.registry.model_copy(update={"newest_block_within": 600})
    scene.trust = replace(scene.trust, settings=scene.trust.settings.model_copy(update={"registry": registry}))
    scene.minutes_later = 60


def of_yesterday(scene: Scene) -> None:
    """The ledger knows that the unit was issued, and not yet that it was anchored."""
    scene.unit.batched = False


def spoilt(receipt: bytes) -> bytes:
    return json.dumps({**json.loads(receipt), "salt": "0x" + "00" * 32}).encode()


def now_known(days_ago: int, until: int) -> RevocationKnown:
    return RevocationKnown(as_of=NOW - dt.timedelta(days=days_ago), until=NOW + dt.timedelta(days=until))


FAILURES: dict[tuple[str, str], Callable[[Scene], None]] = {
    ("ledger", "down"): lambda scene: setattr(scene.world, "ledger_down", True),
    ("ledger", "slow"): lambda scene: setattr(scene, "issued", Late(Unavailable())),
    ("ledger", "wrong"): lambda scene: setattr(scene, "issued", Mixed(scene.other)),
    ("ledger", "stale"): of_yesterday,
    ("chain", "down"): lambda scene: setattr(scene.world, "chain_down", True),
    ("chain", "slow"): lambda scene: setattr(scene, "registry", Late(Unreachable("http://node", "timeout"))),
    ("chain", "wrong"): lambda scene: setattr(scene, "registry", Late(WrongChain("chain id", expected=31337, found=1))),
    ("chain", "stale"): a_stopped_chain,
    ("receipt folder", "down"): lambda scene: folder_of(scene, None),
    # A share that answers late answers all the same: it is read, and nobody is asked twice.
    ("receipt folder", "slow"): lambda scene: folder_of(scene, scene.unit.receipt.to_json()),
    ("receipt folder", "wrong"): lambda scene: folder_of(scene, spoilt(scene.unit.receipt.to_json())),
    ("receipt folder", "stale"): lambda scene: folder_of(scene, scene.other.receipt.to_json()),
    ("workers", "down"): lambda scene: exhausted(scene, Shortage.CRASHED),
    ("workers", "slow"): lambda scene: exhausted(scene, Shortage.TIME),
    ("workers", "wrong"): lambda scene: exhausted(scene, Shortage.MEMORY),
    ("workers", "stale"): lambda scene: exhausted(scene, Shortage.CLOSED),
    ("revocation data", "down"): lambda scene: scene.seen(known=None),
    ("revocation data", "slow"): lambda scene: scene.seen(known=None),
    ("revocation data", "wrong"): lambda scene: scene.seen(
        outcome=Outcome.UNKNOWN, trusted=False, sub_indication="CERTIFICATE_CHAIN_GENERAL_FAILURE"
    ),
    ("revocation data", "stale"): lambda scene: scene.seen(known=now_known(days_ago=400, until=-30)),
}

PASSED, OPEN = Conclusion.TOTAL_PASSED, Conclusion.INDETERMINATE
CURRENT, UNKNOWN, UNANCHORED = Standing.CURRENT, Standing.UNKNOWN, Standing.UNANCHORED
Cell = tuple[Conclusion, Standing, str]
FINE: Cell = (OPEN, CURRENT, "standing.current")
"""Of a question without a file: its unit stands, and no file was judged."""


def alike(cell: Cell) -> dict[str, Cell]:
    return dict.fromkeys(QUESTIONS, cell)


def only_file(cell: Cell) -> dict[str, Cell]:
    return {**alike(FINE), "file": cell}


def only_receipt(cell: Cell) -> dict[str, Cell]:
    return {**alike(cell), "receipt": FINE}


CELLS: dict[tuple[str, str], dict[str, Cell]] = {
    ("ledger", "down"): only_receipt((OPEN, UNKNOWN, "bytes.no_ledger")),
    ("ledger", "slow"): only_receipt((OPEN, UNKNOWN, "bytes.no_ledger")),
    ("ledger", "wrong"): only_receipt((OPEN, UNKNOWN, "bytes.ledger_contradicts")),
    ("ledger", "stale"): only_receipt((OPEN, UNANCHORED, "receipt.pending")),
    ("chain", "down"): alike((OPEN, UNKNOWN, "chain.unreachable")),
    ("chain", "slow"): alike((OPEN, UNKNOWN, "chain.unreachable")),
    ("chain", "wrong"): alike((OPEN, UNKNOWN, "chain.wrong_registry")),
    ("chain", "stale"): alike((OPEN, UNKNOWN, "chain.stale")),
    ("receipt folder", "down"): only_receipt((OPEN, UNKNOWN, "bytes.no_receipt")),
    ("receipt folder", "slow"): only_file((PASSED, CURRENT, "signatures.valid")),
    ("receipt folder", "wrong"): only_receipt((OPEN, UNKNOWN, "bytes.no_receipt")),
    ("receipt folder", "stale"): only_receipt((OPEN, UNKNOWN, "bytes.no_receipt")),
    ("workers", "down"): only_file((OPEN, UNKNOWN, "intake.exhausted")),
    ("workers", "slow"): only_file((OPEN, UNKNOWN, "intake.exhausted")),
    ("workers", "wrong"): only_file((OPEN, UNKNOWN, "intake.exhausted")),
    ("workers", "stale"): only_file((OPEN, UNKNOWN, "intake.exhausted")),
    ("revocation data", "down"): only_file((PASSED, CURRENT, "signatures.revocation_not_asked")),
    ("revocation data", "slow"): only_file((PASSED, CURRENT, "signatures.revocation_not_asked")),
    ("revocation data", "wrong"): only_file((OPEN, CURRENT, "signatures.indeterminate")),
    ("revocation data", "stale"): only_file((PASSED, CURRENT, "signatures.revocation_not_asked")),
}


def test_no_cell_is_missing():
    assert set(CELLS) == set(FAILURES) == set(product(DEPENDENCIES, WAYS))
    assert {tuple(cells) for cells in CELLS.values()} == {QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS)
def test_with_everything_well_each_question_has_its_answer(tmp_path, question):
    scene = Scene(tmp_path)
    scene.seen(known=now_known(days_ago=1, until=30))
    verdict = scene.ask(question)
    assert verdict.standing is CURRENT
    assert (verdict.conclusion is PASSED) is (question == "file")
    assert "signatures.revocation_not_asked" not in {found.code for found in verdict.findings}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("dependency", "way"), CELLS)
def test_each_cell(tmp_path, dependency, way, question):
    scene = Scene(tmp_path)
    scene.seen(known=now_known(days_ago=1, until=30))
    FAILURES[dependency, way](scene)
    verdict = scene.ask(question)
    conclusion, standing, code = CELLS[dependency, way][question]
    assert (verdict.conclusion, verdict.standing) == (conclusion, standing)
    assert code in {found.code for found in verdict.findings}
    assert Outcome.FAILED not in {found.outcome for found in verdict.findings}


@pytest.mark.parametrize(("dependency", "way"), CELLS)
def test_a_forged_file_is_green_in_no_cell(tmp_path, dependency, way):
    scene = Scene(tmp_path)
    scene.unit.pdf = scene.world.forged(scene.unit)
    FAILURES[dependency, way](scene)
    for brought in (None, scene.unit.receipt.to_json()):
        scene.brought = brought
        assert scene.ask("file").conclusion is not PASSED


@pytest.mark.parametrize(("dependency", "way"), [cell for cell in CELLS if cell[0] in ("ledger", "receipt folder")])
def test_whoever_brings_the_receipt_needs_neither_ledger_nor_folder(tmp_path, dependency, way):
    scene = Scene(tmp_path)
    scene.brought = scene.unit.receipt.to_json()
    FAILURES[dependency, way](scene)
    verdict = scene.ask("file")
    assert (verdict.conclusion, verdict.standing) == (PASSED, CURRENT)
