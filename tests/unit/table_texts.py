# SPDX-License-Identifier: Apache-2.0

"""The sheets of a workbook written again as CSV and as JSON, the way school software writes them."""

import csv
import io
import json
import zipfile
from datetime import datetime

from ledger.record.sheets.tables import INFO
from ledger.record.sheets.workbook import Grid


def shown(cell):
    match cell:
        case None:
            return ""
        case datetime():
            return cell.strftime("%d/%m/%Y")
        case _:
            return str(cell)


def as_csv(grid: Grid, *, delimiter=",", bom=True, comma=False) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter)
    for row in grid.rows:
        cells = [shown(cell).replace(".", ",") if comma and isinstance(cell, float) else shown(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        writer.writerow(cells)
    return target.getvalue().encode("utf-8-sig" if bom else "utf-8")


def as_folder(grids, **options) -> dict[str, bytes]:
    return {f"{grid.title}.csv": as_csv(grid, **options) for grid in grids}


def as_zip(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return target.getvalue()


def _cell(cell):
    return shown(cell) if isinstance(cell, datetime) else cell


def as_json_lists(grids) -> bytes:
    sheets = {grid.title: [[_cell(cell) for cell in row] for row in grid.rows] for grid in grids}
    return json.dumps(sheets, ensure_ascii=False).encode()


def as_json_objects(grids) -> bytes:
    """Rows as objects, below the title rows that only a person needs."""
    sheets = {}
    for grid in grids:
        rows = [[_cell(cell) for cell in row] for row in grid.rows]
        if grid.title == INFO:
            sheets[grid.title] = {row[0]: row[1] for row in rows}
            continue
        start = next(index for index, row in enumerate(rows) if sum(cell is not None for cell in row) > 2)
        sheets[grid.title] = [
            {heading: cell for heading, cell in zip(rows[start], row, strict=False) if heading is not None}
            for row in rows[start + 1 :]
        ]
    return json.dumps(sheets, ensure_ascii=False).encode()
