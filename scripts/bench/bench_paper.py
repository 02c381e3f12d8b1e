# SPDX-License-Identifier: Apache-2.0

"""Printing one unit by our templates, reportlab and WeasyPrint in one run: `python -m scripts.bench.bench_paper [rounds]`.

Every round draws another pupil with other words (typst remembers what it has laid out), warm, in one process, and all of
them take turns, so that a noisy machine slows all alike; what counts is the ratio. The target is 40 ms of processor time
for ours, whole: all threads counted, which is what one core needs, however busy the machine is.

The others draw the same words, tables, fonts and QR on the same number of pages, but less of a paper: neither is tagged or
PDF/A, reportlab attaches no record, and neither leaves places for signatures. They are no dependencies of ours; without them
the run measures ours alone and says how to install them.

`python -m scripts.bench.bench_paper memory [units]` draws so many units in one process and prints what it holds on the way.
"""

import html
import importlib.util
import io
import os
import re
import statistics
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag
from uuid import UUID, uuid4

from ledger.paper import fields, qr
from ledger.paper.content import Line, PaperUnit
from ledger.paper.render import TEMPLATES, render_unit
from ledger.paper.typesetter import FONTS, compile_pdf
from ledger.paper.wording import from_record
from ledger.record.model import (
    ClassInfo,
    Person,
    PrimarySubject,
    PrimaryYear,
    Pupil,
    Record,
    School,
    SecondarySubject,
    SecondaryYear,
    Terms,
)
from ledger.record.scales import Achievement, Attainment, Overall, Rating, Sex, Trait, TraitLevel
from ledger.record.subjects import Level, compulsory_in

ROUNDS = 30
WARM_UP = 4
TARGET_MS = 40.0
PAGES = 4
GRADES = {Level.TH: 4, Level.THCS: 9, Level.THPT: 12}
ISSUED = datetime(2026, 5, 28, 2, 30, tzinfo=UTC)
RECORD_XML = (
    b"<DU_LIEU_HOC_BA>" + b"".join(b"<DIEM_%d>8.5</DIEM_%d>" % (n, n) for n in range(150)) + b"</DU_LIEU_HOC_BA>"
)
PEERS = ("reportlab", "weasyprint")
HOW_TO_INSTALL = (
    "python3 -m venv FOLDER && FOLDER/bin/pip install reportlab weasyprint (weasyprint needs Debian's libpango-1.0-0 and "
    "libpangoft2-1.0-0), then run again with PYTHONPATH=FOLDER/lib/python3.11/site-packages"
)
SAID = (
    "Hiểu bài, vận dụng còn chậm; cần luyện tập thêm.",
    "Tư duy tốt, tính toán nhanh; cần trình bày rõ ràng hơn.",
    "Đọc lưu loát, viết đúng chính tả; tích cực phát biểu xây dựng bài.",
)


@dataclass(frozen=True)
class Sheet:
    """What one drawing needs."""

    content: PaperUnit
    address: str


def sheet(number: int, level: Level) -> Sheet:
    """A pupil unlike all others: name, identifiers, marks and every comment differ."""
    unit_id = uuid4()
    grade = GRADES[level]
    teacher = Person("Phan Hoài Linh")
    pupil = Pupil(
        f"31{number:08d}", f"Trần Thị Hân {_letters(number)}", ISSUED.date().replace(year=2011), Sex.NU, f"099311{number:06d}",
        "Việt Nam", "Kinh", "Thành phố Hải Phòng", "Thành phố Hải Phòng", f"Số {number} đường Lạch Tray, Hải Phòng",
        f"Trần Văn {_letters(number)}", "Nguyễn Thị Minh", register_number=f"{number}/2022",
    )  # fmt: skip
    record = Record(
        School("31", "Sở Giáo dục và Đào tạo Hải Phòng", "31312502", "Trường Lạch Tray Mẫu", "Phường Gia Viên",
               "Thành phố Hải Phòng", "Hải Phòng"),
        ClassInfo(f"{grade}A1", level, grade, "2025-2026", "", teacher, Person("Nguyễn Thị Minh Phương")),
        pupil,
        _primary(grade, number, teacher) if level is Level.TH else _secondary(grade, number, teacher),
    )  # fmt: skip
    content = from_record(record, unit_id=unit_id, planned_issue_date=ISSUED, short_code="7QK2-M9XT-RA4C-0VZW-W")
    return Sheet(content, f"https://tracuu.example.vn/q/{unit_id}#{_fragment(unit_id)}")


