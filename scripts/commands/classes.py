# SPDX-License-Identifier: Apache-2.0

"""Class sheets: checking them, seeing what an import would change, importing them, and an empty one to begin with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ledger.desk.wording import CHANGES
from ledger.errors import LedgerError
from ledger.importing import Change, ImportPlan, PupilChange
from ledger.paper.errors import PaperError
from ledger.record.errors import RecordError
from ledger.record.findings import Finding, Severity
from ledger.record.rules.pupil_cells import shown
from ledger.record.sheets.class_sheet import SheetReading
from ledger.record.sheets.template import workbook
from ledger.record.subjects import BY_CODE, Level
from ledger.store.reader import Unit
from scripts import workday
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_USAGE,
    AsJson,
    Home,
    Lang,
    Synthetic,
    note,
    out,
    print_json,
    settings,
    tell,
    track,
)
from scripts.compose import Ledger
from verifier_api.verdict import Language

SEVERITIES = {
    Severity.ERROR: ("✗ Lỗi", "✗ Error"),
    Severity.WARNING: ("! Lưu ý", "! Warning"),
    Severity.INFO: ("· Ghi chú", "· Note"),
}


def check(
    files: Annotated[
        list[Path], typer.Argument(help="Bảng lớp .xlsx, .json, .zip, thư mục .csv / class sheets.", exists=True)
    ],
    synthetic: Synthetic = False,
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Kiểm tra bảng lớp theo thông tư / check class sheets, import nothing."""
    wrong = False
    for path in files:
        reading = workday.read_sheet(path, synthetic=synthetic)
        wrong |= reading.class_sheet is None
        if as_json:
            print_json({"file": path.name, **_findings_as_json(reading, lang)})
        else:
            show_findings(path, reading, lang=lang)
    raise typer.Exit(EXIT_FAILED if wrong else 0)


