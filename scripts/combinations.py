# SPDX-License-Identifier: Apache-2.0

"""Averages for the subject combinations (tổ hợp) of admission, one row for each pupil, from a campaign's verified marks.

A combination's average is the mean of its subjects' marks of the year ("Cả năm") over all years of upper secondary that were
verified, to two decimals, halves up. A re-assessed mark counts for promotion and not here. Nothing is guessed: where a subject
has no mark in one of the years, was taken in another language, or two current records of one year differ, the cell stays empty
and `notes` says why.
"""

import os
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ledger.errors import LedgerError
from ledger.record.subjects import BY_CODE, Level
from scripts import cells

TABLE = Path(__file__).parent / "combinations.toml"
LANGUAGES = frozenset({"NGOAI_NGU_1", "NGOAI_NGU_2"})
HUNDREDTH = Decimal("0.01")


class UnusableTable(LedgerError):
    """A table of combinations that cannot be understood."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"Bảng tổ hợp {path} không dùng được: {problem}. Mỗi tổ hợp viết như trong scripts/combinations.toml.",
            f"The table of combinations {path} cannot be used: {problem}. Write each as in scripts/combinations.toml.",
        )


class Combination(BaseModel):
    """One combination of subjects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subjects: Annotated[tuple[str, ...], Field(min_length=1)]
    """Codes of `ledger.record.subjects`."""
    language: str | None = None
    """The foreign language that it asks for, as it stands in brackets after the subject's name."""

    def takes(self, code: str, name: str) -> bool:
        """Whether a subject of a record, by its code and its name there, is one of its own."""
        if code not in self.subjects:
            return False
        language = name.partition("(")[2].rstrip(") ") if "(" in name else name
        return code not in LANGUAGES or self.language is None or language.casefold() == self.language.casefold()


@dataclass(frozen=True)
class _Pupil:
    """Who is told apart: the code is given at first entry and never changes; two pupils under one code are not mixed."""

    code: str
    birth_date: str


def combinations(path: Path = TABLE) -> Mapping[str, Combination]:
    """The combinations of a table, by code. Raises `UnusableTable`."""
    try:
        table = TypeAdapter(dict[str, Combination]).validate_python(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnusableTable(path, str(error)) from error
    except ValidationError as error:
        raise UnusableTable(path, error.errors()[0]["msg"]) from error
    if unknown := sorted({code for one in table.values() for code in one.subjects} - set(BY_CODE)):
        raise UnusableTable(path, f"unknown subjects {', '.join(unknown)}")
    return table


def columns(table: Mapping[str, Combination]) -> tuple[str, ...]:
    """The columns of the rows that `averages` makes."""
    return ("pupil_code", "personal_id", "pupil", "birth_date", "school_codes", "years", "grades", *table, "notes")


def averages(rows: Iterable[Mapping[str, str]], table: Mapping[str, Combination]) -> Iterable[dict[str, str]]:
    """One row for each pupil who has marks of upper secondary, in the order in which they come. `rows` are those of `marks`."""
    pupils: dict[_Pupil, list[Mapping[str, str]]] = defaultdict(list)
    wanted = {code for one in table.values() for code in one.subjects}
    for row in rows:
        if row["level"] == Level.THPT.value:
            kept = pupils[_Pupil(row["pupil_code"], row["birth_date"])]
            # A row beyond the combinations counts as a year of the pupil's, and its mark is of no use.
            if row["subject_code"] in wanted or all(row["school_year"] != one["school_year"] for one in kept):
                kept.append(row)
    for found in pupils.values():
        yield _averages(found, table)


def write(path: Path, rows: Iterable[Mapping[str, str]], table: Mapping[str, Combination], *, excel: bool) -> int:
    """Writes the averages of a campaign, whole or not at all; returns for how many pupils."""
    count, fresh = 0, path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.write((cells.BYTE_ORDER_MARK if excel else "") + cells.line(columns(table)))
        for row in averages(rows, table):
            file.write(cells.line(row[column] for column in columns(table)))
            count += 1
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return count


def _averages(rows: Sequence[Mapping[str, str]], table: Mapping[str, Combination]) -> dict[str, str]:
    newest = max(rows, key=lambda row: row["school_year"])
    years = sorted({row["school_year"] for row in rows})
    told = {name: newest[name] for name in ("pupil_code", "personal_id", "pupil", "birth_date")}
    told["school_codes"] = " ".join(dict.fromkeys(row["school_code"] for row in rows))
    told["years"] = " ".join(years)
    told["grades"] = " ".join(sorted({row["grade"] for row in rows}, key=int))
    notes = []
    for code, combination in table.items():
        average, problem = _average(rows, years, combination)
        told[code] = "" if average is None else str(average)
        if problem:
            notes.append(f"{code}: {problem}")
    return {**told, "notes": "; ".join(notes)}


def _average(
    rows: Sequence[Mapping[str, str]], years: Sequence[str], combination: Combination
) -> tuple[Decimal | None, str]:
    """The average, or why there is none."""
    marks = []
    for year in years:
        for code in combination.subjects:
            same = [r for r in rows if (r["school_year"], r["subject_code"]) == (year, code)]
            found = {r["year"] for r in same if combination.takes(code, r["subject"])}
            if len(found) > 1:
                return None, f"{code} {year} khác nhau / differ"
            mark = None if not found else _number(found.pop())
            if mark is None:
                return None, f"{code} {year} không có / missing"
            marks.append(mark)
    return (sum(marks, Decimal()) / len(marks)).quantize(HUNDREDTH, ROUND_HALF_UP), ""


def _number(text: str) -> Decimal | None:
    try:
        mark = Decimal(text)
    except InvalidOperation:
        return None
    return mark if mark.is_finite() else None
