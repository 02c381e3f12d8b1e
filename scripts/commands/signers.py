# SPDX-License-Identifier: Apache-2.0

"""Who may sign: the school asks for a certificate, the authority answers, and publishes its list on the chain."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from asn1crypto import pem, x509

from ledger.errors import LedgerError
from ledger.store.signing_reader import Registration
from ledger.store.signing_tables import Holding, RegistrationState
from ledger.unit import Role
from scripts import registration
from scripts.commands.terminal import (
    AsJson,
    AuthorityKey,
    Home,
    Lang,
    PasswordFile,
    SchoolOption,
    authority_password,
    out,
    print_json,
    settings,
    tell,
)
from scripts.compose import Ledger, registry_access
from verifier_api.trust import Trust
from verifier_api.verdict import Language

signers = typer.Typer(
    name="signers",
    help="Đăng ký và duyệt chứng thư của người ký / register and approve signers' certificates.",
    no_args_is_help=True,
)

ByOption = Annotated[str, typer.Option("--by", help="Ai làm việc này, ghi vào sổ / who does this, for the record.")]
NumberArgument = Annotated[int, typer.Argument(help="Số yêu cầu / number of the request.")]
STATES = {
    RegistrationState.PENDING: ("chờ duyệt", "pending"),
    RegistrationState.APPROVED: ("đã duyệt", "approved"),
    RegistrationState.REFUSED: ("từ chối", "refused"),
}


@signers.command()
def request(
    certificate: Annotated[
        Path, typer.Argument(help="Chứng thư (PEM hoặc DER), kèm chứng thư CA nếu có / certificate.")
    ],
    role: Annotated[Role, typer.Option(help="Vai trò / role.", case_sensitive=False)],
    school: SchoolOption,
    subjects: Annotated[list[str] | None, typer.Option("--subject", help="Mã môn (GVBM) / subject codes.")] = None,
    holding: Annotated[Holding, typer.Option(help="Loại chữ ký số / kind.", case_sensitive=False)] = Holding.USB_TOKEN,
    account: Annotated[str, typer.Option(help="Tài khoản trên bàn làm việc / account at the desk.")] = "",
    delegated_by: Annotated[
        str | None,
        typer.Option(help="SHA-256 chứng thư hiệu trưởng uỷ quyền / certificate of the delegating principal."),
    ] = None,
    until: Annotated[
        dt.datetime | None, typer.Option(help="Đến hết lúc (UTC) / until.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
    ] = None,
    by: ByOption = "hocba",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Trường đề nghị Sở duyệt một chứng thư / the school asks for a certificate to be approved."""
    ledger = Ledger.open(settings(home))
    own, *chain = certificates_in(certificate)
    number = ledger.registrations(Trust.load(ledger.settings.trust)).request(
        school_code=school,
        certificate=own,
        chain=chain,
        role=role,
        subjects=frozenset(subjects or ()),
        holding=holding,
        account=account,
        delegated_by=delegated_by,
        valid_to=None if until is None else until.replace(tzinfo=dt.UTC),
        by=by,
    )
    tell(
        lang,
        f"Đã gửi yêu cầu số {number}. Tiếp theo: Sở duyệt (hocba signers approve {number}).",
        f"Request number {number} is made. Next: the authority approves it (hocba signers approve {number}).",
    )


@signers.command()
def approve(number: NumberArgument, by: ByOption = "hocba", home: Home = Path(), lang: Lang = "vi") -> None:
    """Sở duyệt / the authority approves."""
    ledger = Ledger.open(settings(home))
    ledger.registrations(Trust.load(ledger.settings.trust)).decide(number, approved=True, by=by)
    tell(
        lang,
        f"Đã duyệt yêu cầu {number}. Nhớ công bố danh sách mới (hocba signers publish).",
        f"Approved request {number}. Publish the new list (hocba signers publish).",
    )


