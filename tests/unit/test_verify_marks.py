# SPDX-License-Identifier: Apache-2.0

"""The verified marks of a campaign: of what passed, from the signed record, once, and nothing that a spreadsheet would run."""

import csv
import os
import signal
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_documents import RECORDS, document, with_class, with_pupil, with_year

from ledger.chain.registry import RecallReason
from scripts import campaign, cells, combinations, marks, results
from scripts.commands.judging import Wanted, judge
from tests.simulators.issuing_world import NOW, TRUST, World

BELIEVED = results.believed(TRUST, at=None)
SENIOR = RECORDS["thpt-12"]
TABLE = combinations.combinations()


@pytest.fixture
def world():
    return World()


def issue(world, folder, name, record, **state):
    """A file of the world whose record is `record`."""
    unit = world.issue(**state)
    world.seen[unit.pdf] = replace(world.seen[unit.pdf], record=document(record, unit_id=unit.id))
    (folder / name).write_bytes(unit.pdf)
    return unit


def run(verifier, folder, **wanted):
    asked = campaign.questions([str(folder)])[0]
    return judge(verifier, asked, Wanted("en", **wanted), believed=BELIEVED, now=NOW)


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def senior(grade, marks_of, **pupil):
    """An upper secondary record with these marks of the year, by subject code."""
    subjects = tuple(
        replace(one, year=Decimal(marks_of[one.code]), reassessed=None, exempt=False, name=_named(one))
        for one in SENIOR.year.subjects
        if one.code in marks_of
    )
    year = f"{2012 + grade}-{2013 + grade}"
    record = with_class(with_year(SENIOR, subjects=subjects), grade=grade, school_year=year)
    return with_pupil(record, **pupil) if pupil else record


def _named(subject):
    return "Ngoại ngữ 1 (Tiếng Anh)" if subject.code == "NGOAI_NGU_1" else subject.name


