# SPDX-License-Identifier: Apache-2.0

"""Pupils who go to another school: the old one releases, the new one accepts, and what was issued goes along.

In mid-year the old school first makes a confirmation (`confirm`), which its head and its seal sign (`sign`, once each).
"""

import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

from ledger.confirming import DOUBTS, SIGNERS, Confirmed
from ledger.paper.moments import VIETNAM, shown_day
from ledger.record.subjects import Level
from ledger.store.transfers import Transfer
from ledger.unit import Role, Slot
from ledger.web.languages import told
from scripts import confirmations, workday
from scripts.commands.signing import KeyOption
from scripts.commands.terminal import (
    AsJson,
    ByOption,
    Home,
    Lang,
    PasswordFile,
    SchoolOption,
    YearOption,
    by_whom,
    note,
    out,
    print_json,
    secret,
    settings,
    tell,
)
from scripts.compose import Ledger
from scripts.crew import utc_now
from signer.errors import SignerError
from signer.keys.opening import open_key
from signer.keys.signing_key import Hidden
from signer.timestamps import HttpTimestamper
from verifier_api.trust import Trust
from verifier_api.verdict import Language

transfer = typer.Typer(
    name="transfer",
    help="Chuyển trường: trường đi cho đi, trường đến tiếp nhận / pupils who go to another school.",
    no_args_is_help=True,
)
NumberArgument = Annotated[int, typer.Argument(help="Số hồ sơ chuyển trường / number of the transfer.")]
PupilArgument = Annotated[str, typer.Argument(help="Mã định danh của học sinh / the pupil's personal number.")]
ToOption = Annotated[str, typer.Option(help="Mã trường đến / code of the new school.")]
LevelOption = Annotated[Level, typer.Option(help="Cấp học / level.", case_sensitive=False)]
WhyOption = Annotated[str, typer.Option("--note", help="Lý do, ghi vào nhật ký / why, for the journal.")]


@transfer.command()
def confirm(
    pupil: PupilArgument,
    school: SchoolOption,
    to: ToOption,
    year: YearOption,
    level: LevelOption,
    out: Annotated[Path, typer.Option(help="Ghi PDF vào tệp này / the PDF is written to this file.")],
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="Chưa nhập học bạ năm nay (ví dụ mới có HK I): lấy từ bảng lớp này / no record of the year is begun yet: draw "
            "from this class sheet."
        ),
    ] = None,
    by: ByOption = "",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Giữa năm: trường đi lập bản xác nhận kết quả / in mid-year: make the confirmation of results.

    Lấy từ học bạ đang làm dở, hoặc từ bảng lớp có đến đâu hay đến đó (--sheet), tính đến hôm nay. / Drawn from the record that is
    begun, or from a class sheet that need not be finished (--sheet), as it stands today.
    """
    ledger, until = Ledger.open(settings(home)), dt.datetime.now(VIETNAM).replace(microsecond=0)
    transferring = ledger.transferring
    if sheet is None:
        pdf = transferring.confirmation(
            pupil, level=level.value, school_year=year, from_school=school, to_school=to, until=until
        )
    else:
        pdf = transferring.confirmation_of_sheet(
            pupil,
            workday.source_of(sheet),
            file=sheet.name,
            level=level.value,
            school_year=year,
            from_school=school,
            to_school=to,
            until=until,
            by=by_whom(by),
        )
    out.write_bytes(pdf)
    tell(
        lang,
        f"Đã lập {out}. Xem lại, rồi hiệu trưởng ký và văn thư đóng dấu: hocba transfer sign {out} --role CBQL, sau đó --role "
        "KY_PHAT_HANH.",
        f"Made {out}. Look at it; then the head signs and the clerk seals: hocba transfer sign {out} --role CBQL, then --role "
        "KY_PHAT_HANH.",
    )


@transfer.command("sign")
def sign_confirmation(
    file: Annotated[Path, typer.Argument(help="Bản xác nhận / the confirmation.")],
    key: KeyOption,
    role: Annotated[Role, typer.Option(help="CBQL (trước) hoặc KY_PHAT_HANH / CBQL first.", case_sensitive=False)],
    school: SchoolOption,
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Ký bản xác nhận: hiệu trưởng trước, con dấu sau / sign the confirmation: the head, then the seal."""
    ledger = Ledger.open(settings(home))
    trust, signing = Trust.load(ledger.settings.trust), ledger.settings.signing
    if role not in SIGNERS:
        raise typer.BadParameter("CBQL, KY_PHAT_HANH", param_hint="--role")
    pdf, timestamper = file.read_bytes(), HttpTimestamper(signing.tsa)
    with open_key(key, Hidden(secret(lang, pin_file, vi="Mã PIN", en="PIN"))) as opened:
        identity = confirmations.identity(opened, Slot(role), ledger.registrations(trust), school_code=school)
        pdf = confirmations.signed(
            pdf, Slot(role), opened, identity, timestamper=timestamper, location=signing.location, now=utc_now
        )
    _replace(file, pdf)
    tell(lang, f"Đã ký {file} ({role}).", f"Signed {file} ({role}).")
    if role is not SIGNERS[-1]:
        return
    try:
        _replace(file, confirmations.kept(pdf, trust, timestamper=timestamper, now=utc_now))
    except SignerError as error:
        note(
            lang,
            f"Chưa thêm được dữ liệu thu hồi và dấu thời gian lưu trữ ({error.vi}) Bản xác nhận vẫn dùng được; trường đến sẽ "
            "thấy cảnh báo.",
            f"Validation data and a document timestamp could not be added ({error.en}) The confirmation serves all the same; the "
            "new school will see a warning.",
        )


