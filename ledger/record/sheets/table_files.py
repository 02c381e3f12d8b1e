# SPDX-License-Identifier: Apache-2.0

"""The sheets of a class as CSV or JSON: opened under the same limits, and seen as the same grids as a workbook.

School software that cannot write XLSX writes one of these, and whoever connects a system writes JSON:

* **CSV**: a folder, or a ZIP of one, with a file per sheet named by the sheet's title (`Học sinh.csv`). UTF-8, with or
  without a byte-order mark; comma, semicolon or tab, found out from the file, because which one Excel writes depends on
  the language of Windows. A row is numbered by the line it begins on, as a text editor shows it.
* **JSON**: one object whose keys are the sheets' titles. A sheet is a list of objects, one per row, with the headings as
  keys; then the first row is number 2, as it would be below its headings. Or it is a list of lists, the headings among
  them; then the first list is row 1. A sheet of labels and values (`Thông tin`) may be an object.

From there on nothing knows what the sheets came from, so every rule, message and number is that of the workbook.
Numbers are never taken through binary floats: what JSON writes as 7.3 arrives as the text 7.3.

Example::

    grids_of('{"Thông tin": {"Lớp": "9A1"}}'.encode(), file="9A1.json")[0].at(1, 2) == "9A1"
"""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from typing import Final, NoReturn

from ledger.record.sheets.tables import heading_key, sheets_by_title
from ledger.record.sheets.workbook import (
    MAX_COLUMNS,
    MAX_FILE_BYTES,
    MAX_PARTS,
    MAX_ROWS,
    MAX_SHEETS,
    MAX_UNPACKED_BYTES,
    Cell,
    Grid,
    Refused,
    grids,
    trimmed,
)

MAX_LINES: Final = 10_000
"""Lines of one CSV. Texts in quotes may run over several, so there may be more lines than rows."""
MAX_NUMBER: Final = 28
"""Characters of a JSON number. A longer one is kept as it is written, for the reader of its column to refuse."""

_ZIP: Final = b"PK\x03\x04"
MAX_DEPTH: Final = 20
"""Sheets of rows of cells need four."""
_DELIMITERS: Final = (",", ";", "\t")
_WORKBOOK_PARTS: Final = ("[Content_Types].xml", "xl/workbook.xml")
_UTF8_NAME: Final = 0x800


def grids_of(data: bytes, *, file: str) -> tuple[Grid, ...]:
    """Return the sheets in `data`: an XLSX, a ZIP of CSV, or JSON, told apart by content and never by name.

    Raises `Refused` with a finding when it is none of them, or not safe to open.
    """
    if data.startswith(_ZIP) and len(data) <= MAX_FILE_BYTES:
        files = _csv_files_in(data, file)
        if files is not None:
            return grids_of_folder(files, folder=file)
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return _json_grids(data, file)
    return grids(data, file=file)


def grids_of_folder(files: Mapping[str, bytes], *, folder: str) -> tuple[Grid, ...]:
    """Return the sheets of a folder, given the contents of its files by name. Files other than `*.csv` are left aside.

    Raises `Refused` as `grids_of` does.
    """
    sheets = {path: data for name, data in files.items() if (path := _csv_path(name)) is not None}
    if not sheets:
        raise Refused.because(
            "SH-01",
            f"Trong {folder} không có tệp .csv nào. Hãy xuất mỗi trang thành một tệp, ví dụ “Học sinh.csv”.",
            f"There is no .csv file in {folder}. Export each sheet as a file of its own, such as “Học sinh.csv”.",
        )
    size = sum(len(data) for data in sheets.values())
    if len(sheets) > MAX_SHEETS or size > MAX_UNPACKED_BYTES:
        raise Refused.too_large(folder, f"{size} byte, {len(sheets)} CSV")
    return _one_of_each(tuple(_csv_grid(path, data, folder) for path, data in sheets.items()), folder)


def _csv_path(name: str) -> PurePosixPath | None:
    """Return the path of a sheet; `None` for other files, and for what macOS adds to every archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path if path.suffix.lower() == ".csv" and not hidden else None


def _csv_files_in(data: bytes, file: str) -> dict[str, bytes] | None:
    """Return the files of an archive of CSV, or `None` if it is a workbook, locked or damaged: `grids` says which."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if not names or any(part in names for part in _WORKBOOK_PARTS):
                return None
            wanted = [part for part in parts if _csv_path(part.filename) is not None]
            size = sum(part.file_size for part in wanted)
            # The directory is held against the limits before anything is inflated, as for a workbook.
            if len(parts) > MAX_PARTS or len(wanted) > MAX_SHEETS or size > MAX_UNPACKED_BYTES:
                raise Refused.too_large(file, f"{size} byte, {len(wanted)} CSV, {len(parts)} part(s)")
            files: dict[str, bytes] = {}
            for part in wanted:
                name = _name_of(part)
                if name in files:
                    raise _doubled(PurePosixPath(name).stem, file)
                files[name] = archive.read(part)
            return files
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
        return None


