# SPDX-License-Identifier: Apache-2.0

"""What the forms about a pupil who leaves have in common: which pupil, at what level, from which year on, and to which school."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import Request

from ledger.desk.class_sight import pupil_name, unit_of
from ledger.desk.desk import Desk
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.desk.visits import field
from ledger.errors import LedgerError
from ledger.record.subjects import Level
from ledger.store.accounts import Account
from ledger.store.reader import School, Unit

YEAR: Final = re.compile(r"([0-9]{4})-([0-9]{4})")

NO_SUCH_SCHOOL = LedgerError(
    "Chưa chọn đúng trường đến. Hãy chọn một trường khác trường mình trong danh sách; mã trường có 8 chữ số.",
    "That is not the new school. Choose another school than your own from the list; a code has eight digits.",
)
NO_SUCH_YEAR = LedgerError(
    "Năm học chưa đúng. Hãy chọn năm học trong danh sách.", "The school year is not right. Choose one from the list."
)
NO_SUCH_LEVEL = LedgerError("Chưa chọn cấp học. Hãy chọn một cấp.", "No level was chosen. Choose one.")
WRONG_FORM: Final = frozenset({NO_SUCH_SCHOOL, NO_SUCH_YEAR, NO_SUCH_LEVEL})


@dataclass(frozen=True)
class Leaving:
    """What a form says."""

    pupil_code: str
    level: str
    school_year: str
    to_school: str


@dataclass(frozen=True)
class LeavingForm:
    """What there is to choose from, and what is filled in already."""

    schools: Sequence[School]
    years: Sequence[str]
    pupil_code: str
    pupil: str
    level: str
    year: str


def asked_in(request: Request, desk: Desk, school_code: str) -> Leaving:
    """What the form says. Raises one of `WRONG_FORM` for what nobody could mean."""
    to_school, year, level = field(request, "truong-den").strip(), field(request, "nam-hoc"), field(request, "cap")
    if to_school == school_code or to_school not in {one.code for one in desk.stores.reader.schools()}:
        raise NO_SUCH_SCHOOL
    if (found := YEAR.fullmatch(year)) is None or int(found[2]) != int(found[1]) + 1:
        raise NO_SUCH_YEAR
    if level not in Level.__members__:
        raise NO_SUCH_LEVEL
    return Leaving(field(request, "ma-hoc-sinh").strip(), level, year, to_school)


def form_about(desk: Desk, account: Account, school_code: str, about: str) -> LeavingForm:
    """The form of a school; filled in with the pupil of the record whose id is `about`, if there is one."""
    stores, unit = desk.stores, None
    if about:
        try:
            unit, _ = unit_of(desk, account, school_code, UUID(about))
        except ValueError:
            raise Refusal(NOT_FOUND) from None
    years = sorted({one.school_year for one in stores.lines.classes(school_code=school_code)}, reverse=True)
    return LeavingForm(
        schools=[one for one in stores.reader.schools() if one.code != school_code],
        years=[*(_after(year) for year in years[:1]), *years],
        pupil_code=unit.pupil_code if unit else "",
        pupil=pupil_name(desk, unit) if unit else "",
        level=unit.level if unit else "",
        year=_year_of(unit) if unit else "",
    )


def _after(year: str) -> str:
    found = YEAR.fullmatch(year)
    return f"{found[2]}-{int(found[2]) + 1}" if found else year


def _year_of(unit: Unit) -> str:
    """The year from which the pupil of a record most likely goes: that year while it is not issued, or else the next."""
    return unit.school_year if unit.manifest is None else _after(unit.school_year)