def _secondary(grade: int, number: int, teacher: Person) -> SecondaryYear:
    rows = []
    for place, subject in enumerate(compulsory_in(grade)):
        mark = Decimal(50 + (number * 7 + place * 3) % 50) / 10 if subject.scored else Attainment.DAT
        comment = f"{SAID[place % len(SAID)]} ({number}.{place})"
        rows.append(SecondarySubject(subject.code, subject.name, mark, mark, mark, comment, teacher))
    terms = Terms(Rating.TOT, Rating.TOT, Rating.TOT)
    return SecondaryYear(
        tuple(rows), terms, terms, number % 9, 0, promoted=True, homeroom_comment=f"{SAID[0]} ({number})"
    )


def _primary(grade: int, number: int, teacher: Person) -> PrimaryYear:
    rows = tuple(
        PrimarySubject(
            subject.code, subject.name_at(Level.TH), Achievement.HOAN_THANH_TOT, number % 11 if subject.scored else None,
            f"{SAID[place % len(SAID)]} ({number}.{place})", teacher,
        )
        for place, subject in enumerate(compulsory_in(grade))
    )  # fmt: skip
    return PrimaryYear(
        rows, dict.fromkeys(Trait, TraitLevel.TOT), Overall.HOAN_THANH, number % 9, 0, completed=True, promoted=True,
        quality_comment=f"{SAID[1]} ({number})", general_comment=f"{SAID[2]} ({number})", specific_comment=SAID[0],
    )  # fmt: skip


def _letters(number: int) -> str:
    return "".join("ABCDEGHIKL"[int(digit)] for digit in str(number))


def _fragment(unit_id: UUID) -> str:
    """As long as the offline part of a real address."""
    return (unit_id.hex * 6)[:184]


def ours(one: Sheet) -> bytes:
    """The whole way that issuing takes."""
    return render_unit(one.content, record_xml=RECORD_XML, qr_url=one.address, created=ISSUED)


def our_parts(one: Sheet) -> Mapping[str, float]:
    """The same in its parts, in milliseconds of processor time."""
    marks = [time.process_time()]
    code = qr.draw(one.address)
    marks.append(time.process_time())
    inputs = {
        "content": one.content.as_json(),
        "record": RECORD_XML.decode(),
        "qr": code.svg,
        "qr_side": f"{code.side_mm:.2f}",
        "address": urldefrag(one.address).url,
    }
    marks.append(time.process_time())
    plain = compile_pdf(TEMPLATES[one.content.level], inputs, created=ISSUED)
    marks.append(time.process_time())
    fields.lay_out(plain)
    marks.append(time.process_time())
    names = ("QR", "words", "typst", "fields")
    return {name: (end - start) * 1000 for name, start, end in zip(names, marks, marks[1:], strict=False)}


# ------------------------------------------------------- the words, as both others are given them


def cover_of(content: PaperUnit) -> list[str]:
    """The lines of the cover below its title."""
    known = (("Họ và tên học sinh", content.pupil.upper()), ("Lớp", content.class_name), ("Trường", content.school))
    return [*(f"{label}: {value}" for label, value in known), f"Năm học: {content.school_year}", *_lines(content.cover)]


