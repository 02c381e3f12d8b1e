# SPDX-License-Identifier: Apache-2.0

"""The genuine file passes; every forgery that was thought of fails, also when the forger has it timestamped by a real TSA."""

import datetime as dt
import io
import pickle
from dataclasses import replace
from types import SimpleNamespace

import laid_out_paper as paper
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import SuspiciousModification
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper

from signer import sessions
from signer.archive import archive, retimestamp
from signer.statements import HeldKeySigner
from verifier_api import signatures
from verifier_api.judgements import MAX_CERTIFICATE_BYTES, MAX_FIELD_CHARACTERS
from verifier_api.revisions import _TimestampFieldsOnly
from verifier_api.signatures import judge_pdf
from verifier_api.verdict import Outcome

NAMES = frozenset(paper.FIELDS)


def roots(of):
    return {hierarchy: of.root_certificates(hierarchy) for hierarchy in ("vgca", "public")}


def judge(pdf, of=None):
    return judge_pdf(pdf, roots=roots(of or paper.pki()), field_names=NAMES)


def appended(pdf, change, *, stamped):
    """`pdf` with a revision that makes `change`; `stamped`: and a document timestamp of the genuine authority over it."""
    out = io.BytesIO(pdf)
    writer = IncrementalPdfFileWriter(out)
    change(writer)
    writer.write_in_place()
    if not stamped:
        return out.getvalue()
    stamper = PdfTimeStamper(paper.pki().timestamper(paper.now), field_name="Timestamp-9")
    work = stamper.async_timestamp_pdf(
        IncrementalPdfFileWriter(io.BytesIO(out.getvalue())), "sha256", bytes_reserved=12288
    )
    return sessions.run(work).getvalue()


def page_of(writer, number=0):
    return writer.find_page_for_modification(number)[0].get_object()


def other_content(writer):
    content = generic.StreamObject(stream_data=b"BT /F1 12 Tf 72 700 Td (10,0) Tj ET")
    page_of(writer)[pdf_name("/Contents")] = writer.add_object(content)


def annotation(writer):
    rect = generic.ArrayObject(generic.FloatObject(x) for x in (72, 600, 300, 700))
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Contents"): pdf_string("10,0"),
            pdf_name("/Rect"): rect,
        }
    )
    page_of(writer)[pdf_name("/Annots")] = generic.ArrayObject([writer.add_object(note)])


def catalog(key, value):
    def change(writer):
        writer.root[pdf_name(key)] = value
        writer.update_root()

    return change


def signed_field(writer):
    return writer.root["/AcroForm"]["/Fields"][0]


def other_appearance(writer):
    field = signed_field(writer)
    form = generic.StreamObject({pdf_name("/Subtype"): pdf_name("/Form")}, stream_data=b"0 0 100 100 re f")
    field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})
    writer.mark_update(writer.root["/AcroForm"]["/Fields"].raw_get(0))


def other_place(writer):
    field = signed_field(writer)
    field["/Rect"] = generic.ArrayObject(generic.FloatObject(x) for x in (0, 0, 500, 500))
    writer.mark_update(writer.root["/AcroForm"]["/Fields"].raw_get(0))


def other_title(writer):
    info = writer.trailer["/Info"]
    info[pdf_name("/Title")] = pdf_string("Học bạ khác")
    writer.update_container(info)


def other_xmp(writer):
    reference = writer.root.raw_get("/Metadata")
    stream = writer.root["/Metadata"]
    replaced = generic.StreamObject(
        {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")},
        stream_data=stream.data.replace("Học bạ thử".encode(), "Học bạ khác".encode()),
    )
    assert replaced.data != stream.data
    writer.objects[(reference.generation, reference.idnum)] = replaced
    writer._update_meta = lambda: None  # or it would write the old title over ours


def orphan(writer):
    writer.add_object(pdf_string("nobody refers to me"))


def text_field(writer):
    field = generic.DictionaryObject({pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): pdf_string("diem")})
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(writer.add_object(field))
    writer.update_container(fields)


