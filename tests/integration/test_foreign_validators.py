# SPDX-License-Identifier: Apache-2.0

"""Tools that share no code of ours on what we sign: poppler and MuPDF, OpenSSL on CMS and time-stamp tokens, xmlsec1 on XML.

One paper carries all three kinds of key: RSA of 3072 bits, P-256, and RSA of 2048 bits (the seal).
"""

import base64
import functools
import hashlib
import io
import re
import subprocess
from dataclasses import dataclass

import attacked_school as world
import pytest
import taught_record as taught
from asn1crypto import cms, pem
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader
from taught_record import laid_out

from ledger.unit import Role
from signer.validation_data import ValidationData
from signer.xml import keep_xml
from signer.xml_signature import canonical

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
KINDS = {"GVCN": "RSA-3072", "CBQL": "P-256", "KY_PHAT_HANH": "RSA-2048"}


@functools.cache
def rsa_3072():
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return world.certified("Lê Thị An", hierarchy="public", key=key, **world.YEAR_LONG)


@functools.cache
def signed_paper():
    """Signed by three kinds of key, not archived yet."""
    return world.signed_by(keys={Role.HOMEROOM: rsa_3072()})


@functools.cache
def archived_paper():
    return world.archived(signed_paper())


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, check=False, **options)


def told(*command):
    done = run(*command)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    """Roots in one file, the authorities below them in another, as OpenSSL and xmlsec1 want them."""
    folder, pki = tmp_path_factory.mktemp("authorities"), world.pki()
    roots = b"".join(pem.armor("CERTIFICATE", der) for der in world.roots_of(pki))
    others = [pki.certificate(name, f"{name}-ca").dump() for name in ("vgca", "public")]
    (folder / "roots.pem").write_bytes(roots)
    (folder / "others.pem").write_bytes(b"".join(pem.armor("CERTIFICATE", der) for der in others))
    for name, certificates in (("root", world.roots_of(pki)), ("other", others)):
        for number, der in enumerate(certificates):
            # xmlsec1 reads only the first of a file.
            (folder / f"{name}-{number}.pem").write_bytes(pem.armor("CERTIFICATE", der))
    return folder


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_the_paper_carries_three_kinds_of_key():
    found = {}
    for signature in PdfFileReader(io.BytesIO(signed_paper().pdf)).embedded_regular_signatures:
        key = signature.signer_cert.public_key
        found[signature.field_name] = "P-256" if key.algorithm == "ec" else f"RSA-{key.bit_size}"
    assert found == KINDS


# Poppler and MuPDF on the mathematics.


def verdicts_of_poppler(pdf, folder):
    (folder / "p.pdf").write_bytes(pdf)
    return re.findall(r"Signature Validation: (.*)", told("pdfsig", "-nocert", folder / "p.pdf"))


def verdicts_of_mupdf(pdf, folder):
    """Whether each signature holds; what was appended later, MuPDF calls edits."""
    (folder / "m.pdf").write_bytes(pdf)
    shown = told("mutool", "sign", "-v", folder / "m.pdf")
    return [
        "signature is valid" in part or "unchanged since signing" in part
        for part in shown.split("Verifying signature ")[1:]
        if "not signed" not in part  # A document timestamp: MuPDF does not know them.
    ]


@pytest.mark.parametrize("paper", [signed_paper, archived_paper], ids=["signed", "archived"])
def test_poppler_and_mupdf_find_every_signature_valid(paper, tmp_path):
    assert verdicts_of_poppler(paper().pdf, tmp_path)[:3] == ["Signature is Valid."] * 3
    assert verdicts_of_mupdf(paper().pdf, tmp_path) == [True] * 3


def test_poppler_and_mupdf_notice_a_byte_changed_in_the_paper(tmp_path):
    pdf = signed_paper().pdf
    # In the comment behind the first line: whatever else it might break, no reader needs it.
    changed = flipped(pdf, pdf.index(b"%", 5) + 2)
    assert verdicts_of_poppler(changed, tmp_path) == ["Digest Mismatch."] * 3
    assert verdicts_of_mupdf(changed, tmp_path) == [False] * 3


