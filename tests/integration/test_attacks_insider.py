# SPDX-License-Identifier: Apache-2.0

"""Attacks by somebody who holds the school's operator key and anchors what he likes: each line of defence by itself.

Every file here has a manifest that lists its very bytes, a receipt that leads to a root, and an anchor that is deep enough, made
by the school. What must stop it is what the test names. A name is the mutation; the row says what is concluded, and why.
"""

import io
from dataclasses import replace

import attacked_school as world
import pytest
from attacked_school import FAILED, PASSED, PRINCIPAL, ROLES_IN_ORDER, SEAL, both, concluded
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper

from ledger.record import xml as record_xml
from signer import sessions
from signer.archive import retimestamp
from signer.validation_data import ValidationData

# What is genuine passes, though it looks unusual.


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_genuine(kind):
    concluded(getattr(world.genuine(), kind), world.manifest_of(world.genuine()), PASSED)


def test_genuine_without_a_homeroom_teacher():
    both(world.archived(world.signed_by((PRINCIPAL, SEAL))), PASSED)


def test_genuine_with_a_renewed_document_timestamp():
    paper = world.genuine()
    data = ValidationData.offline(world.roots_of(world.pki()), crls=world.pki().crls(world.now()), now=world.now)
    renewed = retimestamp(paper.pdf, timestamper=world.pki().timestamper(world.now), validation_data=data)
    concluded(renewed, world.manifest_of(paper, pdf=renewed), PASSED)


def test_genuine_that_replaces_a_recalled_unit():
    old = world.genuine(1).unit_id
    paper = world.drawn(0, replaces=old)
    for role in ROLES_IN_ORDER:
        paper = world.signed(paper, role)
    concluded(paper.xml, world.manifest_of(paper, replaces=old), PASSED)


# The PDF.


