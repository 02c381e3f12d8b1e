# SPDX-License-Identifier: Apache-2.0

"""Reading cells one by one, so that a cell which cannot be read becomes a finding and everything else is read on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ledger.record.findings import Finding, Severity
from ledger.record.model import Place
from ledger.record.sheets import cells
from ledger.record.sheets.cells import Misread
from ledger.record.sheets.workbook import Cell, Reported

_Value = TypeVar("_Value")


@dataclass
class CellReader:
    """Collects findings while cells are read. One `CellReader` per workbook; `at` gives it a pupil to speak of."""

    findings: list[Finding] = field(default_factory=list)
    place: Place = field(default_factory=Place)
    pupil: str | None = None
    declined: set[tuple[str, str]] = field(default_factory=set)

    def at(self, place: Place, pupil: str | None) -> "CellReader":
        """Return a reader for one pupil, which adds to the same findings."""
        return CellReader(self.findings, place, pupil)

    def decline(self, sheet: str, column: str) -> None:
        """Note that a cell could not be read and that somebody has been told."""
        self.declined.add((sheet, column))

    def value(
        self, sheet: str, column: str, cell: Cell, read: Callable[[Cell], _Value | Misread | None]
    ) -> _Value | None:
        """Read a cell; a misreading becomes a finding and `None`."""
        if isinstance(cell, Reported):
            self.decline(sheet, column)
            return None
        found = cells.uncomputed(cell) or read(cell)
        if not isinstance(found, Misread):
            return found
        self.decline(sheet, column)
        self.findings.append(
            Finding(
                found.rule,
                Severity.ERROR,
                found.message_vi,
                found.message_en,
                sheet=sheet,
                row=self.place.rows.get(sheet),
                stt=self.place.stt,
                column=column,
                pupil=self.pupil,
                found=found.found,
                expected=found.expected,
                article=found.article,
            )
        )
        return None

    def partly_exempt(self, rule: str, sheet: str, column: str, *, certain: bool, article: str) -> None:
        """Say that `Miễn` stands in a cell, but a result of the same subject in another, and decline the cell.

        Exempt is who has no result at all. To take one `Miễn` for the whole would hide the results beside it.
        """
        self.decline(sheet, column)
        self.findings.append(
            Finding(
                rule,
                Severity.ERROR if certain else Severity.WARNING,
                "Ghi “Miễn” ở đây nhưng môn này có kết quả ở ô khác. Nếu được miễn cả năm, hãy ghi “Miễn” ở mọi ô; nếu"
                " không, hãy ghi kết quả.",
                "“Miễn” stands here, but the subject has a result elsewhere. Write “Miễn” everywhere for who is exempt all"
                " year, the result otherwise.",
                sheet=sheet,
                row=self.place.rows.get(sheet),
                stt=self.place.stt,
                column=column,
                pupil=self.pupil,
                found="Miễn",
                article=article,
            )
        )

    def words(self, sheet: str, column: str, cell: Cell) -> str | None:
        """Read a cell as text."""
        return self.value(sheet, column, cell, cells.text)
