# SPDX-License-Identifier: Apache-2.0

"""Whatever is imported, corrected, moved, signed, issued and recalled, in any order: the ledger is what a plain model says.

The model holds what a school would write on paper: for each pupil the units so far, the newest last. It knows no database, and
says beforehand what a plan has to say of every pupil.
"""

import functools
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.errors import AlreadyImported
from ledger.importing import Change
from ledger.record.model import ClassSheet
from ledger.store.reader import Unit
from ledger.unit import Role, UnitState
from tests.simulators.databases import POSTGRESQL
from tests.simulators.school_office import SHEET, Office, corrected, counted

CLASSES = ("9A1", "9A2")
PUPILS = range(3)
CODES = [record.pupil.code for record in SHEET.records]
OPEN = {UnitState.DRAFT, UnitState.SIGNING}
VARIANTS = (SHEET, corrected(*PUPILS), corrected(*PUPILS, homeroom_comment="Chăm ngoan."))
"""What the sheets may say of the same pupils."""


@dataclass
class OnPaper:
    """One unit as somebody would note it down."""

    said: tuple[str, int]
    """Class, and which of `VARIANTS`."""
    stt: int
    state: UnitState = UnitState.DRAFT
    signed: tuple[Role, ...] = ()
    replaces: "OnPaper | None" = None
    as_issued: Unit | None = field(default=None, compare=False)


def sheet_of(name: str, listed: dict[int, int]) -> ClassSheet:
    """A class list: the pupils in this order, each as the variant says."""
    info = replace(SHEET.class_info, name=name)
    return replace(
        SHEET,
        class_info=info,
        enrolled=len(listed),
        records=tuple(replace(VARIANTS[variant].records[who], class_info=info) for who, variant in listed.items()),
        places=tuple(replace(SHEET.places[who], stt=stt) for stt, who in enumerate(listed, start=1)),
    )


@functools.cache
def registered() -> Office:
    return Office.opened(Path(tempfile.mkdtemp(prefix="hocba-histories-")))


@pytest.fixture(scope="module", autouse=True)
def _gone_afterwards():
    yield
    registered().ledger.engine.dispose()
    shutil.rmtree(registered().folder)
    registered.cache_clear()


