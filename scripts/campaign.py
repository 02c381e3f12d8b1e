# SPDX-License-Identifier: Apache-2.0

"""Many questions to a verifier: what somebody names on a command line, and the answers, in order, in memory that stays flat.

A word is read as what exists first: a file or folder of that name, then a unit's id, a file's SHA-256, a pattern such as
`'ho-so/**/*.pdf'`. `-` is standard input. A receipt is asked about by itself; a file takes the receipt beside it.
"""

import glob
import hashlib
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, TypeVar
from uuid import UUID

from ledger.proof.receipt import MAX_RECEIPT_BYTES
from verifier_api.intake import MAX_FILE_BYTES
from verifier_api.verdict import Verdict

RECORD_SUFFIXES = (".pdf", ".xml")
RECEIPT_SUFFIX = ".receipt.json"
STDIN = "-"
AHEAD_PER_JOB = 2
"""How many files are begun, for each job, before the first of them is answered."""

_UNIT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class Kind(Enum):
    """What a question is about."""

    FILE = "file"
    STDIN = "stdin"
    UNIT = "unit"
    DIGEST = "digest"
    RECEIPT = "receipt"


class Question(NamedTuple):
    """One thing to be judged."""

    kind: Kind
    text: str
    """A path, an id or a digest."""

    @property
    def name(self) -> str:
        """How it is named in results: one line of characters that any text file can hold."""
        # A backslash is doubled, or a path with one and another with a line break could go by the same name.
        return "".join(c if c.isprintable() and c != "\\" else ascii(c)[1:-1] for c in self.text)


@dataclass(frozen=True)
class Answer:
    """What was found about one question."""

    question: Question
    verdict: Verdict
    evidence: str
    """Digest of what was brought forward: the file and its receipt."""
    record: bytes | None = None
    """The XML of the record inside; only of a file that is genuine and current."""


class Evidence(NamedTuple):
    """What is brought forward with one question."""

    data: bytes | None
    """None of a file that is too large, or cannot be opened."""
    receipt: bytes | None
    refused: str | None = None
    """Why a file cannot be opened."""

    @property
    def digest(self) -> str:
        """Changes with every byte of the file or of its receipt."""
        return hashlib.sha256(hashlib.sha256(self.data or b"").digest() + (self.receipt or b"")).hexdigest()


class Answers(Protocol):
    """Whoever finds verdicts: `verifier_api.verifier.Verifier`."""

    def verify_and_read(self, data: bytes, *, receipt: bytes | None = None) -> tuple[Verdict, bytes | None]:
        """The verdict on one file, and the record in it if it passed."""

    def unit(self, unit_id: UUID) -> Verdict:
        """What can be said from a unit's id."""

    def digest(self, sha256: str) -> Verdict:
        """What can be said from a file's digest."""

    def receipt(self, receipt: bytes) -> Verdict:
        """What can be said from a receipt."""

    def oversized(self) -> Verdict:
        """The verdict on a file that is too large."""

    def unopened(self, problem: str) -> Verdict:
        """The verdict on a file that cannot be opened."""


def questions(words: Sequence[str]) -> tuple[list[Question], list[str]]:
    """What `words` ask, each thing once and in order, and those words that name nothing."""
    found: dict[Question, None] = {}
    nothing = []
    for word in words:
        named = list(_named(word))
        found |= dict.fromkeys(named)
        if not named:
            nothing.append(word)
    return list(found), nothing


def _named(word: str) -> Iterator[Question]:
    path = Path(word)
    if word == STDIN:
        yield Question(Kind.STDIN, word)
    elif path.is_dir():
        yield from map(_file, _records(path))
    elif path.exists():
        yield _file(path)
    elif _UNIT.fullmatch(word):
        yield Question(Kind.UNIT, word.lower())
    elif _DIGEST.fullmatch(word):
        yield Question(Kind.DIGEST, word.lower())
    else:
        for match in map(Path, sorted(glob.glob(word, recursive=True))):  # noqa: PTH207 - the pattern may be absolute
            if match.is_file():
                yield _file(match)


def _file(path: Path) -> Question:
    return Question(Kind.RECEIPT if path.name.lower().endswith(RECEIPT_SUFFIX) else Kind.FILE, str(path))


def _records(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in RECORD_SUFFIXES and path.is_file())


def bring(question: Question, *, receipt: bytes | None = None, stdin: BinaryIO | None = None) -> Evidence:
    """Reads what a question is about. `receipt` is the one that was named; without it a file's is looked for beside it."""
    match question.kind:
        case Kind.UNIT | Kind.DIGEST:
            return Evidence(question.text.encode(), None)
        case Kind.STDIN:
            return Evidence(_at_most(stdin or sys.stdin.buffer, MAX_FILE_BYTES), receipt)
    path = Path(question.text)
    try:
        if question.kind is Kind.RECEIPT:
            with path.open("rb") as file:  # One byte too many is enough for the verifier to say so.
                return Evidence(file.read(MAX_RECEIPT_BYTES + 1), None)
        beside = path.with_suffix(RECEIPT_SUFFIX)
        own = _read(beside, MAX_RECEIPT_BYTES) if receipt is None and beside.is_file() else receipt
        return Evidence(_read(path, MAX_FILE_BYTES), own)
    except OSError as error:
        return Evidence(None, None, refused=error.strerror or type(error).__name__)


def answer(verifier: Answers, question: Question, brought: Evidence) -> Answer:
    """Asks the verifier one question. Raises nothing over what a file holds."""
    record: bytes | None = None
    if brought.refused is not None:
        verdict = verifier.unopened(brought.refused)
    elif brought.data is None:
        verdict = verifier.oversized()
    elif question.kind is Kind.UNIT:
        verdict = verifier.unit(UUID(question.text))
    elif question.kind is Kind.DIGEST:
        verdict = verifier.digest(question.text)
    elif question.kind is Kind.RECEIPT:
        verdict = verifier.receipt(brought.data)
    else:
        verdict, record = verifier.verify_and_read(brought.data, receipt=brought.receipt)
    return Answer(question, verdict, brought.digest, record)


def in_order(work: Callable[[Asked], Told], asked: Iterable[Asked], *, jobs: int) -> Iterator[Told]:
    """What `work` makes of each, in order, `jobs` at a time and never far ahead of whoever takes the results."""
    with ThreadPoolExecutor(max_workers=jobs) as threads:
        begun: deque[Future[Told]] = deque()
        try:
            for one in asked:
                begun.append(threads.submit(work, one))
                if len(begun) >= jobs * AHEAD_PER_JOB:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def _read(path: Path, limit: int) -> bytes | None:
    with path.open("rb") as file:
        return _at_most(file, limit)


def _at_most(file: BinaryIO, limit: int) -> bytes | None:
    data = file.read(limit + 1)
    return data if len(data) <= limit else None