def increment(change, *, stamped_by=None):
    """The genuine PDF with a revision that makes `change`, and over it a document timestamp."""
    writer = IncrementalPdfFileWriter(io.BytesIO(world.genuine().pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    stamper = PdfTimeStamper((stamped_by or world.pki()).timestamper(world.now), field_name="Timestamp-9")
    fresh = IncrementalPdfFileWriter(io.BytesIO(out.getvalue()))
    return sessions.run(stamper.async_timestamp_pdf(fresh, "sha256", bytes_reserved=12288)).getvalue()


def page(writer):
    return writer.find_page_for_modification(0)[0].get_object()


def other_marks(writer):
    content = generic.StreamObject(stream_data=b"BT /F1 12 Tf 72 700 Td (10,0) Tj ET")
    page(writer)[pdf_name("/Contents")] = writer.add_object(content)


def note_over_the_marks(writer):
    note = {
        "/Type": pdf_name("/Annot"),
        "/Subtype": pdf_name("/FreeText"),
        "/Contents": pdf_string("10,0"),
        "/Rect": generic.ArrayObject(generic.FloatObject(x) for x in (72, 600, 300, 700)),
    }
    made = generic.DictionaryObject({pdf_name(key): value for key, value in note.items()})
    page(writer)[pdf_name("/Annots")] = generic.ArrayObject([writer.add_object(made)])


def other_record_attached(writer):
    other = record_xml.data_element(world.genuine(1).xml)
    file = writer.root["/AF"][0]
    stream = generic.StreamObject({pdf_name("/Type"): pdf_name("/EmbeddedFile")}, stream_data=other)
    file["/EF"][pdf_name("/F")] = writer.add_object(stream)
    writer.update_container(file["/EF"])


def script_on_opening(writer):
    script = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")}
    writer.root[pdf_name("/OpenAction")] = generic.DictionaryObject(script)
    writer.update_root()


@pytest.mark.parametrize(
    ("change", "also"),
    [
        (other_marks, ()),
        (note_over_the_marks, ()),
        (script_on_opening, ()),
        (other_record_attached, ("contents.record_differs",)),
    ],
    ids=["page content replaced", "note over the marks", "script on opening", "attachment replaced"],
)
def test_changed_after_signing_and_timestamped_by_a_genuine_authority(change, also):
    pdf = increment(change)
    manifest = world.manifest_of(world.genuine(), pdf=pdf)
    concluded(pdf, manifest, FAILED, "signatures.changed_after", *also)


def test_page_replaced_and_timestamped_by_the_attackers_own_authority():
    pdf = increment(other_marks, stamped_by=world.stranger())
    manifest = world.manifest_of(world.genuine(), pdf=pdf)
    concluded(pdf, manifest, FAILED, "signatures.changed_after", "signatures.indeterminate")


def test_nothing_changed_but_timestamped_by_the_attackers_own_authority():
    pdf = increment(lambda _: None, stamped_by=world.stranger())
    verdict = world.judge(pdf, world.anchored(world.manifest_of(world.genuine(), pdf=pdf)))
    assert verdict.conclusion is not PASSED
    assert "signatures.indeterminate" in world.complaints(verdict)


def test_bytes_behind_the_last_timestamp():
    pdf = world.genuine().pdf + b"\n% 10,0\n"
    concluded(pdf, world.manifest_of(world.genuine(), pdf=pdf), FAILED, "signatures.changed_after")


def test_marks_overwritten_in_place():
    """One byte of what everybody signed: every signature and timestamp says so."""
    pdf = bytearray(world.genuine().pdf)
    pdf[2000] ^= 1
    verdict = world.judge(bytes(pdf), world.anchored(world.manifest_of(world.genuine(), pdf=bytes(pdf))))
    assert verdict.conclusion is FAILED


def test_receipt_and_record_of_another_pupil_over_this_pdf():
    """The PDF of one pupil, the XML of another, in one manifest: each file is held to the record that the manifest names."""
    one, other = world.genuine(0), world.genuine(1)
    manifest = world.manifest_of(one, xml=other.xml)
    concluded(one.pdf, manifest, PASSED)
    concluded(other.xml, manifest, FAILED, "contents.record_differs")


def test_attachment_of_another_pupil_signed_by_everybody():
    """The clerk attached another pupil's record before anybody signed: all signatures hold, and the contents do not."""
    paper = world.drawn(0, attached=record_xml.data_element(world.genuine(1).xml))
    for role in ROLES_IN_ORDER:
        paper = world.signed(paper, role)
    paper = world.archived(paper)
    concluded(paper.pdf, world.manifest_of(paper), FAILED, "contents.record_differs")


# What the record says of itself, and what the manifest says of it.


def record_of(**changes):
    record = world.SHEET.records[0]
    school = replace(record.school, **{key: value for key, value in changes.items() if key == "code"})
    info = replace(record.class_info, **{key: value for key, value in changes.items() if key == "school_year"})
    return replace(record, school=school, class_info=info)


def test_record_names_another_school_than_the_one_that_anchored():
    """All of this school's people conspire to write a record of the school next door: their own anchor does not carry it."""
    both(world.archived(world.signed_by(record=record_of(code=world.OTHER_CODE))), FAILED, "contents.other_claim")


def test_record_names_another_year_than_was_anchored():
    both(world.archived(world.signed_by(record=record_of(school_year="2023-2024"))), FAILED, "contents.other_claim")


@pytest.mark.parametrize(
    "changes",
    [{"level": "THPT"}, {"replaces": "another"}],
    ids=["another level", "replaces a unit that the record does not name"],
)
def test_manifest_says_more_than_the_record(changes):
    if "replaces" in changes:
        changes = {"replaces": world.genuine(1).unit_id}
    paper = world.genuine()
    concluded(paper.xml, world.manifest_of(paper, **changes), FAILED, "contents.other_claim")


def test_manifest_names_another_unit():
    paper = world.genuine()
    verdict = world.judge(paper.xml, world.anchored(world.manifest_of(paper, id=world.genuine(1).unit_id)))
    assert (verdict.conclusion, world.complaints(verdict)) == (FAILED, {"contents.other_claim"})


def test_manifest_names_another_record():
    paper = world.genuine()
    concluded(
        paper.xml,
        world.manifest_of(paper, record_sha256=world.genuine(1).record_sha256),
        FAILED,
        "contents.record_differs",
    )


def test_manifest_names_a_profile_that_asks_for_less():
    concluded(world.genuine().xml, world.manifest_of(world.genuine(), profile="nobody"), FAILED, "signatures.missing")
