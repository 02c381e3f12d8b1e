# SPDX-License-Identifier: Apache-2.0

"""The published classes of attacks on signed PDF, each on our own file: PEERS.md, finding 1, and the tricks that CMS allows.

Universal forgery, incremental saving, signature wrapping, the three shadows, notes and signatures on certified files, pages added
or removed, byte ranges that overlap or leave gaps. As in `test_attacks_insider`, the forger anchors a manifest over the very bytes
of his file, so that nothing but the file itself can betray it. A name is the mutation.
"""

import io
import re
from collections.abc import Callable

import attacked_school as world
import pytest
from asn1crypto import cms
from attacked_school import FAILED, PASSED
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper

from signer import sessions

FORGED_PAGE = b"BT /F1 12 Tf 72 700 Td (10,0) Tj ET"


def rejected(pdf, *codes):
    """Judged by a receipt for exactly these bytes, which the school anchored."""
    assert pdf != world.genuine().pdf
    verdict = world.judge(pdf, world.anchored(world.manifest_of(world.genuine(), pdf=pdf)))
    assert verdict.conclusion is FAILED
    found = world.complaints(verdict)
    assert found & {*codes}
    return found


def last_signature(pdf=None):
    """The genuine file, and the byte range of its last document timestamp, whose own place nothing else covers."""
    pdf = pdf or world.genuine().pdf
    return pdf, [int(part) for part in PdfFileReader(io.BytesIO(pdf)).embedded_signatures[-1].byte_range]


def byte_range(of: Callable[[int, int, int], str]) -> bytes:
    """The genuine file with another byte range in its place; `of` is given the three numbers that are not 0."""
    pdf, (_, length, gap_end, rest) = last_signature()
    found = next(
        match
        for match in re.finditer(rb"/ByteRange ?(\[[0-9 ]+\])", pdf)
        if str(length).encode() in match.group(1).split()
    )
    room = len(found.group(1))
    written = of(length, gap_end, rest).encode()
    assert len(written) <= room + 8
    written = written.ljust(room)
    # A byte range may be longer than it was: then it takes the blanks that follow it.
    assert pdf[found.end() : found.end() + len(written) - room].strip() == b""
    return pdf[: found.start(1)] + written + pdf[found.start(1) + len(written) :]


BYTE_RANGES = {
    "null": lambda *_: "null",
    "of nothing": lambda *_: "[0 0 0 0]",
    "of one number": lambda *_: "[0]",
    "negative": lambda a, *_: f"[0 {a} -1 -1]",
    "begins late": lambda a, b, c: f"[9 {a - 9} {b} {c}]",
    "leaves a gap before": lambda a, b, c: f"[0 {a - 9} {b} {c}]",
    "leaves a gap behind": lambda a, b, c: f"[0 {a} {b + 9} {c - 9}]",
    "overlaps": lambda a, _, c: f"[0 {a} {a - 9} {c}]",
    "covers its own container": lambda _, b, c: f"[0 {b} {b} {c}]",
    "ends early": lambda a, b, c: f"[0 {a} {b} {c - 9}]",
    "ends behind the end": lambda a, b, c: f"[0 {a} {b} {c + 9}]",
}


@pytest.mark.parametrize("of", BYTE_RANGES.values(), ids=BYTE_RANGES)
def test_universal_forgery_by_byte_range(of):
    rejected(byte_range(of), "signatures.invalid", "signatures.changed_after", "intake.unreadable")


