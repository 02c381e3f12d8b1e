# SPDX-License-Identifier: Apache-2.0

"""Schools and classes: held against what the journal says was registered and imported, and pupils against the enrolled count."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from ledger.audit import findings
from ledger.audit.findings import Finding
from ledger.audit.journal_part import Vouching, deeds_about
from ledger.audit.pages import AnyRow, Pages
from ledger.batch import ActKind, BatchState
from ledger.journal import Deed
from ledger.store.chain_tables import ActRow, JournalRow
from ledger.store.tables import ClassRow, SchoolRow, UnitRow
from ledger.unit import PAST_STATES, UNISSUED_STATES, UnitKind, UnitState

_SHOWN = 60
"""Pupils that are named one by one: a class and more."""
_NOT_IN_FORCE = PAST_STATES | UNISSUED_STATES
_CLASSES_AT_ONCE = 50
"""Each with its pupils and imports."""


def check_schools(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every school against its registration."""
    query = select(SchoolRow.code, SchoolRow.operator, SchoolRow.seal_cert_sha256, SchoolRow.registered_at)
    for page in pages.of(query, SchoolRow.code, part="schools"):
        told = deeds_about(pages, [f"school {row.code}" for row in page])
        for row in page:
            subject = f"school {row.code}"
            if row.code in vouched.schools:
                said = json.loads(told[subject][-1].detail)
                found = {"operator": row.operator, "seal": row.seal_cert_sha256}
                if any(said.get(name) != value for name, value in found.items()):
                    yield findings.ROW_DIFFERS(subject, found=found, expected=said)
            elif vouched.covers(row.code, row.registered_at):
                yield findings.ROW_UNJOURNALED(subject, found=row.registered_at)
            elif vouched.since is not None:
                yield findings.JOURNAL_LATE(subject, found=vouched.since)


def check_classes(pages: Pages, vouched: Vouching) -> Iterator[Finding]:
    """Every class against its imports, and its pupils against the enrolled count."""
    locked = locked_years(pages)
    query = select(
        ClassRow.id,
        ClassRow.school_code,
        ClassRow.school_year,
        ClassRow.name,
        ClassRow.enrolled,
        ClassRow.sheet_sha256,
        ClassRow.imported_at,
    )
    for page in pages.of(query, ClassRow.id, part="classes", at_once=_CLASSES_AT_ONCE):
        told = deeds_about(pages, [_subject(row) for row in page])
        units = pages.beside(
            select(
                UnitRow.class_id,
                UnitRow.id,
                UnitRow.state,
                UnitRow.record_sha256,
                UnitRow.stt,
                UnitRow.pupil_code,
                UnitRow.created_at,
            )
            .where(UnitRow.kind == UnitKind.UNIT)
            .order_by(UnitRow.stt),
            UnitRow.class_id,
            [row.id for row in page],
        )
        for row in page:
            listed = units.get(row.id, [])
            imports = [
                json.loads(entry.detail) for entry in told.get(_subject(row), []) if entry.deed is Deed.CLASS_IMPORTED
            ]
            gone = _left_by(imports).keys() - {str(unit.id) for unit in listed}
            went_on = _went_on(pages, gone) if gone else frozenset()
            yield from _against_imports(vouched, row, listed, imports)
            yield from _gone(pages, row, gone - went_on)
            yield from _completeness(pages, row, listed, locked=row.school_year in locked)
            if (pupils := len({unit.pupil_code for unit in listed}) + len(went_on)) < row.enrolled:
                yield findings.CLASS_FEWER(_subject(row), found=pupils, expected=row.enrolled)


def locked_years(pages: Pages) -> frozenset[str]:
    """The school years that the ledger knows to be locked."""
    locked = select(ActRow.school_year).where(ActRow.kind == ActKind.LOCK, ActRow.state == BatchState.FINAL)
    return frozenset(year for year in pages.session.scalars(locked) if year is not None)


def _subject(row: AnyRow) -> str:
    return f"class {row.school_code} {row.school_year} {row.name}"