def _name_of(part: zipfile.ZipInfo) -> str:
    """Return the name of an archived file. Packers that do not say so write UTF-8 too; `zipfile` takes it for cp437."""
    if part.flag_bits & _UTF8_NAME:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return part.filename


def _one_of_each(found: tuple[Grid, ...], file: str) -> tuple[Grid, ...]:
    """Refuse two files, or two keys, for one sheet: nobody could say which of them counts."""
    seen: set[str] = set()
    for grid in found:
        title = next(iter(sheets_by_title([grid])), heading_key(grid.title))
        if title in seen:
            raise _doubled(grid.title, file)
        seen.add(title)
    return found


def _doubled(title: str, file: str) -> Refused:
    return Refused.because(
        "SH-02",
        f"Trong {file} trang “{title}” có hai lần. Mỗi lần chỉ nạp một lớp: hãy bỏ bớt một, rồi nạp lại.",
        f"{file} holds the sheet “{title}” twice. Import one class at a time: remove one of the two.",
    )


def _csv_grid(path: PurePosixPath, data: bytes, folder: str) -> Grid:
    file = f"{folder}: {path.name}"
    written = _text_of(data, file, "CSV UTF-8")
    first, newline, rest = written.partition("\n")
    hint = re.fullmatch(r"sep=(.)\r?", first)
    # Excel's own hint, `sep=;`, is a line of the file but none of the sheet.
    if hint:
        return Grid(path.stem, _csv_rows(newline + rest, hint[1], file))
    readings: list[tuple[tuple[Cell, ...], ...]] = []
    refusals: list[Refused] = []
    for delimiter in [each for each in _DELIMITERS if each in written] or [","]:
        # Read by the wrong character, a sound file may look damaged: `"7,5";"8"` by commas is one.
        try:
            readings.append(_csv_rows(written, delimiter, file))
        except Refused as refused:
            refusals.append(refused)
    if not readings:
        raise refusals[0]
    return Grid(path.stem, max(readings, key=_regularity))


def _regularity(rows: Sequence[Sequence[Cell]]) -> tuple[int, int]:
    """How much a reading of a CSV looks like a table: how many rows are equally wide, then how wide they are.

    Commas in sentences and in `7,5` fall unevenly; what separates columns does not.
    """
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return max(((count, width) for width, count in widths.items()), default=(0, 0))