def test_poppler_and_mupdf_notice_a_byte_changed_in_the_last_signature_alone(tmp_path):
    pdf = signed_paper().pdf
    changed = flipped(pdf, pdf.rindex(b"/Reason") + 12)
    assert verdicts_of_poppler(changed, tmp_path) == ["Signature is Valid."] * 2 + ["Digest Mismatch."]
    assert verdicts_of_mupdf(changed, tmp_path) == [True, True, False]


@pytest.mark.parametrize("field", KINDS, ids=KINDS.values())
def test_poppler_and_mupdf_notice_another_value(field, tmp_path):
    changed = with_another_value(signed_paper().pdf, field)
    number = list(KINDS).index(field)
    # It is written inside /Contents, so later signatures cover it.
    assert verdicts_of_poppler(changed, tmp_path)[number] == "Signature is Invalid."
    assert verdicts_of_mupdf(changed, tmp_path)[number] is False


# OpenSSL on every CMS and every token.


@dataclass(frozen=True)
class Extracted:
    """One signature of a PDF, taken out with asn1crypto alone."""

    field: str
    der: bytes
    covered: bytes

    @property
    def signer(self):
        return cms.ContentInfo.load(self.der)["content"]["signer_infos"][0]

    @property
    def value(self):
        return self.signer["signature"].native

    @property
    def token(self):
        """The DER of its own time-stamp token."""
        (attribute,) = [
            one for one in self.signer["unsigned_attrs"] if one["type"].native == "signature_time_stamp_token"
        ]
        return attribute["values"][0].dump()


def extracted(pdf):
    found = []
    for signature in PdfFileReader(io.BytesIO(pdf)).embedded_signatures:
        numbers = [int(number) for number in signature.byte_range]
        covered = pdf[numbers[0] : numbers[0] + numbers[1]] + pdf[numbers[2] : numbers[2] + numbers[3]]
        padded = bytes.fromhex(pdf[numbers[1] + 1 : numbers[2] - 1].decode())
        found.append(Extracted(signature.field_name, cms.ContentInfo.load(padded).dump(), covered))
    return {one.field: one for one in found}


def with_another_value(pdf, field):
    value = extracted(pdf)[field].value.hex().upper().encode()
    place = pdf.index(value) + len(value) - 1
    return pdf[:place] + (b"0" if pdf[place : place + 1] != b"0" else b"1") + pdf[place + 1 :]


def openssl_cms(der, covered, folder, authorities):
    (folder / "s.der").write_bytes(der)
    (folder / "covered").write_bytes(covered)
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", folder / "s.der", "-content", folder / "covered"]
    trust = ["-CAfile", authorities / "roots.pem", "-purpose", "any"]
    return run(*command, "-binary", "-out", "/dev/null", *trust).returncode == 0


@pytest.mark.parametrize("field", KINDS, ids=KINDS.values())
def test_openssl_verifies_each_cms_up_to_a_root(field, tmp_path, authorities):
    one = extracted(archived_paper().pdf)[field]
    assert openssl_cms(one.der, one.covered, tmp_path, authorities)
    assert not openssl_cms(one.der, flipped(one.covered, 2000), tmp_path, authorities)
    other = one.der.replace(one.value, flipped(one.value, 20))
    assert not openssl_cms(other, one.covered, tmp_path, authorities)


def openssl_ts(token, imprint, folder, authorities):
    (folder / "token.der").write_bytes(token)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", folder / "token.der", "-digest", imprint.hex()]
    trust = ["-CAfile", authorities / "roots.pem", "-untrusted", authorities / "others.pem"]
    return b"Verification: OK" in run(*command, *trust).stdout


def tokens_of_paper():
    found = extracted(archived_paper().pdf)
    stamps = {field: (found[field].token, found[field].value) for field in KINDS}
    return {**stamps, "Timestamp-1": (found["Timestamp-1"].der, found["Timestamp-1"].covered)}


