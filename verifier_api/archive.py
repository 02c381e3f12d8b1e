# SPDX-License-Identifier: Apache-2.0

"""ZIP archives from strangers: looked over before anything is unpacked, and unpacked one file at a time, in memory.

Refused with `HostileArchive`, which names the reason and the place:

* more entries, or more unpacked bytes, than the bounds; an entry that unpacks to too many times its size;
* entries that share bytes (the "better zip bomb" of Fifield, 2019), encrypted ones, links, odd methods of compression;
* names that lead out of a folder, hold control characters, are too long, or come twice;
* an archive in the archive, a comment at the end, ZIP64: no school's files need them, and each has fooled a reader.

Receipts in the archive go to the files that they list, whatever their names.

Example::

    for entry in open_archive(data).files():
        verifier.verify(entry.data, receipt=entry.receipt)
"""

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ledger.proof.errors import MalformedReceipt
from ledger.proof.receipt import MAX_RECEIPT_BYTES, Receipt
from verifier_api.errors import VerifierError
from verifier_api.intake import MAX_FILE_BYTES

MAX_ARCHIVE_BYTES = 100_000_000
"""Longer ones are not taken in."""
MAX_FILES = 1_000
"""And as many receipts: three entries for one record are its PDF, its XML and its receipt."""
MAX_ENTRIES = 3_000
"""Folders and receipts counted."""
MAX_UNPACKED_BYTES = 500_000_000
MAX_RATIO = 100
"""A typst PDF packs 1.3 times, MOET's XML 12 times, a receipt 3 times."""
SMALL_BYTES = 100_000
"""What unpacks to less may have any ratio: a short file of zeros is no bomb."""
MAX_NAME_LENGTH = 250
MAX_DIRECTORY_BYTES = MAX_ENTRIES * (46 + 4 * MAX_NAME_LENGTH)
"""Of the list of entries at the archive's end, which is read as a whole: 46 bytes each, and the name."""

RECEIPT_SUFFIX = ".receipt.json"
_END = struct.Struct("<4s4H2LH")
_END_MARK, _ZIP64_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x06\x07", b"PK\x03\x04"
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1


class HostileArchive(VerifierError):
    """An archive that is not unpacked, or not to its end. `reason` is for programs and never renamed."""

    def __init__(self, reason: str, entry: str | None = None) -> None:
        super().__init__(f"Tệp ZIP bị từ chối ({reason}).", f"The ZIP is refused ({reason}).")
        self.reason = reason
        self.entry = entry


@dataclass(frozen=True)
class ArchivedFile:
    """One file to judge."""

    name: str
    data: bytes
    receipt: bytes | None


@dataclass(frozen=True)
class Bounds:
    """How much of an archive is taken in, and how much it may unpack to."""

    archive_bytes: int = MAX_ARCHIVE_BYTES
    unpacked_bytes: int = MAX_UNPACKED_BYTES


class Archive:
    """An archive that was looked over. What only unpacking shows still raises `HostileArchive`."""

    def __init__(
        self, data: bytes, entries: tuple[zipfile.ZipInfo, ...], receipts: tuple[zipfile.ZipInfo, ...]
    ) -> None:
        self._data = data
        self._entries = entries
        self._receipts = receipts

    def __len__(self) -> int:
        """How many files there are to judge."""
        return len(self._entries)

    def files(self) -> Iterator[ArchivedFile]:
        """The files in the archive's order, each unpacked when it is asked for."""
        with zipfile.ZipFile(io.BytesIO(self._data)) as opened:
            by_file: dict[str, bytes] = {}
            for info in self._receipts:
                receipt = _unpacked(opened, info)
                try:
                    parsed = Receipt.parse(receipt)
                except MalformedReceipt:
                    continue  # It serves no file; the ledger is asked instead.
                for file in parsed.manifest.files:
                    by_file[file.sha256] = _agreed(by_file.get(file.sha256), parsed, receipt)
            for info in self._entries:
                data = _unpacked(opened, info)
                if data.startswith(_LOCAL_MARK):
                    raise HostileArchive("nested", info.filename)
                yield ArchivedFile(info.filename, data, by_file.get(hashlib.sha256(data).hexdigest()) or None)