def _csv_rows(written: str, delimiter: str, file: str) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    filled = line = 0
    source = csv.reader(io.StringIO(written, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in source:
            row = trimmed(_csv_cell(cell) for cell in cells)
            filled += bool(row)
            if filled > MAX_ROWS or source.line_num > MAX_LINES or len(row) > MAX_COLUMNS:
                raise Refused.too_large(file, f"{filled} rows, {source.line_num} lines, {len(row)} columns")
            rows += [()] * (line - len(rows))
            rows.append(row)
            line = source.line_num
    except csv.Error as error:
        raise Refused.because(
            "SH-01",
            f"Tệp {file} hỏng ở dòng {line + 1}: dấu ngoặc kép không khớp, hoặc một ô quá dài."
            " Hãy mở bằng Excel hoặc LibreOffice và lưu lại dạng CSV UTF-8.",
            f"The file {file} is damaged at line {line + 1}: quotation marks that do not match, or a cell too long."
            " Open it in Excel or LibreOffice and save it again as CSV UTF-8.",
        ) from error
    return tuple(rows)


def _csv_cell(written: str) -> Cell:
    # `="0123"` is how exporters keep Excel from eating zeros; it is meant as the text alone.
    kept = re.fullmatch(r'="([^"]*)"', written)
    return (kept[1] if kept else written) or None


def _text_of(data: bytes, file: str, remedy: str) -> str:
    try:
        written = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        written = "\0"
    # UTF-16 of plain letters is valid UTF-8 as well, with a NUL after each.
    if "\0" in written:
        raise Refused.because(
            "SH-01",
            f"Tệp {file} không dùng bảng mã UTF-8 nên chữ tiếng Việt sẽ sai. Hãy lưu lại dạng {remedy} rồi nạp lại.",
            f"The file {file} is not in UTF-8, so Vietnamese letters would be wrong. Save it again as {remedy}.",
        )
    return written


class _Unfit(ValueError):
    """A JSON text that Python would read, but not two readers alike."""


def _depth(written: str) -> int:
    """How deeply brackets are nested outside quotation marks, in text that may be no JSON."""
    deepest = depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', written):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _json_grids(data: bytes, file: str) -> tuple[Grid, ...]:
    if len(data) > MAX_FILE_BYTES:
        raise Refused.too_large(file, f"{len(data)} byte")
    written = _text_of(data, file, "JSON UTF-8")
    # Counted before parsing: a library that raises the limit on recursion, as some for chains do, would let deep text end
    # the process instead of raising.
    if _depth(written) > MAX_DEPTH:
        raise Refused.because(
            "SH-02",
            f"Tệp {file} lồng nhau quá sâu nên bị từ chối vì lý do an toàn. Hãy xuất lại từ phần mềm của trường.",
            f"The file {file} is nested too deeply; it is refused for safety. Export it again.",
        )
    try:
        content = json.loads(
            written,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_no_number,
            object_pairs_hook=_without_doubles,
        )
    except _Unfit as error:
        raise Refused.because("SH-01", f"Tệp {file}: {error.args[0]}", f"The file {file}: {error.args[1]}") from error
    except ValueError as error:
        where = f" ({error.lineno}:{error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused.because(
            "SH-01",
            f"Tệp {file} không phải là JSON hợp lệ{where}; có thể đã bị cắt cụt. Hãy xuất lại từ phần mềm của trường.",
            f"The file {file} is not valid JSON{where}; it may be cut short. Export it again.",
        ) from error
    if not isinstance(content, dict) or not content:
        raise _misshapen(
            file,
            "phần ngoài cùng phải là các trang theo tên",
            "the outermost part must be the sheets by title",
        )
    if len(content) > MAX_SHEETS:
        raise Refused.too_large(file, f"{len(content)} sheets")
    found = tuple(Grid(title, _json_rows(title, sheet, file)) for title, sheet in content.items())
    return _one_of_each(found, file)


def _number(written: str) -> str:
    """Return a number as it is written, `8.0` and `1e1` as plain `8` and `10`, without ever making it a float."""
    if len(written) > MAX_NUMBER:
        return written
    try:
        value = Decimal(written)
    except InvalidOperation:  # an exponent beyond what even decimals hold
        return written
    plain = abs(value.adjusted()) < MAX_NUMBER
    return format(value.normalize(), "f") if plain else written


def _no_number(written: str) -> NoReturn:
    raise _Unfit(
        f"“{written}” không phải là số trong JSON. Ô trống phải ghi là null.",
        f"“{written}” is no number in JSON. Write null for an empty cell.",
    )


def _without_doubles(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _Unfit(
                f"khóa “{key}” có hai lần trong cùng một đối tượng. Hãy bỏ bớt một.",
                f"the key “{key}” stands twice in one object. Remove one of the two.",
            )
        found[key] = value
    return found


def _json_rows(title: str, sheet: object, file: str) -> tuple[tuple[Cell, ...], ...]:
    if isinstance(sheet, dict):
        rows: list[tuple[object, ...]] = list(sheet.items())
    elif isinstance(sheet, list) and all(isinstance(row, dict) for row in sheet):
        headings = tuple(dict.fromkeys(key for row in sheet for key in row))
        rows = [headings, *(tuple(row.get(heading) for heading in headings) for row in sheet)] if sheet else []
    elif isinstance(sheet, list) and all(isinstance(row, list) for row in sheet):
        rows = [tuple(row) for row in sheet]
    else:
        raise _misshapen(
            file,
            f"trang “{title}” phải là danh sách các dòng, mọi dòng cùng một kiểu",
            f"the sheet “{title}” must be a list of rows, all of one kind",
        )
    found = tuple(trimmed(row) for row in rows)
    if len(found) > MAX_ROWS or any(len(row) > MAX_COLUMNS for row in found):
        raise Refused.too_large(file, f"{title}: {len(found)} rows")
    for number, row in enumerate(found, start=1):
        if any(isinstance(cell, dict | list) for cell in row):
            raise _misshapen(
                file,
                f"trang “{title}”, dòng {number}: mỗi ô chỉ được là chữ, số, true, false hoặc null",
                f"sheet “{title}”, row {number}: a cell may only be text, a number, true, false or null",
            )
    return found


def _misshapen(file: str, vi: str, en: str) -> Refused:
    return Refused.because(
        "SH-01",
        f'Tệp {file} không đúng cấu trúc: {vi}. Ví dụ: {{"Học sinh": [{{"STT": 1, "Mã học sinh": "…"}}]}}.',
        f'The file {file} has the wrong shape: {en}. For example: {{"Học sinh": [{{"STT": 1, …}}]}}.',
    )
