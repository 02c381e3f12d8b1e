# SPDX-License-Identifier: Apache-2.0

"""CSV and JSON say the same as the workbook; what two readers could take for two things is refused."""

import io
import json
import struct
import sys
import zipfile

import openpyxl
import pytest
from given_workbooks import given
from table_texts import as_folder, as_json_lists, as_json_objects, as_zip

from ledger.record.sheets.class_sheet import read_grids
from ledger.record.sheets.table_files import grids_of, grids_of_folder
from ledger.record.sheets.tables import sheets_by_title
from ledger.record.sheets.workbook import MAX_FILE_BYTES, MAX_SHEETS, Grid, Refused
from scripts.sample_class import Edit, make_workbook

GIVEN = ["th-4B", "thcs-9A1", "thpt-12A3", "thcs-6A5-messy"]


def refusal(data, file="9A1"):
    with pytest.raises(Refused) as refused:
        grids_of(data, file=file) if isinstance(data, bytes) else grids_of_folder(data, folder=file)
    finding = refused.value.finding
    assert file in finding.message_vi
    assert file in finding.message_en
    return finding


def sheet_of(data, title="Học sinh"):
    return next(grid for grid in grids_of_folder({f"{title}.csv": data}, folder="9A1"))


def records(grids):
    reading = read_grids(grids, file="9A1")
    assert reading.class_sheet is not None, reading.findings
    return reading.class_sheet.records


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"delimiter": ";", "comma": True, "bom": False},
        {"delimiter": "\t"},
        {"delimiter": ",", "comma": True},
    ],
    ids=["comma", "semicolon with decimal commas", "tab", "comma with decimal commas"],
)
def test_a_zip_of_csv_says_what_the_workbook_says(name, options):
    grids = grids_of(given(name), file=name)
    again = grids_of(as_zip(as_folder(grids, **options)), file=name)
    assert records(again) == records(grids)


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("form", [as_json_lists, as_json_objects])
def test_json_says_what_the_workbook_says(name, form):
    grids = grids_of(given(name), file=name)
    assert records(grids_of(form(grids), file=name)) == records(grids)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_findings_point_at_the_same_rows_as_in_the_workbook(form):
    spoilt = [Edit("Học kỳ I", 4, "Toán", 10.4), Edit("Học sinh", 9, "Ngày sinh", "31/02/2011")]
    grids = grids_of(make_workbook(edits=spoilt), file="9A1")
    data = as_zip(as_folder(grids)) if form == "csv" else as_json_lists(grids)
    found = read_grids(grids_of(data, file="9A1"), file="9A1").findings
    assert found == read_grids(grids, file="9A1").findings
    assert {(f.rule, f.row) for f in found} == {("TT-01", 9), ("ID-05", 14)}


def test_rows_as_objects_are_numbered_from_two_as_below_their_headings():
    spoilt = grids_of(make_workbook(edits=[Edit("Học kỳ I", 4, "Toán", 10.4)]), file="9A1")
    (finding,) = read_grids(grids_of(as_json_objects(spoilt), file="9A1"), file="9A1").findings
    assert (finding.rule, finding.sheet, finding.row) == ("TT-01", "Học kỳ I", 5)


def test_a_row_of_csv_is_numbered_by_the_line_it_begins_on():
    grid = sheet_of('Mã;Lời\n1;"hai\ndòng"\n\n2;một\n'.encode())
    assert [number for number, _ in grid.numbered(1)] == [1, 2, 5]
    assert grid.at(2, 2) == "hai\ndòng"
    assert grid.at(5, 1) == "2"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_way_to_end_a_line_is_known(end):
    assert sheet_of(end.join(["a;b", "c;d", ""]).encode()).rows == (("a", "b"), ("c", "d"))


def test_commas_in_sentences_do_not_pass_for_columns():
    data = "Mã;Nhận xét\n" + "".join(f"{n};chăm, ngoan, đều, gọn, {'rõ, ' * (n % 3)}tốt\n" for n in range(9))
    assert {len(row) for row in sheet_of(data.encode()).rows} == {2}


