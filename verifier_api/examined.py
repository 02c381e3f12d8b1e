# SPDX-License-Identifier: Apache-2.0

"""What was seen in files before, kept by whoever judges the same files again: an office whose applicants' records it has read.

What a file says by itself depends on its bytes, on the certificates and revocation data that one believes, and on the day: what
is good today is doubtful once the certificate of its last time-stamp has ended, and was doubtful to a computer whose clock stood
still (`examination.examine`). So only what was good is kept: that it was there and good on that day stays true. Of the very same
bytes it need not be found out twice; receipt, chain, standing and who may sign are asked anew each time, and the verdict says
when the file was looked into (`intake.seen_before`). Kept under the SHA-256 of the file, of all that is believed, and of the
program that looked: another root, a newer revocation list or another version of this program, and the file is examined anew.

What is kept names pupils and teachers, as the files do: it belongs on the disk of whoever holds the files. The public service
keeps nothing of the kind. Whoever can write to it can write what was seen.

Example::

    with KeptExaminations(path, believed=digest, now=utc_now) as kept:
        verifier = Verifier.live(..., examiner=Remembering(examiner, kept))
"""

import datetime as dt
import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import TypeAdapter, ValidationError

import ledger.proof
import ledger.record
import ledger.unit
import verifier_api
from verifier_api.errors import NotExaminations
from verifier_api.examination import Examination, Examiner, FileKind
from verifier_api.verdict import Outcome

FORMAT: Final = 0x686F6362
"""SQLite's `application_id`: "hocb"."""
_JUDGING: Final = (
    "pyhanko",
    "pyhanko-certvalidator",
    "cryptography",
    "asn1crypto",
    "lxml",
    "signxml",
    "xmlsec",
    "pikepdf",
)
_EXAMINATION: Final = TypeAdapter(Examination)


class KeptExaminations:
    """A file of examinations. May be used from several threads, and by several processes at a time."""

    def __init__(self, path: Path, *, believed: str, now: Callable[[], dt.datetime]) -> None:
        """Opens or makes it; `believed` is a digest of the anchors. Raises `NotExaminations` for a file of another kind."""
        self._believed, self._now, self._lock = f"{program()} {believed}", now, threading.Lock()
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=60)
        try:
            self._claim(path)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise NotExaminations(str(path)) from error
        except NotExaminations:
            self._database.close()
            raise

    def _claim(self, path: Path) -> None:
        (found,) = self._database.execute("PRAGMA application_id").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if found != FORMAT and tables:
            raise NotExaminations(str(path))
        self._database.execute(f"PRAGMA application_id = {FORMAT}")
        self._database.execute("PRAGMA journal_mode = WAL")
        # A power cut may cost the last few, which are then examined again.
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS examination (question BLOB PRIMARY KEY, at TEXT, seen BLOB)")

    def found(self, data: bytes) -> Examination | None:
        """What was seen in just these bytes, with the time at which it was."""
        try:
            with self._asking() as cursor:
                row = cursor.execute(
                    "SELECT at, seen FROM examination WHERE question = ?", (self._question(data),)
                ).fetchone()
            if row is None:
                return None
            seen = _EXAMINATION.validate_json(zlib.decompress(row[1]))
            return replace(seen, seen_at=dt.datetime.fromisoformat(row[0]))
        except (ValidationError, ValueError, TypeError, zlib.error, sqlite3.Error):
            return None  # Torn, or of an older form: it is examined again.

    def keep(self, data: bytes, seen: Examination) -> None:
        """Writes down what was seen in these bytes just now; on a disk that is full it is not kept, and that is all."""
        row = (self._question(data), self._now().isoformat(), zlib.compress(_EXAMINATION.dump_json(seen), 1))
        with suppress(sqlite3.Error), self._asking() as cursor:
            cursor.execute("INSERT OR REPLACE INTO examination VALUES (?, ?, ?)", row)

    def close(self) -> None:
        """Lets go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Cursor]:
        with self._lock, closing(self._database.cursor()) as cursor:
            yield cursor

    def _question(self, data: bytes) -> bytes:
        return hashlib.sha256(self._believed.encode() + hashlib.sha256(data).digest()).digest()


class Remembering:
    """An examiner that looks into the same bytes once. Implements `Examiner`."""

    def __init__(self, examiner: Examiner, kept: KeptExaminations) -> None:
        self._examiner, self._kept = examiner, kept

    def examine(self, data: bytes) -> Examination:
        """What is to be seen in `data`, or was. What could not be finished, or another day may change, is not kept.

        Raises `Exhausted`.
        """
        found = self._kept.found(data)
        if found is None:
            found = self._examiner.examine(data)
            if _is_good(found):
                self._kept.keep(data, found)
        return found

    def stands(self) -> bool:
        """Whether files can be examined at all."""
        return self._examiner.stands()


def _is_good(seen: Examination) -> bool:
    """Whether all was well with a file. Tokens are no file: they are looked into once for a batch, and as of today."""
    signed = (*seen.signatures, *seen.timestamps)
    sound = seen.kind is not FileKind.OTHER and seen.problem is None and seen.changed_after is None
    return sound and all(one.outcome is Outcome.PASSED for one in signed)


def sources() -> list[Path]:
    """Every file of what looks into files: this package, and what it reads records by."""
    packages = (Path(verifier_api.__file__), Path(ledger.record.__file__), Path(ledger.proof.__file__))
    return sorted(
        [Path(ledger.unit.__file__), *(source for package in packages for source in package.parent.rglob("*.py"))]
    )


@cache
def program() -> str:
    """A digest of what looks into files: this package, what it reads records by, and the libraries that judge signatures."""
    sha = hashlib.sha256()
    for source in sources():
        sha.update(hashlib.sha256(source.read_bytes()).digest())
    versions = {one.name.lower(): one.version for one in distributions()}
    sha.update(repr([(name, versions.get(name)) for name in _JUDGING]).encode())
    return sha.hexdigest()
