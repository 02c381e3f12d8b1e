# SPDX-License-Identifier: Apache-2.0

"""Signing a class: here in the ledger's folder, or on the signer's own computer against a desk. One PIN either way."""

import tempfile
import time
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from ledger.errors import LedgerError
from ledger.rounds import Stopped
from ledger.unit import Role, Slot
from scripts import sittings, workday
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_USAGE,
    ClassOption,
    Home,
    Lang,
    PasswordFile,
    SchoolOption,
    YearOption,
    err,
    exhaust,
    note,
    out,
    secret,
    settings,
    tell,
    track,
)
from scripts.compose import Ledger
from scripts.crew import CrewScribe, utc_now
from signer.agent.desk import DeskClient, RoundProgress, Waiting
from signer.agent.errors import AgentError, DeskRefused
from signer.agent.sitting import Shown, Sitting
from signer.keys import SigningKey
from signer.keys.opening import open_key
from signer.keys.signing_key import Hidden
from signer.keys.token_refusals import pin_for_each_signature
from verifier_api.trust import Trust
from verifier_api.verdict import Language

HomeroomOption = Annotated[
    bool,
    typer.Option("--homeroom/--no-homeroom", help="Giáo viên chủ nhiệm có ký / the homeroom teacher signs too."),
]
KeyOption = Annotated[
    str,
    typer.Option(
        "--key",
        help="Tệp .p12, pkcs11:token=…?module-path=… hoặc csc:https://… / a .p12 file, a token, or a remote provider.",
    ),
]
SubjectOption = Annotated[str, typer.Option("--subject", help="Mã môn, khi ký vai trò GVBM / subject code.")]
LastTryOption = Annotated[
    bool,
    typer.Option("--risk-last-try", help="Vẫn nhập PIN dù chỉ còn một lần thử / enter the PIN though one try is left."),
]
RepeatPinOption = Annotated[
    bool,
    typer.Option(
        "--repeat-pin", help="Giữ PIN trong lượt ký và tự trao lại từng lần / hand the PIN to the device each time."
    ),
]
POLL_SECONDS = 0.3
"""How often a desk is asked how far it has come."""


def assigned_roles(*, homeroom: bool) -> frozenset[Role]:
    """The optional roles that somebody fills in this class."""
    return frozenset({Role.HOMEROOM}) if homeroom else frozenset()


def slot_of(role: Role, subject: str, lang: Language) -> Slot:
    """The slot that the options name."""
    try:
        return Slot(role, subject)
    except ValueError:
        note(
            lang,
            "Vai trò GVBM cần --subject (mã môn); các vai trò khác thì không.",
            "The role GVBM needs --subject; the others have none.",
        )
        raise typer.Exit(EXIT_USAGE) from None


