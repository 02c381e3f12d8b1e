# SPDX-License-Identifier: Apache-2.0

"""Who signs in a class, and giving a record back to who signed before."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from ledger.unit import Role
from scripts.commands.signing import SubjectOption, slot_of
from scripts.commands.terminal import ClassOption, Home, Lang, SchoolOption, YearOption, settings, tell
from scripts.compose import Ledger


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
