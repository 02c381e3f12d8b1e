# SPDX-License-Identifier: Apache-2.0

"""What is public about a unit or a school on the chain: what happened, when, and by which account. No person is in it.

Everything comes from the registry's state, which keeps its own times, so no node has to be believed about what it left out. Of a
unit its entry is looked for that the ledger's own receipt proves; of a school its standing and all its keys: the certificates it
sealed with and the accounts that acted for it, each from when to when, and which was reported as stolen.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from ledger.chain.errors import ChainError
from ledger.chain.registry import LeafStatus, SchoolKeys, SchoolOnChain
from ledger.proof.errors import MalformedReceipt
from ledger.proof.receipt import Receipt
from ledger.store.reader import ReceiptEntry
from verifier_api import problems
from verifier_api.problems import Refusal


class Deed(BaseModel):
    """One thing that happened."""

    what: Literal["anchored", "year-locked", "approved", "recalled", "replaced", "keys-in-force", "compromise-reported"]
    at: dt.datetime
    block: int | None = None
    by: str | None = None
    """The chain account that did it."""
    key_version: int | None = None
    reason: str | None = None
    doubtful: bool = False
    """Whether that account's key is reported to have been in wrong hands then."""


class KeysBody(BaseModel):
    """One version of a school's keys."""

    version: int
    operator: str
    """The chain account that acted for the school."""
    seal_cert_sha256: str
    """SHA-256 of the certificate with which it sealed."""
    since: dt.datetime
    until: dt.datetime | None
    """When the next version took effect; null for the one in force."""
    stolen_since: dt.datetime | None
    """Since when the account's key is reported to have been in wrong hands; null if it is not."""
    stolen_reported_at: dt.datetime | None
    """When that was reported; null if it is not."""


class HistoryBody(BaseModel):
    """What happened, in the order of time."""

    unit: UUID | None
    school: str
    standing: str
    """The school's."""
    successor: str | None
    block: int | None
    """The block that was read; null for a school alone."""
    deeds: list[Deed]
    keys: list[KeysBody] = []
    """A school's, oldest first; empty for a unit."""


class IssuedUnits(Protocol):
    """The ledger's own receipts; may raise `Unavailable`."""

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """The receipt of a unit."""


class ChainPast(Protocol):
    """What is read of the registry; may raise any `ChainError`."""

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: dt.datetime | None = None
    ) -> LeafStatus:
        """Everything about one entry."""

    def school(self, code: str) -> SchoolOnChain | None:
        """The school registered under `code`."""

    def keys_of(self, code: str) -> tuple[SchoolKeys, ...]:
        """The versions of its keys, oldest first."""


def of_unit(unit_id: UUID, *, issued: IssuedUnits, chain: ChainPast) -> HistoryBody:
    """What happened to a unit. Raises `Refusal`, `Unavailable`."""
    entry = issued.receipt_of_unit(unit_id)
    if entry is None:
        raise Refusal(problems.UNKNOWN_UNIT)
    if entry.receipt is None:
        raise Refusal(problems.RECEIPT_PENDING)
    try:
        receipt = Receipt.parse(entry.receipt)
    except MalformedReceipt:
        raise Refusal(problems.LEDGER_DOWN) from None
    if receipt.manifest.id != unit_id:  # A ledger that mixes units up must not answer for another.
        raise Refusal(problems.LEDGER_DOWN)
    school = receipt.manifest.school
    try:
        status = chain.status_of(
            school=school, root=receipt.root_bytes, entry=receipt.entry_bytes, proof=receipt.proof_bytes
        )
    except ChainError:
        raise Refusal(problems.CHAIN_DOWN) from None
    return HistoryBody(
        unit=unit_id,
        school=school,
        standing=status.standing.name.lower(),
        successor=status.successor or None,
        block=status.head.number,
        deeds=sorted(_deeds(status), key=lambda deed: deed.at),
    )


def of_school(code: str, *, chain: ChainPast) -> HistoryBody:
    """How a school stands, and by which keys it has acted. Raises `Refusal`."""
    try:
        school = chain.school(code)
        keys = () if school is None else chain.keys_of(code)
    except ChainError:
        raise Refusal(problems.CHAIN_DOWN) from None
    if school is None:
        raise Refusal(problems.UNKNOWN_SCHOOL)
    return HistoryBody(
        unit=None,
        school=school.code,
        standing=school.standing.name.lower(),
        successor=school.successor or None,
        block=None,
        deeds=sorted((deed for one in keys for deed in _deeds_of(one)), key=lambda deed: deed.at),
        keys=[_body(one, ended) for one, ended in zip(keys, (*(later.since for later in keys[1:]), None), strict=True)],
    )


def _deeds_of(keys: SchoolKeys) -> Iterator[Deed]:
    yield Deed(what="keys-in-force", at=keys.since, by=keys.operator, key_version=keys.version)
    if keys.compromised_since is not None and keys.compromise_recorded_at is not None:
        yield Deed(
            what="compromise-reported", at=keys.compromise_recorded_at, by=keys.operator, key_version=keys.version
        )


def _body(keys: SchoolKeys, ended: dt.datetime | None) -> KeysBody:
    return KeysBody(
        version=keys.version,
        operator=keys.operator,
        seal_cert_sha256=keys.seal_certificate.hex(),
        since=keys.since,
        until=ended,
        stolen_since=keys.compromised_since,
        # A report that withdrew another is no report of a theft.
        stolen_reported_at=None if keys.compromised_since is None else keys.compromise_recorded_at,
    )


def _deeds(status: LeafStatus) -> Iterator[Deed]:
    """Nothing of an entry that the registry's root does not hold, but for its recall."""
    if status.included and status.anchored_at is not None:
        yield Deed(
            what="anchored",
            at=status.anchored_at,
            block=status.anchored_in_block,
            by=status.anchored_by or None,
            key_version=status.version,
            doubtful=status.anchor_doubtful,
        )
    if status.locked_at is not None:
        yield Deed(what="year-locked", at=status.locked_at)
    if status.compromise_recorded_at is not None:
        yield Deed(what="compromise-reported", at=status.compromise_recorded_at)
    if status.approved_at is not None:
        yield Deed(what="approved", at=status.approved_at)
    if status.recalled_at is not None:
        yield Deed(
            what="recalled",
            at=status.recalled_at,
            block=status.recalled_in_block,
            by=status.recaller or None,
            reason=None if status.reason is None else status.reason.name.lower().replace("_", "-"),
            doubtful=status.recall_doubtful,
        )
    if status.replaced_at is not None:
        yield Deed(
            what="replaced", at=status.replaced_at, by=status.replacer or None, doubtful=status.replacement_doubtful
        )