def test_the_hint_that_excel_writes_is_followed_and_keeps_its_line():
    grid = sheet_of(b"sep=;\r\nA;B\r\n1,5;2,5\r\n")
    assert [(number, row) for number, row in grid.numbered(1)] == [(2, ("A", "B")), (3, ("1,5", "2,5"))]


def test_text_kept_from_excel_loses_its_wrapping_only():
    assert sheet_of('Mã,Số\n1,="099311972604"\n'.encode()).at(2, 2) == "099311972604"


@pytest.mark.parametrize("encoding", ["cp1258", "utf-16", "utf-16-le"])
def test_another_encoding_is_refused_with_the_remedy(encoding):
    finding = refusal({"Học sinh.csv": "Họ và tên;Lớp\nNguyễn Ân;9A1\n".encode(encoding, "replace")})
    assert finding.rule == "SH-01"
    assert "CSV UTF-8" in finding.message_vi
    assert "Học sinh.csv" in finding.message_vi


@pytest.mark.parametrize("data", ['a;"b\nc;d\n', 'a;"b"x;c\n', "a," + "x" * 200_000 + "\n"])
def test_a_csv_that_two_programs_would_read_differently_is_refused(data):
    assert refusal({"Học sinh.csv": data.encode()}).rule == "SH-01"


def test_a_damaged_csv_is_refused_with_its_line():
    assert "dòng 3:" in refusal({"A.csv": b'a;b\nc;d\n"e"f;g\n'}).message_vi


@pytest.mark.parametrize(
    "data",
    [b"a;b\n" * 401, b"\n" * 10_001 + b"a;b", b";".join([b"x"] * 161)],
    ids=["rows", "lines", "columns"],
)
def test_a_csv_beyond_the_limits_is_refused_not_cut_off(data):
    assert refusal({"A.csv": data}).rule == "SH-02"


def test_empty_columns_written_out_to_the_edge_do_not_count():
    assert sheet_of(b"a;b" + b";" * 500 + b"\n").rows == (("a", "b"),)


def test_a_folder_without_a_sheet_is_refused():
    assert refusal({"readme.txt": b"a;b"}).rule == "SH-01"
    assert refusal(as_zip({"readme.txt": b"a;b"})).rule == "SH-01"


def test_what_else_lies_in_an_archive_is_left_aside():
    files = {
        "9A1/Học sinh.csv": b"a;b",
        "__MACOSX/9A1/._Học sinh.csv": b"\0\5",
        "9A1/.x.csv": b"\0",
        "ghi chú.docx": b"PK",
    }
    assert [grid.title for grid in grids_of(as_zip(files), file="9A1")] == ["Học sinh"]


def test_two_files_for_one_sheet_are_refused():
    assert refusal({"9A1/Học kỳ I.csv": b"a;b", "9A2/HK 1.csv": b"a;b"}).rule == "SH-02"
    assert refusal(b'{"H\\u1ecdc sinh": [], "HOC SINH": []}').rule == "SH-02"


def test_too_many_files_are_refused():
    files = {f"{n}.csv": b"a;b" for n in range(MAX_SHEETS + 1)}
    assert refusal(files).rule == "SH-02"
    assert refusal(as_zip(files)).rule == "SH-02"


def test_a_bomb_of_csv_is_refused_by_what_it_declares():
    finding = refusal(as_zip({"Học sinh.csv": b"\n" * (65 * 1024 * 1024)}))
    assert finding.rule == "SH-02"
    assert finding.found == f"{65 * 1024 * 1024} byte, 1 CSV, 1 part(s)"


def test_too_many_parts_beside_the_sheets_are_refused():
    assert refusal(as_zip({"Học sinh.csv": b"a;b"} | {f"{n}.txt": b"" for n in range(500)})).rule == "SH-02"