@transfer.command()
def show(
    number: NumberArgument,
    school: SchoolOption,
    confirmation: Annotated[
        Path | None, typer.Option(help="Ghi bản xác nhận vào tệp này / write the confirmation here.")
    ] = None,
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Một hồ sơ, và ai đã ký bản xác nhận / one transfer, and who signed its confirmation."""
    ledger = Ledger.open(settings(home))
    found = ledger.transferring.seen_by(number, school_code=school)
    line = _in_words(found, lang)
    tell(lang, line, line)
    _tell_confirmed(found, ledger.transferring.confirmed(found), lang)
    if confirmation is not None and found.confirmation_sha256 is not None:
        confirmation.write_bytes(ledger.files.get(found.confirmation_sha256))


@transfer.command()
def release(
    pupil: PupilArgument,
    school: SchoolOption,
    to: ToOption,
    year: YearOption,
    level: LevelOption,
    confirmation: Annotated[
        Path | None,
        typer.Option(
            help="Giữa năm học: PDF xác nhận kết quả đã ký (confirm, sign) / in mid-year: the signed confirmation."
        ),
    ] = None,
    note_text: WhyOption = "",
    by: ByOption = "",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Trường đi cho học sinh chuyển / the old school releases a pupil."""
    ledger = Ledger.open(settings(home))
    found = ledger.transferring.release(
        pupil,
        level=level.value,
        school_year=year,
        from_school=school,
        to_school=to,
        confirmation=confirmation.read_bytes() if confirmation else None,
        by=by_whom(by),
        why=note_text,
    )
    tell(
        lang,
        f"Hồ sơ chuyển trường số {found.id}. Trường {to} tiếp nhận bằng: hocba transfer accept {found.id} --school {to}.",
        f"Transfer {found.id}. School {to} takes the pupil in with: hocba transfer accept {found.id} --school {to}.",
    )
    _tell_confirmed(found, ledger.transferring.confirmed(found), lang)


@transfer.command()
def accept(
    number: NumberArgument,
    school: SchoolOption,
    by: ByOption = "",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Trường đến tiếp nhận / the new school takes the pupil in."""
    ledger = Ledger.open(settings(home))
    found = ledger.transferring.seen_by(number, school_code=school)
    brought = ledger.transferring.accept(number, school_code=school, by=by_whom(by))
    tell(
        lang,
        f"Đã tiếp nhận; kế thừa {len(brought.records)} học bạ.",
        f"Taken in; {len(brought.records)} records are inherited.",
    )
    for unit in brought.records:
        tell(
            lang,
            f"  {unit.school_year}  {unit.school_code}  {unit.id}",
            f"  {unit.school_year}  {unit.school_code}  {unit.id}",
        )
    if brought.unfinished is not None:
        tell(
            lang,
            "Học bạ đang làm dở của trường đi đã được rút; trường nhập bảng lớp của mình để lập học bạ năm nay.",
            "What the old school had begun is withdrawn; import your class sheet to make this year's record.",
        )
    _tell_confirmed(found, ledger.transferring.confirmed(found), lang)


@transfer.command()
def withdraw(
    number: NumberArgument,
    school: SchoolOption,
    note_text: WhyOption = "",
    by: ByOption = "",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Trường đi rút lại hồ sơ chưa tiếp nhận / the old school takes its release back."""
    Ledger.open(settings(home)).transferring.withdraw(number, school_code=school, by=by_whom(by), why=note_text)
    tell(lang, f"Đã rút hồ sơ chuyển trường số {number}.", f"Withdrew transfer {number}.")


@transfer.command("list")
def list_transfers(
    school: SchoolOption,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Hồ sơ chuyển đi và chuyển đến / transfers from and to a school."""
    for found in Ledger.open(settings(home)).transfers.those(school_code=school):
        if as_json:
            print_json(_as_json(found))
        else:
            line = _in_words(found, lang)
            tell(lang, line, line)


def _replace(file: Path, data: bytes) -> None:
    """The file is the old one or the new one, whatever happens: a signature cost somebody a PIN."""
    beside = file.with_name(f"{file.name}.part")
    with beside.open("wb") as part:
        part.write(data)
        part.flush()
        os.fsync(part.fileno())
    beside.replace(file)


def _tell_confirmed(found: Transfer, confirmed: Confirmed | None, lang: Language) -> None:
    """Who signed the confirmation, and what could not be found out about that."""
    if not found.mid_year:
        return
    if confirmed is None:
        note(
            lang,
            "Bản xác nhận này được nhận khi phần mềm chưa kiểm tra chữ ký; hãy mở bằng trình đọc PDF để xem ai đã ký.",
            "This confirmation was taken before its signatures were looked into; open it in a PDF reader to see who signed.",
        )
        return
    tell(
        lang,
        f"Bản xác nhận kết quả đến ngày {shown_day(confirmed.until)}; khi cho chuyển, chữ ký còn nguyên và bao trùm toàn bộ tệp:",
        f"Confirmation of results up to {shown_day(confirmed.until)}; when released, the signatures held and covered all of it:",
    )
    at = 0 if lang == "vi" else 1
    for one in confirmed.signatures:
        when = "" if one.signed_at is None else told(one.signed_at)
        what = {
            Role.PRINCIPAL: ("đã được duyệt", "approved"),
            Role.SEAL: ("con dấu đã đăng ký của trường", "the school's registered seal"),
        }[one.role or Role.SEAL][at]
        out.print(
            f"  {one.role}  {one.signer}  ({what})  {when}  SHA-256 {one.cert_sha256}", soft_wrap=True, markup=False
        )
        for doubt in one.doubts:
            note(lang, f"  ! {one.role}: {DOUBTS[doubt][0]}.", f"  ! {one.role}: {DOUBTS[doubt][1]}.")


def _in_words(found: Transfer, lang: Language) -> str:
    state = ("chờ tiếp nhận", "waiting") if found.open else ("đã tiếp nhận", "accepted")
    if found.withdrawn_at is not None:
        state = ("đã rút", "withdrawn")
    middle = ("giữa năm", "in mid-year")[lang == "en"] if found.mid_year else ""
    return (
        f"{found.id:4} {found.pupil_code} {found.level} {found.school_year} {found.from_school} → {found.to_school}  "
        f"{state[lang == 'en']} {middle}".rstrip()
    )


def _as_json(found: Transfer) -> dict[str, object]:
    return {
        "number": found.id,
        "pupil": found.pupil_code,
        "level": found.level,
        "school_year": found.school_year,
        "from": found.from_school,
        "to": found.to_school,
        "mid_year": found.mid_year,
        "confirmation": found.confirmation_sha256,
        "released_at": found.released_at.isoformat(),
        "released_by": found.released_by,
        "accepted_at": found.accepted_at.isoformat() if found.accepted_at else None,
        "withdrawn_at": found.withdrawn_at.isoformat() if found.withdrawn_at else None,
    }
