# SPDX-License-Identifier: Apache-2.0

"""What of a school somebody may look at: classes, and the records in them.

Clerk and principal see every class of their school, a teacher those with a slot of their own. Everything else is not found, in
the same words whether it is another school's, a colleague's, or nobody's.
"""

from uuid import UUID

from ledger.desk.desk import Desk
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.duty import Duty
from ledger.errors import UnknownUnit
from ledger.record import xml
from ledger.record.model import Record
from ledger.store.accounts import Account
from ledger.store.reader import Unit
from ledger.store.signing_reader import SchoolClass
from ledger.unit import UnitKind

SEE_ALL = frozenset({Duty.CLERK, Duty.PRINCIPAL})


def seen_by(desk: Desk, account: Account, school_code: str) -> list[SchoolClass]:
    """The classes that an account may look at, newest year first."""
    lines = desk.stores.lines
    every = lines.classes(school_code=school_code)
    if account.may(SEE_ALL):
        return every
    own = {assignment.school_class.id for assignment in lines.assignments(account=account.name)}
    return [school_class for school_class in every if school_class.id in own]


def class_of(desk: Desk, account: Account, school_code: str, class_id: int) -> SchoolClass:
    """A class that an account may look at. Anything else is not found."""
    found = next((one for one in seen_by(desk, account, school_code) if one.id == class_id), None)
    if found is None:
        raise Refusal(NOT_FOUND)
    return found


def unit_of(desk: Desk, account: Account, school_code: str, unit_id: UUID) -> tuple[Unit, SchoolClass]:
    """A pupil's record of one year in a class that an account may look at. Anything else is not found."""
    try:
        unit = desk.stores.reader.unit(unit_id)
    except UnknownUnit:
        raise Refusal(NOT_FOUND) from None
    if unit.school_code != school_code or unit.kind is not UnitKind.UNIT:
        raise Refusal(NOT_FOUND)
    for school_class in seen_by(desk, account, school_code):
        if (school_class.school_year, school_class.name) == (unit.school_year, unit.class_name):
            return unit, school_class
    raise Refusal(NOT_FOUND)


def units_of(desk: Desk, school_class: SchoolClass) -> list[Unit]:
    """The records of a class, in the order of its list."""
    return desk.stores.reader.units(
        school_code=school_class.school_code, school_year=school_class.school_year, class_name=school_class.name
    )


def record_of(desk: Desk, unit: Unit) -> Record:
    """What a record says."""
    return xml.read(desk.stores.files.get(unit.source_sha256)).record


def pupil_name(desk: Desk, unit: Unit) -> str:
    """Whose record it is."""
    return record_of(desk, unit).pupil.name


def people_of(desk: Desk, school_code: str) -> dict[str, str]:
    """The names of a school's people, by account."""
    return {one.name: one.display_name for one in desk.stores.accounts.all(school_code=school_code)}
