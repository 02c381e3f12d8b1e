# SPDX-License-Identifier: Apache-2.0

import io

import pikepdf
import pytest
from paper_sample import NOW, QR_URL, RECORD_XML, booklet, print_out, unit

from ledger.paper import fields
from ledger.paper.errors import LayoutError
from ledger.paper.fields import BOOKLET_FIELDS, MARK, ROLES, UNIT_FIELDS, FieldName
from ledger.paper.render import render_unit

MM = 72 / 25.4


@pytest.fixture(scope="module")
def paper():
    return render_unit(unit(), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)


@pytest.fixture
def document(paper):
    with pikepdf.open(io.BytesIO(paper)) as opened:
        yield opened


def pdf_with_links(*names):
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(600, 800))
    page.obj.Annots = pikepdf.Array()
    for name in names:
        link = {"/Subtype": pikepdf.Name.Link, "/Rect": [9, 9, 99, 99]}
        link["/A"] = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String(f"{MARK}{name}"))
        page.obj.Annots.append(document.make_indirect(pikepdf.Dictionary(link)))
    out = io.BytesIO()
    document.save(out, deterministic_id=True)
    return out.getvalue()


def test_there_are_three_empty_fields_with_their_roles(document):
    form = document.Root.AcroForm
    assert int(form.SigFlags) == 3
    assert [str(field.T) for field in form.Fields] == ["GVCN", "CBQL", "KY_PHAT_HANH"]
    for field in form.Fields:
        assert pikepdf.Name.Sig == field.FT
        assert "/V" not in field
        assert str(field.TU) == ROLES[FieldName(str(field.T))]
        assert int(field.F) == 4 + 128  # Print, Locked
        assert field.AP.N.read_bytes() == b""
        assert [float(x) for x in field.AP.N.BBox][:2] == [0, 0]


def test_each_field_locks_itself_and_nothing_else(document):
    for field in document.Root.AcroForm.Fields:
        assert field.Lock.Action == pikepdf.Name.Include
        assert [str(name) for name in field.Lock.Fields] == [str(field.T)]
        assert "/P" not in field.Lock


def test_no_mark_of_the_template_is_left(document):
    for page in document.pages:
        for annotation in page.obj.get("/Annots", []):
            assert annotation.Subtype == pikepdf.Name.Widget
            assert "/A" not in annotation


def test_the_array_of_annotations_is_indirect_so_that_signing_leaves_the_page_alone(document):
    assert document.pages[-1].obj.Annots.is_indirect


def test_the_structure_tree_does_not_point_at_the_fields(document):
    # It did once, as a Form element each; pyHanko then called every signature but the last invalid.
    assert all("/StructParent" not in field for field in document.Root.AcroForm.Fields)
    containers = [item for item in document.objects if isinstance(item, pikepdf.Dictionary | pikepdf.Array)]
    assert all(b"/OBJR" not in item.unparse() for item in containers)


def test_the_seal_covers_the_left_third_of_the_heads_signature(paper):
    places = fields.boxes(paper)
    head, seal = places[FieldName.HEAD], places[FieldName.SEAL]
    assert seal.page == head.page
    assert seal.x0 < head.x0
    assert (seal.x1 - head.x0) / head.width == pytest.approx(1 / 3, abs=0.001)
    assert seal.y0 < head.y0
    assert seal.y1 > head.y1


def test_the_head_signs_left_and_the_homeroom_teacher_right(paper):
    places = fields.boxes(paper)
    teacher, head = places[FieldName.HOMEROOM_TEACHER], places[FieldName.HEAD]
    assert head.x1 + 10 * MM < teacher.x0
    assert (head.y0, head.y1) == pytest.approx((teacher.y0, teacher.y1), abs=0.01)
    assert (head.width, head.height) == pytest.approx((60 * MM, 28 * MM), abs=0.01)


def test_the_seal_lies_above_the_heads_signature(document):
    order = [str(annotation.T) for annotation in document.pages[-1].obj.Annots]
    assert order.index("KY_PHAT_HANH") > order.index("CBQL")


def test_laying_out_is_one_revision_and_the_same_each_time(paper):
    assert paper.count(b"%%EOF") == 1
    marked = pdf_with_links(*FieldName)
    assert fields.lay_out(marked) == fields.lay_out(marked)


@pytest.mark.parametrize(
    "names",
    [(), ("GVCN", "CBQL"), ("GVCN", "CBQL", "CBQL"), ("GVCN", "CBQL", "KY_PHAT_HANH", "KT"), ("GVCN",) * 4],
    ids=["none", "no-seal", "twice", "a-fourth", "only-teachers"],
)
def test_anything_but_our_three_places_is_refused(names):
    with pytest.raises(LayoutError) as refusal:
        fields.lay_out(pdf_with_links(*names))
    assert refusal.value.found == list(names)


def test_a_paper_laid_out_once_is_not_laid_out_again(paper):
    with pytest.raises(LayoutError):
        fields.lay_out(paper)


def test_a_pdf_that_is_not_ours_has_no_places():
    with pytest.raises(LayoutError) as refusal:
        fields.boxes(pdf_with_links())
    assert "không có ô nào" in refusal.value.vi
    assert "none" in refusal.value.en


@pytest.mark.parametrize("data", [b"", b"not a PDF", b"%PDF-1.7\n%%EOF\n"])
def test_what_is_no_pdf_at_all_is_refused_too(data):
    for question in (fields.boxes, fields.lay_out):
        with pytest.raises(LayoutError):
            question(data)


def test_one_place_is_found_in_a_unit_and_in_a_booklet(paper):
    cover = print_out(booklet())
    for name in UNIT_FIELDS:
        assert fields.box(paper, name) == fields.boxes(paper)[name]
    for name in BOOKLET_FIELDS:
        assert fields.box(cover, name) == fields.boxes(cover, expected=BOOKLET_FIELDS)[name]
    with pytest.raises(LayoutError):
        fields.box(cover, FieldName.HOMEROOM_TEACHER)


def test_an_annotation_that_is_no_field_of_ours_is_passed_over(paper):
    with pikepdf.open(io.BytesIO(paper)) as changed:
        note = {"/Subtype": pikepdf.Name.Text, "/Rect": [9, 9, 99, 99]}
        changed.pages[-1].obj.Annots.append(changed.make_indirect(pikepdf.Dictionary(note)))
        out = io.BytesIO()
        changed.save(out)
    assert fields.boxes(out.getvalue()) == fields.boxes(paper)
