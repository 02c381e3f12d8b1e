# SPDX-License-Identifier: Apache-2.0

"""What a signer should know before signing: the warnings of the class sheet, pupil by pupil.

A sheet with errors is never imported, but warnings are: an unusual age, a comment that is missing. They are found again from the
sheet as it was imported, so that they are those of today's rules.
"""

from collections.abc import Mapping
from functools import lru_cache

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.findings import Finding, Severity
from ledger.store.files import FileStore
from ledger.store.signing_reader import SchoolClass

KEPT_CLASSES = 64
"""So many classes' findings are kept: reading a sheet takes a tenth of a second, and a class is looked at many times a day."""


class ClassWarnings:
    """Finds the warnings of classes. Threads may share it."""

    def __init__(self, files: FileStore, *, options: CheckOptions) -> None:
        self._files = files
        self._options = options
        self._of_sheet = lru_cache(KEPT_CLASSES)(self._found)

    def of(self, school_class: SchoolClass) -> Mapping[int | None, tuple[Finding, ...]]:
        """The warnings by place in the class list; those about the class as a whole under None."""
        return self._of_sheet(school_class.sheet_sha256)

    def _found(self, sheet_sha256: str) -> Mapping[int | None, tuple[Finding, ...]]:
        reading = check_workbook(self._files.get(sheet_sha256), file="", options=self._options)
        found: dict[int | None, tuple[Finding, ...]] = {}
        for finding in reading.findings:
            if finding.severity is not Severity.INFO:
                found[finding.stt] = (*found.get(finding.stt, ()), finding)
        return found
