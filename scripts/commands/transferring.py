# SPDX-License-Identifier: Apache-2.0

"""Pupils who go to another school: the old one releases, the new one accepts, and what was issued goes along."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.record.subjects import Level
from ledger.store.transfers import Transfer
from scripts.commands.terminal import (
    AsJson,
    ByOption,
    Home,
    Lang,
    SchoolOption,
    YearOption,
    by_whom,
    print_json,
    settings,
    tell,
)
from scripts.compose import Ledger
from verifier_api.verdict import Language

transfer = typer.Typer(
    name="transfer",
    help="Chuyển trường: trường đi cho đi, trường đến tiếp nhận / pupils who go to another school.",
    no_args_is_help=True,
)
NumberArgument = Annotated[int, typer.Argument(help="Số hồ sơ chuyển trường / number of the transfer.")]
WhyOption = Annotated[str, typer.Option("--note", help="Lý do, ghi vào nhật ký / why, for the journal.")]


@transfer.command()
def release(
    pupil: Annotated[str, typer.Argument(help="Mã định danh của học sinh / the pupil's personal number.")],
    school: SchoolOption,
    to: Annotated[str, typer.Option(help="Mã trường đến / code of the new school.")],
    year: YearOption,
    level: Annotated[Level, typer.Option(help="Cấp học / level.", case_sensitive=False)],
    confirmation: Annotated[
        Path | None,
        typer.Option(
            help="Giữa năm học: PDF xác nhận kết quả đã ký / in mid-year: the signed confirmation of results."
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