def test_names_that_the_packer_did_not_mark_as_utf8_are_read_all_the_same():
    data = bytearray(as_zip({"Học sinh.csv": b"a;b"}))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        central = archive.start_dir
    for offset in (6, central + 8):
        struct.pack_into("<H", data, offset, 0)
    assert list(sheets_by_title(grids_of(bytes(data), file="9A1"))) == ["Học sinh"]


def test_a_locked_archive_is_refused_with_the_remedy():
    data = bytearray(as_zip({"Học sinh.csv": b"a;b"}))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        central = archive.start_dir
    struct.pack_into("<H", data, central + 8, 0x801)
    assert "mật khẩu" in refusal(bytes(data)).message_vi


def test_a_lone_csv_is_told_that_it_is_one_sheet():
    assert "thư mục" in refusal(b"STT;Toan\n1;9").message_vi


def test_deep_json_is_refused_before_it_is_parsed_whatever_the_limit_on_recursion():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)  # As eth-tester's libraries do: a parser would now fall off the stack.
    try:
        assert refusal(b'{"a": ' * 100_000).rule == "SH-02"
        assert refusal(b'{"a": ' + b"[" * 25 + b"]" * 25 + b"}").rule == "SH-02"
        assert refusal(b'{"a": "' + b"[" * 99 + b'"}').rule == "SH-01"
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[]", "SH-01"),
        ("{}", "SH-01"),
        ('{"Học sinh": [', "SH-01"),
        ('{"Học sinh": 7}', "SH-01"),
        ('{"Học sinh": [1, 2]}', "SH-01"),
        ('{"Học sinh": [{"STT": 1}, [2]]}', "SH-01"),
        ('{"Học sinh": [{"STT": {"a": 1}}]}', "SH-01"),
        ('{"Học sinh": [{"STT": [1]}]}', "SH-01"),
        ('{"Thông tin": {"Trường": {"Tên": "A"}}}', "SH-01"),
        ('{"Học sinh": [{"STT": NaN}]}', "SH-01"),
        ('{"Học sinh": [{"STT": -Infinity}]}', "SH-01"),
        ('{"Học sinh": [{"Toán": 9, "Toán": 4}]}', "SH-01"),
        ('{"Học sinh": [], "Học sinh": []}', "SH-01"),
        ('{"a": ' * 100, "SH-02"),
        (json.dumps({"Học sinh": [{"STT": 1}] * 400}), "SH-02"),
        (json.dumps({"Học sinh": [list(range(161))]}), "SH-02"),
        (json.dumps({str(n): [] for n in range(MAX_SHEETS + 1)}), "SH-02"),
        ('{"a": "' + "x" * MAX_FILE_BYTES + '"}', "SH-02"),
    ],
    ids=lambda value: value[:40],
)
def test_json_of_another_shape_is_refused(text, rule):
    assert refusal(text.encode()).rule == rule


def test_json_in_another_encoding_is_refused_with_the_remedy():
    finding = refusal('{"Lớp": "năm"}'.encode("cp1258", "replace"))
    assert finding.rule == "SH-01"
    assert "UTF-8" in finding.message_vi


def test_numbers_of_json_never_become_binary_floats():
    text = '{"A": [[7.10, 8.0, 1e1, 0.30000000000000004, true, null, "x", ""]]}'
    (grid,) = grids_of(b"\xef\xbb\xbf" + text.encode(), file="A")
    assert grid == Grid("A", (("7.1", "8", "10", "0.30000000000000004", True, None, "x"),))


@pytest.mark.parametrize("number", ["9" * 5000, "1e999999", "1e9999999999999999999", "0." + "1" * 60])
def test_a_number_of_monstrous_size_stays_text_for_its_column_to_refuse(number):
    (grid,) = grids_of(f'{{"A": [[{number}]]}}'.encode(), file="A")
    assert grid.at(1, 1) == number


def test_a_workbook_with_more_columns_than_any_class_is_refused_not_cut_off():
    book = openpyxl.load_workbook(io.BytesIO(make_workbook()))
    book["Học kỳ I"].cell(6, 161, 7)
    target = io.BytesIO()
    book.save(target)
    assert refusal(target.getvalue()).rule == "SH-02"
