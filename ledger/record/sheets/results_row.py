# SPDX-License-Identifier: Apache-2.0

"""One pupil's row on the sheet `Kết quả`, of either level."""

from collections.abc import Callable
from typing import TypeVar

from ledger.record.sheets import cells
from ledger.record.sheets.cell_reader import CellReader
from ledger.record.sheets.cells import Misread
from ledger.record.sheets.class_tables import ClassTables
from ledger.record.sheets.tables import CODE, RESULTS, Heading
from ledger.record.sheets.workbook import Cell

_Value = TypeVar("_Value")


class ResultsRow:
    """Reads the cells of one row by their headings.

    Where the row is missing, or a required column is, the cell is declined: that has been reported, and the rules leave
    it alone. An optional column that is not there says nothing.
    """

    def __init__(self, tables: ClassTables, index: int, reader: CellReader) -> None:
        self._tables = tables
        self._index = index
        self._reader = reader
        self._there = tables.holds(RESULTS, index, CODE.name)

    def value(
        self, heading: Heading, read: Callable[[Cell], _Value | Misread | None], shown: str | None = None
    ) -> _Value | None:
        """Return what the cell means; findings call its column `shown`."""
        name = shown or heading.name
        if not self._tables.holds(RESULTS, self._index, heading.name) and (heading.required or not self._there):
            self._reader.decline(RESULTS, name)
        return self._reader.value(RESULTS, name, self._tables.cell(RESULTS, self._index, heading.name), read)

    def words(self, heading: Heading) -> str | None:
        """Return the cell as text."""
        return self.value(heading, cells.text)
