# SPDX-License-Identifier: Apache-2.0

"""What is wrong with a class list, in a form that a teacher can act on.

A finding names the cell as the spreadsheet shows it, what stands there, what would be right, and the article that says
so; its message says what to do, in Vietnamese and in English. Findings are values: collecting them never stops at the
first.

`rule` is an id of the tables in docs/formats-record.md: `ID-…` identity, `TT-…` circular 22/2021, `SH-…` the form of
the workbook itself. Ids are never renamed once released.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding stops."""

    ERROR = "error"
    """Nothing of the class is imported until this is put right."""
    WARNING = "warning"
    """Somebody should look; the school may know the reason."""
    INFO = "info"
    """Nothing to do; it is said so that nobody has to wonder."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed, and where."""

    rule: str
    severity: Severity
    message_vi: str
    message_en: str
    sheet: str | None = None
    row: int | None = None
    """As the spreadsheet numbers it, from 1."""
    stt: int | None = None
    column: str | None = None
    pupil: str | None = None
    """The pupil's code."""
    found: str | None = None
    """What stands in the cell. It may be personal data: show findings to the school, log only rule and place."""
    expected: str | None = None
    article: str | None = None

    def message(self, language: str = "vi") -> str:
        """Return the message in `vi` or `en`."""
        return self.message_en if language == "en" else self.message_vi

    def to_dict(self, language: str = "vi") -> dict[str, str | int | None]:
        """Return the finding as the JSON of `hocba check` shows it."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "sheet": self.sheet,
            "row": self.row,
            "stt": self.stt,
            "column": self.column,
            "pupil": self.pupil,
            "found": self.found,
            "expected": self.expected,
            "article": self.article,
            "message": self.message(language),
        }


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether any finding stops the import."""
    return any(finding.severity is Severity.ERROR for finding in findings)
