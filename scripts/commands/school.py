# SPDX-License-Identifier: Apache-2.0

"""What a school does: from imported classes to anchored records, and back out when one has to be withdrawn."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ledger.errors import LedgerError
from ledger.store.reader import School
from ledger.unit import MOET, PROFILES, Ownership
from scripts import registration, workday
from scripts.commands.signing import HomeroomOption, assigned_roles
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_USAGE,
    AuthorityKey,
    ClassOption,
    Home,
    Lang,
    PasswordFile,
    SchoolOption,
    YearOption,
    authority_password,
    exhaust,
    note,
    secret,
    settings,
    tell,
    track,
)
from scripts.compose import Ledger
from scripts.crew import utc_now
from scripts.settings import (
    DEFAULT_DESK_URL,
    DEFAULT_PUBLIC_URL,
    DEFAULT_WORKERS,
    SETTINGS_FILE,
    TEMPLATE,
    UnusableSettings,
)
from signer.keys.opening import open_key
from signer.keys.signing_key import Hidden
from verifier_api.trust import Trust


def init(
    home: Annotated[Path, typer.Argument(help="Thư mục mới / new folder.")],
    tsa: Annotated[str, typer.Option(help="Địa chỉ máy chủ dấu thời gian / time-stamping authority.")],
    location: Annotated[str, typer.Option(help="Nơi ký / place of signing.")] = "Việt Nam",
    public_url: Annotated[
        str, typer.Option(help="Địa chỉ mà mã QR dẫn tới / what QR codes lead to.")
    ] = DEFAULT_PUBLIC_URL,
    lang: Lang = "vi",
) -> None:
    """Tạo thư mục cài đặt mới / make a new installation."""
    path = home / SETTINGS_FILE
    if path.exists():
        note(lang, f"{path} đã có; không ghi đè.", f"{path} exists; it is not replaced.")
        raise typer.Exit(EXIT_USAGE)
    home.mkdir(parents=True, exist_ok=True)
    # JSON's escapes are TOML's too.
    place = json.dumps(location, ensure_ascii=False)[1:-1]
    text = TEMPLATE.format(
        public_url=public_url, desk_url=DEFAULT_DESK_URL, tsa=tsa, location=place, workers=DEFAULT_WORKERS
    )
    path.write_text(text, encoding="utf-8")
    try:
        chosen = settings(home)
    except UnusableSettings:
        path.unlink()  # Nothing half made remains: the same command can be given again, with better words.
        raise
    Ledger.open(chosen)
    tell(
        lang,
        f"Đã tạo {path}. Tiếp theo: chép thư mục trust của Sở vào đây, rồi lập văn bản đồng ý của trường (hocba consent).",
        f"Made {path}. Next: copy the authority's trust folder here, then make the school's consent (hocba consent).",
    )


def consent(
    code: Annotated[str, typer.Argument(help="Mã trường, 8 chữ số / school code.")],
    operator: Annotated[str, typer.Option(help="Địa chỉ khóa chuỗi của trường / the school's chain account.")],
    seal: Annotated[str, typer.Option(help="Con dấu số: tệp .p12, pkcs11:… hoặc csc:… / where the seal's key is.")],
    out: Annotated[Path, typer.Option(help="Ghi vào tệp / file to write.")] = Path("consent.p7m"),
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Trường đồng ý cho khóa chuỗi (ký bằng con dấu) / the school names its chain account, under its seal."""
    trust = Trust.load(settings(home).trust)
    pin = Hidden(secret(lang, pin_file, vi="Mã PIN con dấu số", en="PIN of the seal"))
    with open_key(seal, pin) as key:
        out.write_bytes(registration.give_consent(trust, key, school=code, operator=operator, now=utc_now()))
    tell(
        lang,
        f"Đã ký {out}. Tiếp theo: gửi tệp này cho Sở để đăng ký trường (hocba school).",
        f"Signed {out}. Next: send it to the authority, who registers the school (hocba school).",
    )


