# SPDX-License-Identifier: Apache-2.0

"""Registering certificates: a school asks, the authority answers, and from then on the line says who may sign as what.

These are the ministry's transactions 3 and 4 (CV 2088/BGDĐT-GDTH, annex 1, section 2): a certificate is registered and approved
before it can issue, and what signed is compared with what was registered. A line is dated and stays: signatures are judged by
the line of their time. A deputy's line names the principal's certificate and ends on a day.

What a certificate is worth (whose, under which root, revoked or not) is for a `CertificateJudge` to find out; what follows from
that is decided here.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.errors import CertificateRefused, UnknownLine
from ledger.record.subjects import BY_CODE
from ledger.signing import SignerIdentity
from ledger.store.reader import Reader, School
from ledger.store.signing_reader import Registration, SigningReader
from ledger.store.signing_tables import Holding, RegistrationState
from ledger.store.signing_writer import Request, SigningWriter
from ledger.unit import PROFILES, Role, Slot


@dataclass(frozen=True)
class Judged:
    """What is known of a certificate now."""

    sha256: str
    holder: str
    personal_number: str | None
    """The subject's serialNumber, bare digits."""
    valid_from: dt.datetime
    valid_to: dt.datetime
    hierarchy: str | None
    """Whose root stands above it; None for nobody's that is trusted here."""
    revoked: bool
    revocation_known: bool
    """Whether a CRL or an OCSP answer could be had; if not, `revoked` says nothing."""
    chain: tuple[bytes, ...] = ()
    """The certificates between it and that root, DER: what a signature has to carry so that others find the way."""


class CertificateJudge(Protocol):
    """Whoever can tell what a certificate is worth."""

    def judge(self, certificate: bytes, chain: Sequence[bytes]) -> Judged:
        """What is known of it now. Raises `CertificateRefused` for bytes that are no certificate, or a key too weak."""


