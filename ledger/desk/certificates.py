# SPDX-License-Identifier: Apache-2.0

"""A school's certificates: who is registered as what, asking the authority for another, and the principal's delegation."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from ledger.desk.certificate_files import CertificateDates, certificates_in, dates_of
from ledger.desk.class_sight import people_of
from ledger.desk.desk import Desk
from ledger.desk.pages import to
from ledger.desk.slot_words import DEPUTY, NAMES, subject_name
from ledger.desk.visits import field, school_of
from ledger.duty import Duty
from ledger.errors import CertificateRefused, LedgerError, LostRace
from ledger.record.subjects import BY_CODE, SUBJECTS
from ledger.store.accounts import Account
from ledger.store.signing_reader import Registration
from ledger.store.signing_tables import Holding
from ledger.unit import Role, Slot
from ledger.web import bodies
from ledger.web.languages import VIETNAM, Text

Kind = TypeVar("Kind", Role, Holding)


def _refused(vi: str, en: str) -> CertificateRefused:
    return CertificateRefused(vi, en)


@dataclass(frozen=True)
class LineView:
    """One registered certificate as people read it."""

    line: Registration
    role: Text
    subjects: Sequence[str]
    dates: CertificateDates | None
    account_name: str
    principal: str
    """For a deputy: who delegates."""
    ended: bool


@dataclass(frozen=True)
class CertificatesView:
    """What the page of a school shows."""

    lines: Sequence[LineView]
    """Newest first."""
    accounts: Sequence[Account]
    deputies: Sequence[Account]
    own: Sequence[Registration]
    """Lines by which the visitor, a principal, may delegate."""


def line_views(lines: Sequence[Registration], people: dict[str, str], now: dt.datetime) -> list[LineView]:
    """Lines in words, newest first."""
    holders = {line.cert_sha256: line.holder for line in lines}
    return [
        LineView(
            line=line,
            role=NAMES[line.role] if line.delegated_by is None else DEPUTY,
            subjects=[subject_name(code) for code in sorted(line.subjects)],
            dates=dates_of(line.certificate),
            account_name=people.get(line.account, line.account),
            principal=holders.get(line.delegated_by, "") if line.delegated_by else "",
            ended=line.valid_to is not None and line.valid_to <= now,
        )
        for line in reversed(lines)
    ]


class Certificates:
    """The routes; see `access` for who may call each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """The school's certificates, and the forms."""
        return await self._shown(request)

    async def request(self, request: Request) -> Response:
        """The clerk asks the authority to approve a certificate."""
        account, school_code = school_of(request)
        data, form = await _file(request), request.state.form

        def asked() -> None:
            own, *chain = certificates_in(data)
            role = _one_of(Role, field(request, "vai-tro"))
            subjects = frozenset(code for code in form.getlist("mon") if code in BY_CODE)
            if role is not Role.SUBJECT and subjects:
                raise _refused(
                    "Chỉ giáo viên bộ môn mới chọn môn. Hãy bỏ chọn các môn, hoặc chọn vai trò Giáo viên bộ môn.",
                    "Only subject teachers choose subjects. Clear them, or choose the role of a subject teacher.",
                )
            self._desk.signing.registrations.request(
                school_code=school_code,
                certificate=own,
                chain=chain,
                role=role,
                subjects=subjects,
                holding=_one_of(Holding, field(request, "loai")),
                account=self._account(school_code, field(request, "tai-khoan")),
                by=account.name,
            )

        return await self._done(request, asked, form="request")

    async def delegate(self, request: Request) -> Response:
        """The principal asks the authority to let a deputy sign until a day."""
        account, school_code = school_of(request)
        data = await _file(request)

        def asked() -> None:
            certificate, *chain = certificates_in(data)
            chosen = field(request, "tai-khoan")
            own = next(
                (line for line in self._own(account, school_code) if line.cert_sha256 == field(request, "cua-toi")),
                None,
            )
            if own is None:
                raise _refused(
                    "Bạn chưa có chứng thư Hiệu trưởng đã được Sở duyệt nên chưa ủy quyền được. Hãy nhờ văn thư gửi đăng ký "
                    "chứng thư của bạn trước.",
                    "You have no principal's certificate that is approved, so you cannot delegate yet. Have the clerk register "
                    "yours first.",
                )
            if chosen not in {one.name for one in self._deputies(account, school_code)}:
                raise _refused(
                    "Hãy chọn tài khoản của cấp phó. Nếu không thấy, hãy nhờ người quản trị giao nhiệm vụ Hiệu trưởng cho "
                    "tài khoản đó.",
                    "Choose the deputy's account. If it is not listed, have the administrator give it the principal's duty.",
                )
            self._desk.signing.registrations.request(
                school_code=school_code,
                certificate=certificate,
                chain=chain,
                role=Role.PRINCIPAL,
                holding=_one_of(Holding, field(request, "loai")),
                account=chosen,
                delegated_by=own.cert_sha256,
                valid_to=end_of(field(request, "den-ngay")),
                by=account.name,
            )

        return await self._done(request, asked, form="delegate")

    async def _done(self, request: Request, asked: Callable[[], None], *, form: str) -> Response:
        try:
            await self._desk.ask(asked)
        except LostRace:
            problem = Text(
                "Chứng thư này đã gửi cho vai trò này và đang chờ Sở duyệt. Không cần gửi lại; hãy chờ Sở trả lời.",
                "This certificate was sent for this role already and waits for the authority. There is no need to send it again.",
            )
            return await self._shown(request, problem=problem, form=form)
        except LedgerError as error:
            return await self._shown(request, problem=Text(error.vi, error.en), form=form)
        return to("/chung-thu?vua=gui")

    async def _shown(self, request: Request, *, problem: Text | None = None, form: str = "") -> Response:
        account, school_code = school_of(request)
        view = await self._desk.ask(self._view, account, school_code)
        return self._desk.pages.render(
            "certificates.html",
            request,
            status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            switch="/chung-thu",
            view=view,
            problem=problem,
            form=form,
            sent=request.query_params.get("vua") == "gui",
            role_names=NAMES,
            holdings=list(Holding),
            subjects=SUBJECTS,
            field=lambda name: field(request, name) if problem else "",
            chosen_subjects=set(request.state.form.getlist("mon")) if problem else set(),
        )

    def _view(self, account: Account, school_code: str) -> CertificatesView:
        lines = self._desk.stores.lines.registrations(school_code=school_code)
        return CertificatesView(
            lines=line_views(lines, people_of(self._desk, school_code), self._desk.now()),
            accounts=self._accounts(school_code),
            deputies=self._deputies(account, school_code),
            own=self._own(account, school_code),
        )

    def _accounts(self, school_code: str) -> list[Account]:
        return [one for one in self._desk.stores.accounts.all(school_code=school_code) if not one.disabled]

    def _deputies(self, account: Account, school_code: str) -> list[Account]:
        found = self._accounts(school_code)
        return [one for one in found if Duty.PRINCIPAL in one.duties and one.name != account.name]

    def _account(self, school_code: str, name: str) -> str:
        if name and name not in {one.name for one in self._accounts(school_code)}:
            raise _refused(
                "Tài khoản này không có ở trường, hoặc đang bị khóa. Hãy chọn một tài khoản trong danh sách.",
                "The school has no such account, or it is disabled. Choose one from the list.",
            )
        return name

    def _own(self, account: Account, school_code: str) -> list[Registration]:
        """The principal's lines that are the visitor's, or that were registered before there were accounts."""
        now, lines = self._desk.now(), self._desk.stores.lines.registrations(school_code=school_code)
        return [
            line
            for line in lines
            if line.covers(Slot(Role.PRINCIPAL), now)
            and line.delegated_by is None
            and line.account in {account.name, ""}
            and Duty.PRINCIPAL in account.duties
        ]


def end_of(written: str) -> dt.datetime | None:
    """The end of a day of a form, in Vietnam; None for what is no day."""
    try:
        day = dt.date.fromisoformat(written)
        return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), VIETNAM)
    except (ValueError, OverflowError):
        return None


def _one_of(kind: type[Kind], written: str) -> Kind:
    try:
        return kind(written)
    except ValueError:
        raise _refused(
            "Chưa chọn vai trò hoặc loại chữ ký số. Hãy chọn đủ rồi gửi lại.",
            "No role or kind of key was chosen. Choose both and send again.",
        ) from None


async def _file(request: Request) -> bytes:
    files = [one for one in request.state.form.getlist("tep") if isinstance(one, UploadFile)]
    if len(files) != 1 or bodies.left_empty(files[0]):
        return b""
    return await files[0].read()