def sign(
    key: KeyOption,
    role: Annotated[
        Role | None, typer.Option(help="Vai trò ký (không cần khi dùng --desk) / role.", case_sensitive=False)
    ] = None,
    school: Annotated[str | None, typer.Option("--school", help="Mã trường, 8 chữ số / school code.")] = None,
    year: Annotated[str | None, typer.Option("--year", help="Năm học, ví dụ 2025-2026 / school year.")] = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Lớp, ví dụ 9A1 / class.")] = None,
    subject: SubjectOption = "",
    desk: Annotated[
        str | None, typer.Option("--desk", help="Địa chỉ bàn làm việc của trường / address of the school's desk.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Tài khoản; không nêu thì hỏi mã ghép / account at the desk.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="Tệp chứa mật khẩu tài khoản hoặc mã ghép / password or pairing code.")
    ] = None,
    digests_only: Annotated[
        bool, typer.Option("--digests-only", help="Chỉ tải mã băm, KHÔNG xem được tệp / sign without seeing the files.")
    ] = False,
    show: Annotated[
        Path | None, typer.Option(help="Ghi các tệp PDF sắp ký vào đây / write the PDFs to be signed.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại trước khi ký / do not ask before signing.")] = False,
    home: Home = Path(),
    pin_file: PasswordFile = None,
    homeroom: HomeroomOption = True,
    risk_last_try: LastTryOption = False,
    repeat_pin: RepeatPinOption = False,
    lang: Lang = "vi",
) -> None:
    """Ký cả lớp với một mã PIN / sign a whole class with one PIN."""

    def opened() -> SigningKey:
        pin = Hidden(secret(lang, pin_file, vi="Mã PIN", en="PIN"))
        found = open_key(key, pin, risk_last_try=risk_last_try, repeat_pin=repeat_pin)
        if found.asks_pin_for_each_signature:
            if not repeat_pin:
                found.close()
                raise pin_for_each_signature(found.who)
            note(
                lang,
                "Thiết bị này đòi mã PIN cho từng chữ ký; chương trình giữ mã PIN trong lượt ký này và tự trao lại.",
                "This device wants its PIN for every signature; it is kept for this round, and handed over each time.",
            )
        return found

    if desk is not None:
        with DeskClient.at(desk) as client:
            _sign_in(client, account, password_file, lang)
            try:
                work = _chosen(client.waiting(), class_name=class_name, role=role, subject=subject, lang=lang)
                with opened() as signer:
                    _at_the_desk(client, work, signer, blind=digests_only, show=show, yes=yes, lang=lang)
            finally:
                # The session ends by itself too; what went wrong before matters more.
                with suppress(AgentError):
                    client.sign_out()
        return
    if role is None or school is None or year is None or class_name is None:
        note(
            lang,
            "Cần --role, --school, --year và --class; hoặc --desk để ký từ máy của mình.",
            "--role, --school, --year and --class are needed; or --desk, to sign from your own computer.",
        )
        raise typer.Exit(EXIT_USAGE)
    where, slot, ledger = (
        workday.ClassKey(school, year, class_name),
        slot_of(role, subject, lang),
        Ledger.open(settings(home)),
    )
    # The processes start while the PIN is typed.
    with CrewScribe.at(ledger.settings.signing, workers=ledger.settings.workers) as scribe, opened() as signer:
        _here(ledger, scribe, where, slot, signer, homeroom=homeroom, lang=lang)


def assign(
    role: Annotated[Role, typer.Option(help="Vai trò / role.", case_sensitive=False)],
    account: Annotated[str, typer.Option(help="Tài khoản của người ký / the signer's account.")],
    school: SchoolOption,
    year: YearOption,
    class_name: ClassOption,
    subject: SubjectOption = "",
    replacing: Annotated[
        str, typer.Option(help="Lý do thay người ghi trong học bạ / why another than the record names signs.")
    ] = "",
    by: Annotated[str, typer.Option("--by", help="Ai phân công / who assigns.")] = "hocba",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Phân công người ký cho một lớp, hoặc thay người / assign who signs in a class, or replace them."""
    ledger = Ledger.open(settings(home))
    school_class = ledger.signing_reader.school_class(school_code=school, school_year=year, name=class_name)
    slot = slot_of(role, subject, lang)
    ledger.signing_writer.assign(school_class, slot, account=account, replacing=replacing, by=by)
    tell(lang, f"Lớp {class_name}: {slot} do {account} ký.", f"Class {class_name}: {account} signs {slot}.")


def give_back(
    unit: Annotated[UUID, typer.Argument(help="Mã tra cứu / unit id.")],
    role: Annotated[Role, typer.Option(help="Trả về cho vai trò / back to role.", case_sensitive=False)],
    reason: Annotated[str, typer.Option(help="Lý do / reason.")],
    subject: SubjectOption = "",
    by: Annotated[str, typer.Option("--by", help="Ai trả lại / who gives it back.")] = "hocba",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Trả học bạ lại cho người ký trước, có lý do / give a record back to an earlier signer, with a reason."""
    ledger = Ledger.open(settings(home))
    slot = slot_of(role, subject, lang)
    ledger.returning.give_back(unit, slot=slot, reason=reason, by=by)
    tell(lang, f"Đã trả học bạ {unit} về cho {slot}.", f"Gave record {unit} back to {slot}.")


def _here(
    ledger: Ledger,
    scribe: CrewScribe,
    where: workday.ClassKey,
    slot: Slot,
    key: SigningKey,
    *,
    homeroom: bool,
    lang: Language,
) -> None:
    """A round in the ledger's own folder."""
    rounds = ledger.rounds(Trust.load(ledger.settings.trust), scribe)
    sitting = sittings.LocalSitting(ledger, rounds, where, slot, key, assigned=assigned_roles(homeroom=homeroom))
    total, work = sitting.render()
    if total:
        exhaust(track(work, total=total, label="Lập PDF, XML" if lang == "vi" else "Rendering PDF, XML"))
    total, work = sitting.prepare()
    preparing = track(work, total=total, label="Chuẩn bị" if lang == "vi" else "Preparing")
    stopped = [one for one in preparing if isinstance(one, Stopped)]
    total, work = sitting.sign()
    if total:
        exhaust(track(work, total=total, label=f"{'Ký' if lang == 'vi' else 'Signing'} {slot}"))
    total, finished = sitting.finish()
    label = "Đóng dấu thời gian, lưu" if lang == "vi" else "Time-stamping, storing"
    unfinished = [one for one in track(finished, total=total, label=label) if isinstance(one, Stopped)]
    done = total - len(unfinished)
    stopped += unfinished
    for one in stopped:
        err.print(one.vi if lang == "vi" else one.en, soft_wrap=True, markup=False)
    tell(lang, f"Đã ký {done} học bạ lớp {where.class_name}.", f"Signed {done} records of class {where.class_name}.")
    if stopped:
        note(
            lang, f"{len(stopped)} học bạ chưa xong; chạy lại lệnh để làm tiếp.", f"{len(stopped)} are left; run again."
        )
        raise typer.Exit(EXIT_FAILED)


def _sign_in(client: DeskClient, account: str | None, file: Path | None, lang: Language) -> None:
    if account is None:
        code = secret(
            lang, file, vi="Mã ghép (hiện trên trang Ký của bàn làm việc)", en="Pairing code (from the desk's page)"
        )
        name = client.pair(code)
    else:
        password = secret(lang, file, vi=f"Mật khẩu tài khoản {account}", en=f"Password of {account}")
        name = client.sign_in(account, password)
    note(lang, f"Đã đăng nhập: {name}.", f"Signed in: {name}.")


def _chosen(
    waiting: Sequence[Waiting], *, class_name: str | None, role: Role | None, subject: str, lang: Language
) -> Waiting:
    """The one round that the options leave; several are listed, to choose by options."""
    slot = None if role is None else str(slot_of(role, subject, lang))
    left = [work for work in waiting if class_name in {None, work.class_name} and (slot is None or slot == work.slot)]
    if len(left) == 1:
        return left[0]
    if not left:
        raise LedgerError("Không có việc ký nào đang chờ bạn.", "Nothing waits for your signature.")
    lines = [
        f"  --class {work.class_name} --role {work.slot.replace('-', ' --subject ')}   {work.count}" for work in left
    ]
    raise LedgerError(
        "\n".join(["Có nhiều việc đang chờ; hãy chọn một:", *lines]),
        "\n".join(["Several rounds wait for you; choose one:", *lines]),
    )


def _at_the_desk(
    client: DeskClient,
    work: Waiting,
    key: SigningKey,
    *,
    blind: bool,
    show: Path | None,
    yes: bool,
    lang: Language,
) -> None:
    """A round between the desk and the key in this computer."""
    progress = _until(client, client.open(work, key.who), lambda now: now.prepared, "Chuẩn bị", "Preparing", lang=lang)
    sitting = Sitting(client, progress.id, work.slot, key.who, now=utc_now)
    if blind:
        note(
            lang,
            "CHÚ Ý: chỉ tải mã băm. Bạn ký mà không xem được tệp; nội dung do máy chủ bảo đảm.",
            "NOTE: digests only. You sign without seeing the files, and rely on the server for what they say.",
        )
        records = sitting.fetch_digests_blindly()
    else:
        label = "Tải và kiểm tra tệp" if lang == "vi" else "Fetching and checking"
        records = list(track(sitting.fetch(), total=progress.prepared, label=label))
    if records:
        _shown(work, records, show=show, lang=lang)
        if not yes and not _agreed(records, lang):
            note(lang, "Đã dừng; chưa ký gì.", "Stopped; nothing was signed.")
            raise typer.Exit(EXIT_FAILED)
        label = f"{'Ký' if lang == 'vi' else 'Signing'} {work.slot}"
        made = (step for step in sitting.sign(key, records) if isinstance(step, Shown))
        exhaust(track(made, total=len(records), label=label))
    progress = client.finish(progress.id)
    progress = _until(client, progress, lambda now: now.stored, "Lưu trên máy chủ", "Storing at the desk", lang=lang)
    for one in progress.stopped:
        err.print(one.vi if lang == "vi" else one.en, soft_wrap=True, markup=False)
    tell(
        lang,
        f"Đã ký {progress.stored} học bạ lớp {work.class_name}.",
        f"Signed {progress.stored} records of class {work.class_name}.",
    )
    if progress.stopped:
        raise typer.Exit(EXIT_FAILED)


def _until(
    client: DeskClient,
    progress: RoundProgress,
    done: Callable[[RoundProgress], int],
    vi: str,
    en: str,
    *,
    lang: Language,
) -> RoundProgress:
    """Waits while the desk works, with a bar."""
    newest = [progress]

    def steps() -> object:
        seen = 0
        while True:
            now = newest[0]
            yield from range(seen, done(now))
            seen = max(seen, done(now))
            if now.problem is not None:
                raise DeskRefused(now.problem.vi, now.problem.en, status=0)
            if not now.busy:
                return
            time.sleep(POLL_SECONDS)
            newest[0] = client.progress(now.id)

    exhaust(track(steps(), total=progress.total, label=vi if lang == "vi" else en))  # type: ignore[arg-type]
    return newest[0]


def _shown(work: Waiting, records: list[Shown], *, show: Path | None, lang: Language) -> None:
    """What is about to be signed: how many, of whom, and every warning."""
    tell(
        lang,
        f"Lớp {work.class_name}, {work.role}: {len(records)} học bạ, {records[0].item.pupil} … {records[-1].item.pupil}",
        f"Class {work.class_name}, {work.slot}: {len(records)} records, {records[0].item.pupil} … {records[-1].item.pupil}",
    )
    for record in records:
        for warning in record.item.warnings:
            out.print(f"  ⚠ STT {record.item.stt} {record.item.pupil}: {warning}", soft_wrap=True, markup=False)
    for returned in work.returned:
        out.print(f"  ↩ STT {returned.stt}: {returned.reason}", soft_wrap=True, markup=False)
    if show is not None:
        show.mkdir(parents=True, exist_ok=True)
        for record in records:
            if record.pdf is not None:
                (show / f"{record.item.stt:02d}.pdf").write_bytes(record.pdf)
        tell(lang, f"Các tệp sắp ký nằm trong {show}.", f"What is to be signed lies in {show}.")


def _agreed(records: list[Shown], lang: Language) -> bool:
    """Asks; a number opens that pupil's file, Enter signs."""
    by_stt = {record.item.stt: record for record in records}
    with tempfile.TemporaryDirectory() as folder:
        while True:
            question = (
                "Gõ STT để xem, Enter để ký, q để dừng: " if lang == "vi" else "A number opens, Enter signs, q stops: "
            )
            answer = input(question).strip().lower()
            if answer in {"", "q"}:
                return not answer
            record = by_stt.get(int(answer)) if answer.isdecimal() else None
            if record is None or record.pdf is None:
                note(lang, "Không có tệp với số này.", "There is no file of that number.")
                continue
            path = Path(folder) / f"{record.item.stt:02d}.pdf"
            path.write_bytes(record.pdf)
            if not webbrowser.open(path.as_uri()):
                note(lang, f"Hãy mở tệp {path}.", f"Open {path}.")
