# SPDX-License-Identifier: Apache-2.0

"""A desk over a room in which rounds are signed: a school's people with accounts, real documents and keys, and a neighbour.

Example::

    staff = StaffRoom.opened(tmp_path, pki)
    staff.signed_in("an.le").get("/").text       # the homeroom teacher's list
    staff.room.sign("GVCN", account="an.le")     # as if the agent had signed it all
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from fastapi import FastAPI

from ledger.duty import Duty
from ledger.record.check import CheckOptions, check_workbook
from ledger.store.reader import Unit
from ledger.unit import Role, Slot
from scripts.demo_pki import DemoPki
from tests.simulators.desk_world import ELSEWHERE, Browser, Clock, DeskWorld
from tests.simulators.signing_room import Room

PEOPLE = {
    "van.thu": (Duty.CLERK,),
    "hieu.truong": (Duty.PRINCIPAL,),
    "hieu.pho": (Duty.PRINCIPAL,),
    "an.le": (Duty.TEACHER,),
    "binh.tran": (Duty.TEACHER,),
}
HOMEROOM, HEAD, SEAL, MATHS = Slot(Role.HOMEROOM), Slot(Role.PRINCIPAL), Slot(Role.SEAL), Slot(Role.SUBJECT, "TOAN")
PATIENCE = timedelta(seconds=60)


@dataclass
class StaffRoom:
    """The school's desk. `an.le` is the homeroom teacher of the one class, `binh.tran` teaches elsewhere."""

    room: Room
    url: str = "https://desk.example"

    @classmethod
    def opened(cls, folder: Path, pki: DemoPki, *, profile: str = "moet") -> "StaffRoom":
        """A class that is laid out for signing, and everybody with an account."""
        staff = cls(Room.opened(folder, pki, profile=profile))
        for name, duties in PEOPLE.items():
            staff.world.add(name, *duties)
        staff.world.add("so.gd", Duty.AUTHORITY)
        staff.world.add("hang.xom", Duty.CLERK, Duty.PRINCIPAL, Duty.TEACHER, school_code=ELSEWHERE)
        staff.assign("an.le", HOMEROOM)
        return staff

    def copied(self, folder: Path) -> "StaffRoom":
        """The same school in another folder, to go its own way from here."""
        return StaffRoom(Room(self.room.office.copied(folder), self.room.pki, self.room.at))

    @cached_property
    def world(self) -> DeskWorld:
        return DeskWorld(self.room.office, clock=Clock(self.room.at), signing=self.room.desk, url=self.url)

    @cached_property
    def app(self) -> FastAPI:
        return self.world.app()

    def signed_in(self, name: str) -> Browser:
        return self.world.signed_in(name, app=self.app)

    @property
    def class_id(self) -> int:
        return self.room.school_class.id

    def units(self) -> list[Unit]:
        return self.room.units()

    def unit(self, stt: int = 1) -> Unit:
        return next(unit for unit in self.units() if unit.stt == stt)

    def assign(self, name: str, slot: Slot, *, replacing: str = "") -> None:
        self.room.writer.assign(self.room.school_class, slot, account=name, replacing=replacing, by="van.thu")

    def import_again(self, workbook: bytes) -> None:
        """Another sheet of the class takes the place of the one that was imported."""
        sheet = check_workbook(
            workbook, file="9A1.xlsx", options=CheckOptions(allow_synthetic_province=True)
        ).class_sheet
        office = self.room.office
        office.importing.carry_out(office.plan(sheet), source=workbook)

    def until(self, done: Callable[[], bool]) -> None:
        """Waits for the background."""
        end = time.monotonic() + PATIENCE.total_seconds()
        while not done():
            assert time.monotonic() < end, "the background did not come to an end"
            time.sleep(0.02)