FORGERIES = {
    "page content replaced": other_content,
    "annotation added": annotation,
    "script on opening": catalog("/OpenAction", generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")})),
    "other version": catalog("/Version", pdf_name("/1.4")),
    "other extensions": catalog("/Extensions", generic.DictionaryObject()),
    "mark info": catalog("/MarkInfo", generic.DictionaryObject()),
    "appearance of a signature replaced": other_appearance,
    "signature moved over the page": other_place,
    "title changed": other_title,
    "XMP changed": other_xmp,
    "orphan object": orphan,
    "text field added": text_field,
}


def test_the_genuine_file_passes_with_everything_said():
    found = judge(paper.archived())
    assert found.outcome is Outcome.PASSED
    assert (found.revisions_ok, found.revisions_problem, found.unsigned_fields) == (True, None, ())
    assert [(s.field, s.signer, s.hierarchy) for s in found.signatures] == [
        ("GVCN", "Lê Thị An", "public"),
        ("CBQL", "Trần Văn Bình", "public"),
        ("KY_PHAT_HANH", "Trường THCS Hoa Mai", "vgca"),
    ]
    for signature in found.signatures:
        assert (signature.intact, signature.valid, signature.trusted, signature.revoked) == (True, True, True, False)
        assert signature.sub_indication == "OK"
        assert signature.timestamped_at is not None
        assert signature.cert_der == paper.key_of(paper.pki(), signature.field).certificate.dump()
    times = [s.timestamped_at for s in (*found.signatures, *found.document_timestamps)]
    assert times == sorted(times)
    assert [s.covers_entire_file for s in found.document_timestamps] == [True]
    assert [(a.name, a.data) for a in found.attachments] == [("record.xml", b'<DU_LIEU_HOC_BA Id="data"/>')]


def test_a_renewed_file_passes():
    pki = paper.pki()
    pdf = retimestamp(paper.archived(), timestamper=pki.timestamper(paper.now), validation_data=paper.offline_data(pki))
    found = judge(pdf)
    assert found.outcome is Outcome.PASSED
    assert len(found.document_timestamps) == 2


@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_unfinished_file_fails(step):
    found = judge(paper.steps()[step])
    assert found.outcome is Outcome.FAILED
    assert found.unsigned_fields == tuple(sorted([*paper.FIELDS][step:]))


def test_signed_but_not_archived_is_unknown_not_red():
    found = judge(paper.steps()[3])
    assert found.outcome is Outcome.UNKNOWN
    assert all(s.intact and s.valid for s in found.signatures)


@pytest.mark.parametrize("stamped", [False, True], ids=["bare", "timestamped"])
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_named(name, stamped):
    pdf = appended(paper.archived(), FORGERIES[name], stamped=stamped)
    assert pdf.startswith(paper.archived())
    found = judge(pdf)
    assert found.readable
    assert not found.revisions_ok
    assert found.revisions_problem
    assert found.outcome is Outcome.FAILED


def test_only_a_timestamp_appended_by_a_genuine_authority_changes_nothing():
    stamper = PdfTimeStamper(paper.pki().timestamper(paper.now), field_name="Timestamp-2")
    writer = IncrementalPdfFileWriter(io.BytesIO(paper.archived()))
    pdf = sessions.run(stamper.async_timestamp_pdf(writer, "sha256", bytes_reserved=12288)).getvalue()
    assert judge(pdf).outcome is Outcome.PASSED


def test_a_timestamp_of_an_unknown_authority_proves_nothing():
    stamper = PdfTimeStamper(paper.stranger().timestamper(paper.now), field_name="Timestamp-2")
    writer = IncrementalPdfFileWriter(io.BytesIO(paper.archived()))
    found = judge(sessions.run(stamper.async_timestamp_pdf(writer, "sha256", bytes_reserved=12288)).getvalue())
    assert found.outcome is not Outcome.PASSED
    assert [s.trusted for s in found.document_timestamps] == [True, False]


def test_a_strangers_signature_appended_is_named():
    key = paper.key_of(paper.stranger(), "CBQL")
    signer = PdfSigner(
        PdfSignatureMetadata(field_name="Them", md_algorithm="sha256"),
        HeldKeySigner(key),
        new_field_spec=SigFieldSpec("Them", on_page=0, box=(72, 600, 300, 700)),
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(paper.archived()))
    found = judge(sessions.run(signer.async_sign_pdf(writer, bytes_reserved=16384)).getvalue())
    assert found.outcome is Outcome.FAILED
    assert not found.revisions_ok
    assert "Them" in [s.field for s in found.signatures]


def test_the_same_names_under_another_root_are_not_trusted():
    stranger = paper.stranger()
    pdf = paper.unsigned()
    for role in paper.FIELDS:
        pdf = paper.sign(pdf, role, of=stranger)
    pdf = archive(pdf, timestamper=stranger.timestamper(paper.now), validation_data=paper.offline_data(stranger))
    found = judge(pdf)
    assert found.outcome is Outcome.UNKNOWN
    for signature in found.signatures:
        assert (signature.trusted, signature.hierarchy) == (False, None)
        assert signature.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    assert judge(pdf, of=stranger).outcome is Outcome.PASSED


def test_a_stranger_in_a_laid_out_field_is_seen_by_certificate():
    pdf = paper.sign(paper.steps()[2], "KY_PHAT_HANH", of=paper.stranger())
    seal = judge(pdf).signatures[-1]
    assert (seal.signer, seal.trusted) == ("Trường THCS Hoa Mai", False)
    assert seal.cert_der != paper.key_of(paper.pki(), "KY_PHAT_HANH").certificate.dump()


def last_gap(pdf):
    """From where to where the container of the last document timestamp stands; no signature covers itself."""
    _, length, gap_end, _ = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[-1].byte_range
    return int(length), int(gap_end)


def test_no_changed_byte_passes():
    pdf = paper.archived()
    start, end = last_gap(pdf)
    positions = [position for position in range(11, len(pdf), len(pdf) // 60) if not start <= position < end]
    assert len(positions) > 50
    for position in positions:
        forged = bytearray(pdf)
        forged[position] ^= 0x01
        assert judge(bytes(forged)).outcome is not Outcome.PASSED, position


def test_nothing_hides_behind_a_signature():
    pdf = bytearray(paper.archived())
    _, end = last_gap(bytes(pdf))
    assert pdf[end - 5 : end] == b"0000>"
    pdf[end - 5 : end - 1] = b"4869"
    found = judge(bytes(pdf))
    assert found.outcome is Outcome.FAILED
    assert "hidden" in found.revisions_problem


@pytest.mark.parametrize(
    "tail", [b"\n", b"% 10,0\n", b"\n%%EOF\n", bytes(1000)], ids=["newline", "comment", "EOF", "zeros"]
)
def test_bytes_after_the_end_are_named(tail):
    found = judge(paper.archived() + tail)
    assert found.outcome is Outcome.FAILED


@pytest.mark.parametrize("cut", [1, 10, 5000, 60000])
def test_a_cut_file_does_not_pass(cut):
    assert judge(paper.archived()[:-cut]).outcome is not Outcome.PASSED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"\xff" * 4096,
        b"<html></html>",
        b"%PDF-1.7\n1 0 obj" + b"[" * 100_000 + b"\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF",
    ],
    ids=["empty", "header only", "noise", "html", "deeply nested"],
)
def test_what_is_no_pdf_becomes_a_judgement(data):
    found = judge(data)
    assert (found.readable, found.outcome) == (False, Outcome.FAILED)
    assert found.revisions_problem


def test_without_roots_nobody_is_trusted():
    found = judge_pdf(paper.archived(), roots={}, field_names=NAMES)
    assert found.outcome is not Outcome.PASSED
    assert not any(s.trusted for s in found.signatures)


TIMESTAMP = {
    "/FT": pdf_name("/Sig"),
    "/T": pdf_string("Timestamp-2"),
    "/Rect": generic.ArrayObject(generic.FloatObject(0) for _ in range(4)),
    "/V": {"/Type": pdf_name("/DocTimeStamp"), "/SubFilter": pdf_name("/ETSI.RFC3161")},
}


def timestamp_field(changes):
    entries = {**TIMESTAMP, **changes}
    value = entries.pop("/V")
    field = generic.DictionaryObject({pdf_name(key): entry for key, entry in entries.items()})
    if value is not None:
        field["/V"] = generic.DictionaryObject({pdf_name(key): entry for key, entry in value.items()})
    return SimpleNamespace(new_field=field, field_type=entries["/FT"])


def test_an_invisible_timestamp_field_may_be_new():
    _TimestampFieldsOnly._require_timestamp("Timestamp-2", timestamp_field({}))


@pytest.mark.parametrize(
    "changes",
    [
        {"/Rect": generic.ArrayObject(generic.FloatObject(x) for x in (0, 0, 10, 10))},
        {"/AA": pdf_string("script")},
        {"/A": pdf_string("script")},
        {"/FT": pdf_name("/Tx")},
        {"/V": None},
        {"/V": {**TIMESTAMP["/V"], "/Type": pdf_name("/Sig")}},
        {"/V": {**TIMESTAMP["/V"], "/SubFilter": pdf_name("/ETSI.CAdES.detached")}},
    ],
    ids=["visible", "actions", "action", "text", "empty", "signature", "other format"],
)
def test_any_other_new_field_is_suspicious(changes):
    with pytest.raises(SuspiciousModification):
        _TimestampFieldsOnly._require_timestamp("Timestamp-2", timestamp_field(changes))


def test_a_field_that_the_paper_does_not_have_is_not_signed():
    found = judge_pdf(paper.archived(), roots=roots(paper.pki()), field_names=NAMES - {"CBQL"})
    assert found.outcome is Outcome.FAILED
    assert "CBQL" in found.revisions_problem


def signed_without(**meta):
    key = paper.key_of(paper.pki(), "GVCN")
    signer = PdfSigner(
        PdfSignatureMetadata(field_name="GVCN", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, **meta),
        HeldKeySigner(key),
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(paper.unsigned()))
    pdf = sessions.run(signer.async_sign_pdf(writer, existing_fields_only=True, bytes_reserved=16384)).getvalue()
    return archive(pdf, timestamper=paper.pki().timestamper(paper.now), validation_data=paper.offline_data(paper.pki()))


def test_a_first_signature_that_does_not_certify_is_named():
    found = judge_pdf(signed_without(), roots=roots(paper.pki()), field_names=NAMES)
    assert "certify" in found.revisions_problem


def test_a_signature_without_a_token_of_its_own_is_not_of_our_profile():
    found = judge(signed_without(certify=True))
    assert found.revisions_ok
    assert found.signatures[0].sub_indication == "SIG_CONSTRAINTS_FAILURE"
    assert found.signatures[0].outcome is Outcome.UNKNOWN


def test_a_file_with_signatures_beyond_counting_is_not_judged(monkeypatch):
    monkeypatch.setattr(signatures, "MAX_SIGNATURES", 3)
    assert not judge(paper.archived()).readable


@pytest.mark.parametrize("broken", [False, True])
def test_what_leaves_the_worker_is_plain_values_and_none_of_the_library(broken):
    pdf = paper.archived()
    if broken:  # Signatures that cannot be judged leave by another way.
        pdf = pdf.replace(b"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /ETSI.CAdES.detachee")
        pdf = pdf.replace(b"/SubFilter/ETSI.CAdES.detached", b"/SubFilter/ETSI.CAdES.detachee")
    told = pickle.dumps(judge(pdf))
    assert len(told) < len(pdf) / 4
    for library in (b"pyhanko", b"asn1crypto", b"lxml"):
        assert library not in told


def shared_by(number, *, name, reason="", signer="x", extra=b""):
    """A PDF of `number` fields below one `name`, all with one signature by somebody called `signer`."""
    key = rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer, _validate=False)])
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), 1, paper.now(), paper.now() + dt.timedelta(days=1))
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), extra), critical=False)
        .sign(key, hashes.SHA256())
    )
    signing = pkcs7.PKCS7SignatureBuilder().set_data(b"x").add_signer(certificate, key, hashes.SHA256())
    cms = signing.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])
    kids = range(10, 10 + number)
    objects = {
        1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>",
        2: "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        4: f"<</T({name})/FT/Sig/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>",
        5: f"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 100 200 100]/Reason({reason})"
        f"/Contents<{cms.hex()}>>>",
        **{kid: f"<</T({kid})/Parent 4 0 R/FT/Sig/Subtype/Widget/Rect[0 0 0 0]/V 5 0 R>>" for kid in kids},
    }
    out, table = b"%PDF-1.7\n", "xref\n0 1\n0000000000 65535 f \n"
    for reference, body in objects.items():
        table += f"{reference} 1\n{len(out):010} 00000 n \n"
        out += f"{reference} 0 obj\n{body}\nendobj\n".encode()
    return out + f"{table}trailer<</Size 99/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n".encode()


@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize(
    "long", [{"name": "A" * 90_000}, {"reason": "B" * 90_000}, {"signer": "C" * 60_000}, {"extra": b"D" * 90_000}]
)
def test_what_many_signatures_share_leaves_the_worker_short_and_not_once_for_each(long):
    found = judge(shared_by(20, **{"name": "A", **long}))
    assert len(found.signatures) == 20
    assert found.outcome is Outcome.FAILED
    assert len(pickle.dumps([replace(one, cert_der=b"") for one in found.signatures])) < 40_000
    assert all(len(one.cert_der) <= MAX_CERTIFICATE_BYTES for one in found.signatures)


def test_a_name_that_is_cut_off_is_no_name_of_ours():
    (one,) = judge(shared_by(1, name="GVCN" + "." * 90)).signatures
    assert (len(one.field), one.field[-1]) == (MAX_FIELD_CHARACTERS, "…")
