# SPDX-License-Identifier: Apache-2.0

"""Signing with pyHanko's stock signer and with ours, in the same run: `python -m scripts.bench.bench_signing [rounds]`.

PAdES B-B (no TSA in the figures), keys in process, one small certificate chain. Ours is what production does in three steps:
the paper prepared with its visible appearance, the value made by the key, checked, and put in; stock signs invisibly, in one.
Stock and ours take turns, so that a noisy machine slows both; what counts is the ratio. Targets: RSA-2048 at most 0.20 of
stock, P-256 at most 0.65. Beside that: where our time goes, a visible B-T with an in-process TSA, the archive step, and an XML
slot, plain and as XAdES-T.
"""

import functools
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from scripts.demo_pki import SIGNERS, DemoPki, Person, create_pki
from signer import pdf as signer_pdf
from signer import sessions
from signer.archive import archive
from signer.keys import LoadedKey, load_pkcs12
from signer.pdf import PreparedPdf, finish_field, prepare_field, sign_field
from signer.profile import PADES
from signer.validation_data import ValidationData
from signer.xml import sign_slot

ROUNDS = 20
TARGETS: Mapping[str, float] = {"RSA-2048": 0.20, "P-256": 0.65}
FIELD_EDGES = {"GVCN": (330, 120, 540, 200), "CBQL": (60, 120, 270, 200), "KY_PHAT_HANH": (30, 120, 130, 220)}
XML = (
    '<HOC_BA><DU_LIEU_HOC_BA Id="data">'
    + "".join(f"<DIEM_{number}>8.5</DIEM_{number}>" for number in range(150))
    + "</DU_LIEU_HOC_BA><DANH_SACH_THONG_TIN_KY><GVCN/></DANH_SACH_THONG_TIN_KY></HOC_BA>"
).encode()


def now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


