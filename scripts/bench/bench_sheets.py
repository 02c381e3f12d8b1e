# SPDX-License-Identifier: Apache-2.0

"""Importing and checking class workbooks, beside merely opening them: `python -m scripts.bench.bench_sheets [FILE...]`.

Without files, a sample class of 45 pupils. Each round opens the workbook with openpyxl and goes through its cells (the least
that anybody who reads it must do), then reads and checks it whole; taking turns, so that a noisy machine slows both. What
counts is the ratio. Target: 45 pupils in under 2 seconds.

`--endure 200` reads and checks the files so many times in a row instead, and prints by how much the peak of resident memory
rose after the first tenth: a school imports all its classes in one process, so it must not rise.
"""

import argparse
import io
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import openpyxl

from ledger.record.check import CheckOptions, check_workbook
from scripts.sample_class import make_workbook

ROUNDS: Final = 20
PUPILS: Final = 45
TARGET_SECONDS: Final = 2.0
OPTIONS: Final = CheckOptions(allow_synthetic_province=True)
# macOS counts in bytes, Linux in kibibytes.
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--endure", type=int, metavar="TIMES")
    chosen = parser.parse_args(arguments)
    books = {path.name: path.read_bytes() for path in chosen.files}
    books = books or {f"{PUPILS} pupils": make_workbook(pupils=PUPILS)}
    if chosen.endure:
        print(f"{chosen.endure} workbooks: peak memory rose by {growth(books, chosen.endure)} bytes")
        return
    print(f"median of {chosen.rounds} rounds, ms; target {TARGET_SECONDS * 1000:.0f} for {PUPILS} pupils")
    for name, data in books.items():
        print(f"  {name:22} {compared(name, data, chosen.rounds)}")


def compared(name: str, data: bytes, rounds: int) -> str:
    """Return a line of figures for one workbook."""
    opening, whole = [], []
    for _ in range(rounds):
        opening.append(_timed(lambda: walk(data)))
        whole.append(_timed(lambda: check_workbook(data, file=name, options=OPTIONS)))
    least, ours = statistics.median(opening), statistics.median(whole)
    return f"opening alone {least:7.1f}   read and checked {ours:7.1f}   ratio {ours / least:.2f}"


def walk(data: bytes) -> int:
    """Open a workbook with openpyxl and touch each cell; return how many are filled."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        rows = (row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))
        return sum(1 for row in rows for cell in row if cell is not None)
    finally:
        book.close()


def growth(books: Mapping[str, bytes], times: int) -> int:
    """Return by how many bytes the peak of resident memory rises over `times` imports, the first tenth aside."""
    settled = 0
    for turn in range(times):
        if turn == times // 10:
            settled = _peak()
        for name, data in books.items():
            check_workbook(data, file=name, options=OPTIONS)
    return _peak() - settled


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
