# SPDX-License-Identifier: Apache-2.0

"""Files that honest people spoil: cut short, saved again, printed. None passes, and each is told apart from a forgery in words."""

import io
from copy import deepcopy

import attacked_school as world
import pytest
from attacked_school import FAILED
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from ledger.record import xml as record_xml
from verifier_api.banner import banner_of_file
from verifier_api.verdict import Check

MISHAPS = {"intake.cut_off", "bytes.resaved", "bytes.shortened", "bytes.printed"}

IN_A_FONT = 60_000
"""A byte of the paper that no structure depends on."""


@pytest.fixture(params=["by its receipt", "by the ledger"])
def judge(request):
    receipt = world.genuine_receipt()
    given, shelf = (receipt, world.Shelf()) if request.param == "by its receipt" else (None, world.Shelf(receipt))
    return lambda data: world.judge(data, given, issued=shelf)


def told(verdict):
    """The code that a reader sees first."""
    assert verdict.conclusion is FAILED
    first = next(found for found in verdict.findings if found.outcome.value == "FAILED")
    advice = " ".join(text.en for text in banner_of_file(verdict).advice)
    assert ("forgery" in advice) is (first.code not in MISHAPS)
    return first.code


def reader_of(data):
    return PdfFileReader(io.BytesIO(data))


def written(writer):
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_cut_in_the_middle(judge):
    pdf = world.genuine().pdf
    for end in (len(pdf) // 2, len(pdf) - 1500, 2000):
        assert told(judge(pdf[:end])) == "intake.cut_off"
    assert told(judge(world.genuine().xml[:3000])) == "intake.cut_off"


@pytest.mark.parametrize("signatures", [1, 2, 3])
def test_from_before_everybody_had_signed(judge, signatures):
    pdf = world.genuine().pdf
    ranges = [int(part) for part in reader_of(pdf).embedded_signatures[signatures - 1].byte_range]
    verdict = judge(pdf[: ranges[2] + ranges[3]])
    assert told(verdict) == "bytes.shortened"
    assert str(len(pdf) - ranges[2] - ranges[3]) in verdict.finding(Check.BYTES).en


def test_saved_again_by_another_program(judge):
    assert told(judge(written(copy_into_new_writer(reader_of(world.genuine().pdf))))) == "bytes.resaved"


def test_saved_again_without_its_signatures(judge):
    writer = copy_into_new_writer(reader_of(world.genuine().pdf))
    for field in writer.root["/AcroForm"]["/Fields"]:
        field.get_object().pop("/V", None)
    del writer.root["/AcroForm"]
    assert told(judge(written(writer))) == "bytes.resaved"


def test_saved_again_with_another_page_is_not_reassured(judge):
    """The record inside is the issued one, and the page is not: whoever reads the finding is told that pages may differ."""
    writer = copy_into_new_writer(reader_of(world.genuine().pdf))
    page = writer.find_page_for_modification(0)[0].get_object()
    page[NameObject("/Contents")] = writer.add_object(StreamObject(stream_data=b"BT (10,0) Tj ET"))
    verdict = judge(written(writer))
    assert told(verdict) == "bytes.resaved"
    assert "pages may show something else" in verdict.finding(Check.BYTES).en


def test_xml_saved_again_with_other_blanks(judge):
    xml = world.genuine().xml
    assert told(judge(xml.replace(b"<HOC_BA>", b"<HOC_BA >"))) == "bytes.resaved"


def test_printed_to_pdf(judge):
    writer = PdfFileWriter(stream_xrefs=False)
    stream = writer.add_object(StreamObject(stream_data=b"BT ET"))
    page = DictionaryObject({
        NameObject("/Type"): NameObject("/Page"),
        NameObject("/Contents"): stream,
        NameObject("/MediaBox"): ArrayObject(map(NumberObject, (0, 0, 595, 842))),
    })  # fmt: skip
    writer.insert_page(page)
    assert told(judge(written(writer))) == "bytes.printed"


# And what is no mishap is not called one.


def test_one_byte_of_a_page_changed_where_it_lies(judge):
    pdf = world.genuine().pdf
    assert told(judge(pdf[:IN_A_FONT] + bytes([pdf[IN_A_FONT] ^ 1]) + pdf[IN_A_FONT + 1 :])) == "bytes.altered"


def test_saved_again_with_another_record_inside(judge):
    other = deepcopy(world.genuine(1))
    verdict = world.judge(written(copy_into_new_writer(reader_of(other.pdf))), world.genuine_receipt())
    assert told(verdict) == "bytes.other_receipt"
    assert judge(world.genuine().pdf).conclusion is world.PASSED


def test_cut_short_and_forged(judge):
    pdf = world.genuine().pdf
    ranges = [int(part) for part in reader_of(pdf).embedded_signatures[1].byte_range]
    cut = bytearray(pdf[: ranges[2] + ranges[3]])
    cut[IN_A_FONT] ^= 1
    assert told(judge(bytes(cut))) == "bytes.altered"


def short_one(number, of):
    """A file that claims to be the issued record, with a pupil's marks, signed by the homeroom teacher of `of` and nobody else."""
    unit_id, when = world.genuine_receipt().manifest.id, world.now()
    document = record_xml.write(
        world.SHEET.records[number], unit_id=unit_id, created_at=when, planned_issue_date=when, replaces=None
    )
    paper = world.drawn(number, attached=record_xml.data_element(document))
    return world.signed(paper, world.TEACHER, key=world.key_of(world.TEACHER.value, of)).pdf


@pytest.mark.parametrize(("number", "by"), [(1, "a stranger"), (0, "a stranger"), (1, "the teacher")])
def test_a_forgery_that_is_shorter_than_the_record_is_not_taken_for_its_beginning(judge, number, by):
    forged = short_one(number, world.stranger() if by == "a stranger" else world.pki())
    assert len(forged) < len(world.genuine().pdf)
    assert told(judge(forged)) == "bytes.altered"