def identity_of(content: PaperUnit) -> list[str]:
    """The lines of the second page."""
    signed = (f"Người ký học bạ: {content.head}", f"Chức vụ của người ký học bạ: {content.head_position}")
    return [*_lines(content.identity), f"Mã số tra cứu học bạ (UUID): {content.unit_id}", *signed]


def tables_of(content: PaperUnit) -> tuple[list[list[str]], list[list[str]], list[list[str]]]:
    """History, marks and results, each with its head."""
    history = [
        ["Năm học", "Lớp", "Trường"],
        *([row.school_year, row.class_name, row.school] for row in content.history),
    ]
    marks = [["TT", "Môn học", "HK I", "HK II", "Cả năm", "Nhận xét", "Giáo viên"]]
    for number, row in enumerate(content.marks, start=1):
        shown = (row.subject, row.term_1, row.term_2, row.year, row.comment, row.teacher)
        marks.append([str(number), *(value or "—" for value in shown)])
    results = [["Nội dung", "Học kì I", "Học kì II", "Cả năm"]]
    results += [[row.name, *(value or "—" for value in (row.term_1, row.term_2, row.year))] for row in content.results]
    return history, marks, results


def _lines(lines: Sequence[Line]) -> list[str]:
    return [f"{line.label}: {line.value or '—'}" for line in lines]


def signing_of(content: PaperUnit) -> list[list[str]]:
    """The foot of the last page, in two columns."""
    return [
        ["", content.place_and_date],
        ["Xác nhận của Hiệu trưởng", "Giáo viên chủ nhiệm"],
        [content.head, content.homeroom_teacher],
    ]


# --------------------------------------------------------------------------------- reportlab


