# SPDX-License-Identifier: Apache-2.0

"""TH-12: what the ministry's field table asks for at primary, told before anybody signs and not when the XML is written.

What is compulsory, and where the world leaves a field empty, only `ledger.record.xml.fields` knows; here each of its tags gets
the cell in which a school enters it. Tags that another rule speaks of (the personal number, results, qualities) are left to it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ledger.record.findings import Finding
from ledger.record.model import Record
from ledger.record.rules.identity import FIELDS
from ledger.record.rules.pupil_cells import PupilCells
from ledger.record.sheets.pupil_rows import (
    ADDRESS,
    BIRTHPLACE,
    ETHNICITY,
    GENERAL_COMMENT,
    HEIGHT,
    HOMEROOM_COMMENT,
    HOMETOWN,
    QUALITY_COMMENT,
    REGISTER_NUMBER,
    SPECIFIC_COMMENT,
    WEIGHT,
)
from ledger.record.sheets.tables import PUPILS, RESULTS
from ledger.record.xml.fields import NAMES, lacking

CELLS: Final[Mapping[str, tuple[str, str]]] = {
    "SO_SO_DANG_BO": (PUPILS, REGISTER_NUMBER.name),
    "DAN_TOC": (PUPILS, ETHNICITY.name),
    "NOI_SINH": (PUPILS, BIRTHPLACE.name),
    "QUE_QUAN": (PUPILS, HOMETOWN.name),
    "CHO_O_HIEN_NAY": (PUPILS, ADDRESS.name),
    "CAN_NANG": (RESULTS, WEIGHT.name),
    "CHIEU_CAO": (RESULTS, HEIGHT.name),
    "NHAN_XET_GVCN": (RESULTS, HOMEROOM_COMMENT.name),
    "NHAN_XET_PHAM_CHAT": (RESULTS, QUALITY_COMMENT.name),
    "NHAN_XET_NANG_LUC_CHUNG": (RESULTS, GENERAL_COMMENT.name),
    "NHAN_XET_NANG_LUC_DAC_THU": (RESULTS, SPECIFIC_COMMENT.name),
}
"""Tag of the ministry's table to the sheet and column in which a school writes it."""


def required_findings(record: Record, cells: PupilCells) -> Iterator[Finding]:
    """Yield an error for each field that the XML of this pupil could not be written without."""
    for tag in lacking(record):
        if tag not in CELLS or cells.declined(*CELLS[tag]):
            continue
        sheet, column = CELLS[tag]
        yield cells.error(
            "TH-12",
            sheet,
            column,
            None,
            NAMES[tag][0],
            f"Thiếu “{column}”: học bạ số tiểu học bắt buộc có mục này (thẻ {tag}). Hãy bổ sung vào ô này.",
            f"“{column}” is missing: the ministry's format demands it at primary ({tag}). Fill this cell in.",
            FIELDS,
        )
