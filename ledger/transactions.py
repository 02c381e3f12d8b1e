# SPDX-License-Identifier: Apache-2.0

"""What each errand says to the registry: from the ledger's own rows to a transaction that lacks nothing but a signature."""

from typing import TypeVar
from uuid import UUID

from ledger.batch import ActKind
from ledger.chain.registry import (
    RecallReason,
    RecallRequest,
    RegistrySender,
    Replacement,
    SignedBatch,
    UnsignedTransaction,
)
from ledger.errors import LedgerError
from ledger.proof.receipt import Receipt
from ledger.store.errands import Act, Batch, Errand, Recall
from ledger.store.reader import Reader

T = TypeVar("T")


class Transactions:
    """Writes transactions for errands. Asks the chain, through `sender`, whether the registry would carry them out."""

    def __init__(self, reader: Reader, sender: RegistrySender) -> None:
        self._reader = reader
        self._sender = sender

    def unsigned(self, errand: Errand, *, sender: str, nonce: int) -> UnsignedTransaction:
        """The transaction that carries `errand` for the account `sender`. Raises `Rejected` when the registry would refuse it."""
        match errand:
            case Batch(signature=None):
                return self._sender.prepare_anchor(
                    sender=sender,
                    nonce=nonce,
                    school=errand.school_code,
                    school_year=first_year(errand.school_year),
                    root=errand.root,
                    leaf_count=errand.leaf_count,
                )
            case Batch():
                return self._sender.prepare_signed_anchor(sender=sender, nonce=nonce, batch=signed_batch(errand))
            case Recall():
                receipt = self._receipt(errand, errand.unit_id)
                return self._sender.prepare_recall(
                    sender=sender,
                    nonce=nonce,
                    school=errand.school_code,
                    root=receipt.root_bytes,
                    entry=receipt.entry_bytes,
                    reason=RecallReason[errand.reason.name],
                )
            case Act():
                return self._act(errand, sender=sender, nonce=nonce)

    def _act(self, act: Act, *, sender: str, nonce: int) -> UnsignedTransaction:
        match act.kind:
            case ActKind.PUBLISH:
                return self._sender.prepare_publish(
                    sender=sender,
                    nonce=nonce,
                    publisher=act.school_code,
                    topic=_required(act, act.topic),
                    digest=_required(act, act.digest),
                )
            case ActKind.LOCK:
                year = first_year(_required(act, act.school_year))
                return self._sender.prepare_lock(sender=sender, nonce=nonce, school_year=year)
            case ActKind.APPROVE:
                old = self._receipt(act, _required(act, act.unit_id))
                request = RecallRequest(
                    root=old.root_bytes,
                    entry=old.entry_bytes,
                    reason=RecallReason[_required(act, act.reason).name],
                    replacement=None if act.replacement_id is None else self._replacement(act, act.replacement_id),
                )
                school = _required(act, act.school_code)
                return self._sender.prepare_approval(sender=sender, nonce=nonce, school=school, request=request)
            case ActKind.REPLACE:
                old = self._receipt(act, _required(act, act.unit_id))
                return self._sender.prepare_replacement(
                    sender=sender,
                    nonce=nonce,
                    school=_required(act, act.school_code),
                    root=old.root_bytes,
                    entry=old.entry_bytes,
                    replacement=self._replacement(act, _required(act, act.replacement_id)),
                )

    def _replacement(self, act: Act, unit_id: UUID) -> Replacement:
        new = self._receipt(act, unit_id)
        return Replacement(root=new.root_bytes, entry=new.entry_bytes)

    def _receipt(self, errand: Errand, unit_id: UUID) -> Receipt:
        entry = self._reader.receipt_of_unit(unit_id)
        if entry is None or entry.receipt is None:
            raise incomplete(errand, "biên nhận của học bạ", "its unit's receipt")
        return Receipt.parse(entry.receipt)


def first_year(school_year: str) -> int:
    """The calendar year in which a school year such as 2025-2026 begins, as the registry names it."""
    return int(school_year[:4])


def signed_batch(batch: Batch) -> SignedBatch:
    """A batch that its school has signed."""
    return SignedBatch(
        school=batch.school_code,
        school_year=first_year(batch.school_year),
        root=batch.root,
        leaf_count=batch.leaf_count,
        deadline=_required(batch, batch.deadline),
        signature=_required(batch, batch.signature),
    )


def incomplete(errand: Errand, vi: str, en: str) -> LedgerError:
    """No move of ours leads there, so somebody else has changed the database. Going on would only hide it."""
    what = f"{type(errand).__name__} {errand.id}"
    return LedgerError(
        f"Sổ cái thiếu {vi} của {what}. Hãy dừng việc neo và khôi phục cơ sở dữ liệu từ bản sao lưu.",
        f"The ledger lacks {en} for {what}. Stop anchoring and restore the database from its backup.",
    )


def _required(errand: Errand, value: T | None) -> T:
    if value is None:
        raise incomplete(errand, "nội dung", "what it says")
    return value