def test_only_what_passed_and_is_current_is_written(world, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    good = issue(world, folder, "a.pdf", RECORDS["thcs-9"])
    recalled = issue(world, folder, "b.pdf", RECORDS["thcs-9"])
    world.recall(recalled, reason=RecallReason.WRONG_DATA)
    issue(world, folder, "c.pdf", RECORDS["thcs-9"], depth=1)
    (folder / "d.pdf").write_bytes(world.forged(good))
    out = tmp_path / "marks.csv"
    run(world.verifier(), folder, marks=out)
    told = rows(out)
    assert {row["unit"] for row in told} == {str(good.id)}
    subjects = RECORDS["thcs-9"].year.subjects
    assert [(row["subject_code"], row["year"]) for row in told] == [
        (one.code, str(getattr(one.year, "value", one.year))) for one in subjects
    ]
    assert told[0]["pupil"] == RECORDS["thcs-9"].pupil.name
    world.chain_down = True
    run(world.verifier(), folder, marks=out)
    assert rows(out) == []


def test_primary_has_levels_and_tests(world, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    issue(world, folder, "a.pdf", RECORDS["th-5"])
    run(world.verifier(), folder, marks=tmp_path / "m.csv")
    first, subject = rows(tmp_path / "m.csv")[0], RECORDS["th-5"].year.subjects[0]
    assert (first["achieved"], first["test"]) == (subject.level.value, str(subject.test))


def test_a_unit_stands_once_though_two_of_its_files_passed(world, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    unit = issue(world, folder, "a.pdf", SENIOR)
    (folder / "b.pdf").write_bytes(unit.pdf)
    assert run(world.verifier(), folder, marks=tmp_path / "m.csv").good == 2
    assert len(rows(tmp_path / "m.csv")) == len(SENIOR.year.subjects)


def test_a_name_that_is_a_formula_stays_a_name(world, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    issue(world, folder, "=a.pdf", with_pupil(SENIOR, name='=HYPERLINK("http://x","An")', father="x"))
    run(world.verifier(), folder, marks=tmp_path / "m.csv", excel=True)
    assert (tmp_path / "m.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    for row in rows(tmp_path / "m.csv"):
        assert row["pupil"].startswith("'=")
        assert not any(cell[:1] in set("=+-@\t\r") for cell in row.values())


@pytest.mark.parametrize("text", ["=1+1", "+84", "-5", "@x", "  =1", "'a", "''=1", "＝1", "a", "", 'a,"b";c', "Đỗ Ánh"])
def test_a_cell_is_never_a_formula_and_can_be_read_back(text):
    line = cells.line([text, "x"])
    (read,) = csv.reader([line])
    assert read[0].lstrip()[:1] not in set("=+-@＝＋－＠")
    assert cells.cells(line, columns=("a", "b")) == {"a": text, "b": "x"}
    assert cells.cells(line[:-1], columns=("a", "b")) is None


FORMULAS = set("=+-@＝＋－＠")
CUTTING = st.text(alphabet="a1;,\"' =+-@＝\t\n", max_size=12)


@pytest.mark.parametrize("text", ["A;=1+1", "A; =1", 'A;"=1', "A;;=1", "A;'=1", "=1;=2", "An; Bình", "';=1"])
def test_a_semicolon_that_is_the_computers_list_separator_begins_no_formula(text):
    line = cells.line(["x", text, "y"])
    pieces = [cell.strip() for row in csv.reader([line], delimiter=";") for cell in row]
    assert not [piece for piece in pieces if piece[:1] in FORMULAS]
    assert cells.cells(line, columns=("a", "b", "c")) == {"a": "x", "b": text, "c": "y"}


def test_names_with_a_semicolon_stay_as_they_are():
    assert cells.line(["An; Bình (=An)", "8,5;9"]) == 'An; Bình (=An),"8,5;9"\n'


@given(st.lists(CUTTING, min_size=1, max_size=3))
def test_wherever_a_line_is_cut_no_piece_is_a_formula_and_all_can_be_read_back(texts):
    line = cells.line(texts)
    for separator in (",", ";"):
        for cell in next(csv.reader([line], delimiter=separator)):
            assert cell.strip()[:1] not in FORMULAS
    if all(text.isprintable() for text in texts):
        assert list((cells.cells(line, columns="abc"[: len(texts)]) or {}).values()) == texts


def test_no_cell_breaks_its_line():
    assert cells.line(["a\r\nb\x00\tc", "\n=1"]).count("\n") == 1


def test_a_killed_run_leaves_no_half_pupil_and_no_pupil_twice(world, tmp_path):
    folder, out, told = tmp_path / "in", tmp_path / "m.csv", tmp_path / "out.jsonl"
    folder.mkdir()
    units = [issue(world, folder, f"{number}.pdf", SENIOR) for number in range(5)]

    class Dying(marks.Marks):
        def add(self, answer):
            if len(self.units) == 3:  # In the middle of the fourth.
                self._file.write("".join(marks.rows(answer))[:700])
                self._file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            super().add(answer)

    child = os.fork()
    if child == 0:
        marks.Marks = Dying
        run(world.verifier(), folder, marks=out, results=told)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    tally = run(world.verifier(), folder, marks=out, results=told)
    assert (tally.kept, tally.good) == (3, 5)
    assert [row["unit"] for row in rows(out)] == [str(unit.id) for unit in units for _ in SENIOR.year.subjects]


def test_marks_asked_for_later_are_read_all_the_same(world, tmp_path):
    folder, told = tmp_path / "in", tmp_path / "out.csv"
    folder.mkdir()
    issue(world, folder, "a.pdf", SENIOR)
    run(world.verifier(), folder, results=told)
    assert run(world.verifier(), folder, results=told, marks=tmp_path / "m.csv").kept == 0
    assert rows(tmp_path / "m.csv")
    assert run(world.verifier(), folder, results=told, marks=tmp_path / "m.csv").kept == 1


def test_a_file_that_no_longer_passes_loses_its_marks(world, tmp_path):
    folder, told, out = tmp_path / "in", tmp_path / "out.csv", tmp_path / "m.csv"
    folder.mkdir()
    unit = issue(world, folder, "a.pdf", SENIOR)
    other = issue(world, folder, "b.pdf", SENIOR)
    run(world.verifier(), folder, results=told, marks=out)
    (folder / "a.pdf").write_bytes(world.forged(unit))
    run(world.verifier(), folder, results=told, marks=out)
    assert {row["unit"] for row in rows(out)} == {str(other.id)}


def test_a_unit_that_was_recalled_loses_its_marks_whatever_an_earlier_line_says(world, tmp_path):
    folder, told, out = tmp_path / "in", tmp_path / "out.jsonl", tmp_path / "m.csv"
    folder.mkdir()
    unit = issue(world, folder, "a.pdf", SENIOR)
    run(world.verifier(), folder, results=told, marks=out)
    assert rows(out)
    world.recall(unit, reason=RecallReason.WRONG_DATA)
    (folder / "b.pdf").write_bytes(unit.pdf)  # The same record once more: it is asked about, and the first is not.
    run(world.verifier(), folder, results=told, marks=out)
    assert rows(out) == []


def test_lines_that_are_too_old_vouch_for_no_marks(world, tmp_path):
    folder, other, told, out = tmp_path / "in", tmp_path / "other", tmp_path / "out.jsonl", tmp_path / "m.csv"
    folder.mkdir()
    other.mkdir()
    issue(world, folder, "a.pdf", SENIOR)
    issue(world, other, "b.pdf", SENIOR)
    run(world.verifier(), folder, results=told, marks=out)
    asked = campaign.questions([str(other)])[0]
    wanted = Wanted("en", results=told, marks=out)
    judge(world.verifier(), asked, wanted, believed=BELIEVED, now=NOW + timedelta(days=3))
    assert {row["file"] for row in rows(out)} <= {str(other / "b.pdf")}


def test_what_names_pupils_is_its_owners_alone(world, tmp_path):
    folder, told, out = tmp_path / "in", tmp_path / "out.jsonl", tmp_path / "m.csv"
    folder.mkdir()
    issue(world, folder, "a.pdf", SENIOR)
    run(world.verifier(), folder, results=told, marks=out)
    assert {path.stat().st_mode & 0o077 for path in (told, out)} == {0}


def test_somebody_elses_file_is_left_alone(world, tmp_path):
    out = tmp_path / "m.csv"
    out.write_text("a,b\n1,2\n")
    with pytest.raises(marks.NotMarks):
        marks.Marks(out)
    assert out.read_text() == "a,b\n1,2\n"


def averages(world, tmp_path, *records):
    folder, out = tmp_path / "in", tmp_path / "averages.csv"
    folder.mkdir()
    for number, record in enumerate(records):
        issue(world, folder, f"{number}.pdf", record)
    run(world.verifier(), folder, marks=tmp_path / "m.csv", averages=out, combinations=TABLE)
    return rows(out)


def test_a_combination_is_the_mean_of_its_subjects_over_all_years(world, tmp_path):
    years = [
        senior(grade, {"TOAN": toan, "VAT_LI": "8.0", "HOA_HOC": "7.0", "NGOAI_NGU_1": "9.0", "NGU_VAN": "6.5"})
        for grade, toan in ((10, "7.1"), (11, "8.2"), (12, "9.0"))
    ]
    (row,) = averages(world, tmp_path, *years)
    # (7.1 + 8.2 + 9.0 + 3 * 8.0 + 3 * 7.0) / 9 = 7.7, and with English for chemistry or physics:
    assert (row["A00"], row["A01"], row["D01"], row["D07"]) == ("7.70", "8.37", "7.87", "8.03")
    assert (row["B00"], row["C00"], row["grades"]) == ("", "", "10 11 12")
    assert "B00: SINH_HOC 2022-2023" in row["notes"]


def test_halves_are_rounded_up():
    told = {"school_year": "2025-2026", "subject_code": "TOAN", "subject": "Toán"}
    maths = combinations.Combination(subjects=("TOAN",))
    for mark, expected in (("7.125", "7.13"), ("7.135", "7.14"), ("0", "0.00")):
        assert str(combinations._average([{**told, "year": mark}], ["2025-2026"], maths)[0]) == expected


@pytest.mark.parametrize("fault", ["another language", "two records that differ", "a mark in words"])
def test_nothing_is_guessed(world, tmp_path, fault):
    good = senior(12, {"TOAN": "8.0", "VAT_LI": "8.0", "NGOAI_NGU_1": "8.0"})
    english = good.year.subjects[[one.code for one in good.year.subjects].index("NGOAI_NGU_1")]
    records = [good]
    if fault == "another language":
        french = replace(english, name="Ngoại ngữ 1 (Tiếng Pháp)")
        records = [with_year(good, subjects=tuple(french if one == english else one for one in good.year.subjects))]
    elif fault == "two records that differ":
        records.append(senior(12, {"TOAN": "9.0", "VAT_LI": "8.0", "NGOAI_NGU_1": "8.0"}))
    else:
        nothing = tuple(replace(one, year=None) if one.code == "TOAN" else one for one in good.year.subjects)
        records = [with_year(good, subjects=nothing)]
    (row,) = averages(world, tmp_path, *records)
    assert row["A01"] == ""
    assert "A01: " in row["notes"]


def test_pupils_are_told_apart_and_lower_levels_left_out(world, tmp_path):
    taken = {"TOAN": "8.0", "VAT_LI": "8.0", "HOA_HOC": "8.0"}
    told = averages(world, tmp_path, senior(12, taken), senior(12, taken, code="3199999999"), RECORDS["thcs-9"])
    assert len({row["pupil_code"] for row in told}) == len(told) == 2


def test_a_table_that_cannot_be_understood_is_refused(tmp_path):
    table = tmp_path / "c.toml"
    for text in ("[X]\nsubjects = ['NO_SUCH']", "[X]\nsubjects = []", "[X]\nother = 1", "[X", "X = 3"):
        table.write_text(text)
        with pytest.raises(combinations.UnusableTable):
            combinations.combinations(table)
    assert set(TABLE) == {"A00", "A01", "B00", "C00", "D01", "D07"}
