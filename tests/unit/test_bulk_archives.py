# SPDX-License-Identifier: Apache-2.0

"""Hostile ZIPs are refused, each for its own reason, before they cost more than their bound."""

import hashlib
import io
import struct
import warnings
import zipfile

import pytest

from ledger.proof.leaf import leaf_hash
from ledger.proof.receipt import Receipt, with_tokens
from scripts.receipt_folder import ReceiptFolder
from tests.simulators.bulk_world import zipped
from tests.simulators.issuing_world import World
from verifier_api.archive import MAX_DIRECTORY_BYTES, Bounds, HostileArchive, open_archive

PLAIN = [("lop/9A1.pdf", b"%PDF-1.7 a"), ("lop/9A2.xml", b"<a/>")]


def entry(name: str, **fields: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def in_directory(data: bytes, offset: int, form: str, value: int) -> bytes:
    """`data` with one field of the first entry in its list changed."""
    at = data.index(b"PK\x01\x02") + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


def overlapping() -> bytes:
    """Two names for the same bytes."""
    data = zipped([("a.pdf", b"%PDF-1.7 one"), ("b.pdf", b"%PDF-1.7 two")], method=zipfile.ZIP_STORED)
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    return data[: second + 42] + struct.pack("<L", 0) + data[second + 46 :]


def twice(name: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return zipped([(name, b"1"), (name, b"2")])


def with_zip64() -> bytes:
    data = zipped(PLAIN)
    return data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:]


HOSTILE = {
    "no zip at all": (b"%PDF-1.7", "broken"),
    "nothing": (b"", "broken"),
    "cut off": (zipped(PLAIN)[:-5], "broken"),
    "a comment at the end": (zipped(PLAIN)[:-2] + b"\x01\x00x", "broken"),
    "a list that is no list": (zipped(PLAIN).replace(b"PK\x01\x02", b"PK\x01\x09"), "broken"),
    "zip64": (with_zip64(), "zip64"),
    "empty": (zipped([]), "empty"),
    "only folders": (zipped([("a/", b"")]), "empty"),
    "only receipts": (zipped([("a.receipt.json", b"{}")]), "empty"),
    "too many entries": (zipped((f"{n}.pdf", b"") for n in range(1_001)), "too-many-entries"),
    "up a folder": (zipped([("../a.pdf", b"x")]), "bad-name"),
    "up a folder, inside": (zipped([("a/../../b.pdf", b"x")]), "bad-name"),
    "from the root": (zipped([("/etc/passwd", b"x")]), "bad-name"),
    "a drive": (zipped([("C:/a.pdf", b"x")]), "bad-name"),
    "a control character": (zipped([("a\x1b[2J.pdf", b"x")]), "bad-name"),
    "a backslash": (zipped([("aXb.pdf", b"x")]).replace(b"aXb.pdf", b"a\\b.pdf"), "bad-name"),
    "a null": (zipped([("aXb.pdf", b"x")]).replace(b"aXb.pdf", b"a\0b.pdf"), "bad-name"),
    "a name turned around": (zipped([("a\u202efdp.exe", b"x")]), "bad-name"),
    "a long name": (zipped([("a" * 300, b"x")]), "bad-name"),
    "a name twice": (twice("a.pdf"), "duplicate-name"),
    "a link": (zipped([(entry("a.pdf", external_attr=0o120777 << 16), b"/etc/passwd")]), "not-a-file"),
    "encrypted": (in_directory(zipped(PLAIN), 8, "<H", 1), "encrypted"),
    "another compression": (zipped(PLAIN, method=zipfile.ZIP_LZMA), "unknown-compression"),
    "a bomb": (zipped([("a.pdf", bytes(10_000_000))]), "ratio"),
    "an entry beyond the bound": (in_directory(zipped(PLAIN), 24, "<L", 20_000_001), "entry-too-large"),
    "a receipt beyond the bound": (zipped([*PLAIN, ("a.receipt.json", bytes(65_537))]), "entry-too-large"),
    "entries that share bytes": (overlapping(), "overlap"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_before_it_is_unpacked(data, reason):
    with pytest.raises(HostileArchive) as refusal:
        open_archive(data)
    assert refusal.value.reason == reason


def test_an_archive_that_unpacks_to_too_much_in_all_is_refused():
    data, bounds = bytes(600), Bounds(unpacked_bytes=1_000)
    assert len(open_archive(zipped([("a", data)]), bounds)) == 1
    with pytest.raises(HostileArchive, match="too-large-unpacked"):
        open_archive(zipped([("a", data), ("b", data)]), bounds)


def test_a_list_of_entries_is_not_read_beyond_its_bound():
    data = zipped(PLAIN)
    long_list = data[:-10] + struct.pack("<L", MAX_DIRECTORY_BYTES + 1) + data[-6:]
    with pytest.raises(HostileArchive, match="too-many-entries"):
        open_archive(long_list)


def test_a_long_archive_is_refused():
    with pytest.raises(HostileArchive) as refusal:
        open_archive(zipped(PLAIN), Bounds(archive_bytes=100))
    assert refusal.value.reason == "too-large"


LYING = {
    "an archive in the archive": (zipped([("a.pdf", b"x"), ("b.zip", zipped(PLAIN))]), "nested"),
    "a declared size that is too small": (in_directory(zipped(PLAIN), 24, "<L", 3), "broken"),
    "a checksum that is not its own": (in_directory(zipped(PLAIN), 16, "<L", 7), "broken"),
    "a size beyond what is there": (in_directory(zipped(PLAIN), 24, "<L", 50_000), "broken"),
    "damaged contents": (zipped([("a", b"%PDF")], method=zipfile.ZIP_STORED).replace(b"%PDF", b"%QDF"), "broken"),
    "another name before the bytes": (zipped([("a.pdf", b"x")]).replace(b"a.pdf", b"b.pdf", 1), "broken"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), LYING.values(), ids=LYING)
def test_what_only_unpacking_shows_is_refused_then(data, reason):
    opened = open_archive(data)
    with pytest.raises(HostileArchive) as refusal:
        list(opened.files())
    assert refusal.value.reason == reason


def test_files_come_in_order_and_with_the_receipts_that_list_them():
    world = World()
    first, second = world.issue(), world.issue()
    data = zipped([
        ("mot.pdf", first.pdf), ("lop/", b""), ("lop/hai.pdf", second.pdf), ("lop/la.pdf", b"%PDF"),
        ("ten-khac.receipt.json", second.receipt.to_json()), ("hong.RECEIPT.JSON", b"{"),
    ])  # fmt: skip
    found = [(file.name, file.data, file.receipt) for file in open_archive(data).files()]
    assert found == [
        ("mot.pdf", first.pdf, None),
        ("lop/hai.pdf", second.pdf, second.receipt.to_json()),
        ("lop/la.pdf", b"%PDF", None),
    ]


def made_up(unit):
    """A receipt that lists the unit's own files and leads to a root that nobody anchored."""
    salt = b"\x07" * 32
    leaf = leaf_hash(salt=salt, manifest_sha256=unit.receipt.manifest.sha256())
    registry = "0x" + "11" * 20
    return Receipt.of(
        manifest=unit.receipt.manifest, salt=salt, proof=[], root=leaf, chain_id=1, registry=registry
    ).to_json()


@pytest.mark.parametrize("names", [("a.receipt.json", "z.receipt.json"), ("z.receipt.json", "a.receipt.json")])
def test_a_made_up_receipt_beside_the_true_one_makes_no_file_false(names):
    unit = World().issue()
    data = zipped([("a.pdf", unit.pdf), (names[0], unit.receipt.to_json()), (names[1], made_up(unit))])
    assert [file.receipt for file in open_archive(data).files()] == [None]


def test_copies_of_before_and_after_the_token_came_are_one_receipt():
    unit = World().issue()
    stored = unit.receipt.to_json()
    copies = [stored, with_tokens(stored, [b"one"]), stored, with_tokens(stored, [b"two"])]
    data = zipped([("a.pdf", unit.pdf), *((f"{n}.receipt.json", copy) for n, copy in enumerate(copies))])
    (file,) = open_archive(data).files()
    assert file.receipt == with_tokens(stored, [b"one", b"two"])
    data = zipped(
        [
            ("a.pdf", unit.pdf),
            ("0.receipt.json", copies[1]),
            ("1.receipt.json", made_up(unit)),
            ("2.receipt.json", stored),
        ]
    )
    assert [file.receipt for file in open_archive(data).files()] == [None]


def test_in_folders_too_two_receipts_that_differ_say_nothing(tmp_path):
    unit = World().issue()
    for name, receipt in (("a", unit.receipt.to_json()), ("b", made_up(unit)), ("c", unit.receipt.to_json())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.receipt.json").write_bytes(receipt)
    sha256 = hashlib.sha256(unit.pdf).hexdigest()
    for places in (["a", "b"], ["b", "a"], ["a", "b", "c"]):
        folder = ReceiptFolder([tmp_path / name for name in places])
        assert folder.receipt_of_file(sha256) is None
        assert folder.receipt_of_unit(unit.id) is None
    both = ReceiptFolder([tmp_path / "a", tmp_path / "c"])
    assert both.receipt_of_file(sha256).receipt == unit.receipt.to_json()


def test_a_reader_that_would_take_anything_is_not_what_opens_these():
    """The vectors are hostile in fact: Python's own reader opens most of them."""
    opened = 0
    for data, _ in HOSTILE.values():
        try:
            zipfile.ZipFile(io.BytesIO(data)).infolist()
            opened += 1
        except (zipfile.BadZipFile, ValueError):
            pass
    assert opened > len(HOSTILE) // 2