class Registrations:
    """The authority's lines about certificates.

    Guarantees that nobody signs whose certificate is not approved for that school and role at that moment, expired, revoked as
    far as can be known, or of a hierarchy that the school's profile does not allow.
    """

    def __init__(
        self,
        reader: Reader,
        lines: SigningReader,
        writer: SigningWriter,
        judge: CertificateJudge,
        *,
        role_hierarchies: Mapping[Any, Sequence[str]],
        now: Callable[[], dt.datetime],
    ) -> None:
        self._reader = reader
        self._lines = lines
        self._writer = writer
        self._judge = judge
        self._role_hierarchies = role_hierarchies
        """Which hierarchies may certify each role at all: the trust settings' `roles`."""
        self._now = now

    def request(
        self,
        *,
        school_code: str,
        certificate: bytes,
        chain: Sequence[bytes] = (),
        role: Role,
        subjects: frozenset[str] = frozenset(),
        holding: Holding = Holding.USB_TOKEN,
        account: str = "",
        delegated_by: str | None = None,
        valid_from: dt.datetime | None = None,
        valid_to: dt.datetime | None = None,
        by: str,
    ) -> int:
        """The school's part: asks that a certificate may sign. Returns the number of the request.

        `delegated_by` is the principal's certificate for a deputy, who also needs `valid_to`. Raises `CertificateRefused`.
        """
        school = self._reader.school(school_code)
        judged = self._judge.judge(certificate, chain)
        hierarchy = self._fit(judged, school, role)
        _require_future(valid_to, max(valid_from or self._now(), self._now()))
        _require_subjects(role, subjects)
        if delegated_by is not None:
            self._require_delegation(delegated_by, judged, school_code, role, valid_to)
        self._require_not_asked(judged, school_code, role)
        return self._writer.request(
            Request(
                school_code=school_code,
                cert_sha256=judged.sha256,
                certificate=certificate,
                chain=tuple(chain),
                role=role,
                subjects=subjects,
                holder=judged.holder,
                account=account,
                holding=holding,
                hierarchy=hierarchy,
                delegated_by=delegated_by,
                valid_from=valid_from,
                valid_to=valid_to,
            ),
            by=by,
        )

    def decide(self, number: int, *, approved: bool, reason: str = "", by: str) -> None:
        """The authority's part. A refusal needs a reason. Raises `UnknownLine`, `CertificateRefused` or `LostRace`."""
        line = self._line(number)
        if not approved and not reason.strip():
            raise CertificateRefused(
                "Từ chối đăng ký chứng thư cần có lý do để trường biết cách sửa. Hãy ghi lý do.",
                "A refusal needs a reason, so that the school knows what to mend. Give one.",
            )
        now = self._now()
        if approved:
            # It may have ended, or been revoked, since the school asked.
            judged = self._judge.judge(line.certificate, line.chain)
            self._fit(judged, self._reader.school(line.school_code), line.role)
            if line.delegated_by is not None:
                self._require_delegation(line.delegated_by, judged, line.school_code, line.role, line.valid_to)
            _require_future(line.valid_to, max(line.valid_from or now, now))
        # Never from before the decision: what was signed while nobody had approved it stays unapproved.
        valid_from = max(line.valid_from or now, now) if approved else line.valid_from
        self._writer.decide(
            line, approved=approved, valid_from=valid_from, valid_to=line.valid_to, reason=reason, by=by
        )

    def end(self, number: int, *, reason: str, at: dt.datetime | None = None) -> None:
        """Ends an approved line, now or at a time to come: somebody left, or lost the token. Raises `UnknownLine`, `LostRace`."""
        line, now = self._line(number), self._now()
        if at is not None and at < now:
            raise CertificateRefused(
                "Không thể kết thúc quyền ký vào thời điểm đã qua: chữ ký đã có sẽ đổi giá trị. Hãy chọn từ bây giờ "
                "trở đi; nếu "
                "chứng thư bị lộ, hãy đề nghị nhà cung cấp thu hồi.",
                "A right to sign cannot be ended in the past: signatures that exist would change their worth. Choose "
                "now or "
                "later; if the key was stolen, have its provider revoke the certificate.",
            )
        ends = max(at or now, line.valid_from or now)
        if line.valid_to is not None and line.valid_to <= ends:
            raise CertificateRefused(
                f"Quyền ký số {number} đã được ghi là kết thúc lúc {line.valid_to:%d/%m/%Y %H:%M} UTC; kết thúc lại sẽ kéo dài "
                "quyền đó. Không thay đổi gì; nếu cần ký tiếp, hãy đăng ký lại với Sở.",
                f"Line {number} ends at {line.valid_to:%Y-%m-%d %H:%M} UTC already; ending it again would make it longer. "
                "Nothing was changed; register again with the authority if the right to sign is still needed.",
            )
        self._writer.end(line, valid_to=ends, reason=reason)

    def require_may_sign(self, signer: SignerIdentity, slot: Slot, *, school_code: str) -> tuple[Registration, Judged]:
        """The line by which `signer` may sign in `slot` now, and what its certificate is worth. Raises `CertificateRefused`."""
        judged = self._judge.judge(signer.certificate, signer.chain)
        hierarchy = self._fit(judged, self._reader.school(school_code), slot.role)
        line = self._lines.line_for(judged.sha256, slot, school_code=school_code, at=self._now())
        if line is None:
            raise CertificateRefused(*self._why_not(judged, slot, school_code))
        if line.delegated_by is not None and not self._delegates(line.delegated_by, school_code):
            raise CertificateRefused(
                f"Hiệu trưởng đã uỷ quyền cho {judged.holder} không còn quyền ký, nên uỷ quyền cũng hết. Chưa ký gì cả; hãy đăng "
                "ký uỷ quyền của hiệu trưởng đương nhiệm (hocba signers request --delegated-by).",
                f"The principal for whom {judged.holder} signs may no longer sign, so the delegation is over too. Nothing was "
                "signed; register a delegation by the present principal (hocba signers request --delegated-by).",
            )
        if line.hierarchy != hierarchy:  # pragma: no cover - the same certificate leads to the same root
            raise CertificateRefused(*_other_hierarchy(judged.holder, hierarchy))
        return line, judged

    def covering_now(self) -> Iterator[Registration]:
        """Every approved line, past ones too: what the authority publishes."""
        yield from self._lines.registrations(state=RegistrationState.APPROVED)

    def _line(self, number: int) -> Registration:
        if (line := self._lines.registration(number)) is None:
            raise UnknownLine(number)
        return line

    def _fit(self, judged: Judged, school: School, role: Role) -> str:
        """The hierarchy of a certificate that is good for `role` at this school now. Raises `CertificateRefused`."""
        now, who = self._now(), judged.holder
        if not judged.valid_from <= now <= judged.valid_to:
            raise CertificateRefused(
                f"Chứng thư số của {who} có hiệu lực từ {judged.valid_from:%d/%m/%Y} đến {judged.valid_to:%d/%m/%Y}, "
                f"không dùng "
                "được lúc này. Hãy gia hạn chứng thư số, hoặc kiểm tra ngày giờ của máy chủ.",
                f"The certificate of {who} is valid from {judged.valid_from:%Y-%m-%d} to {judged.valid_to:%Y-%m-%d}, "
                f"not now. "
                "Renew it, or check the clock of the server.",
            )
        if judged.revoked:
            raise CertificateRefused(
                f"Chứng thư số của {who} đã bị thu hồi. Hãy dùng chứng thư số khác và đăng ký chứng thư đó với Sở.",
                f"The certificate of {who} was revoked. Use another one, and register it with the authority.",
            )
        if judged.hierarchy is None:
            raise CertificateRefused(
                f"Chứng thư số của {who} không thuộc tổ chức cấp chứng thư nào được Sở tin cậy. Hãy dùng chứng thư "
                f"do tổ chức "
                "được phép cấp.",
                f"No certification authority that is trusted here stands above the certificate of {who}. Use one "
                f"from an "
                "accepted authority.",
            )
        allowed = self._role_hierarchies.get(role.value, ())
        profile = PROFILES[school.profile]
        seal = role is Role.SEAL
        if judged.hierarchy not in allowed or (
            seal and not profile.seal_may_come_from(judged.hierarchy, school.ownership)
        ):
            raise CertificateRefused(*_other_hierarchy(who, judged.hierarchy))
        return judged.hierarchy

    def _require_delegation(
        self, principal: str, deputy: Judged, school_code: str, role: Role, until: dt.datetime | None
    ) -> None:
        """A principal delegates for a time, to somebody else, and only the principal's own part."""
        sound = self._delegates(principal, school_code) and deputy.sha256 != principal and role is Role.PRINCIPAL
        if not sound or until is None or until <= self._now():
            raise CertificateRefused(
                "Uỷ quyền không hợp lệ: chỉ hiệu trưởng (có chứng thư đã được duyệt) mới uỷ quyền được cho cấp phó, "
                "và phải ghi "
                "ngày hết hạn. Hãy kiểm tra lại chứng thư của hiệu trưởng và thời hạn uỷ quyền.",
                "The delegation is not sound: only a principal whose certificate is approved can delegate to a "
                "deputy, and only "
                "until a day. Check the principal's certificate and the end of the delegation.",
            )

    def _require_not_asked(self, judged: Judged, school_code: str, role: Role) -> None:
        lines = self._lines.registrations(
            school_code=school_code, cert_sha256=judged.sha256, state=RegistrationState.PENDING
        )
        pending = next((line.id for line in lines if line.role is role), None)
        if pending is not None:
            raise CertificateRefused(
                f"Chứng thư số của {judged.holder} đã có yêu cầu số {pending} cho vai trò này đang chờ Sở duyệt. Không gửi thêm; "
                "hãy chờ Sở trả lời.",
                f"Request number {pending} for the certificate of {judged.holder} in this role waits for the authority already. "
                "Nothing more was sent; wait for the answer.",
            )

    def _delegates(self, principal: str, school_code: str) -> bool:
        """Whether this certificate is a principal's own, who may sign now."""
        line = self._lines.line_for(principal, Slot(Role.PRINCIPAL), school_code=school_code, at=self._now())
        return line is not None and line.delegated_by is None

    def _why_not(self, judged: Judged, slot: Slot, school_code: str) -> tuple[str, str]:
        """In words, why no line covers this."""
        lines = self._lines.registrations(school_code=school_code, cert_sha256=judged.sha256)
        who, now = judged.holder, self._now()
        if any(line.state is RegistrationState.PENDING and line.role is slot.role for line in lines):
            return (
                f"Chứng thư số của {who} đã gửi đăng ký nhưng Sở chưa duyệt. Chưa ký gì cả; hãy chờ Sở duyệt rồi ký.",
                (
                    f"The certificate of {who} was sent for registration and is not approved yet. Nothing was signed; "
                    f"wait for "
                    "the authority."
                ),
            )
        if any(
            line.state is RegistrationState.APPROVED
            and line.role is slot.role
            and line.valid_to
            and line.valid_to <= now
            for line in lines
        ):
            return (
                (
                    f"Quyền ký của {who} cho vai trò này đã hết hạn hoặc đã kết thúc. Chưa ký gì cả; hãy đăng ký lại với "
                    f"Sở."
                ),
                (
                    f"The right of {who} to sign in this role has ended. Nothing was signed; register again with the "
                    f"authority."
                ),
            )
        return (
            (
                f"Chứng thư số của {who} chưa được Sở duyệt để ký vai trò {slot} của trường {school_code}. Chưa ký gì "
                f"cả; hãy chọn "
                "đúng chữ ký số, hoặc đăng ký chứng thư này (hocba signers request)."
            ),
            (
                f"The certificate of {who} is not approved to sign as {slot} for school {school_code}. Nothing was "
                f"signed; choose "
                "the right key, or register this certificate (hocba signers request)."
            ),
        )