def with_reportlab() -> Callable[[Sheet], bytes]:
    """A drawer that lays the same content out with platypus."""
    platypus: Any = importlib.import_module("reportlab.platypus")
    styles: Any = importlib.import_module("reportlab.lib.styles")
    metrics: Any = importlib.import_module("reportlab.pdfbase.pdfmetrics")
    truetype: Any = importlib.import_module("reportlab.pdfbase.ttfonts")
    mm = 72 / 25.4
    metrics.registerFont(truetype.TTFont("Serif", str(FONTS / "LiberationSerif-Regular.ttf")))
    metrics.registerFont(truetype.TTFont("Serif-Bold", str(FONTS / "LiberationSerif-Bold.ttf")))
    text = styles.ParagraphStyle("text", fontName="Serif", fontSize=11.5, leading=14)
    bold = styles.ParagraphStyle("bold", parent=text, fontName="Serif-Bold")
    title = styles.ParagraphStyle("title", parent=bold, fontSize=30, leading=36, alignment=1)

    class Qr(platypus.Flowable):  # type: ignore[misc]
        def __init__(self, drawing: qr.QrDrawing) -> None:
            super().__init__()
            self.drawing = drawing
            self.width = self.height = drawing.side_mm * mm

        def draw(self) -> None:
            side = self.drawing.modules + 2 * qr.QUIET_ZONE
            path = self.canv.beginPath()
            for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)", self.drawing.svg):
                path.rect(int(x), side - int(y) - 1, int(run), 1)
            self.canv.scale(self.width / side, self.height / side)
            self.canv.drawPath(path, stroke=0, fill=1)

    grid = [
        ("GRID", (0, 0), (-1, -1), 0.5, "black"),
        ("BACKGROUND", (0, 0), (-1, 0), "#f0f0f0"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]

    def table(rows: list[list[str]], widths: list[float], style: list[Any]) -> Any:  # noqa: ANN401
        cells = [
            [platypus.Paragraph(html.escape(cell), text if y else bold) for cell in row] for y, row in enumerate(rows)
        ]
        return platypus.Table(cells, colWidths=[width * mm for width in widths], style=style, repeatRows=1)

    def draw(one: Sheet) -> bytes:
        content, out = one.content, io.BytesIO()
        history, marks, results = tables_of(content)

        def say(lines: Sequence[str]) -> list[Any]:
            return [platypus.Paragraph(html.escape(line), text) for line in lines]

        def foot(canvas: Any, document: Any) -> None:  # noqa: ANN401
            canvas.setFont("Serif", 8.5)
            canvas.drawString(25 * mm, 12 * mm, f"Mã học bạ: {content.unit_id}")
            canvas.drawRightString(192 * mm, 12 * mm, f"Năm học {content.school_year}  Trang {document.page}/{PAGES}")

        story = [
            *say([content.authority.upper(), content.school.upper()]), platypus.Spacer(1, 60 * mm),
            platypus.Paragraph("HỌC BẠ", title), platypus.Paragraph(content.level_title.upper(), title),
            *say(cover_of(content)), Qr(qr.draw(one.address)),
            *say([urldefrag(one.address).url, f"Mã tra cứu ngắn: {content.short_code}"]), platypus.PageBreak(),
            *say(identity_of(content)), table(history, [28, 28, 111], grid), platypus.PageBreak(),
            table(marks, [9, 35, 13, 14, 13, 53, 30], grid), platypus.PageBreak(),
            table(results, [89, 26, 26, 26], grid), *say(_lines(content.outcome)), *say([content.homeroom_comment or "—"]),
            table(signing_of(content), [83, 83], []),
        ]  # fmt: skip
        platypus.SimpleDocTemplate(
            out, pagesize=(210 * mm, 297 * mm), leftMargin=25 * mm, rightMargin=18 * mm, topMargin=20 * mm,
            bottomMargin=20 * mm, title=content.pupil, lang="vi-VN",
        ).build(story, onFirstPage=foot, onLaterPages=foot)  # fmt: skip
        return out.getvalue()

    return draw


# -------------------------------------------------------------------------------- WeasyPrint


def with_weasyprint() -> Callable[[Sheet], bytes]:
    """A drawer that lays the same content out as a page of HTML; fonts and style are read once."""
    weasyprint: Any = importlib.import_module("weasyprint")
    fonts: Any = importlib.import_module("weasyprint.text.fonts").FontConfiguration()
    faces = "".join(
        f"@font-face{{font-family:S;font-weight:{weight};src:url({(FONTS / f'LiberationSerif-{face}.ttf').as_uri()})}}"
        for weight, face in (("normal", "Regular"), ("bold", "Bold"))
    )
    style = weasyprint.CSS(
        string=faces
        + "@page{size:A4;margin:20mm 18mm 20mm 25mm;@bottom-left{content:string(id)}@bottom-right{content:string(year)' Trang '"
        "counter(page)'/'counter(pages)}}body{font:11.5pt S}h1{text-align:center;font-size:30pt;margin-top:60mm;string-set:id "
        "attr(id),year attr(title)}table{border-collapse:collapse;width:100%}td,th{padding:1.4mm}.g td,.g th{border:.5pt solid}"
        "th{background:#f0f0f0}section{break-after:page}section:last-child{break-after:auto}p{margin:1mm 0}",
        font_config=fonts,
    )

    def table(rows: list[list[str]], kind: str = "g") -> str:
        head, *body = ["".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) for row, tag in _tagged(rows)]
        return (
            f"<table class={kind}><thead><tr>{head}</tr></thead>"
            + "".join(f"<tr>{row}</tr>" for row in body)
            + "</table>"
        )

    def say(lines: Sequence[str]) -> str:
        return "".join(f"<p>{html.escape(line)}</p>" for line in lines)

    def draw(one: Sheet) -> bytes:
        content, code = one.content, qr.draw(one.address)
        history, marks, results = tables_of(content)
        level, year = content.level_title.upper(), content.school_year
        picture = b64encode(code.svg.encode()).decode()
        page = (
            f"<html lang=vi><title>{html.escape(content.pupil)}</title><section>"
            + say([content.authority.upper(), content.school.upper()])
            + f'<h1 id="Mã học bạ: {content.unit_id}" title="Năm học {year}">HỌC BẠ<br>{level}</h1>'
            + say(cover_of(content))
            + f'<img alt="QR" style="width:{code.side_mm}mm" src="data:image/svg+xml;base64,{picture}">'
            + say([urldefrag(one.address).url, f"Mã tra cứu ngắn: {content.short_code}"])
            + f"</section><section>{say(identity_of(content))}{table(history)}</section><section>{table(marks)}</section>"
            + f"<section>{table(results)}{say(_lines(content.outcome))}{say([content.homeroom_comment or '—'])}"
            + f"{table(signing_of(content), 's')}</section></html>"
        )
        record = weasyprint.Attachment(string=RECORD_XML, name="record.xml")
        pdf: bytes = weasyprint.HTML(string=page).write_pdf(
            stylesheets=[style], font_config=fonts, attachments=[record]
        )
        return pdf

    return draw