def import_class(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Bảng lớp .xlsx, .json, .zip, thư mục .csv / class sheets.", exists=True),
    ] = None,
    home: Home = Path(),
    synthetic: Synthetic = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Chỉ cho xem sẽ thay đổi gì / only show what would change.")
    ] = False,
    template: Annotated[
        Level | None, typer.Option(help="Ghi một bảng lớp trống / write an empty class sheet.", case_sensitive=False)
    ] = None,
    grade: Annotated[int | None, typer.Option(help="Khối của bảng trống / grade of the empty sheet.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Tên tệp bảng trống / where to write it.")] = None,
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Kiểm tra rồi nhập cả lớp / check and import classes, each all or nothing."""
    if template is not None:
        _write_template(template, grade, to or Path(f"mau-{template.value.lower()}.xlsx"), lang)
        return
    if not files:
        note(
            lang,
            "Hãy nêu tệp bảng lớp cần nhập, hoặc --template th|thcs|thpt để lấy bảng trống.",
            "Name the class sheets to import, or use --template th|thcs|thpt for an empty one.",
        )
        raise typer.Exit(EXIT_USAGE)
    ledger = Ledger.open(settings(home))
    refused = 0
    for path in track(iter(files), total=len(files), label="Nhập lớp" if lang == "vi" else "Importing"):
        refused += not _import_one(ledger, path, synthetic=synthetic, dry_run=dry_run, lang=lang, as_json=as_json)
    if refused:
        vi, en = ("sẽ không nhập được", "could not be imported") if dry_run else ("chưa được nhập", "were not imported")
        note(
            lang,
            f"{refused} lớp {vi}. Hãy làm theo các lời nhắc ở trên rồi nhập lại; lớp khác không bị ảnh hưởng.",
            f"{refused} classes {en}. Do what is said above, then import them again; the others are not affected.",
        )
        raise typer.Exit(EXIT_FAILED)


def _import_one(ledger: Ledger, path: Path, *, synthetic: bool, dry_run: bool, lang: Language, as_json: bool) -> bool:
    """Imports one class, or only says what that would change; returns whether it could be done."""
    reading = workday.read_sheet(path, synthetic=synthetic)
    told: dict[str, Any] = {"file": path.name, **_findings_as_json(reading, lang)}
    if not as_json:
        show_findings(path, reading, lang=lang)
    done = False
    if reading.class_sheet is not None:
        try:
            plan = ledger.importing.plan(reading.class_sheet)
            told["changes"] = [_change_as_json(pupil, lang) for pupil in plan.pupils]
            if not as_json:
                show_plan(plan, lang=lang)
            if not dry_run:
                ledger.importing.carry_out(plan, source=workday.source_of(path))
            done = dry_run is False or not plan.refused
        except (LedgerError, RecordError, PaperError) as error:
            told["error"] = error.en if lang == "en" else error.vi
            note(lang, f"{path.name}: {error.vi}", f"{path.name}: {error.en}")
    told["imported"] = done and not dry_run
    if as_json:
        print_json(told)
    elif done:
        name = reading.class_sheet.class_info.name if reading.class_sheet else ""
        if dry_run:
            tell(lang, "Chưa thay đổi gì (--dry-run).", "Nothing was changed (--dry-run).")
        else:
            tell(lang, f"Đã nhập lớp {name}.", f"Imported class {name}.")
    return done


def _write_template(level: Level, grade: int | None, to: Path, lang: Language) -> None:
    if grade is not None and grade not in level.grades:
        note(
            lang,
            f"Khối {grade} không thuộc cấp {level.value}. Hãy chọn --grade từ {min(level.grades)} đến {max(level.grades)}.",
            f"Grade {grade} is not of level {level.value}. Choose --grade from {min(level.grades)} to {max(level.grades)}.",
        )
        raise typer.Exit(EXIT_USAGE)
    if to.exists():
        note(lang, f"{to} đã có; không ghi đè. Hãy chọn tên khác (--out).", f"{to} exists; choose another --out.")
        raise typer.Exit(EXIT_USAGE)
    to.write_bytes(workbook(level, grade))
    tell(
        lang,
        f"Đã ghi bảng trống {to}. Hãy đọc trang “Hướng dẫn” trong tệp, điền lớp rồi chạy hocba check.",
        f"Wrote the empty sheet {to}. Read its sheet “Hướng dẫn”, fill the class in, then run hocba check.",
    )


def show_findings(path: Path, reading: SheetReading, *, lang: Language) -> None:
    """All findings of one sheet, worst first, each with its place; and the averages that a gradebook was computed to."""
    if reading.findings:
        tell(lang, f"{path.name}:", f"{path.name}:")
    for finding in sorted(reading.findings, key=lambda f: list(Severity).index(f.severity)):
        tell(lang, *_finding_lines(finding))
    show_averages(reading, lang=lang)
    errors = sum(finding.severity is Severity.ERROR for finding in reading.findings)
    warnings = sum(finding.severity is Severity.WARNING for finding in reading.findings)
    tell(lang, f"{path.name}: {errors} lỗi, {warnings} lưu ý.", f"{path.name}: {errors} errors, {warnings} warnings.")


def show_averages(reading: SheetReading, *, lang: Language) -> None:
    """The semester averages that were computed from a mark book: a table for each term, a row for each pupil."""
    for term in sorted({mark.term for mark in reading.computed}):
        marks = [mark for mark in reading.computed if mark.term == term]
        subjects = list(dict.fromkeys(mark.subject for mark in marks))
        rows: dict[tuple[int | None, str | None], dict[str, str]] = {}
        for mark in marks:
            rows.setdefault((mark.stt, mark.pupil), {})[mark.subject] = shown(mark.value) or ""
        title = f"Điểm trung bình tính từ sổ điểm – {term}" if lang == "vi" else f"Averages from the mark book – {term}"
        table = Table("STT", "Mã HS", *(BY_CODE[code].name for code in subjects), title=title, box=None)
        for (stt, pupil), found in rows.items():
            table.add_row(str(stt or ""), pupil or "", *(found.get(code, "") for code in subjects))
        # Wide as it is: a code cut short to fit the screen would be no code.
        out.print(table, width=30 + 12 * len(subjects), crop=False)


def _finding_lines(finding: Finding) -> Iterator[str]:
    vi, en = SEVERITIES[finding.severity]
    article = f" [{finding.article}]" if finding.article else ""
    for mark, words, message in (
        (vi, ("trang", "dòng", "cột", "STT"), finding.message_vi),
        (en, ("sheet", "row", "column", "no."), finding.message_en),
    ):
        places = zip(words, (finding.sheet, finding.row, finding.column, finding.stt), strict=True)
        where = ", ".join(f"{word} {value}" for word, value in places if value is not None)
        # Whoever mends a cell wants to see what stands in it, where the sentence does not say so already.
        value = f" “{finding.found}”" if finding.found and finding.found not in message else ""
        yield f"{mark} ({finding.rule}) {where}{value}: {message}{article}"


def show_plan(plan: ImportPlan, *, lang: Language) -> None:
    """What an import would change: numbers for all, names and details where something is changed or refused."""
    info = plan.sheet.class_info
    counts = [(words, plan.count(change)) for change, words in CHANGES.items() if plan.count(change)]
    vi, en = (", ".join(f"{words[at]}: {count}" for words, count in counts) for at in (0, 1))
    tell(lang, f"Lớp {info.name}, {info.school_year} – {vi}.", f"Class {info.name}, {info.school_year} – {en}.")
    for pupil in plan.pupils:
        if pupil.change in (Change.ADDED, Change.UNCHANGED):
            continue
        vi, en = CHANGES[pupil.change]
        tell(lang, f"  {pupil.name} ({pupil.pupil_code}) – {vi}", f"  {pupil.name} ({pupil.pupil_code}) – {en}")
        for difference in pupil.differences:
            before, after = difference.before or "—", difference.after or "—"
            tell(lang, *(f"      {difference.what(each)}: {before} → {after}" for each in ("vi", "en")))
        if pupil.change is Change.DEPARTED:
            tell(lang, *_departed(pupil.gone_to))
        elif pupil.change is Change.BLOCKED and pupil.unit is not None:
            tell(lang, *_way_out(pupil.unit, info.name))
        if pupil.sign_again:
            roles = ", ".join(pupil.sign_again)
            tell(lang, f"      phải ký lại: {roles}", f"      to be signed again: {roles}")


def _departed(to_school: str) -> tuple[str, str]:
    return (
        f"      đã cho chuyển sang trường {to_school}: hãy bỏ học sinh khỏi bảng lớp, hoặc rút hồ sơ chuyển trường trước",
        f"      released to school {to_school}: take the pupil off the sheet, or withdraw the transfer first",
    )


def _way_out(unit: Unit, class_name: str) -> tuple[str, str]:
    """What to do about a unit that an import cannot change."""
    if unit.class_name != class_name:
        return (
            f"      đang có học bạ ở lớp {unit.class_name}: hãy bỏ học sinh khỏi một trong hai bảng lớp",
            f"      has a record in class {unit.class_name}: take the pupil off one of the two sheets",
        )
    return (
        f"      đã phát hành: hãy thu hồi trước (hocba recall {unit.id} --reason …), rồi nhập lại",
        f"      issued: recall it first (hocba recall {unit.id} --reason …), then import again",
    )


def _findings_as_json(reading: SheetReading, lang: Language) -> dict[str, Any]:
    told: dict[str, Any] = {"findings": [finding.to_dict(lang) for finding in reading.findings]}
    if reading.computed:
        told["computed"] = [
            {
                "pupil": mark.pupil,
                "stt": mark.stt,
                "subject": mark.subject,
                "term": mark.term,
                "components": [[name, shown(value)] for name, value in mark.components],
                "value": shown(mark.value),
            }
            for mark in reading.computed
        ]
    return told


def _change_as_json(pupil: PupilChange, lang: Language) -> dict[str, Any]:
    return {
        "pupil": pupil.pupil_code,
        "stt": pupil.stt,
        "change": pupil.change.value,
        "unit": str(pupil.unit.id) if pupil.unit else None,
        "sign_again": list(pupil.sign_again),
        "differences": [
            {"what": difference.what(lang), "before": difference.before, "after": difference.after}
            for difference in pupil.differences
        ],
    }
