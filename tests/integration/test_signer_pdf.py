# SPDX-License-Identifier: Apache-2.0

"""Three people sign a laid-out paper, it is archived, and foreign tools agree; what we did not lay out is refused."""

import asyncio
import io
import subprocess
from dataclasses import astuple, replace
from datetime import timedelta
from itertools import pairwise

import laid_out_paper as paper
import pikepdf
import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import ExternalSigner

from signer.archive import archive, retimestamp
from signer.errors import (
    AlreadySigned,
    CertificateNotValid,
    CertificateUntrusted,
    ChangedSincePrepared,
    NotLaidOut,
    NotYetSigned,
    SigningFailed,
    TimestampUnavailable,
    UnreadableDocument,
    ValidationDataUnavailable,
    WrongValue,
)
from signer.pdf import PreparedPdf, finish_field, prepare_field, sign_field
from signer.profile import PADES
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData


def changed(pdf: bytes, change) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def test_each_step_only_appends():
    steps = paper.steps()
    for before, after in pairwise(steps):
        assert after.startswith(before)
        assert len(after) > len(before)


def test_the_archived_file_has_five_revisions_and_the_last_stamp_covers_it_whole():
    reader = PdfFileReader(io.BytesIO(paper.archived()))
    assert reader.xrefs.total_revisions == 5
    assert [s.field_name for s in reader.embedded_signatures] == [*paper.FIELDS, "Timestamp-1"]
    last = reader.embedded_signatures[-1]
    assert last.evaluate_signature_coverage().name == "ENTIRE_FILE"


def test_the_profile_is_what_the_file_shows():
    reader = PdfFileReader(io.BytesIO(paper.archived()))
    first, *others = reader.embedded_regular_signatures
    assert first.docmdp_level == PADES.first_certifies
    assert all(other.docmdp_level is None for other in others)
    for signature in reader.embedded_regular_signatures:
        assert signature.sig_object["/SubFilter"] == PADES.subfilter.value
        assert [str(name) for name in signature.fieldmdp.fields] == [signature.field_name]
        tokens = [
            a for a in signature.signer_info["unsigned_attrs"] if a["type"].native == "signature_time_stamp_token"
        ]
        assert len(tokens) == 1
        assert not any(c.self_signed in ("yes", "maybe") for c in signature.other_embedded_certs)
    assert "/VRI" not in reader.root["/DSS"]


def test_who_signed_as_what_stands_in_each_signature():
    reader = PdfFileReader(io.BytesIO(paper.archived()))
    said = [(str(s.sig_object["/Reason"]), str(s.sig_object["/Name"])) for s in reader.embedded_regular_signatures]
    assert said == [
        ("Giáo viên chủ nhiệm", "Lê Thị An"),
        ("Hiệu trưởng", "Trần Văn Bình"),
        ("Nhà trường", "Trường THCS Hoa Mai"),
    ]