def school(
    code: Annotated[str, typer.Argument(help="Mã trường, 8 chữ số / school code.")],
    name: Annotated[str, typer.Option(help="Tên trường / name of the school.")],
    authority: Annotated[str, typer.Option(help="Tên Sở / name of the authority.")],
    consent: Annotated[Path, typer.Option(help="Văn bản đồng ý của trường / the school's consent (hocba consent).")],
    authority_key: AuthorityKey,
    profile: Annotated[str, typer.Option(help="Ai phải ký: moet, hcmc / who must sign.")] = MOET.name,
    ownership: Annotated[Ownership, typer.Option(help="Công lập hay tư thục / public or private.")] = Ownership.PUBLIC,
    seal_sha256: Annotated[
        str | None, typer.Option(help="SHA-256 của chứng thư con dấu, do trường cho biết / of the seal's certificate.")
    ] = None,
    relayed: Annotated[
        bool,
        typer.Option("--relayed", help="Sở gửi và trả phí thay trường / the authority sends its batches, and pays."),
    ] = False,
    batch_count: Annotated[
        int | None, typer.Option(min=1, help="Tự đóng đợt khi đủ số học bạ này / close a batch at so many records.")
    ] = None,
    batch_hours: Annotated[
        int | None, typer.Option(min=1, help="Tự đóng đợt sau số giờ này / close a batch after so many hours.")
    ] = None,
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Đăng ký trường (việc của Sở) / register a school (the authority does)."""
    ledger = Ledger.open(settings(home))
    trust = Trust.load(ledger.settings.trust)
    if profile not in PROFILES:
        raise LedgerError(
            f"Không có quy định ký “{profile}”. Hãy chọn một trong: {', '.join(PROFILES)}.",
            f"There is no signing profile '{profile}'. Choose one of: {', '.join(PROFILES)}.",
        )
    signed = registration.read_consent(
        trust, consent.read_bytes(), school=code, now=utc_now(), known_seal=seal_sha256 and seal_sha256.lower()
    )
    wallet = ledger.wallet(authority_key, lambda: authority_password(pin_file, lang))
    row = School(
        code=code,
        name=name,
        authority=authority,
        profile=profile,
        operator=signed.consent.operator,
        seal_cert_sha256=signed.consent.seal_sha256,
        ownership=ownership,
        relayed=relayed,
        batch_count=batch_count,
        batch_hours=batch_hours,
    )
    registration.register_school(ledger, trust, wallet, row, signed.digest)
    registration.approve_seal(ledger, trust, code, signed.seal, by=authority)
    tell(lang, f"Đã đăng ký {name} ({code}).", f"Registered {name} ({code}).")


def issue(
    school: SchoolOption,
    year: YearOption,
    class_name: ClassOption,
    home: Home = Path(),
    homeroom: HomeroomOption = True,
    lang: Lang = "vi",
) -> None:
    """Phát hành học bạ đã đủ chữ ký / issue what everybody has signed."""
    ledger = Ledger.open(settings(home))
    where = workday.ClassKey(school, year, class_name)
    trust = Trust.load(ledger.settings.trust)
    assigned = assigned_roles(homeroom=homeroom)
    waiting = workday.waited_for(ledger, where, assigned=assigned)
    for slot, numbers in waiting.items():
        listed = ", ".join(map(str, numbers))
        note(
            lang, f"Chưa phát hành, còn chờ {slot} ký: STT {listed}.", f"Not issued, {slot} has to sign: no. {listed}."
        )
    total, work = workday.issue(ledger, trust, where, assigned=assigned)
    exhaust(track(work, total=total, label="Phát hành" if lang == "vi" else "Issuing"))
    tell(lang, f"Đã phát hành {total} học bạ.", f"Issued {total} records.")
    if waiting:
        raise typer.Exit(EXIT_FAILED)


def receipt(
    school: SchoolOption,
    year: YearOption,
    class_name: ClassOption,
    out: Annotated[Path, typer.Option(help="Thư mục nhận / folder to write to.")],
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Xuất PDF, XML, biên nhận / write PDF, XML and receipt to hand out."""
    ledger = Ledger.open(settings(home))
    units = ledger.reader.units(school_code=school, school_year=year, class_name=class_name, kind=None)
    written = list(workday.hand_out(ledger, units, out))
    if not written:
        raise LedgerError(
            f"Lớp {class_name} chưa có học bạ nào neo xong. Hãy chạy hocba anchor trước.",
            f"Class {class_name} has no anchored record yet. Run hocba anchor first.",
        )
    tell(lang, f"Đã ghi {len(written)} học bạ vào {out}.", f"Wrote {len(written)} records to {out}.")
