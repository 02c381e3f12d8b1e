# SPDX-License-Identifier: Apache-2.0

"""A small paper with the three empty fields, a demo PKI in memory's reach, and the whole signing flow over both.

Two pages by typst, tagged PDF/A-3b with an attachment, fields added by pikepdf: the same recipe as the real paper
(SIGNING.md 1), without its template, so that these tests do not move when a comma moves in the form.
"""

import atexit
import functools
import io
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name, String

from scripts.demo_pki import DemoPki, Person, create_pki
from signer.archive import archive
from signer.keys import LoadedKey, load_pkcs12
from signer.pdf import sign_field
from signer.validation_data import ValidationData

FIELDS = {
    "GVCN": ("Giáo viên chủ nhiệm", (330, 120, 540, 200)),
    "CBQL": ("Hiệu trưởng", (60, 120, 270, 200)),
    "KY_PHAT_HANH": ("Nhà trường", (30, 120, 130, 220)),
}
FONTS = Path(__file__).parents[2] / "ledger" / "paper" / "fonts"

SOURCE = """
#set document(title: "Học bạ thử", date: datetime(year: 2026, month: 5, day: 29))
#set text(font: "Liberation Serif", lang: "vi", size: 12pt)
#set page(paper: "a4")
#pdf.attach("record.xml", read("record.xml", encoding: none), relationship: "source", mime-type: "application/xml", description: "Dữ liệu học bạ")
= HỌC BẠ (bản thử)
Học sinh: Nguyễn Thị Mẫu. Điểm cả năm: 8,5
#pagebreak()
Trang ký
"""
STAMP = """
#set page(width: 210pt, height: 80pt, margin: 4pt, fill: none)
#set text(font: "Liberation Serif", lang: "vi", size: 9pt, fill: blue)
Ký bởi: NAME
"""


def now() -> datetime:
    return datetime.now(UTC)


@functools.cache
def folder() -> Path:
    path = Path(tempfile.mkdtemp(prefix="hocba-test-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def make_pki(label: str, port: int = 9) -> DemoPki:
    """A demo PKI of its own; the same names each time, other keys. Port 9 (discard): nobody answers there."""
    return create_pki(
        folder() / label,
        school_code="79000701",
        school_name="Trường THCS Hoa Mai",
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=port,
        now=now(),
    )


@functools.cache
def pki() -> DemoPki:
    return make_pki("pki")


@functools.cache
def stranger() -> DemoPki:
    """The same names under roots that nobody trusts."""
    return make_pki("stranger")


def all_roots(of: DemoPki) -> tuple[bytes, ...]:
    return of.root_certificates("vgca") + of.root_certificates("public")


def key_of(of: DemoPki, role: str) -> LoadedKey:
    identity = of.identities[role]
    return load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)


@functools.cache
def unsigned() -> bytes:
    work = folder() / "typst"
    work.mkdir(exist_ok=True)
    (work / "record.xml").write_text('<DU_LIEU_HOC_BA Id="data"/>', "utf-8")
    (work / "paper.typ").write_text(SOURCE, "utf-8")
    plain = typst.compile(
        work / "paper.typ", root=work, font_paths=[FONTS], ignore_system_fonts=True, pdf_standards="a-3b"
    )
    return lay_out(plain)


def lay_out(plain: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(plain)) as d:
        page, fields = d.pages[-1], []
        for name, (role, (x0, y0, x1, y1)) in FIELDS.items():
            form = {"/Type": Name.XObject, "/Subtype": Name.Form, "/BBox": [0, 0, x1 - x0, y1 - y0]}
            empty = d.make_stream(b"", {**form, "/Resources": Dictionary()})
            lock = {"/Type": Name.SigFieldLock, "/Action": Name.Include, "/Fields": [String(name)]}
            field = Dictionary(
                {"/Type": Name.Annot, "/Subtype": Name.Widget, "/FT": Name.Sig, "/F": 132, "/P": page.obj}
            )
            field.T, field.TU, field.Rect = String(name), String(role), Array([x0, y0, x1, y1])
            field.AP, field.Lock = Dictionary({"/N": empty}), d.make_indirect(Dictionary(lock))
            fields.append(d.make_indirect(field))
        page.obj["/Annots"] = d.make_indirect(Array(fields))
        d.Root["/AcroForm"] = d.make_indirect(Dictionary({"/SigFlags": 3, "/Fields": d.make_indirect(Array(fields))}))
        out = io.BytesIO()
        d.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate, preserve_pdfa=True)
        return out.getvalue()


@functools.cache
def stamp(name: str) -> bytes:
    source = STAMP.replace("NAME", name).encode()
    return typst.compile(source, font_paths=[FONTS], ignore_system_fonts=True)


def sign(pdf: bytes, role: str, *, of: DemoPki | None = None, first: bool | None = None, timestamper=None) -> bytes:
    of = of or pki()
    key = key_of(of, role)
    return sign_field(
        pdf,
        field=role,
        key=key,
        stamp=stamp(key.common_name),
        first=role == "GVCN" if first is None else first,
        reason=FIELDS[role][0],
        name=key.common_name,
        location="TP. Hồ Chí Minh",
        timestamper=timestamper or of.timestamper(now),
        signed_at=now(),
    )


def offline_data(of: DemoPki) -> ValidationData:
    return ValidationData.offline(all_roots(of), crls=of.crls(now()), now=now)


@functools.cache
def steps() -> tuple[bytes, ...]:
    """The paper after each step: unsigned, three times signed, archived."""
    files = [unsigned()]
    for role in FIELDS:
        files.append(sign(files[-1], role))
    files.append(archive(files[-1], timestamper=pki().timestamper(now), validation_data=offline_data(pki())))
    return tuple(files)


def archived() -> bytes:
    return steps()[-1]
