# SPDX-License-Identifier: Apache-2.0

"""What the routes are given: whoever answers, and how to ask without blocking the event loop.

The Protocols are as narrow as what the public side needs: it can look up, and cannot even name anything that writes.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ParamSpec, Protocol, TypeVar
from uuid import UUID

import anyio
import anyio.to_thread
from starlette.requests import Request

from ledger import short_code
from ledger.chain.registry import Head
from ledger.errors import LedgerError, MistypedCode
from ledger.store.reader import ReceiptEntry, School
from verifier_api import findings, problems, uploads
from verifier_api.history import ChainPast
from verifier_api.problems import Refusal
from verifier_api.recent import NotKept
from verifier_api.uploads import UPLOADS_AT_ONCE, UploadPlaces
from verifier_api.verdict import Check, Verdict

P = ParamSpec("P")
T = TypeVar("T")

LOOKUPS_AT_ONCE = 32
"""Threads for questions to ledger and chain. Uploads have threads of their own, so that they cannot keep a QR code waiting."""

SHA256_DIGITS = 64
UUID_LENGTH = 36


class Answers(Protocol):
    """Whoever finds verdicts: `verifier_api.verifier.Verifier`."""

    def verify(self, data: bytes, *, receipt: bytes | None = None) -> Verdict:
        """The verdict on one file."""

    def unit(self, unit_id: UUID) -> Verdict:
        """What can be said from a unit's id."""

    def digest(self, sha256: str) -> Verdict:
        """What can be said from a file's digest."""

    def oversized(self) -> Verdict:
        """The verdict on a file that was too large to be taken in."""


class Ledger(Protocol):
    """What is read from the ledger directly: `ledger.store.reader.Reader`. Each may raise `Unavailable`."""

    def schools(self) -> Sequence[School]:
        """All schools, by code."""

    def school(self, code: str) -> School:
        """The school with this code. Raises `UnknownSchool`."""

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """The receipt of the unit that this exact file belongs to."""

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The receipt of a unit."""

    def unit_with_short_code(self, key: str) -> UUID | None:
        """The unit that a short code leads to, if there is one."""


class ChainHead(Protocol):
    """What says whether the chain, or one node of it, can be asked."""

    def head(self) -> Head:
        """The newest block. May raise any `ChainError`."""


class Chain(ChainHead, ChainPast, Protocol):
    """What is read from the chain directly: `ledger.chain.registry.RegistryReader`."""


@dataclass(frozen=True)
class Serving:
    """The parts of one running application."""

    verifier: Answers
    ledger: Ledger
    registry: Chain
    public_url: str
    """Where people reach this service, without a slash at the end."""
    at_once: Answers | None = None
    """The same verifier over what is kept (`verifier_api.recent`): it answers without waiting, or raises `NotKept`."""
    places: UploadPlaces = field(default_factory=UploadPlaces)
    judging: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(UPLOADS_AT_ONCE))
    asking: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(LOOKUPS_AT_ONCE))

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer to a question that blocks, asked in another thread."""
        return await anyio.to_thread.run_sync(functools.partial(question, *args, **kwargs), limiter=self.asking)

    async def judge_upload(self, request: Request) -> Verdict:
        """The verdict on the file that `request` carries. Raises `Refusal`."""
        async with self.places.taken():
            try:
                upload = await uploads.receive(request, seconds=self.places.receiving_seconds)
            except Refusal as refusal:
                if refusal.problem is problems.TOO_LARGE:
                    refusal.verdict = self.verifier.oversized()
                raise
            judge = functools.partial(self.verifier.verify, upload.data, receipt=upload.receipt)
            return await anyio.to_thread.run_sync(judge, limiter=self.judging)

    async def judge_unit(self, text: str) -> Verdict:
        """The verdict on the unit that `text` names. Raises `Refusal` when it names none, or none of ours."""
        named = unit_id(text) if "-" in text and len(text) == UUID_LENGTH else await self._unit_with_short_code(text)
        verdict = await self._looked_up(lambda answers: answers.unit(named))
        if _code(verdict) == findings.BYTES_NOT_ISSUED.code:
            raise Refusal(problems.UNKNOWN_UNIT)
        return verdict

    async def _looked_up(self, question: Callable[[Answers], Verdict]) -> Verdict:
        """The answer to a question without a file: at once if all it takes is kept, and otherwise from another thread."""
        if self.at_once is not None:
            try:
                return question(self.at_once)
            except NotKept:
                pass
        return await self.ask(question, self.verifier)

    async def _unit_with_short_code(self, text: str) -> UUID:
        """The unit whose short code `text` is. Raises `Refusal` when it is none, or the code of none of ours."""
        try:
            key = short_code.canonical(text)
            found = await self.ask(self.ledger.unit_with_short_code, key)
        except MistypedCode:
            raise Refusal(problems.BAD_UNIT_ID) from None
        except LedgerError:
            raise Refusal(problems.LEDGER_DOWN) from None
        if found is None:
            raise Refusal(problems.UNKNOWN_UNIT)
        if short_code.lookup_key(found) != key:  # A ledger that mixes units up must not answer for another.
            raise Refusal(problems.LEDGER_DOWN)
        return found

    async def judge_digest(self, text: str) -> Verdict:
        """The verdict on the file with this digest. Raises `Refusal` when it is no digest, or none of ours."""
        wanted = digest(text)
        verdict = await self._looked_up(lambda answers: answers.digest(wanted))
        if _code(verdict) == findings.BYTES_NOT_ISSUED.code:
            raise Refusal(problems.UNKNOWN_DIGEST)
        return verdict

    async def school_name(self, verdict: Verdict) -> str | None:
        """The school's name: the ledger's, or when it cannot be asked the verdict's own."""
        if verdict.school is None:
            return verdict.school_name
        try:
            return (await self.ask(self.ledger.school, verdict.school)).name
        except LedgerError:
            return verdict.school_name


def ledger_is_down(verdict: Verdict) -> bool:
    """Whether the verdict says no more than that the ledger could not be asked, or is behind."""
    return _code(verdict) in {findings.BYTES_NO_LEDGER.code, findings.BYTES_LEDGER_BEHIND.code}


@functools.lru_cache(4_096)
def unit_id(text: str) -> UUID:
    """The id that `text` is, in the one form with hyphens, in any case. Raises `Refusal`."""
    try:
        value = UUID(text)
    except ValueError:
        raise Refusal(problems.BAD_UNIT_ID) from None
    if str(value) != text.lower():  # Python also takes braces, `urn:uuid:` and hyphens anywhere.
        raise Refusal(problems.BAD_UNIT_ID)
    return value


def digest(text: str) -> str:
    """The SHA-256 that `text` is, in lower case. Raises `Refusal`."""
    lower = text.lower()
    if len(lower) != SHA256_DIGITS or set(lower) - set("0123456789abcdef"):
        raise Refusal(problems.BAD_DIGEST)
    return lower


def _code(verdict: Verdict) -> str | None:
    found = verdict.finding(Check.BYTES)
    return None if found is None else found.code