def paper(pages: int = 4, kilobytes: int = 55) -> bytes:
    """A file of the size of a record (PERFORMANCE.md 2), with the three empty fields laid out."""
    with pikepdf.new() as document:
        for number in range(pages):
            page = document.add_blank_page(page_size=(595, 842))
            filling = b"%" + bytes(33 + (number + place * 7) % 90 for place in range(kilobytes * 1024 // pages))
            page.Contents = document.make_stream(filling + b"\n")
        fields = [_field(document, name) for name in FIELD_EDGES]
        document.pages[-1].obj.Annots = document.make_indirect(Array(fields))
        form = Dictionary({"/SigFlags": 3, "/Fields": document.make_indirect(Array(fields))})
        document.Root.AcroForm = document.make_indirect(form)
        out = io.BytesIO()
        document.save(out, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()


def stamp() -> bytes:
    """A one-page appearance."""
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(210, 80)).Contents = document.make_stream(b"0 0 1 RG 5 5 200 70 re S")
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def stock(pdf: bytes, signer: SimpleSigner) -> bytes:
    """One B-B signature as pyHanko's documentation makes it."""
    meta = PdfSignatureMetadata(field_name="GVCN", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    work = PdfSigner(meta, signer).async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), existing_fields_only=True)
    return _value(sessions.run(work))


@contextmanager
def without_timestamps() -> Iterator[None]:
    """The profile as it would be for B-B, which is what the targets speak of; production always asks for a time-stamp."""
    name = "PADES"
    setattr(signer_pdf, name, replace(PADES, timestamp_each_signature=False))
    try:
        yield
    finally:
        setattr(signer_pdf, name, PADES)


def prepared(pdf: bytes, key: LoadedKey, look: bytes) -> PreparedPdf:
    """Step one of ours."""
    return prepare_field(
        pdf,
        field="GVCN",
        who=key.who,
        stamp=look,
        first=True,
        reason="GVCN",
        name=key.common_name,
        location="TP. Hồ Chí Minh",
        signed_at=now(),
    )


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that `work` takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Run and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        person = Person("Lê Thị An", "079180000001")
        pki = create_pki(
            Path(folder),
            school_code="79000701",
            school_name="Trường THCS Hoa Mai",
            teacher=person,
            principal=person,
            host="127.0.0.1",
            port=9,
            now=now(),
        )
        with without_timestamps():
            compare(pki, rounds)
        whole(pki, rounds)


def compare(pki: DemoPki, rounds: int) -> None:
    """Stock and ours in turns, for both kinds of key."""
    pdf, look, stamper = paper(), stamp(), pki.timestamper(now)
    print(f"PAdES B-B, {len(pdf) // 1024} kB, {rounds} rounds, median ms")
    for name, role in (("RSA-2048", "KY_PHAT_HANH"), ("P-256", "GVCN")):
        identity = pki.identities[role]
        data = identity.pkcs12.read_bytes()
        key = load_pkcs12(data, identity.passphrase)
        simple = SimpleSigner.load_pkcs12_data(data, [], passphrase=identity.passphrase.encode())
        taken: dict[str, list[float]] = {step: [] for step in ("stock", "ours", "prepare", "sign", "finish")}
        for number in range(rounds + 1):
            stock_ms = timed(lambda: stock(pdf, simple))  # noqa: B023 - called at once
            times = [time.perf_counter()]
            ready = prepared(pdf, key, look)
            times.append(time.perf_counter())
            value = key.sign(ready.to_be_signed)
            times.append(time.perf_counter())
            finish_field(ready, who=key.who, value=value, timestamper=stamper)
            times.append(time.perf_counter())
            if not number:
                continue  # Warming up.
            steps = [(later - earlier) * 1000 for earlier, later in pairwise(times)]
            for step, spent in zip(taken, (stock_ms, sum(steps), *steps), strict=True):
                taken[step].append(spent)
        ms = {step: statistics.median(values) for step, values in taken.items()}
        print(
            f"  {name:9} stock {ms['stock']:7.1f}   ours {ms['ours']:7.1f}   ratio {ms['ours'] / ms['stock']:.3f}   "
            f"target {TARGETS[name]:.2f}   of ours: prepare {ms['prepare']:.1f}, sign {ms['sign']:.2f}, finish {ms['finish']:.1f}"
        )


def whole(pki: DemoPki, rounds: int) -> None:
    """A record from three empty fields to B-LTA, and its XML, as they are made in production; TSA in process."""
    pdf, look, stamper = paper(), stamp(), pki.timestamper(now)
    roots = [root for hierarchy in pki.roots for root in pki.root_certificates(hierarchy)]
    data = ValidationData.offline(roots, crls=pki.crls(now()), now=now)
    keys = {
        role: load_pkcs12(pki.identities[role].pkcs12.read_bytes(), pki.identities[role].passphrase) for role in SIGNERS
    }
    steps: dict[str, list[float]] = {
        "token alone": [],
        **{role: [] for role in SIGNERS},
        "archive": [],
        "XML slot": [],
        "XAdES-T slot": [],
    }
    for _ in range(rounds):
        work = stamper.async_timestamp(bytes(32), PADES.digest)
        steps["token alone"].append(timed(lambda: sessions.run(work)))  # noqa: B023
        signed = pdf
        for role, key in keys.items():
            start = time.perf_counter()
            signed = sign_field(
                signed,
                field=role,
                key=key,
                stamp=look,
                first=role == "GVCN",
                reason=role,
                name=key.common_name,
                location="TP. Hồ Chí Minh",
                timestamper=stamper,
                signed_at=now(),
            )
            steps[role].append((time.perf_counter() - start) * 1000)
        steps["archive"].append(timed(lambda: archive(signed, timestamper=stamper, validation_data=data)))  # noqa: B023
        steps["XML slot"].append(timed(lambda: sign_slot(XML, slot="GVCN", key=keys["GVCN"], signing_time=now())))
        stamped = functools.partial(
            sign_slot, XML, slot="GVCN", key=keys["GVCN"], signing_time=now(), timestamper=stamper
        )
        steps["XAdES-T slot"].append(timed(stamped))
    print("visible B-T by three, archive, XML; median ms")
    for name, taken in steps.items():
        print(f"  {name:13} {statistics.median(taken):7.1f}")


def _field(document: pikepdf.Pdf, name: str) -> pikepdf.Object:
    left, bottom, right, top = FIELD_EDGES[name]
    box = Array([0, 0, right - left, top - bottom])
    empty = document.make_stream(b"", Dictionary({"/Type": Name.XObject, "/Subtype": Name.Form, "/BBox": box}))
    lock = Dictionary({"/Type": Name.SigFieldLock, "/Action": Name.Include, "/Fields": Array([String(name)])})
    field = Dictionary({"/Type": Name.Annot, "/Subtype": Name.Widget, "/FT": Name.Sig, "/F": 132})
    field.T, field.Rect = String(name), Array([left, bottom, right, top])
    field.P = document.pages[-1].obj
    field.AP, field.Lock = Dictionary({"/N": empty}), document.make_indirect(lock)
    return document.make_indirect(field)


def _value(stream: object) -> bytes:
    if not isinstance(stream, io.BytesIO):
        raise TypeError("the writer was given no output, so it makes a BytesIO")
    return stream.getvalue()


if __name__ == "__main__":
    main()