class History(RuleBasedStateMachine):
    """One school, two classes, three pupils, a year."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hocba-history-"))
        self.office = registered().copied(self.folder / "office")
        self.office.new_id = counted()
        self.paper: dict[int, list[OnPaper]] = {who: [] for who in PUPILS}

    def teardown(self) -> None:
        self.office.ledger.engine.dispose()
        shutil.rmtree(self.folder)

    def current(self, who: int) -> OnPaper | None:
        return next((unit for unit in self.paper[who] if unit.state is not UnitState.RECALLED), None)

    def predicted(self, name: str, listed: dict[int, int]) -> dict[int, Change]:
        told = {}
        for who in PUPILS:
            units, now = self.paper[who], self.current(who)
            if who not in listed:
                if now is not None and now.said[0] == name:
                    told[who] = Change.REMOVED if now.state in OPEN else Change.KEPT
                continue
            said = (name, listed[who])
            if not units:
                told[who] = Change.ADDED
            elif now is None:
                told[who] = Change.RECALLED if units[-1].said == said else Change.REPLACING
            elif now.said[0] != name:
                told[who] = Change.BLOCKED
            elif now.said == said:
                told[who] = Change.UNCHANGED
            else:
                told[who] = Change.REVISED if now.state in OPEN else Change.BLOCKED
        return told

    @rule(
        name=st.sampled_from(CLASSES),
        order=st.permutations(PUPILS),
        count=st.integers(1, len(PUPILS)),
        variants=st.lists(st.integers(0, 2), min_size=len(PUPILS), max_size=len(PUPILS)),
    )
    def take_in(self, name: str, order: list[int], count: int, variants: list[int]) -> None:
        listed = {who: variants[who] for who in order[:count]}
        expected = self.predicted(name, listed)
        rows, before = self.office.everything(), {unit.id: unit for unit in self.office.units()}
        plan = self.office.plan(sheet_of(name, listed))
        assert self.office.everything() == rows
        assert {CODES.index(pupil.pupil_code): pupil.change for pupil in plan.pupils} == expected
        if Change.BLOCKED in expected.values():
            with pytest.raises(AlreadyImported):
                self.office.carry_out(plan)
            assert self.office.everything() == rows
            return
        self.office.carry_out(plan)
        for stt, who in enumerate(listed, start=1):
            self.note(who, expected[who], OnPaper((name, listed[who]), stt))
        for who in (who for who, change in expected.items() if change is Change.REMOVED):
            self.paper[who].pop()
        touched = {p.unit.id for p in plan.those(Change.REVISED, Change.REMOVED) if p.unit}
        after = {unit.id: unit for unit in self.office.units()}
        for unit_id in before.keys() - touched:
            assert replace(after[unit_id], stt=0) == replace(before[unit_id], stt=0)

    def note(self, who: int, change: Change, new: OnPaper) -> None:
        units = self.paper[who]
        match change:
            case Change.ADDED:
                units.append(new)
            case Change.REPLACING:
                units.append(replace(new, replaces=units[-1]))
            case Change.REVISED:
                units[-1] = replace(new, replaces=units[-1].replaces)
            case Change.UNCHANGED:
                units[-1].stt = new.stt
            case Change.RECALLED if units[-1].said[0] == new.said[0]:
                units[-1].stt = new.stt

    def of(self, who: int, *states: UnitState) -> OnPaper | None:
        unit = self.current(who)
        return unit if unit is not None and unit.state in states else None

    def stored(self, who: int) -> Unit:
        return [unit for unit in self.in_order() if unit.pupil_code == CODES[who]][-1]

    def in_order(self) -> list[Unit]:
        """In the order in which they were made, which their ids tell here."""
        return sorted(self.office.units(), key=lambda unit: unit.id)

    @precondition(lambda self: any(self.of(who, UnitState.DRAFT) for who in PUPILS))
    @rule(data=st.data())
    def sign(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from([who for who in PUPILS if self.of(who, UnitState.DRAFT)]))
        self.office.ledger.sign(self.office.ledger.opened(self.stored(who)), Role.HOMEROOM)
        unit = self.paper[who][-1]
        unit.state, unit.signed = UnitState.SIGNING, (Role.HOMEROOM,)

    @precondition(lambda self: any(self.of(who, UnitState.SIGNING) for who in PUPILS))
    @rule(data=st.data())
    def issue(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from([who for who in PUPILS if self.of(who, UnitState.SIGNING)]))
        self.office.issue(self.stored(who))
        unit = self.paper[who][-1]
        unit.state, unit.signed = UnitState.ISSUED, (Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL)
        unit.as_issued = self.stored(who)

    @precondition(lambda self: any(self.of(who, UnitState.ISSUED) for who in PUPILS))
    @rule(data=st.data())
    def recall(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from([who for who in PUPILS if self.of(who, UnitState.ISSUED)]))
        self.office.recall(self.stored(who))
        self.paper[who][-1].state = UnitState.RECALLED

    @invariant()
    def the_ledger_is_what_is_on_paper(self) -> None:
        stored = self.in_order()
        by_id = {unit.id: unit for unit in stored}
        for who in PUPILS:
            units = [unit for unit in stored if unit.pupil_code == CODES[who]]
            assert len(units) == len(self.paper[who])
            for unit, noted in zip(units, self.paper[who], strict=True):
                name, variant = noted.said
                assert (unit.class_name, unit.state, unit.stt, unit.signed_roles) == (
                    name,
                    noted.state,
                    noted.stt,
                    noted.signed,
                )
                assert self.office.said(unit).record == sheet_of(name, {who: variant}).records[0]
                assert self.office.said(unit).replaces == unit.replaces
                earlier = None if unit.replaces is None else self.paper[who][units.index(by_id[unit.replaces])]
                assert earlier is noted.replaces
                if noted.as_issued is not None:
                    assert replace(unit, stt=0, state=UnitState.ISSUED) == replace(noted.as_issued, stt=0)
        self.office.assert_whole()


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=5 if POSTGRESQL else 15, stateful_step_count=15, deadline=None)