def _against_imports(
    vouched: Vouching, row: AnyRow, listed: Sequence[AnyRow], imports: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    """The class as its last import left it, and no unit that none brought."""
    subject, imported = _subject(row), _left_by(imports)
    if not imports:
        if vouched.covers(row.school_code, row.imported_at):
            yield findings.ROW_UNJOURNALED(subject, found=row.imported_at)
    elif (row.enrolled, row.sheet_sha256) != (imports[-1]["enrolled"], imports[-1]["sheet"]):
        said = f"{imports[-1]['enrolled']} {imports[-1]['sheet']}"
        yield findings.ROW_DIFFERS(subject, found=f"{row.enrolled} {row.sheet_sha256}", expected=said)
    for unit in listed:
        name = str(unit.id)
        if name not in imported:
            if vouched.covers(row.school_code, unit.created_at):
                yield findings.ROW_UNJOURNALED(f"unit {name}", found=unit.state)
        elif unit.state is UnitState.DRAFT and unit.record_sha256 != imported[name]:
            yield findings.UNIT_RECORD(f"unit {name}", found=unit.record_sha256, expected=imported[name])


def _gone(pages: Pages, row: AnyRow, gone: Collection[str]) -> Iterator[Finding]:
    """Units that an import brought and that nothing took away. Of one that was issued, that entry tells."""
    about = deeds_about(pages, [f"unit {name}" for name in gone]) if gone else {}
    for name in sorted(gone):
        if not about.get(f"unit {name}"):
            yield findings.ROW_DELETED(f"unit {name}", expected=_subject(row))


def _left_by(imports: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The units that a class has after these imports, each with the digest of its record."""
    left: dict[str, str] = {}
    for each in imports:
        left |= dict(line.split(" ") for line in [*each["added"], *each["revised"]])
        for removed in each["removed"]:
            left.pop(removed, None)
    return left


def _went_on(pages: Pages, gone: Collection[str]) -> frozenset[str]:
    """Those of units that are gone because their pupils went to another school in the middle of the year."""
    taken = select(JournalRow.detail).where(JournalRow.deed == Deed.TRANSFERRED_IN)
    removed = (json.loads(detail)["removed"] for detail in pages.session.scalars(taken))
    return frozenset(name for name in removed if name in gone)


def _completeness(pages: Pages, row: AnyRow, listed: Sequence[AnyRow], *, locked: bool) -> Iterator[Finding]:
    """Who of the class has no issued unit in force, in this class or another."""
    issued = {unit.pupil_code for unit in listed if unit.state not in _NOT_IN_FORCE}
    without = {unit.pupil_code: unit.stt for unit in listed if unit.pupil_code not in issued}
    if without:
        elsewhere = select(UnitRow.pupil_code).where(
            UnitRow.pupil_code.in_(list(without)),
            UnitRow.school_year == row.school_year,
            UnitRow.kind == UnitKind.UNIT,
            UnitRow.state.not_in(_NOT_IN_FORCE),
        )
        for code in pages.session.scalars(elsewhere):
            without.pop(code, None)
    if without:
        named = [f"{stt} ({code})" for code, stt in sorted(without.items(), key=lambda each: (each[1], each[0]))]
        more = f" +{len(named) - _SHOWN}" if len(named) > _SHOWN else ""
        kind = findings.CLASS_INCOMPLETE if locked else findings.CLASS_WAITING
        yield kind(_subject(row), found=f"STT {', '.join(named[:_SHOWN])}{more}", expected=f"{row.enrolled}")


def check_pupils(pages: Pages) -> Iterator[Finding]:
    """No pupil has two current units of one kind for one year and level, whatever became of the database's own constraint."""
    key = (UnitRow.pupil_code, UnitRow.school_year, UnitRow.level, UnitRow.kind)
    twice = select(*key, func.count()).where(UnitRow.state.not_in(PAST_STATES)).group_by(*key).having(func.count() > 1)
    for code, year, level, kind, count in pages.session.execute(twice):
        yield findings.UNIT_TWO_CURRENT(f"pupil {code} {year} {level} {kind}", found=count, expected=1)
