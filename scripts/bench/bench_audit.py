# SPDX-License-Identifier: Apache-2.0

"""The audit of a large ledger: `python -m scripts.bench.bench_audit [--units 100000] [--files 1000]`.

A ledger is filled in bulk (real manifests, salts, trees, receipts and journal entries; classes of 45, a batch of 315 units), its
batches are anchored on a real node (anvil), and the audit runs in a process of its own, so that its peak memory is its own.
With `--files` the files of so many units lie on disk: real XML, and as many bytes of PDF as a record has.

Target: a million units with the chain in 15 minutes, in memory that does not grow with the ledger.
"""

import argparse
import datetime as dt
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, insert

from ledger.audit.auditor import audit
from ledger.audit.findings import Severity
from ledger.batch import BatchState
from ledger.chain.registry import RegistryPin
from ledger.chain.wallet import KeyWallet
from ledger.chain.web3_registry import Web3Registry
from ledger.journal import BEGINNING, Deed, Entry
from ledger.proof.leaf import leaf_hash
from ledger.proof.manifest import IssuedFile, Manifest, ManifestSigner
from ledger.proof.merkle import MerkleTree
from ledger.proof.receipt import Receipt
from ledger.record.digest import record_digest
from ledger.short_code import lookup_key
from ledger.store.chain_tables import AttemptRow, BatchRow, JournalRow, LeafRow, NumberRow, NumberState
from ledger.store.database import migrate, open_for_reading, open_for_writing
from ledger.store.files import FolderFiles
from ledger.store.tables import Base, ClassRow, FileRole, SchoolRow, SignatureRow, UnitFileRow, UnitRow
from ledger.unit import MOET, Ownership, Role, UnitKind, UnitState
from scripts.deploy import deploy
from scripts.devchain import Devchain, free_port