def open_archive(data: bytes, bounds: Bounds = Bounds()) -> Archive:
    """Looks an archive over without unpacking anything. Raises `HostileArchive`."""
    if len(data) > bounds.archive_bytes:
        raise HostileArchive("too-large")
    _check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
            listed = len(opened.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, UnicodeDecodeError, EOFError):
        raise HostileArchive("broken") from None
    if listed > MAX_ENTRIES:
        raise HostileArchive("too-many-entries")
    receipts = tuple(info for info in infos if _is_receipt(info))
    entries = tuple(info for info in infos if not _is_receipt(info))
    if not entries:
        raise HostileArchive("empty")
    if max(len(entries), len(receipts)) > MAX_FILES:
        raise HostileArchive("too-many-entries")
    for info in infos:
        _check_name(info)
        _check_entry(info, limit=MAX_RECEIPT_BYTES if _is_receipt(info) else MAX_FILE_BYTES)
    if len({info.filename for info in infos}) != len(infos):
        raise HostileArchive("duplicate-name")
    if sum(info.file_size for info in infos) > bounds.unpacked_bytes:
        raise HostileArchive("too-large-unpacked")
    _check_overlaps(infos, len(data))
    return Archive(data, entries, receipts)


def _agreed(before: bytes | None, receipt: Receipt, data: bytes) -> bytes:
    """The receipt of a file of which another was there `before`. Two that differ say nothing: either may be made up.

    One may have been handed out before the token over its root was there, and one after.
    """
    if before is None or before == data:
        return data
    if not before or not (known := Receipt.parse(before)).same_proof(receipt):
        return b""
    return known.with_tokens_of(receipt).to_json()


def _is_receipt(info: zipfile.ZipInfo) -> bool:
    return info.filename.lower().endswith(RECEIPT_SUFFIX)


def _check_end(data: bytes) -> None:
    """Before the list of entries is read: how long it says it is. Python reads it whole, and believes ZIP64's numbers."""
    end = data[-_END.size :]
    if len(end) < _END.size or not end.startswith(_END_MARK) or end[-2:] != b"\0\0":
        raise HostileArchive("broken")
    if data[-_END.size - 20 : -_END.size].startswith(_ZIP64_MARK):
        raise HostileArchive("zip64")
    _, _, _, _, count, directory_bytes, _, _ = _END.unpack(end)
    if count > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise HostileArchive("too-many-entries")


def _check_name(info: zipfile.ZipInfo) -> None:
    # As it was sent: Python cuts a name at a NUL, and another reader may not.
    name = info.orig_filename
    parts = name.split("/")
    odd = any(not char.isprintable() for char in name) or "\\" in name or name != info.filename
    if odd or len(name) > MAX_NAME_LENGTH or ":" in parts[0] or {"", ".", ".."} & set(parts):
        raise HostileArchive("bad-name")


def _check_entry(info: zipfile.ZipInfo, *, limit: int) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise HostileArchive("encrypted", info.filename)
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise HostileArchive("unknown-compression", info.filename)
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        raise HostileArchive("not-a-file", info.filename)
    if info.file_size > limit:
        raise HostileArchive("entry-too-large", info.filename)
    if info.file_size > SMALL_BYTES and info.file_size > MAX_RATIO * info.compress_size:
        raise HostileArchive("ratio", info.filename)


def _check_overlaps(infos: list[zipfile.ZipInfo], end: int) -> None:
    """Python 3.11's own reader lets entries share bytes, so that a little unpacks to a lot."""
    starts = sorted(infos, key=lambda info: info.header_offset)
    nexts = [info.header_offset for info in starts[1:]] + [end]
    for info, following in zip(starts, nexts, strict=True):
        if info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size > following:
            raise HostileArchive("overlap", info.filename)


def _unpacked(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """One entry's bytes: no more than it declares, which was bounded. Raises `HostileArchive`."""
    try:
        with opened.open(info) as entry:
            data = entry.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, struct.error):
        raise HostileArchive("broken", info.filename) from None
    if len(data) != info.file_size:
        raise HostileArchive("broken", info.filename)
    return data
