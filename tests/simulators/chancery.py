# SPDX-License-Identifier: Apache-2.0

"""A desk over a school whose class is issued and anchored, with a chain beside it to which decisions are carried for real.

The papers behind the records are named and not written; everything else is. Example::

    chancery = Chancery.opened(tmp_path)
    chancery.recall("van.thu", chancery.unit(2))     # a form of the record's page
    chancery.carry()                                 # the school's `hocba anchor`
    chancery.lock()                                  # the authority locks the year, and carries that
"""

import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx
from fastapi import FastAPI

from ledger.duty import Duty
from ledger.store.reader import Unit
from ledger.unit import RecallReason
from tests.simulators.anchoring_world import World, chain_with_schools
from tests.simulators.desk_world import ELSEWHERE, Browser, DeskWorld
from tests.simulators.registry import SimulatedChain
from tests.simulators.school_office import CODE, YEAR, Office

PDF = b"%PDF-1.7 quyet dinh"
PEOPLE = {
    "van.thu": (Duty.CLERK,),
    "hieu.truong": (Duty.PRINCIPAL,),
    "an.le": (Duty.TEACHER,),
    "binh.tran": (Duty.TEACHER,),
}


@dataclass
class Chancery:
    """The desk, its school and the chain. `an.le` is the homeroom teacher, `hang.xom` the clerk of another school."""

    desk: DeskWorld
    chain: SimulatedChain

    @classmethod
    def opened(cls, folder: Path) -> "Chancery":
        """Everybody in the class has an anchored record."""
        chancery = cls(DeskWorld.opened(folder), chain_with_schools(CODE))
        for name, duties in PEOPLE.items():
            chancery.desk.add(name, *duties)
        chancery.desk.add("so.gd", Duty.AUTHORITY)
        chancery.desk.add("hang.xom", Duty.CLERK, Duty.PRINCIPAL, school_code=ELSEWHERE)
        chancery.office.take_in()
        chancery.desk.assign("an.le")
        chancery.office.issued_without_papers(*chancery.office.units())
        chancery.carry()
        return chancery

    def copied(self, folder: Path) -> "Chancery":
        """The same in another folder, to go its own way from here."""
        return Chancery(DeskWorld(self.office.copied(folder)), copy.deepcopy(self.chain))

    @property
    def office(self) -> Office:
        return self.desk.office

    @property
    def world(self) -> World:
        return World(self.office.ledger, self.chain)

    @cached_property
    def app(self) -> FastAPI:
        return self.desk.app()

    def signed_in(self, name: str) -> Browser:
        return self.desk.signed_in(name, app=self.app)

    def unit(self, stt: int = 1) -> Unit:
        """The newest record of the pupil at this place."""
        units = [unit for unit in self.office.units() if unit.stt == stt]
        replaced = {unit.replaces for unit in units}
        return next(unit for unit in units if unit.id not in replaced)

    def page(self, name: str, path: str) -> str:
        """What somebody is shown there."""
        answer = self.signed_in(name).get(path)
        assert answer.status_code == 200, (name, path, answer.status_code)
        return answer.text

    def send(self, name: str, path: str, *, document: bytes | None = None, **fields: str) -> httpx.Response:
        """A form of somebody's, with a document or without."""
        browser = self.signed_in(name)
        files = None if document is None else {"tep": ("quyet-dinh.pdf", document)}
        return browser.send(path, browser.csrf("/tai-khoan"), files=files, **fields)

    def recall(self, name: str, unit: Unit, *, document: bytes | None = None, **fields: str) -> httpx.Response:
        """The form that recalls a record."""
        asked = {"vi_sao": RecallReason.WRONG_DATA.value, "ly_do": "nhầm điểm Toán", "hieu": "co", **fields}
        return self.send(name, f"/hoc-ba/{unit.id}/thu-hoi", document=document, **asked)

    # What the keys do, which the desk does not have.

    def carry(self) -> None:
        """The school's run: its batches and recalls, and then what these have brought about."""
        self.world.seal(school_code=CODE)
        for _ in range(2):
            self.world.finish(school_code=CODE)

    def carry_for_authority(self) -> None:
        self.world.finish(**self.world.as_authority())

    def lock(self) -> None:
        """The year is locked, on the chain."""
        self.desk.deciding.decisions.lock(YEAR, by="so.gd", why="hết năm học")
        self.carry_for_authority()
