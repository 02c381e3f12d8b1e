# SPDX-License-Identifier: Apache-2.0

"""A class sheet from the clerk's computer into the ledger: handed in, checked, shown, and imported once the clerk says yes.

1. The file is taken in under its bound, kept for the clerk alone, and the browser led on to its page.
2. That page checks it anew each time, and shows what an import would change. It shows nothing of another school: neither a sheet
   that names one, nor what a record there says.
3. Saying yes imports exactly what was shown: a plan that has become another one since is shown again instead.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from ledger.desk.desk import Desk
from ledger.desk.pages import to
from ledger.desk.problems import NOT_FOUND, Refusal
from ledger.desk.visits import MEGABYTE, field, school_of
from ledger.desk.wording import CHANGES, TEXTS
from ledger.errors import LedgerError
from ledger.importing import Change, ImportPlan, PupilChange
from ledger.paper.errors import PaperError
from ledger.record.check import check_workbook
from ledger.record.errors import RecordError
from ledger.record.findings import Finding, Severity
from ledger.record.sheets.class_sheet import SheetReading
from ledger.record.sheets.template import workbook
from ledger.record.sheets.workbook import MAX_FILE_BYTES
from ledger.record.subjects import Level
from ledger.store.uploads import UploadedSheet
from ledger.web import bodies
from ledger.web.languages import Text

MAX_NAME = 255
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Checked:
    """A sheet that was handed in, what the check says of it, and what its import would change."""

    upload: UploadedSheet
    reading: SheetReading
    plan: ImportPlan | None
    """None where nothing can be imported."""
    problem: Text | None
    """Why not, where it is not for the findings to say."""

    @property
    def findings(self) -> Sequence[Finding]:
        """The findings, worst first."""
        return sorted(self.reading.findings, key=lambda finding: list(Severity).index(finding.severity))

    def count(self, severity: Severity) -> int:
        """How many findings are that serious."""
        return sum(finding.severity is severity for finding in self.reading.findings)

    @property
    def can_import(self) -> bool:
        """Whether the clerk may say yes."""
        return self.plan is not None and not self.plan.refused

    @property
    def seal(self) -> str:
        """What the plan was when it was shown: another one has another seal."""
        if self.plan is None:
            return ""
        told = [
            (one.change, one.pupil_code, one.stt, one.unit and (one.unit.id, one.unit.state, one.unit.source_sha256))
            for one in self.plan.pupils
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()


class ClassImports:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def form(self, request: Request) -> Response:
        """Where a sheet is handed in."""
        return self._form(request)

    async def template(self, level: Literal["th", "thcs", "thpt"]) -> Response:
        """An empty sheet to begin with."""
        data = await self._desk.within(self._desk.checking, functools.partial(workbook, Level(level.upper()), None))
        name = f'attachment; filename="mau-{level}.xlsx"'
        return Response(data, media_type=XLSX, headers={"Content-Disposition": name})

    async def hand_in(self, request: Request) -> Response:
        """Keeps the sheet, and leads on to what the check says of it."""
        account, _ = school_of(request)
        files = [file for file in request.state.form.getlist("tep") if isinstance(file, UploadFile)]
        chosen = [file for file in files if not bodies.left_empty(file)]
        if len(chosen) != 1:
            problem = TEXTS["import_one_file"] if chosen else TEXTS["import_no_file"]
            return self._form(request, problem=problem)
        upload_id = self._desk.new_id()
        name = PurePosixPath((chosen[0].filename or "").replace("\\", "/")).name[-MAX_NAME:]
        await self._desk.ask(
            self._desk.stores.uploads.add,
            upload_id,
            account=account.name,
            file_name=name or "?",
            data=await chosen[0].read(),
        )
        return to(f"/nhap-lop/{upload_id}")

    async def show(self, request: Request, upload_id: UUID) -> Response:
        """What the check says, and what an import would change."""
        checked = await self._checked(request, upload_id)
        if checked is None:
            return self._form(request, problem=TEXTS["upload_over"], status=HTTPStatus.GONE)
        return self._page(request, checked)

    async def confirm(self, request: Request, upload_id: UUID) -> Response:
        """Imports what was shown."""
        account, school_code = school_of(request)
        checked = await self._checked(request, upload_id)
        if checked is None:
            return self._form(request, problem=TEXTS["upload_over"], status=HTTPStatus.GONE)
        plan, stores = checked.plan, self._desk.stores
        if plan is None or not checked.can_import:
            return self._page(request, checked, status=HTTPStatus.CONFLICT)
        if field(request, "ke-hoach") != checked.seal:
            return self._page(request, checked, note=TEXTS["plan_changed"], status=HTTPStatus.CONFLICT)
        await self._desk.ask(self._desk.importing.carry_out, plan, source=checked.upload.data)
        await self._desk.ask(stores.uploads.discard, upload_id, account=account.name)
        info = plan.sheet.class_info
        classes = await self._desk.ask(stores.lines.classes, school_code=school_code, school_year=info.school_year)
        found = next((one.id for one in classes if one.name == info.name), None)
        if found is None:
            raise Refusal(NOT_FOUND)
        return to(f"/lop/{found}?vua=nhap")

    async def discard(self, request: Request, upload_id: UUID) -> Response:
        """Forgets the sheet."""
        account, _ = school_of(request)
        await self._desk.ask(self._desk.stores.uploads.discard, upload_id, account=account.name)
        return to("/nhap-lop")

    async def _checked(self, request: Request, upload_id: UUID) -> Checked | None:
        account, school_code = school_of(request)
        upload = await self._desk.ask(self._desk.stores.uploads.find, upload_id, account=account.name)
        if upload is None:
            return None
        return await self._desk.within(self._desk.checking, functools.partial(self._check, upload, school_code))

    def _check(self, upload: UploadedSheet, school_code: str) -> Checked:
        reading = check_workbook(upload.data, file=upload.file_name, options=self._desk.options)
        named = reading.draft or reading.class_sheet
        if named is not None and named.school.code != school_code:
            return Checked(upload, reading, None, _other_school(named.school.code, school_code))
        if reading.class_sheet is None:
            return Checked(upload, reading, None, None)
        try:
            return Checked(upload, reading, self._desk.importing.plan(reading.class_sheet), None)
        except (LedgerError, RecordError, PaperError) as error:
            return Checked(upload, reading, None, Text(error.vi, error.en))

    def _form(
        self, request: Request, *, problem: Text | None = None, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
    ) -> Response:
        return self._desk.pages.render(
            "import.html",
            request,
            status=status if problem else HTTPStatus.OK,
            switch="/nhap-lop",
            problem=problem,
            limit=MAX_FILE_BYTES // MEGABYTE,
        )

    def _page(
        self, request: Request, checked: Checked, *, note: Text | None = None, status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        _, school_code = school_of(request)
        plan = checked.plan
        return self._desk.pages.render(
            "checked.html",
            request,
            status=status,
            switch=f"/nhap-lop/{quote(str(checked.upload.id))}",
            checked=checked,
            note=note,
            errors=checked.count(Severity.ERROR),
            warnings=checked.count(Severity.WARNING),
            totals=[(CHANGES[change], plan.count(change)) for change in CHANGES if plan.count(change)] if plan else [],
            details=[_shown(one, plan, school_code) for one in plan.pupils if one.change not in QUIET] if plan else [],
        )


QUIET = frozenset({Change.ADDED, Change.UNCHANGED})
"""Changes of which the number says enough."""


@dataclass(frozen=True)
class ShownChange:
    """One pupil's part of a plan, as far as this school may see it."""

    pupil: PupilChange
    differences: Sequence[object]
    way_out: Text | None


def _shown(pupil: PupilChange, plan: ImportPlan, school_code: str) -> ShownChange:
    unit = pupil.unit
    if pupil.change is Change.DEPARTED:
        return ShownChange(pupil, (), _filled(TEXTS["way_out_departed"], school=pupil.gone_to))
    if unit is not None and unit.school_code != school_code:
        return ShownChange(pupil, (), TEXTS["way_out_school"] if pupil.change is Change.BLOCKED else None)
    way_out = None
    if pupil.change is Change.BLOCKED and unit is not None:
        elsewhere = unit.class_name != plan.sheet.class_info.name
        way_out = _filled(TEXTS["way_out_class"], class_name=unit.class_name) if elsewhere else TEXTS["way_out_issued"]
    return ShownChange(pupil, pupil.differences, way_out)


def _other_school(found: str, own: str) -> Text:
    return _filled(TEXTS["other_school"], found=found, own=own)


def _filled(text: Text, **places: object) -> Text:
    return Text(text.vi.format(**places), text.en.format(**places))