@signers.command()
def refuse(
    number: NumberArgument,
    reason: Annotated[str, typer.Option(help="Lý do / reason.")],
    by: ByOption = "hocba",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Sở từ chối, có lý do / the authority refuses, with a reason."""
    ledger = Ledger.open(settings(home))
    ledger.registrations(Trust.load(ledger.settings.trust)).decide(number, approved=False, reason=reason, by=by)
    tell(lang, f"Đã từ chối yêu cầu {number}.", f"Refused request {number}.")


@signers.command()
def end(
    number: NumberArgument,
    reason: Annotated[str, typer.Option(help="Lý do / reason.")],
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Kết thúc quyền ký từ bây giờ / end a right to sign, from now."""
    ledger = Ledger.open(settings(home))
    ledger.registrations(Trust.load(ledger.settings.trust)).end(number, reason=reason)
    tell(
        lang,
        f"Đã kết thúc quyền ký số {number}. Nhớ công bố danh sách mới (hocba signers publish).",
        f"Ended line {number}. Publish the new list (hocba signers publish).",
    )


@signers.command("list")
def list_lines(
    school: Annotated[str | None, typer.Option("--school", help="Mã trường / school code.")] = None,
    home: Home = Path(),
    as_json: AsJson = False,
    lang: Lang = "vi",
) -> None:
    """Các chứng thư đã đăng ký / the registered certificates."""
    for line in Ledger.open(settings(home)).signing_reader.registrations(school_code=school):
        if as_json:
            print_json(_as_json(line))
        else:
            out.print(_in_words(line, lang), soft_wrap=True, markup=False)


@signers.command()
def publish(
    authority_key: AuthorityKey,
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Công bố danh sách người ký lên chuỗi khối / publish the list of signers on the chain."""
    ledger = Ledger.open(settings(home))
    trust = Trust.load(ledger.settings.trust)
    wallet = ledger.wallet(authority_key, lambda: authority_password(pin_file, lang))
    schools = ledger.reader.schools()
    found = registration.signer_list(
        ledger,
        authority=schools[0].authority if schools else "—",
        now=dt.datetime.now(dt.UTC).replace(microsecond=0),
    )
    registration.publish_signer_list(ledger.settings.trust, registry_access(trust), wallet, found)
    tell(
        lang,
        f"Đã công bố danh sách {len(found.lines)} dòng. Gửi lại thư mục trust cho những nơi kiểm tra.",
        f"Published a list of {len(found.lines)} lines. Hand the trust folder out to verifiers again.",
    )


def certificates_in(path: Path) -> list[bytes]:
    """The certificates of a PEM or DER file, the signer's first."""
    data = path.read_bytes()
    try:
        found = [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        for der in found:
            _ = x509.Certificate.load(der, strict=True).subject.native
    except (ValueError, TypeError) as error:
        raise LedgerError(
            f"Tệp {path.name} không phải chứng thư số (PEM hoặc DER). Hãy xuất chứng thư từ thiết bị ký rồi chọn lại.",
            f"{path.name} is no certificate (PEM or DER). Export the certificate from the token and choose again.",
        ) from error
    return found


def _in_words(line: Registration, lang: Language) -> str:
    state = STATES[line.state][lang == "en"]
    until = f"{line.valid_to:%d/%m/%Y %H:%M} UTC" if line.valid_to else "…"
    since = f"{line.valid_from:%d/%m/%Y %H:%M} UTC" if line.valid_from else "…"
    subjects = f" ({', '.join(sorted(line.subjects))})" if line.subjects else ""
    deputy = (" · uỷ quyền" if lang == "vi" else " · deputy") if line.delegated_by else ""
    return (
        f"{line.id:4} {line.school_code} {line.role}{subjects}{deputy}  {line.holder}  {state}  {since} – {until}  "
        f"{line.cert_sha256[:16]}"
    )


def _as_json(line: Registration) -> dict[str, object]:
    return {
        "number": line.id,
        "school": line.school_code,
        "role": line.role.value,
        "subjects": sorted(line.subjects),
        "holder": line.holder,
        "holding": line.holding.value,
        "account": line.account,
        "cert_sha256": line.cert_sha256,
        "hierarchy": line.hierarchy,
        "delegated_by": line.delegated_by,
        "state": line.state.value,
        "valid_from": line.valid_from.isoformat() if line.valid_from else None,
        "valid_to": line.valid_to.isoformat() if line.valid_to else None,
        "reason": line.reason,
    }
