# SPDX-License-Identifier: Apache-2.0

"""Classes on the command line: what would change is said before it does, each class stands by itself, and one can begin empty."""

import json

import openpyxl
import pytest

from ledger.record.sheets.class_sheet import read_class
from ledger.record.subjects import Level
from ledger.store.reader import School
from scripts.cli import main
from scripts.compose import Ledger
from scripts.sample_class import make_workbook
from scripts.settings import Settings
from tests.simulators.databases import installed

YEAR = "2025-2026"


@pytest.fixture
def home(tmp_path, capsys):
    folder = tmp_path / "home"
    assert main(["init", str(folder), "--tsa", "http://127.0.0.1:9/tsa"]) == 0
    capsys.readouterr()
    return installed(folder)


@pytest.fixture
def ledger(home):
    return Ledger.open(Settings.load(home))


def sheet(tmp_path, name="9A1", pupils=6, seed=3):
    path = tmp_path / f"{name}.xlsx"
    path.write_bytes(make_workbook(grade=9, class_name=name, pupils=pupils, seed=seed))
    return path


def registered(ledger, path):
    school = read_class(path.read_bytes(), file=path.name).class_sheet.school
    row = School(school.code, school.name, school.authority_name, "moet", "0x" + "11" * 20, "00" * 32)
    ledger.writer.register_school(row)
    return school.code


def edited(path, sheet_title, column, value, *, row=6):
    book = openpyxl.load_workbook(path)
    page = book[sheet_title]
    number = next(cell.column for cell in page[5] if cell.value == column)
    page.cell(row, number).value = value
    book.save(path)
    return path


def run(capsys, *words):
    status = main([*words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_dry_run_says_what_would_change_and_changes_nothing(home, ledger, tmp_path, capsys):
    path = sheet(tmp_path)
    code = registered(ledger, path)
    status, out, _ = run(capsys, "import", str(path), "--home", str(home), "--synthetic", "--dry-run", "--lang", "en")
    assert (status, ledger.reader.units(school_code=code, school_year=YEAR)) == (0, [])
    assert "added: 6" in out
    assert "Nothing was changed" in out


def test_a_corrected_address_is_told_and_touches_one_pupil(home, ledger, tmp_path, capsys):
    path = sheet(tmp_path)
    code = registered(ledger, path)
    run(capsys, "import", str(path), "--home", str(home), "--synthetic")
    before = ledger.reader.units(school_code=code, school_year=YEAR)
    edited(path, "Học sinh", "Chỗ ở hiện nay", "Phường Mới")
    status, out, _ = run(capsys, "import", str(path), "--home", str(home), "--synthetic")
    assert status == 0
    assert "sửa: 1, giữ nguyên: 5" in out
    assert "Chỗ ở hiện nay:" in out
    assert "→ Phường Mới" in out
    after = ledger.reader.units(school_code=code, school_year=YEAR)
    assert [old == new for old, new in zip(before, after, strict=True)] == [False] + [True] * 5


def test_json_tells_each_pupil(home, ledger, tmp_path, capsys):
    path = sheet(tmp_path)
    registered(ledger, path)
    run(capsys, "import", str(path), "--home", str(home), "--synthetic")
    edited(path, "Học sinh", "Chỗ ở hiện nay", "Phường Mới")
    status, out, _ = run(capsys, "import", str(path), "--home", str(home), "--synthetic", "--dry-run", "--json")
    told = json.loads(out)
    assert (status, told["imported"], len(told["changes"])) == (0, False, 6)
    (changed,) = [pupil for pupil in told["changes"] if pupil["change"] == "revised"]
    assert changed["differences"][0]["after"] == "Phường Mới"


def test_one_faulty_class_does_not_keep_the_others_out(home, ledger, tmp_path, capsys):
    good, bad = sheet(tmp_path), sheet(tmp_path, "9A2", seed=4)
    code = registered(ledger, good)
    edited(bad, "Học kỳ I", "Toán", 11)
    status, out, err = run(capsys, "import", str(bad), str(good), "--home", str(home), "--synthetic")
    assert status == 1
    assert {unit.class_name for unit in ledger.reader.units(school_code=code, school_year=YEAR)} == {"9A1"}
    assert "1 lớp chưa được nhập" in err
    assert "9A2.xlsx" in out


def test_a_refused_cell_is_told_with_file_sheet_row_column_value_and_remedy(tmp_path, capsys):
    path = edited(sheet(tmp_path), "Học sinh", "Số định danh cá nhân", "12345")
    status, out, _ = run(capsys, "check", str(path), "--synthetic")
    assert status == 1
    line = next(line for line in out.splitlines() if "ID-02" in line)
    for word in ("trang Học sinh", "dòng 6", "cột Số định danh cá nhân", "“12345”", "Hãy"):
        assert word in line
    assert out.startswith("9A1.xlsx:")


@pytest.mark.parametrize("level", Level)
def test_an_empty_sheet_is_written_for_each_level_and_never_over_another(tmp_path, capsys, level):
    path = tmp_path / "mau.xlsx"
    status, out, _ = run(capsys, "import", "--template", level.value.lower(), "--out", str(path))
    assert status == 0
    assert str(path) in out.replace("\n", "")
    assert "Hướng dẫn" in openpyxl.load_workbook(path).sheetnames
    before = path.read_bytes()
    assert run(capsys, "import", "--template", level.value, "--out", str(path))[0] == 3
    assert path.read_bytes() == before
    assert run(capsys, "check", str(path))[0] == 1


def test_a_grade_of_another_level_is_wrong_use(tmp_path, capsys):
    path = tmp_path / "mau.xlsx"
    assert run(capsys, "import", "--template", "th", "--grade", "9", "--out", str(path))[0] == 3
    assert not path.exists()


def test_importing_nothing_is_wrong_use(home, capsys):
    status, _, err = run(capsys, "import", "--home", str(home))
    assert status == 3
    assert "--template" in err


def test_a_folder_of_csv_is_a_class(home, ledger, tmp_path, capsys):
    path = sheet(tmp_path)
    code = registered(ledger, path)
    folder = tmp_path / "9A1-csv"
    folder.mkdir()
    for page in openpyxl.load_workbook(path):
        lines = [["" if cell is None else str(cell) for cell in row] for row in page.iter_rows(values_only=True)]
        text = "\n".join(";".join(f'"{cell}"' for cell in line) for line in lines)
        (folder / f"{page.title}.csv").write_text(text, encoding="utf-8")
    assert run(capsys, "import", str(folder), "--home", str(home), "--synthetic")[0] == 0
    assert len(ledger.reader.units(school_code=code, school_year=YEAR)) == 6
    status, out, _ = run(capsys, "import", str(path), "--home", str(home), "--synthetic")
    assert (status, "giữ nguyên: 6" in out) == (0, True)