@pytest.mark.parametrize("field", [*KINDS, "Timestamp-1"])
def test_openssl_verifies_each_token(field, tmp_path, authorities):
    token, stamped = tokens_of_paper()[field]
    imprint = hashlib.sha256(stamped).digest()
    assert openssl_ts(token, imprint, tmp_path, authorities)
    assert not openssl_ts(token, flipped(imprint, 0), tmp_path, authorities)


# xmlsec1 on every signature of the XML.


@functools.cache
def plain_xml():
    return taught.genuine()


@functools.cache
def kept_xml():
    """The same as XAdES, time-stamped and with what proves the certificates."""
    stamper = world.pki().timestamper(world.now)
    return keep_xml(taught.signed(laid_out(), *taught.EVERYBODY, timestamper=stamper), validation_data=_offline())


def _offline():
    pki = world.pki()
    return ValidationData.offline(world.roots_of(pki), crls=pki.crls(world.now()), now=world.now)


def xmlsec1(xml, slot, folder, authorities):
    """How many references hold, if the signature does and its certificate leads to a root."""
    (folder / "r.xml").write_bytes(xml)
    names = [
        "DU_LIEU_HOC_BA",
        "DIEM_TONG_KET",
        f"{DS}:SignatureProperties",
        f"{DS}:Signature",
        f"{XADES}:SignedProperties",
    ]
    ids = [part for name in names for part in ("--id-attr:Id", name)]
    trust = [part for file in sorted(authorities.glob("root-*.pem")) for part in ("--trusted-pem", file)]
    trust += [part for file in sorted(authorities.glob("other-*.pem")) for part in ("--untrusted-pem", file)]
    command = ["xmlsec1", "--verify", "--enabled-reference-uris", "same-doc", *ids, *trust]
    done = run(*command, "--node-id", f"sig-{slot}", folder / "r.xml")
    counted = re.search(rb"SignedInfo References \(ok/all\): (\d+)/(\d+)", done.stdout + done.stderr)
    return int(counted[2]) if done.returncode == 0 and counted and counted[1] == counted[2] else None


@pytest.mark.parametrize("slot", taught.EVERYBODY)
@pytest.mark.parametrize(("document", "references"), [(plain_xml, 2), (kept_xml, 3)], ids=["XML-DSig", "XAdES"])
def test_xmlsec1_verifies_each_signature_up_to_a_root(document, references, slot, tmp_path, authorities):
    assert xmlsec1(document(), slot, tmp_path, authorities) == references


@pytest.mark.parametrize("document", [plain_xml, kept_xml], ids=["XML-DSig", "XAdES"])
def test_xmlsec1_notices_a_changed_mark_in_its_row_and_in_the_whole(document, tmp_path, authorities):
    def change(root):
        row = next(each for each in root[0].iter("DIEM_TONG_KET") if each.get("Id") == "diem-TOAN")
        row.find("CA_NAM").text = "0.5"

    changed = taught.rewritten(document(), change)
    broken = {slot for slot in taught.EVERYBODY if xmlsec1(changed, slot, tmp_path, authorities) is None}
    assert broken == {"GVBM-TOAN", *taught.OTHERS}


def tokens_of_xml():
    root, found = etree.fromstring(kept_xml()), {}
    for slot in taught.EVERYBODY:
        signature = taught.place(root, slot).find(f"{{{DS}}}Signature")
        encoded = signature.findtext(f".//{{{XADES}}}EncapsulatedTimeStamp")
        found[slot] = (base64.b64decode(encoded), canonical(signature.find(f"{{{DS}}}SignatureValue")))
    return found


def test_openssl_verifies_the_token_of_each_xml_signature(tmp_path, authorities):
    for token, value in tokens_of_xml().values():
        imprint = hashlib.sha256(value).digest()
        assert openssl_ts(token, imprint, tmp_path, authorities)
        assert not openssl_ts(token, flipped(imprint, 0), tmp_path, authorities)