def test_poppler_and_qpdf_agree(tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(paper.archived())
    shown = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True, check=False).stdout
    assert shown.count("Signature is Valid.") == 3
    checked = subprocess.run(["qpdf", "--check", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_no_token_is_asked_for_in_vain():
    pdf, stamper = paper.unsigned(), paper.pki().timestamper(paper.now)
    for role in paper.FIELDS:
        pdf = paper.sign(pdf, role, timestamper=stamper)
    assert stamper.calls == 3


def test_a_class_gathers_validation_data_once():
    pki, data = paper.pki(), paper.offline_data(paper.pki())
    stamper = pki.timestamper(paper.now)
    first = archive(paper.steps()[3], timestamper=stamper, validation_data=data)
    known = dict(data._known)
    again = archive(paper.steps()[3], timestamper=stamper, validation_data=data)
    assert data._known == known
    assert len(known) == 4
    assert first != again


def test_a_renewed_timestamp_keeps_the_anchored_file_as_a_prefix():
    pki = paper.pki()
    renewed = retimestamp(
        paper.archived(), timestamper=pki.timestamper(paper.now), validation_data=paper.offline_data(pki)
    )
    assert renewed.startswith(paper.archived())
    reader = PdfFileReader(io.BytesIO(renewed))
    assert [s.field_name for s in reader.embedded_timestamp_signatures] == ["Timestamp-1", "Timestamp-2"]


def test_a_stamp_drawn_into_one_file_does_not_leak_into_the_next():
    one, two = paper.sign(paper.unsigned(), "GVCN"), paper.sign(paper.unsigned(), "GVCN")
    for pdf in (one, two):
        with pikepdf.open(io.BytesIO(pdf)) as document:
            assert not document.check_pdf_syntax()
            form = document.Root.AcroForm.Fields[0].AP.N
            assert form.Resources.XObject["/Stamp"].Subtype == pikepdf.Name.Form


@pytest.mark.parametrize("data", [b"", b"not a pdf", b"%PDF-1.7\n%%EOF", b"<xml/>"])
def test_what_is_no_pdf_is_refused(data):
    with pytest.raises(UnreadableDocument):
        paper.sign(data, "GVCN")
    with pytest.raises(UnreadableDocument):
        archive(data, timestamper=paper.pki().timestamper(paper.now), validation_data=paper.offline_data(paper.pki()))


def test_a_pdf_of_somebody_else_is_refused():
    def without_form(document):
        del document.Root["/AcroForm"]

    with pytest.raises(NotLaidOut):
        paper.sign(changed(paper.unsigned(), without_form), "GVCN")


def test_a_field_that_locks_something_else_is_refused():
    def lock_all(document):
        document.Root.AcroForm.Fields[0].Lock.Action = pikepdf.Name.All

    with pytest.raises(NotLaidOut):
        paper.sign(changed(paper.unsigned(), lock_all), "GVCN")


def test_a_paper_with_a_second_revision_is_not_certified():
    appended = io.BytesIO(paper.unsigned())
    writer = IncrementalPdfFileWriter(appended)
    writer.root["/Lang"] = writer.root["/Lang"]
    writer.update_root()
    writer.write_in_place()
    with pytest.raises(NotLaidOut):
        paper.sign(appended.getvalue(), "GVCN")


def test_nobody_signs_over_another():
    with pytest.raises(AlreadySigned):
        paper.sign(paper.steps()[1], "GVCN", first=False)


def test_the_second_does_not_sign_before_the_first():
    with pytest.raises(NotYetSigned):
        paper.sign(paper.unsigned(), "CBQL")


def test_nobody_certifies_twice():
    with pytest.raises(NotLaidOut):
        paper.sign(paper.steps()[1], "CBQL", first=True)


def test_an_unknown_field_is_refused():
    with pytest.raises(NotLaidOut):
        sign_field(
            paper.unsigned(),
            field="KHAC",
            key=paper.key_of(paper.pki(), "GVCN"),
            stamp=paper.stamp("x"),
            first=True,
            reason="",
            name="",
            location="",
            timestamper=paper.pki().timestamper(paper.now),
            signed_at=paper.now(),
        )


def test_a_stamp_that_is_no_pdf_signs_nothing():
    with pytest.raises(SigningFailed):
        sign_field(
            paper.unsigned(),
            field="GVCN",
            key=paper.key_of(paper.pki(), "GVCN"),
            stamp=b"not a pdf",
            first=True,
            reason="",
            name="",
            location="",
            timestamper=paper.pki().timestamper(paper.now),
            signed_at=paper.now(),
        )


def test_an_expired_certificate_signs_nothing():
    with pytest.raises(CertificateNotValid):
        sign_field(
            paper.unsigned(),
            field="GVCN",
            key=paper.key_of(paper.pki(), "GVCN"),
            stamp=paper.stamp("x"),
            first=True,
            reason="",
            name="",
            location="",
            timestamper=paper.pki().timestamper(paper.now),
            signed_at=paper.now() + timedelta(days=4 * 365),
        )


def test_what_is_unsigned_is_not_archived():
    with pytest.raises(NotYetSigned):
        archive(
            paper.unsigned(),
            timestamper=paper.pki().timestamper(paper.now),
            validation_data=paper.offline_data(paper.pki()),
        )


def test_without_crls_nothing_is_archived():
    pki = paper.pki()
    nothing = ValidationData.offline(paper.all_roots(pki), crls=(), now=paper.now)
    with pytest.raises(ValidationDataUnavailable):
        archive(paper.steps()[3], timestamper=pki.timestamper(paper.now), validation_data=nothing)


def test_stale_crls_archive_nothing():
    pki = paper.pki()
    late = ValidationData.offline(
        paper.all_roots(pki), crls=pki.crls(paper.now()), now=lambda: paper.now() + timedelta(days=40)
    )
    with pytest.raises(ValidationDataUnavailable):
        archive(paper.steps()[3], timestamper=pki.timestamper(paper.now), validation_data=late)


def test_a_strangers_signature_is_not_archived_as_ours():
    pdf = paper.sign(paper.unsigned(), "GVCN", of=paper.stranger())
    with pytest.raises(CertificateUntrusted):
        archive(pdf, timestamper=paper.pki().timestamper(paper.now), validation_data=paper.offline_data(paper.pki()))


# Three steps, with the key elsewhere.


def prepared(role="GVCN", pdf=None, **changes):
    key = paper.key_of(paper.pki(), role)
    told = {
        "field": role,
        "who": key.who,
        "stamp": paper.stamp(key.common_name),
        "first": True,
        "reason": paper.FIELDS[role][0],
        "name": key.common_name,
        "location": "Hải Phòng",
        "signed_at": paper.now(),
    }
    return prepare_field(pdf or paper.unsigned(), **{**told, **changes})


def finished(what, *, value=None, role="GVCN", who=None, timestamper=None):
    key = paper.key_of(paper.pki(), role)
    return finish_field(
        what,
        who=who or key.who,
        value=key.sign(what.to_be_signed) if value is None else value,
        timestamper=timestamper or paper.pki().timestamper(paper.now),
    )


def test_what_is_prepared_is_bytes_and_numbers_that_survive_a_restart():
    before = prepared()
    assert {type(each) for each in astuple(before)} == {bytes, int}
    signature = PdfFileReader(io.BytesIO(finished(PreparedPdf(*astuple(before))))).embedded_signatures[0]
    signature.compute_integrity_info()
    assert signature.field_name == "GVCN"
    assert signature.evaluate_signature_coverage().name == "ENTIRE_FILE"


@pytest.mark.parametrize("role", paper.FIELDS)
def test_what_is_signed_is_what_the_library_would_sign(role):
    before, who = prepared(role), paper.key_of(paper.pki(), role).who
    said = {one["type"].native: one["values"][0].native for one in cms.CMSAttributes.load(before.to_be_signed)}
    stock = ExternalSigner(signing_cert=who.certificate, cert_registry=None)
    attributes = asyncio.run(stock.signed_attrs(said["message_digest"], PADES.digest, use_pades=True))
    assert attributes.dump() == before.to_be_signed


def test_only_the_place_of_the_value_changes_at_the_end():
    before = prepared()
    after = finished(before)
    assert len(after) == len(before.document)
    assert after[: before.reserved_from] == before.document[: before.reserved_from]
    assert after[before.reserved_to :] == before.document[before.reserved_to :]


def test_a_value_for_another_record_is_not_put_in():
    one, other = prepared(), prepared()
    key = paper.key_of(paper.pki(), "GVCN")
    with pytest.raises(WrongValue):
        finished(one, value=key.sign(other.to_be_signed))


@pytest.mark.parametrize("value", [b"", b"x", bytes(70), bytes(256)], ids=["none", "one byte", "zeros", "zeros of RSA"])
@pytest.mark.parametrize("role", ["GVCN", "KY_PHAT_HANH"])
def test_what_is_no_value_at_all_is_not_put_in(role, value):
    with pytest.raises(WrongValue):
        finished(prepared(role), value=value, role=role)


def test_a_value_by_another_key_is_not_put_in():
    before = prepared()
    with pytest.raises(WrongValue):
        finished(before, value=paper.key_of(paper.stranger(), "GVCN").sign(before.to_be_signed))


def test_what_was_prepared_for_one_is_not_finished_for_another():
    before = prepared()
    other = paper.key_of(paper.stranger(), "GVCN")
    with pytest.raises(ChangedSincePrepared):
        finished(before, who=other.who, value=other.sign(before.to_be_signed))


def one_byte_more(before):
    return replace(before, document=before.document + b"\n")


def one_byte_other(before):
    return replace(before, document=before.document.replace(b"%PDF-1.7", b"%PDF-1.6", 1))


def place_filled(before):
    start = before.reserved_from + 1
    return replace(before, document=before.document[:start] + b"3082" + before.document[start + 4 :])


def place_moved(before):
    return replace(before, reserved_from=before.reserved_from - 9)


def attributes_of_another(before):
    return replace(before, to_be_signed=prepared().to_be_signed)


def no_attributes(before):
    return replace(before, to_be_signed=b"attributes")


def attributes_without_a_certificate(before):
    attributes = cms.CMSAttributes.load(before.to_be_signed)
    kept = cms.CMSAttributes([one for one in attributes if one["type"].native != "signing_certificate_v2"])
    return replace(before, to_be_signed=kept.dump())


def attributes_with_a_time(before):
    attributes = cms.CMSAttributes.load(before.to_be_signed)
    attributes.append(cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": paper.now()})]}))
    return replace(before, to_be_signed=attributes.dump(force=True))


CHANGES = [
    one_byte_more, one_byte_other, place_filled, place_moved, attributes_of_another, no_attributes,
    attributes_without_a_certificate, attributes_with_a_time,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=[change.__name__.replace("_", " ") for change in CHANGES])
def test_what_changed_since_it_was_prepared_is_not_finished(change):
    changed_since = change(prepared())
    with pytest.raises(ChangedSincePrepared):
        # Even by the genuine key, over just these attributes.
        finished(changed_since)


def test_a_time_stamping_authority_that_is_down_costs_no_second_value():
    before = prepared()
    value = paper.key_of(paper.pki(), "GVCN").sign(before.to_be_signed)
    with pytest.raises(TimestampUnavailable):
        finished(before, value=value, timestamper=HttpTimestamper("http://127.0.0.1:9/", timeout_seconds=1))
    assert finished(before, value=value).startswith(before.document[: before.reserved_from])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"field": "KHAC"}, NotLaidOut),
        ({"first": False}, NotYetSigned),
        ({"stamp": b"not a pdf"}, SigningFailed),
        ({"pdf": b"not a pdf"}, UnreadableDocument),
    ],
    ids=["unknown field", "out of turn", "no stamp", "no pdf"],
)
def test_every_refusal_comes_before_the_key_is_asked(change, error):
    with pytest.raises(error):
        prepared(**change)


def test_an_ended_certificate_is_refused_before_the_key_is_asked():
    with pytest.raises(CertificateNotValid):
        prepared(signed_at=paper.now() + timedelta(days=4 * 365))


def test_a_signed_field_is_refused_before_the_key_is_asked():
    with pytest.raises(AlreadySigned):
        prepared(pdf=paper.steps()[1], first=False)