def _other_hierarchy(who: str, hierarchy: str) -> tuple[str, str]:
    return (
        (
            f"Chứng thư số của {who} thuộc hệ thống “{hierarchy}”, không được dùng cho vai trò này ở trường này (trường "
            f"công lập phải "
            "dùng con dấu do Ban Cơ yếu Chính phủ cấp, nếu Sở quy định). Hãy dùng đúng loại chứng thư."
        ),
        (
            f"The certificate of {who} comes from the hierarchy '{hierarchy}', which may not certify this role at this "
            f"school (a "
            "public school's seal comes from VGCA where the authority says so). Use the right kind of certificate."
        ),
    )


def _require_future(until: dt.datetime | None, since: dt.datetime) -> None:
    """A right to sign that would end before it begins is none."""
    if until is not None and until <= since:
        raise CertificateRefused(
            f"Thời hạn ký đến {until:%d/%m/%Y %H:%M} UTC đã qua trước khi bắt đầu. Hãy chọn ngày hết hạn sau hôm nay và gửi lại "
            "yêu cầu.",
            f"The right to sign would end at {until:%Y-%m-%d %H:%M} UTC, before it begins. Choose a later day, and ask again.",
        )


def _require_subjects(role: Role, subjects: frozenset[str]) -> None:
    """Subjects are for subject teachers, and known ones: a line about others would never allow anything."""
    unknown = sorted(subjects if role is not Role.SUBJECT else subjects - BY_CODE.keys())
    if unknown:
        named = ", ".join(unknown)
        raise CertificateRefused(
            f"Mã môn {named} không dùng được ở đây: chỉ vai trò GVBM có mã môn, và mã phải có trong danh mục môn học (ví dụ "
            "TOAN, NGU_VAN). Hãy sửa lại rồi gửi yêu cầu.",
            f"The subject codes {named} cannot be used here: only the role GVBM has subjects, and each must be in the list of "
            "subjects (such as TOAN, NGU_VAN). Correct them, and ask again.",
        )