CONTAINERS = {
    "null": b"null".ljust,
    "empty": b"<>".ljust,
    "zeros": lambda room: b"<" + b"0" * (room - 2) + b">",
    "one byte": b"<00>".ljust,
    "no hexadecimal": lambda room: b"<" + b"zz" * (room // 2 - 1) + b">",
    "a number": b"7".ljust,
    "a string": lambda room: b"(" + b"0" * (room - 2) + b")",
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_universal_forgery_by_contents(container):
    pdf, (_, length, gap_end, _) = last_signature()
    forged = pdf[:length] + container(gap_end - length) + pdf[gap_end:]
    rejected(forged, "signatures.invalid", "signatures.changed_after", "intake.unreadable")


def test_signature_wrapping():
    """What was signed is moved towards the end, and a forged page stands in the room that nothing covers."""
    pdf, (_, _, gap_end, _) = last_signature()
    insertion = b"\n9 0 obj\n<</Length 35>>\nstream\n" + FORGED_PAGE + b"\nendstream\nendobj\n"
    moved = byte_range(lambda a, b, c: f"[0 {a} {b + len(insertion)} {c}]")
    rejected(moved[:gap_end] + insertion + moved[gap_end:], "signatures.invalid", "intake.unreadable")
    # The same with the room made inside the container: hexadecimal digits that are not part of it any more.
    wrapped = pdf[: gap_end - 200] + b">" + insertion + pdf[gap_end - 199 + len(insertion) :]
    assert len(wrapped) == len(pdf)
    rejected(wrapped, "signatures.invalid", "signatures.changed_after", "intake.unreadable")


# What is appended, with and without a document timestamp of the genuine authority over it.


def appended(change, *, stamped):
    writer = IncrementalPdfFileWriter(io.BytesIO(world.genuine().pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    if not stamped:
        return out.getvalue()
    stamper = PdfTimeStamper(world.pki().timestamper(world.now), field_name="Timestamp-9")
    fresh = IncrementalPdfFileWriter(io.BytesIO(out.getvalue()))
    return sessions.run(stamper.async_timestamp_pdf(fresh, "sha256", bytes_reserved=12288)).getvalue()


def page(writer, number=0):
    return writer.find_page_for_modification(number)[0].get_object()


def dictionary(**entries):
    return generic.DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})


def numbers(*told):
    return generic.ArrayObject(generic.FloatObject(one) for one in told)


def content_hidden(writer):
    """Shadow, hide: what was laid over is taken away."""
    page(writer)[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b""))


def font_replaced(writer):
    """Shadow, replace: the same letters look like others."""
    fonts = page(writer)["/Resources"]["/Font"]
    font = fonts[next(iter(fonts))]
    font = font["/DescendantFonts"][0] if "/DescendantFonts" in font else font
    descriptor = font["/FontDescriptor"]
    name = next(key for key in descriptor if key.startswith("/FontFile"))
    descriptor[pdf_name(name)] = writer.add_object(generic.StreamObject(stream_data=b"another font"))
    writer.update_container(descriptor)


def another_page_shown(writer):
    """Shadow, hide and replace: what lay in the file already is shown in another's place."""
    shown = page(writer)
    shown[pdf_name("/Contents")] = page(writer, 1).raw_get("/Contents")
    writer.update_container(shown)


def with_note(kind):
    def add(writer):
        look = writer.add_object(
            generic.StreamObject(
                dictionary(Type=pdf_name("/XObject"), Subtype=pdf_name("/Form"), BBox=numbers(0, 0, 9, 9)),
                stream_data=FORGED_PAGE,
            )
        )
        note = dictionary(
            Type=pdf_name("/Annot"),
            Subtype=pdf_name(kind),
            Contents=pdf_string("10,0"),
            Rect=numbers(72, 600, 300, 700),
            F=generic.NumberObject(4),
            AP=dictionary(N=look),
        )
        here = page(writer)
        notes = [*here["/Annots"]] if "/Annots" in here else []
        here[pdf_name("/Annots")] = generic.ArrayObject([*notes, writer.add_object(note)])

    return add


def strangers_place(writer):
    """A sneaky signature: a place that nobody laid out, whose look covers the marks."""
    look = writer.add_object(
        generic.StreamObject(
            dictionary(Type=pdf_name("/XObject"), Subtype=pdf_name("/Form"), BBox=numbers(0, 0, 9, 9)),
            stream_data=FORGED_PAGE,
        )
    )
    place = writer.add_object(
        dictionary(
            FT=pdf_name("/Sig"), T=pdf_string("GVCN2"), Type=pdf_name("/Annot"), Subtype=pdf_name("/Widget"),
            Rect=numbers(72, 600, 300, 700), AP=dictionary(N=look),
        )
    )  # fmt: skip
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(place)
    writer.update_container(fields)


def page_added(writer):
    added = dictionary(
        Type=pdf_name("/Page"),
        MediaBox=numbers(0, 0, 595, 842),
        Contents=writer.add_object(generic.StreamObject(stream_data=FORGED_PAGE)),
    )
    writer.insert_page(added)


def pages_of(writer):
    pages = writer.root["/Pages"]
    writer.update_container(pages)
    return pages


def page_removed(writer):
    pages = pages_of(writer)
    pages[pdf_name("/Kids")] = generic.ArrayObject(list(pages["/Kids"])[:-1])
    pages[pdf_name("/Count")] = generic.NumberObject(len(pages["/Kids"]))


def pages_exchanged(writer):
    pages = pages_of(writer)
    pages[pdf_name("/Kids")] = generic.ArrayObject(reversed(list(pages["/Kids"])))


APPENDED = {
    "shadow, hide": content_hidden,
    "shadow, replace": font_replaced,
    "shadow, hide and replace": another_page_shown,
    "a stamp over the marks": with_note("/Stamp"),
    "ink over the marks": with_note("/Ink"),
    "a redaction of the marks": with_note("/Redact"),
    "a link over the page": with_note("/Link"),
    "a sneaky signature": strangers_place,
    "a page added": page_added,
    "a page removed": page_removed,
    "pages exchanged": pages_exchanged,
}


@pytest.mark.parametrize("stamped", [False, True], ids=["bare", "time-stamped"])
@pytest.mark.parametrize("change", APPENDED.values(), ids=APPENDED)
def test_incremental_saving(change, stamped):
    rejected(appended(change, stamped=stamped), "signatures.changed_after")


RAW = {
    "an object and no table": b"\n9 0 obj\n<</Length 35>>\nstream\n" + FORGED_PAGE + b"\nendstream\nendobj\n",
    "a table and no trailer": b"\nxref\n0 1\n0000000000 65535 f \n",
    "a trailer and no table": b"\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n",
    "a second end": b"\nstartxref\n0\n%%EOF\n",
    "a copy of its own end": None,
    "a whole file behind it": b"",
}


@pytest.mark.parametrize("raw", RAW)
def test_incremental_saving_by_hand(raw):
    pdf = world.genuine().pdf
    behind = {"a copy of its own end": pdf[-600:], "a whole file behind it": world.genuine(1).pdf}.get(raw, RAW[raw])
    rejected(
        pdf + behind, "signatures.changed_after", "intake.unreadable", "signatures.other_signer", "signatures.stranger"
    )


# CMS, in the last timestamp's container, which no other signature covers.


def in_container(change, pdf=None):
    pdf, (_, length, gap_end, _) = last_signature(pdf)
    room = gap_end - length - 2
    info = cms.ContentInfo.load(bytes.fromhex(pdf[length + 1 : gap_end - 1].decode()), strict=False)
    made = change(info["content"], info)
    container = (info.dump(force=True) if made is None else made).hex().encode().ljust(room, b"0")
    assert len(container) == room
    return pdf[: length + 1] + container + pdf[gap_end - 1 :]


def two_signers(signed, _):
    signed["signer_infos"].append(signed["signer_infos"][0].copy())


def no_signer(signed, _):
    signed["signer_infos"] = []


def sha1(signed, _):
    signed["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}


def without(attribute):
    def take_out(signed, _):
        info = signed["signer_infos"][0]
        info["signed_attrs"] = [one for one in info["signed_attrs"] if one["type"].dotted != attribute]

    return take_out


def other_attribute(signed, _):
    info = signed["signer_infos"][0]
    for one in info["signed_attrs"]:
        if one["type"].native == "message_digest":
            one["values"] = [bytes(32)]


def no_certificate(signed, _):
    signed["certificates"] = []


def of_a_stranger(signed, _):
    stamp = world.stranger().certificate("public", "tsa")
    signed["certificates"] = [cms.CertificateChoices(name="certificate", value=stamp)]


def indefinite_length(_, info):
    """BER that is no DER: the outer length is left open."""
    der = info.dump(force=True)
    header = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    return b"\x30\x80" + der[header:] + b"\x00\x00"


CMS = {
    "two signers": two_signers,
    "no signer": no_signer,
    "SHA-1": sha1,
    "no signing certificate": without("1.2.840.113549.1.9.16.2.12"),
    "no message digest": without("1.2.840.113549.1.9.4"),
    "another message digest": other_attribute,
    "of a stranger": of_a_stranger,
    "no certificate": no_certificate,
}


@pytest.mark.parametrize("change", CMS.values(), ids=CMS)
def test_cms_of_the_last_timestamp(change):
    pdf = in_container(change)
    verdict = world.judge(pdf, world.anchored(world.manifest_of(world.genuine(), pdf=pdf)))
    assert verdict.conclusion is not PASSED
    named = {"signatures.invalid", "signatures.indeterminate", "signatures.changed_after", "intake.unreadable"}
    assert world.complaints(verdict) & named


def certificate_beside(signed, _):
    """A digit of a certificate that the token carries along, and that nobody needs: seed 1891 of the fuzzing."""
    other = bytearray(signed["certificates"][0].dump())
    other[-1] ^= 1
    signed["certificates"][0] = cms.CertificateChoices.load(bytes(other))


def test_the_seal_is_der_and_nothing_else():
    paper = world.signed_by()
    pdf = in_container(indefinite_length, paper.pdf)
    for data, complained in ((paper.pdf, False), (pdf, True)):
        verdict = world.judge(data, world.anchored(world.manifest_of(paper, pdf=data)))
        assert ("signatures.changed_after" in world.complaints(verdict)) is complained


@pytest.mark.parametrize("change", [certificate_beside, indefinite_length])
def test_what_no_signature_covers_is_found_by_the_bytes(change):
    """RFC 5652 leaves certificates unsigned, so a token stays valid whatever is done to those that it does not need."""
    pdf = in_container(change)
    seen = world.examiner(world.trusting()).examine(pdf)
    assert seen.changed_after is None
    assert {one.outcome.value for one in (*seen.signatures, *seen.timestamps)} == {"PASSED"}
    verdict = world.judge(pdf, world.genuine_receipt(), issued=world.Shelf(world.genuine_receipt()))
    assert (verdict.conclusion, world.complaints(verdict)) == (FAILED, {"bytes.altered"})
