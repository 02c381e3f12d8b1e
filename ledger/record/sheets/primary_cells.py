# SPDX-License-Identifier: Apache-2.0

"""What a cell of a primary workbook means: levels, traits, whole marks, measures.

Continues `ledger.record.sheets.cells` with the scales of Circular 27/2020. The letters T, H, C and T, Đ, C that teachers write
are understood by the column they stand in: "C" is Chưa hoàn thành for a subject and Cần cố gắng for a quality.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import Final, TypeVar

from ledger.record.scales import Achievement, Overall, PrimaryAward, TraitLevel
from ledger.record.sheets.cells import NOTHING, Misread, count, text
from ledger.record.sheets.workbook import Cell
from ledger.record.spelling import folded

_Scale = TypeVar("_Scale", bound=Enum)

_ACHIEVEMENTS = {folded(level.value): level for level in Achievement} | {
    "t": Achievement.HOAN_THANH_TOT,
    "htt": Achievement.HOAN_THANH_TOT,
    "h": Achievement.HOAN_THANH,
    "ht": Achievement.HOAN_THANH,
    "c": Achievement.CHUA_HOAN_THANH,
    "cht": Achievement.CHUA_HOAN_THANH,
}
_TRAIT_LEVELS = {folded(level.value): level for level in TraitLevel} | {
    "t": TraitLevel.TOT,
    "d": TraitLevel.DAT,
    "c": TraitLevel.CAN_CO_GANG,
    "ccg": TraitLevel.CAN_CO_GANG,
}
_OVERALL = {folded(level.value): level for level in Overall} | {
    "htxs": Overall.HOAN_THANH_XUAT_SAC,
    "htt": Overall.HOAN_THANH_TOT,
    "ht": Overall.HOAN_THANH,
    "cht": Overall.CHUA_HOAN_THANH,
}
_AWARDS = {folded(award.value): award for award in PrimaryAward} | {
    "xuatsac": PrimaryAward.XUAT_SAC,
    "hsxuatsac": PrimaryAward.XUAT_SAC,
    "hsxs": PrimaryAward.XUAT_SAC,
    "hocsinhtieubieu": PrimaryAward.TIEU_BIEU,
    "hstieubieu": PrimaryAward.TIEU_BIEU,
    "tieubieu": PrimaryAward.TIEU_BIEU,
    "hstb": PrimaryAward.TIEU_BIEU,
}
_TEST_ARTICLE = "Thông tư 27/2020/TT-BGDĐT, Điều 7"

WEIGHTS: Final = (Decimal(5), Decimal(250))
"""Kilograms that a child may weigh. Wide on purpose: it is there to find a cell that slipped, not an unusual child."""
HEIGHTS: Final = (Decimal(50), Decimal(250))
"""Centimetres that a child may measure; what lies below was written in metres."""
_DECIMALS = Decimal("0.0001")
"""CV 2088, Annex 1.1: a number has at most four decimals."""


def achievement(cell: Cell) -> Achievement | Misread | None:
    """Return what was reached in a subject (TH-01)."""
    return _one_of(_ACHIEVEMENTS, cell, "TH-01", "T / H / C", f"{_TEST_ARTICLE}.1")


def trait_level(cell: Cell) -> TraitLevel | Misread | None:
    """Return how far a quality or a competence has come (TH-02)."""
    return _one_of(_TRAIT_LEVELS, cell, "TH-02", "T / Đ / C", f"{_TEST_ARTICLE}.2")


def overall(cell: Cell) -> Overall | Misread | None:
    """Return what the year came to. Bare letters are refused: T might be either of two."""
    return _one_of(_OVERALL, cell, "SH-08", None, "Thông tư 27/2020/TT-BGDĐT, Điều 9")


def award(cell: Cell) -> PrimaryAward | Misread | None:
    """Return the title. There are two, and no Học sinh Giỏi or Tiên tiến at primary."""
    written = text(cell)
    if written is None or folded(written) in NOTHING:
        return None
    return _one_of(_AWARDS, cell, "SH-08", None, "Thông tư 27/2020/TT-BGDĐT, Điều 13")


def whole_mark(cell: Cell) -> int | Misread | None:
    """Return the mark of a test: whole, 0 to 10 (TH-03). `9,0` is 9; `8,5` is no mark of this circular."""
    written = text(cell)
    if written is None:
        return None
    match = re.fullmatch(r"(\d{1,2})(?:[.,]0{0,20})?", written, flags=re.ASCII)
    if match and int(match[1]) <= 10:  # noqa: PLR2004 - the scale of ten
        return int(match[1])
    return Misread(
        "TH-03",
        written,
        "0, 1, 2 … 10",
        f"“{written}” không phải là điểm kiểm tra định kì. Ở tiểu học, hãy ghi điểm nguyên từ 0 đến 10, không có"
        " điểm thập phân.",
        f"“{written}” is no mark of a periodic test. At primary, write a whole mark from 0 to 10, without decimals.",
        _TEST_ARTICLE,
    )


def sessions(cell: Cell) -> int | Misread | None:
    """Return a number of sessions missed."""
    found = count(cell)
    return replace(found, rule="SH-08", article=None) if isinstance(found, Misread) else found


def weight(cell: Cell) -> Decimal | Misread | None:
    """Return kilograms."""
    return _measure(cell, "kg", WEIGHTS, "cân nặng", "weight")


def height(cell: Cell) -> Decimal | Misread | None:
    """Return centimetres."""
    return _measure(cell, "cm", HEIGHTS, "chiều cao", "height")


def _measure(cell: Cell, unit: str, bounds: tuple[Decimal, Decimal], *name: str) -> Decimal | Misread | None:
    written = text(cell)
    if written is None:
        return None
    match = re.fullmatch(rf"(\d{{1,3}}(?:[.,]\d{{1,20}})?)\s*(?:{unit})?", written.lower(), flags=re.ASCII)
    value = Decimal(match[1].replace(",", ".")).quantize(_DECIMALS) if match else None
    if value is not None and bounds[0] <= value <= bounds[1]:
        # Without the zeros that one school writes and another does not: 31,90 is 31.9, and 120 is not 1.2E+2.
        return Decimal(format(value.normalize(), "f"))
    return Misread(
        "SH-08",
        written,
        f"{bounds[0]} … {bounds[1]} {unit}",
        f"Không hiểu {name[0]} “{written}”. Hãy ghi bằng {unit}, từ {bounds[0]} đến {bounds[1]}, hoặc để trống.",
        f"The {name[1]} “{written}” is not understood. Write it in {unit}, from {bounds[0]} to {bounds[1]}, or leave"
        " the cell empty.",
    )


def _one_of(
    words: Mapping[str, _Scale], cell: Cell, rule: str, letters: str | None, article: str
) -> _Scale | Misread | None:
    written = text(cell)
    if written is None:
        return None
    found = words.get(folded(written))
    if found is not None:
        return found
    names = [str(member.value) for member in dict.fromkeys(words.values())]
    letters_vi = f", hoặc viết tắt {letters}" if letters else ""
    letters_en = f", or {letters} for short" if letters else ""
    return Misread(
        rule,
        written,
        " / ".join(names),
        f"Không hiểu “{written}”. Hãy ghi một trong các mức: {', '.join(names)}{letters_vi}.",
        f"“{written}” is not understood. Write one of: {', '.join(names)}{letters_en}.",
        article,
    )
