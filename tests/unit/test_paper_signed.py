# SPDX-License-Identifier: Apache-2.0

"""The paper in the hands of a signer: three signatures into its places, by pyHanko alone."""

import asyncio
import io
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paper_sample import (
    LONG_NAME,
    LONG_SCHOOL,
    NOW,
    QR_URL,
    RECORD_XML,
    Word,
    booklet,
    picture_of,
    primary_unit,
    print_out,
    unit,
    words_of,
)
from PIL import Image
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ledger.paper.fields import BOOKLET_FIELDS, UNIT_FIELDS, FieldName, boxes
from ledger.paper.render import render_unit
from ledger.paper.stamps import KIND_OF_FIELD, stamp_pdf

ROLES = {"GVCN": "Giáo viên chủ nhiệm", "CBQL": "Hiệu trưởng", "KY_PHAT_HANH": "Ký phát hành"}


def stranger() -> SimpleSigner:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=Paper test")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    raw = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(raw),
        cert_registry=SimpleCertificateStore(),
    )


def stamp_for(paper, field, name, expected=UNIT_FIELDS):
    box = boxes(paper, expected=expected)[field]
    return stamp_pdf(
        KIND_OF_FIELD[field],
        name=name,
        role=ROLES[field],
        organisation=LONG_SCHOOL,
        signed_at=NOW,
        width=box.width,
        height=box.height,
    )


async def sign(paper, field, signer, folder, expected=UNIT_FIELDS):
    (folder / f"{field}.pdf").write_bytes(stamp_for(paper, field, "Nguyễn Thị Minh Phương", expected))
    style = StaticStampStyle(
        background=ImportedPdfPage(str(folder / f"{field}.pdf")),
        background_opacity=1,
        border_width=0,
        background_layout=SimpleBoxLayoutRule(
            AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, margins=Margins(0, 0, 0, 0)
        ),
    )
    meta = PdfSignatureMetadata(
        field_name=field.value,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        certify=b"/ByteRange" not in paper,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(paper))
    return (
        await PdfSigner(meta, signer, stamp_style=style).async_sign_pdf(writer, existing_fields_only=True)
    ).getvalue()


@pytest.fixture(scope="module")
def paper():
    return render_unit(unit(), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)


@pytest.fixture(scope="module")
def signed(paper, tmp_path_factory):
    async def all_three():
        signer, pdf = stranger(), paper
        for field in FieldName:
            pdf = await sign(pdf, field, signer, tmp_path_factory.mktemp("stamps"))
        return pdf

    return asyncio.run(all_three())


def test_signing_only_appends(paper, signed):
    assert signed.startswith(paper)


async def judge(pdf):
    return [
        await async_validate_pdf_signature(found, ValidationContext(trust_roots=[found.signer_cert]))
        for found in PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    ]


def all_stand(statuses):
    return all(
        status.intact
        and status.valid
        and status.docmdp_ok
        and status.modification_level in {ModificationLevel.NONE, ModificationLevel.FORM_FILLING}
        for status in statuses
    )


def test_each_signature_leaves_the_earlier_ones_valid(signed):
    statuses = asyncio.run(judge(signed))
    assert len(statuses) == 3
    assert all_stand(statuses)


@pytest.mark.parametrize(
    ("make", "expected", "signers"),
    [
        (primary_unit, UNIT_FIELDS, UNIT_FIELDS),
        (booklet, BOOKLET_FIELDS, BOOKLET_FIELDS),
        (booklet, BOOKLET_FIELDS, (FieldName.SEAL,)),
    ],
    ids=["primary", "booklet", "booklet-by-its-seal-alone"],
)
def test_the_other_forms_can_be_signed_too(make, expected, signers, tmp_path):
    async def by_all():
        signer, pdf = stranger(), print_out(make())
        for field in signers:
            pdf = await sign(pdf, field, signer, tmp_path, expected)
        return await judge(pdf)

    statuses = asyncio.run(by_all())
    assert len(statuses) == len(signers)
    assert all_stand(statuses)


def test_other_programs_agree(signed, tmp_path):
    (tmp_path / "signed.pdf").write_bytes(signed)
    assert (
        subprocess.run(["qpdf", "--check", tmp_path / "signed.pdf"], check=False, capture_output=True).returncode == 0
    )
    said = subprocess.run(
        [shutil.which("pdfsig"), "-nocert", tmp_path / "signed.pdf"], check=False, capture_output=True
    )
    assert said.stdout.decode().count("Signature is Valid.") == 3


def test_places_attachment_and_pdf_a_survive_signing(paper, signed):
    assert boxes(signed) == boxes(paper)
    with pikepdf.open(io.BytesIO(signed)) as document:
        assert document.attachments["record.xml"].get_file().read_bytes() == RECORD_XML
        assert "/OutputIntents" in document.Root
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "3B"


def test_stamps_appear_at_full_size(signed, tmp_path):
    page = Image.open(picture_of(signed, tmp_path, page=4, dpi=72)).convert("RGB")
    seal = boxes(signed)[FieldName.SEAL]
    red = [
        x for x in range(page.width) for y in range(page.height) if (pixel := page.getpixel((x, y)))[0] - pixel[2] > 80
    ]
    # The ring reaches the right edge of the seal's box, where the head's left third ends.
    assert max(red) == pytest.approx(seal.x1, abs=3)
    assert min(red) == pytest.approx(seal.x0, abs=3)


@pytest.mark.parametrize("head", ["Lê An", "Nguyễn Thị Minh Phương", LONG_NAME])
def test_no_words_of_a_stamp_cover_what_is_printed(head):
    paper = render_unit(unit(head=head), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)
    printed = words_of(paper)
    with pikepdf.open(io.BytesIO(paper)) as document:
        height = float(document.pages[0].mediabox[3])
    for field, box in boxes(paper).items():
        for word in words_of(stamp_for(paper, field, head)):
            top = height - box.y1
            there = Word(box.page, word.text, word.x0 + box.x0, word.y0 + top, word.x1 + box.x0, word.y1 + top)
            assert not [other for other in printed if there.covers(other)], (field, word)
