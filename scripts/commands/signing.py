# SPDX-License-Identifier: Apache-2.0

"""Signing a class: here in the ledger's folder, or on the signer's own computer against a desk. One PIN either way."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from ledger.unit import Role, Slot
from scripts.commands import signing_at_desk
from scripts.commands.terminal import EXIT_USAGE, Home, Lang, PasswordFile, note, secret, settings
from signer.agent.desk import DeskClient
from signer.agent.errors import AgentError
from signer.keys import SigningKey
from signer.keys.opening import open_key
from signer.keys.signing_key import Hidden
from signer.keys.token_refusals import pin_for_each_signature
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
            signing_at_desk.sign_in(client, account, password_file, lang)
            try:
                slot = None if role is None else slot_of(role, subject, lang)
                work = signing_at_desk.chosen(client.waiting(), class_name=class_name, slot=slot)
                with opened() as signer:
                    signing_at_desk.sign(client, work, signer, blind=digests_only, show=show, yes=yes, lang=lang)
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
    # What only the ledger's own machine needs takes seconds to load, and a teacher's has no use for it.
    from scripts.commands import signing_here  # noqa: PLC0415
    from scripts.compose import Ledger  # noqa: PLC0415
    from scripts.crew import CrewScribe  # noqa: PLC0415
    from scripts.workday import ClassKey  # noqa: PLC0415

    where, slot, ledger = ClassKey(school, year, class_name), slot_of(role, subject, lang), Ledger.open(settings(home))
    assigned = assigned_roles(homeroom=homeroom)
    # The processes start while the PIN is typed.
    with CrewScribe.at(ledger.settings.signing, workers=ledger.settings.workers) as scribe, opened() as signer:
        signing_here.sign(ledger, scribe, where, slot, signer, assigned=assigned, show=show, yes=yes, lang=lang)