def _tagged(rows: list[list[str]]) -> list[tuple[list[str], str]]:
    return [(row, "td" if number else "th") for number, row in enumerate(rows)]


# --------------------------------------------------------------------------------- the two runs


def compare(rounds: int) -> None:
    """Prints medians of all drawers for one secondary unit, then ours in its parts for every level."""
    drawers: dict[str, Callable[[Sheet], bytes]] = {"ours": ours}
    for name, make in zip(PEERS, (with_reportlab, with_weasyprint), strict=True):
        if importlib.util.find_spec(name):
            drawers[name] = make()
        else:
            print(f"{name} is not installed: {HOW_TO_INSTALL}")
    wall: dict[str, list[float]] = {name: [] for name in drawers}
    core: dict[str, list[float]] = {name: [] for name in drawers}
    sizes: dict[str, int] = {}
    for number in range(rounds + WARM_UP):
        for name, draw in drawers.items():
            one = sheet(number, Level.THCS)
            start, spent = time.perf_counter(), time.process_time()
            sizes[name] = len(draw(one))
            if number >= WARM_UP:
                core[name].append((time.process_time() - spent) * 1000)
                wall[name].append((time.perf_counter() - start) * 1000)
    base = statistics.median(core["ours"])
    print(f"one lower secondary unit, {PAGES} pages, {rounds} rounds, median (fastest) ms")
    for name, times in core.items():
        median, waited = statistics.median(times), statistics.median(wall[name])
        print(
            f"  {name:11} core {median:6.1f} ({min(times):6.1f})  wall {waited:6.1f} ({min(wall[name]):6.1f})  "
            f"{median / base:5.2f} of ours  {sizes[name] / 1000:6.1f} kB"
        )
    print(f"  target {TARGET_MS:.0f} ms: {'met' if base <= TARGET_MS else 'missed'}")
    for level in Level:
        parts = [our_parts(sheet(number, level)) for number in range(rounds + WARM_UP)][WARM_UP:]
        medians = {name: statistics.median(part[name] for part in parts) for name in parts[0]}
        told = ", ".join(f"{name} {value:.1f}" for name, value in medians.items())
        print(f"  {level.value:5} core {statistics.median(sum(part.values()) for part in parts):6.1f}: {told}")


def watch_memory(units: int) -> None:
    """Prints what the process holds while it draws `units` different units."""
    page = os.sysconf("SC_PAGE_SIZE")
    for number in range(units):
        ours(sheet(number, list(Level)[number % len(Level)]))
        if number % max(1, units // 10) == 0 or number == units - 1:
            held = int(Path("/proc/self/statm").read_text().split()[1]) * page
            print(f"{number + 1:6} units: {held / 2**20:6.0f} MiB")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["memory", *count]:
            watch_memory(int(count[0]) if count else 2000)
        case count:
            compare(int(count[0]) if count else ROUNDS)
