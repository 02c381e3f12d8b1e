# SPDX-License-Identifier: Apache-2.0

"""What is decided about records on the chain: recalls, amendments, the authority's approvals and locks. By whom, and why."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from ledger.unit import RecallReason, UnitState
from scripts.commands.anchoring import (
    authority_wallet,
    carry_for_authority,
    carry_for_school,
    operator_password,
)
from scripts.commands.terminal import AuthorityKey, ByOption, Home, Lang, PasswordFile, by_whom, note, settings, tell
from scripts.compose import Ledger
from verifier_api.trust import Trust

UnitArgument = Annotated[UUID, typer.Argument(help="Mã tra cứu / unit id.")]
WhyOption = Annotated[str, typer.Option("--note", help="Lý do, ghi vào nhật ký / why, for the journal.")]
EvidenceOption = Annotated[
    Path | None,
    typer.Option(help="Văn bản làm căn cứ, ví dụ quyết định hộ tịch / the document that it rests on."),
]


def recall(
    unit: UnitArgument,
    reason: Annotated[RecallReason, typer.Option(help="Lý do / reason.")],
    note_text: WhyOption = "",
    evidence: EvidenceOption = None,
    by: ByOption = "",
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Thu hồi một học bạ, có lý do / recall a record, with a reason."""
    ledger = Ledger.open(settings(home))
    found = ledger.reader.unit(unit)
    password = operator_password(pin_file, lang, key=ledger.settings.operator_of(found.school_code))
    # The key opens before the decision is stored, and a decision that an earlier run could not carry is carried now.
    ledger.school_anchorer(Trust.load(ledger.settings.trust), school_code=found.school_code, password=password)
    if unit not in {recall.unit_id for recall in ledger.errands.open_recalls()}:
        ledger.decisions.recall(
            unit,
            school_code=found.school_code,
            reason=reason,
            by=by_whom(by),
            why=note_text,
            evidence=evidence.read_bytes() if evidence else None,
        )
    # Of what else is issued, the school's own policy says when it goes.
    carry_for_school(ledger, school=found.school_code, year=found.school_year, password=password, lang=lang, due=True)
    tell(lang, f"Đã thu hồi học bạ {unit}.", f"Recalled record {unit}.")


def amend(
    unit: UnitArgument,
    evidence: Annotated[Path, typer.Option(help="Quyết định, văn bản / the document that says so.")],
    note_text: Annotated[str, typer.Option("--note", help="Điều gì đã thay đổi / what has changed.")],
    by: ByOption = "",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Ghi đính chính hộ tịch, kèm văn bản / note what has changed since, with its document."""
    ledger = Ledger.open(settings(home))
    digest = ledger.decisions.amend(unit, evidence=evidence.read_bytes(), by=by_whom(by), why=note_text)
    tell(lang, f"Đã ghi đính chính; văn bản lưu ở {digest}.", f"Recorded; the document is kept as {digest}.")


def approve(
    unit: UnitArgument,
    authority_key: AuthorityKey,
    note_text: WhyOption = "",
    by: ByOption = "",
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Sở chấp thuận thu hồi, thay thế / the authority approves a recall or replacement."""
    ledger = Ledger.open(settings(home))
    trust, wallet = Trust.load(ledger.settings.trust), authority_wallet(ledger, authority_key, pin_file, lang)
    ledger.decisions.approve(unit, by=by_whom(by), why=note_text)
    carry_for_authority(ledger, trust, wallet, lang)


def withdraw(
    unit: UnitArgument,
    note_text: Annotated[str, typer.Option("--note", help="Lý do, ghi vào nhật ký / why, for the journal.")],
    by: ByOption = "",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Trường rút đề nghị thu hồi chưa gửi lên chuỗi / take back a recall of which nothing was sent."""
    ledger = Ledger.open(settings(home))
    school = ledger.reader.unit(unit).school_code
    ledger.decisions.withdraw(unit, school_code=school, by=by_whom(by), why=note_text)
    tell(lang, f"Đã rút đề nghị thu hồi học bạ {unit}.", f"Took back the recall of record {unit}.")


def decline(
    unit: UnitArgument,
    note_text: Annotated[str, typer.Option("--note", help="Lý do, trường đọc được / why; the school reads it.")],
    by: ByOption = "",
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Sở từ chối đề nghị thu hồi / the authority declines a recall that waits for it."""
    Ledger.open(settings(home)).decisions.decline(unit, by=by_whom(by), why=note_text)
    tell(lang, f"Đã từ chối thu hồi học bạ {unit}.", f"Declined the recall of record {unit}.")


def lock(
    year: Annotated[str, typer.Argument(help="Năm học, ví dụ 2025-2026 / school year.")],
    authority_key: AuthorityKey,
    note_text: WhyOption = "",
    by: ByOption = "",
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Sở khóa năm học, không mở lại được / the authority locks a school year, for good."""
    ledger = Ledger.open(settings(home))
    unfinished = {UnitState.DRAFT, UnitState.SIGNING, UnitState.ISSUED}
    for school in ledger.reader.schools():
        units = ledger.reader.units(school_code=school.code, school_year=year, states=unfinished)
        if units:
            note(
                lang,
                f"Trường {school.code} còn {len(units)} học bạ năm {year} chưa neo; sau khi khóa sẽ bị ghi là neo muộn.",
                f"School {school.code} has {len(units)} records of {year} not anchored; after the lock they count as late.",
            )
    trust, wallet = Trust.load(ledger.settings.trust), authority_wallet(ledger, authority_key, pin_file, lang)
    ledger.decisions.lock(year, by=by_whom(by), why=note_text)
    carry_for_authority(ledger, trust, wallet, lang)
    locked = sum(
        len(ledger.reader.units(school_code=school.code, school_year=year, states=[UnitState.LOCKED]))
        for school in ledger.reader.schools()
    )
    tell(lang, f"Đã khóa năm học {year}: {locked} học bạ.", f"Locked school year {year}: {locked} records.")
