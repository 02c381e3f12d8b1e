# SPDX-License-Identifier: Apache-2.0

"""Where a finding points: the cells of one pupil, in whatever the record was read from, and how values look there."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from ledger.record.findings import Finding, Severity
from ledger.record.model import Place


def shown(value: Decimal | Enum | int | None) -> str | None:
    """Return a value as the forms print it: marks with a comma, the words of a scale, Có and Không."""
    match value:
        case None:
            return None
        case bool():
            return "Có" if value else "Không"
        case Decimal():
            return str(value).replace(".", ",")
        case int():
            return str(value)
        case Enum():
            return str(value.value)


@dataclass(frozen=True, slots=True)
class PupilCells:
    """The cells of one pupil: makes findings that carry row, number and code."""

    pupil: str
    place: Place

    def declined(self, *cells: str) -> bool:
        """Return whether the cell (sheet, column) could not be read; it has been reported then."""
        sheet, column = cells
        return (sheet, column) in self.place.declined

    def error(
        self, rule: str, sheet: str, column: str, found: str | None, expected: str | None, *words: str
    ) -> Finding:
        """Make an error; `words` are the message in Vietnamese, in English, and the article."""
        return self._finding(rule, Severity.ERROR, words, sheet=sheet, column=column, found=found, expected=expected)

    def warning(
        self, rule: str, sheet: str, column: str, found: str | None, expected: str | None, *words: str
    ) -> Finding:
        """Make a warning; see `error`."""
        return self._finding(rule, Severity.WARNING, words, sheet=sheet, column=column, found=found, expected=expected)

    def info(self, rule: str, sheet: str, column: str, found: str | None, expected: str | None, *words: str) -> Finding:
        """Make a remark; see `error`."""
        return self._finding(rule, Severity.INFO, words, sheet=sheet, column=column, found=found, expected=expected)

    def _finding(self, rule: str, severity: Severity, words: tuple[str, ...], **cell: str | None) -> Finding:
        message_vi, message_en, article = words
        sheet = cell["sheet"]
        return Finding(
            rule,
            severity,
            message_vi,
            message_en,
            row=self.place.rows.get(sheet) if sheet else None,
            stt=self.place.stt,
            pupil=self.pupil,
            article=article,
            **cell,
        )