UNITS: Final = 100_000
FILES: Final = 1_000
TARGET_UNITS: Final = 1_000_000
CLASS: Final = 45
CLASSES_OF_A_BATCH: Final = 7
SCHOOL: Final = "79000501"
YEAR: Final = "2025-2026"
PDF_BYTES: Final = 150_000
XML: Final = Path(__file__).parents[2] / "tests" / "vectors" / "record" / "hocba-0.xml"
SIGNERS: Final = (Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL)
BEGAN: Final = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
# macOS counts in bytes, Linux in kibibytes.
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class Filling:
    """Fills a ledger, a batch at a time, and anchors it."""

    def __init__(self, connection: Connection, registry: Web3Registry, operator: KeyWallet, files: FolderFiles) -> None:
        self._connection = connection
        self._registry = registry
        self._operator = operator
        self._files = files
        self._seq, self._head, self._classes, self._batches = 0, BEGINNING, 0, 0
        self._record, self._xml = record_digest(XML.read_bytes()).hex(), XML.read_bytes()
        self._nonce = registry.nonce(operator.address)

    def school(self, seal: str) -> None:
        """The one school."""
        self._insert(
            SchoolRow,
            [
                {
                    "code": SCHOOL,
                    "name": "Trường THCS Hoa Mai",
                    "authority": "Sở GDĐT",
                    "profile": MOET.name,
                    "ownership": Ownership.PUBLIC,
                    "operator": self._operator.address,
                    "seal_cert_sha256": seal,
                    "registered_at": BEGAN,
                }
            ],
        )
        told = {"operator": self._operator.address, "seal": seal}
        self._note([(Deed.SCHOOL_REGISTERED, f"school {SCHOOL}", told)])

    def batch(self, first: int, last: int, *, on_disk: int) -> None:
        """Units `first` to `last`, imported, issued, sealed and anchored; of those below `on_disk` the files are written."""
        numbers = range(first, last)
        manifests = {n: self._manifest(n, on_disk=n < on_disk) for n in numbers}
        self._import(numbers, manifests, on_disk=on_disk)
        salted = {n: (manifests[n], hashlib.sha256(f"salt {n}".encode()).digest()) for n in numbers}
        leaves = {n: leaf_hash(salt=salt, manifest_sha256=one.sha256()) for n, (one, salt) in salted.items()}
        tree = MerkleTree(leaves.values())
        self._batches += 1
        where = {"school": SCHOOL, "year": YEAR, "leaves": len(leaves)}
        self._insert(
            BatchRow, [{"id": self._batches, "school_code": SCHOOL, "school_year": YEAR, **self._sealed(tree)}]
        )
        receipts = [
            {
                "unit_id": manifests[n].id,
                "batch_id": self._batches,
                "leaf": leaves[n],
                "receipt": Receipt.of(
                    manifest=one,
                    salt=salt,
                    proof=tree.proof(leaves[n]),
                    root=tree.root,
                    chain_id=self._registry.pin.chain_id,
                    registry=self._registry.pin.address,
                ).to_json(),
            }
            for n, (one, salt) in salted.items()
        ]
        self._insert(LeafRow, receipts)
        self._note([(deed, f"batch {tree.root.hex()}", told) for deed, told in _of_batch(where)])
        self._anchor(tree.root, len(leaves))

    def _sealed(self, tree: MerkleTree) -> dict[str, Any]:
        leaves = self._count
        return {
            "root": tree.root,
            "leaf_count": leaves,
            "state": BatchState.FINAL,
            "sealed_at": BEGAN,
            "changed_at": BEGAN,
        }

    def _anchor(self, root: bytes, leaves: int) -> None:
        unsigned = self._registry.prepare_anchor(
            sender=self._operator.address,
            nonce=self._nonce,
            school=SCHOOL,
            school_year=int(YEAR[:4]),
            root=root,
            leaf_count=leaves,
        )
        signed = self._operator.sign(unsigned)
        self._registry.broadcast(signed.raw)
        number = {"sender": self._operator.address, "nonce": self._nonce}
        self._insert(NumberRow, [{**number, "state": NumberState.HELD, "batch_id": self._batches}])
        self._insert(AttemptRow, [{**number, "tx_hash": signed.hash, "raw": signed.raw, "signed_at": BEGAN}])
        self._nonce += 1

    def _manifest(self, number: int, *, on_disk: bool) -> Manifest:
        pdf_size, xml_size = PDF_BYTES, len(self._xml)
        pdf, xml = (hashlib.sha256(f"{kind} {number}".encode()).hexdigest() for kind in ("pdf", "xml"))
        if on_disk:
            pdf = self._files.put(hashlib.shake_128(f"pdf {number}".encode()).digest(PDF_BYTES))
            # Blanks after the document change its bytes and not its record.
            blanks = f"{number:b}".replace("0", " ").replace("1", "\n").encode()
            xml, xml_size = self._files.put(self._xml + blanks), len(self._xml) + len(blanks)
        return Manifest(
            id=UUID(int=number, version=4),
            school=SCHOOL,
            year=YEAR,
            level="THCS",
            profile=MOET.name,
            record_sha256=self._record,
            files=(
                IssuedFile(role="pdf", sha256=pdf, size=pdf_size),
                IssuedFile(role="xml", sha256=xml, size=xml_size),
            ),
            signers=tuple(ManifestSigner(role=role.value, cert_sha256=_certificate(role)) for role in SIGNERS),  # type: ignore[arg-type]
        )

    def _import(self, numbers: range, manifests: dict[int, Manifest], *, on_disk: int) -> None:
        self._count = len(numbers)
        deeds: list[tuple[Deed, str, dict[str, Any]]] = []
        for start in range(numbers.start, numbers.stop, CLASS):
            pupils = range(start, min(start + CLASS, numbers.stop))
            self._classes += 1
            name = f"lớp {self._classes}"
            sheet = self._files.put(name.encode()) if start < on_disk else hashlib.sha256(name.encode()).hexdigest()
            row = {
                "id": self._classes,
                "school_code": SCHOOL,
                "school_year": YEAR,
                "name": name,
                "enrolled": len(pupils),
            }
            self._insert(ClassRow, [{**row, "sheet_sha256": sheet, "imported_at": BEGAN}])
            added = [f"{manifests[n].id} {self._record}" for n in pupils]
            told = {"sheet": sheet, "enrolled": len(pupils), "added": added, "revised": [], "removed": []}
            deeds.append((Deed.CLASS_IMPORTED, f"class {SCHOOL} {YEAR} {name}", told))
            for n in pupils:
                issued = {"manifest": manifests[n].sha256().hex()}
                deeds.append((Deed.UNIT_ISSUED, f"unit {manifests[n].id}", issued))
            self._insert(UnitRow, [self._unit(n, manifests[n], n - start + 1) for n in pupils])
        self._insert(UnitFileRow, [row for one in manifests.values() for row in _files_of(one)])
        self._insert(SignatureRow, [row for one in manifests.values() for row in _signatures_of(one)])
        self._note(deeds)

    def _unit(self, number: int, manifest: Manifest, stt: int) -> dict[str, Any]:
        return {
            "id": manifest.id,
            "short_code": lookup_key(manifest.id),
            "kind": UnitKind.UNIT,
            "class_id": self._classes,
            "school_code": SCHOOL,
            "school_year": YEAR,
            "level": "THCS",
            "pupil_code": f"{number:010d}",
            "stt": stt,
            "state": UnitState.ANCHORED,
            "record_sha256": self._record,
            "source_sha256": manifest.files[1].sha256,  # As large, and one file less to write.
            "template": "unit_v1.typ",
            "manifest": manifest.canonical(),
            "created_at": BEGAN,
            "changed_at": BEGAN,
        }

    def _note(self, deeds: Sequence[tuple[Deed, str, dict[str, Any]]]) -> None:
        rows = []
        for deed, subject, detail in deeds:
            self._seq += 1
            entry = Entry(self._seq, BEGAN, "hocba", deed, subject, "", detail, self._head)
            told = {name: getattr(entry, name) for name in ("seq", "at", "who", "deed", "subject", "why", "previous")}
            self._head = entry.digest()
            rows.append({**told, "detail": json.dumps(detail, ensure_ascii=False), "hash": self._head})
        self._insert(JournalRow, rows)

    def _insert(self, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
        self._connection.execute(insert(table), list(rows))


def _of_batch(where: dict[str, Any]) -> Iterator[tuple[Deed, dict[str, Any]]]:
    yield Deed.BATCH_SEALED, where
    yield Deed.BATCH_FINAL, {}


def _certificate(role: Role) -> str:
    return hashlib.sha256(role.value.encode()).hexdigest()


def _files_of(manifest: Manifest) -> Iterator[dict[str, Any]]:
    for file in manifest.files:
        yield {"unit_id": manifest.id, "role": FileRole(file.role), "sha256": file.sha256, "size": file.size}


def _signatures_of(manifest: Manifest) -> Iterator[dict[str, Any]]:
    for position, role in enumerate(SIGNERS):
        row = {"unit_id": manifest.id, "role": role, "subject": "", "position": position, "signed_at": BEGAN}
        yield {**row, "cert_sha256": _certificate(role)}


def fill(folder: Path, chain: Devchain, *, units: int, on_disk: int) -> RegistryPin:
    """A ledger of so many units in `folder`, all of them anchored on `chain`."""
    authority, operator = chain.wallet(0), chain.wallet(1)
    registry = Web3Registry(chain.url, deploy(chain.url, authority).pin)
    seal = _certificate(Role.SEAL)
    unsigned = registry.prepare_register_school(
        sender=authority.address,
        nonce=registry.nonce(authority.address),
        school=SCHOOL,
        operator=operator.address,
        seal_certificate=bytes.fromhex(seal),
        consent=b"\x01" * 32,
    )
    registry.broadcast(authority.sign(unsigned).raw)
    engine = open_for_writing(f"sqlite:///{folder}/ledger.db")
    migrate(engine)
    with engine.begin() as connection:
        filling = Filling(connection, registry, operator, FolderFiles(folder / "files"))
        filling.school(seal)
        for first in range(1, units + 1, CLASS * CLASSES_OF_A_BATCH):
            filling.batch(first, min(first + CLASS * CLASSES_OF_A_BATCH, units + 1), on_disk=on_disk + 1)
    engine.dispose()
    return registry.pin


class Clocked:
    """Times the parts of an audit."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, float]] = []

    def begin(self, part: str, total: int) -> None:  # noqa: ARG002 - a Protocol
        """A part begins."""
        self.parts.append((part, time.perf_counter()))

    def advance(self, rows: int) -> None:
        """Nothing to time."""

    def shown(self) -> str:
        """Seconds by part."""
        ends = [start for _, start in self.parts[1:]] + [time.perf_counter()]
        return ", ".join(f"{name} {end - start:.1f}" for (name, start), end in zip(self.parts, ends, strict=True))


def alone(folder: Path, url: str | None, pin: RegistryPin | None, *, files: bool) -> None:
    """One audit in this process; prints seconds, peak memory and what it found."""
    engine, clock = open_for_reading(f"sqlite:///{folder}/ledger.db"), Clocked()
    start, spent = time.perf_counter(), time.process_time()
    found = list(
        audit(
            engine,
            chain=None if url is None or pin is None else Web3Registry(url, pin),
            files=FolderFiles(folder / "files") if files else None,
            watcher=clock,
        )
    )
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
    wrong = [each for each in found if each.severity is not Severity.INFO]
    told = {
        "seconds": seconds,
        "spent": spent,
        "peak": peak,
        "found": len(wrong),
        "first": [each.code for each in wrong[:3]],
    }
    print(json.dumps({**told, "parts": clock.shown()}))


def measured(folder: Path, url: str, pin: RegistryPin, *parts: str) -> dict[str, Any]:
    """The figures of an audit in a process of its own."""
    words = [sys.executable, "-m", "scripts.bench.bench_audit", "--alone", str(folder), url]
    words += [str(pin.chain_id), pin.address, pin.code_hash, *parts]
    answer: dict[str, Any] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return answer


def told(name: str, units: int, figures: dict[str, Any]) -> str:
    """One line of figures."""
    million = figures["seconds"] / units * TARGET_UNITS / 60
    return (
        f"{name:<10} {units:>9,} units  {figures['seconds']:7.1f} s, of processor {figures['spent']:.1f} s  "
        f"{figures['seconds'] / units * 1e6:6.0f} µs a unit  "
        f"{million:5.1f} min a million  peak {figures['peak'] / 1e6:5.0f} MB  found {figures['found']} {figures['first']}\n"
        f"           {figures['parts']}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill, audit, and print."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["--alone"]:
        _, folder, url, chain_id, address, code_hash, *parts = words
        pin = RegistryPin(chain_id=int(chain_id), address=address, code_hash=code_hash)
        alone(Path(folder), None if "offline" in parts else url, pin, files="files" in parts)
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[UNITS // 10, UNITS])
    parser.add_argument("--files", type=int, default=FILES, help="units whose files are written and read")
    parser.add_argument("--only-chain", action="store_true", help="leave out the audit without a chain")
    chosen = parser.parse_args(words)
    for units in chosen.units:
        with (
            tempfile.TemporaryDirectory() as place,
            Devchain(state=Path(place) / "chain.json", port=free_port()) as chain,
        ):
            start = time.perf_counter()
            pin = fill(Path(place), chain, units=units, on_disk=0)
            print(f"filled with {units:,} units in {time.perf_counter() - start:.0f} s")
            if not chosen.only_chain:
                print(told("--offline", units, measured(Path(place), chain.url, pin, "offline")))
            print(told("--chain", units, measured(Path(place), chain.url, pin)), flush=True)
    with tempfile.TemporaryDirectory() as place, Devchain(state=Path(place) / "chain.json", port=free_port()) as chain:
        pin = fill(Path(place), chain, units=chosen.files, on_disk=chosen.files)
        size = sum(file.stat().st_size for file in (Path(place) / "files").rglob("*") if file.is_file())
        figures = measured(Path(place), chain.url, pin, "offline", "files")
        print(told("--files", chosen.files, figures))
        print(f"           {size / 1e6:.0f} MB, {size / 1e6 / figures['seconds']:.0f} MB/s")


if __name__ == "__main__":
    main()
