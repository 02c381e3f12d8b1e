# SPDX-License-Identifier: Apache-2.0

"""A process that can die between any two steps: of the chain, the wallet and the database that it works with.

`Fate` counts steps and ends the process at one of them; `MortalSender`, `MortalWallet` and `mortal` let the real or simulated
parts count. A first run with a fate that never strikes tells how many steps there are, and every one is then tried::

    steps = Fate()
    run(steps)
    for step in range(1, len(steps.log) + 1):
        with pytest.raises(Killed):
            run(Fate(dies_at=step))
        run(Fate())                    # somebody who knows only what is stored
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from ledger.chain.registry import (
    Finality,
    RegistrySender,
    SignedTransaction,
    TypedMessage,
    UnsignedTransaction,
    Wallet,
)
from ledger.store.files import FolderFiles
from tests.simulators.databases import POSTGRESQL
from tests.simulators.hands import Killed


@dataclass
class Fate:
    dies_at: int | str | None = None
    """The number of a step, or the name of one: it strikes when that is reached for the first time."""
    log: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        self.log.append(name)
        if self.dies_at in (len(self.log), name):
            raise Killed(name)


class Meanwhile(Fate):
    """At one step, somebody else does something, and then this process goes on.

    A step by number is the first from there at which this process holds nothing up: before its commit it has SQLite's write lock.
    """

    def __init__(self, at: str | int, does: Callable[[], object]) -> None:
        super().__init__()
        self._at, self._does = at, [does]

    def step(self, name: str) -> None:
        super().step(name)
        reached = name == self._at or (
            isinstance(self._at, int) and len(self.log) >= self._at and name != "before commit"
        )
        if reached and self._does:
            self._does.pop()()


def telling(log: list[str]) -> list[int]:
    """The steps whose deaths leave different things behind, by number: where each death is dear, the others cost minutes.

    Nothing has changed, here or at the node, between two steps when no commit, file or broadcast lies between them: whoever dies at
    the second leaves what whoever dies at the first does, as the transaction that was open is undone. Kept are the first step of
    each such stretch, its commit, at which everything is written and nothing is durable, and what follows on a signature.
    """
    kept, changed = [], True
    for number, name in enumerate(log, 1):
        if changed or name in {"before commit", "after put", "after sign", "after broadcast"}:
            kept.append(number)
        changed = name in {"before commit", "before put", "before broadcast"}
    return kept


def each(log: list[str]) -> Iterable[int]:
    """Every step; on PostgreSQL, where a death costs more and undoes the same, the telling ones."""
    return telling(log) if POSTGRESQL else range(1, len(log) + 1)


class MortalSender:
    """A `RegistrySender` whose caller may die before each question, and after it with the answer unseen; it tells statements too."""

    def __init__(self, sender: RegistrySender, fate: Fate) -> None:
        self._sender = sender
        self._fate = fate

    def nonce(self, address: str) -> int:
        return self._asked("nonce", address)

    def prepare_anchor(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_anchor", **change)

    def prepare_recall(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_recall", **change)

    def prepare_register_school(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_register_school", **change)

    def prepare_publish(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_publish", **change)

    def prepare_signed_anchor(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_signed_anchor", **change)

    def prepare_lock(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_lock", **change)

    def prepare_approval(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_approval", **change)

    def prepare_replacement(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_replacement", **change)

    def prepare_empty(self, **change: Any) -> UnsignedTransaction:
        return self._asked("prepare_empty", **change)

    def used(self, address: str, **at: Any) -> int:
        return self._asked("used", address, **at)

    def settled_block(self, rule: Finality) -> int:
        return self._asked("settled_block", rule)

    def statement_at(self, **asked: Any) -> Any:
        return self._asked("statement_at", **asked)

    def broadcast(self, raw: bytes) -> bytes:
        return self._asked("broadcast", raw)

    def receipt(self, transaction_hash: bytes) -> Any:
        return self._asked("receipt", transaction_hash)

    def _asked(self, question: str, *arguments: Any, **named: Any) -> Any:
        self._fate.step(f"before {question}")
        answer = getattr(self._sender, question)(*arguments, **named)
        self._fate.step(f"after {question}")
        return answer


class MortalWallet:
    """A `Wallet` whose caller may die before and after it signs; what it signed goes to `signed`."""

    def __init__(self, wallet: Wallet, fate: Fate, signed: list[UnsignedTransaction]) -> None:
        self._wallet = wallet
        self._fate = fate
        self._signed = signed

    @property
    def address(self) -> str:
        return self._wallet.address

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        self._fate.step("before sign")
        self._signed.append(transaction)
        signed = self._wallet.sign(transaction)
        self._fate.step("after sign")
        return signed

    def sign_typed(self, message: TypedMessage) -> bytes:
        self._fate.step("before sign_typed")
        signature = self._wallet.sign_typed(message)
        self._fate.step("after sign_typed")
        return signature


def mortal(engine: Engine, fate: Fate) -> Engine:
    """Lets the process die when everything has been written and nothing is committed yet."""

    @event.listens_for(engine, "commit")
    def commit(_connection: object) -> None:
        fate.step("before commit")

    return engine


def mortal_statements(engine: Engine, fate: Fate) -> Engine:
    """Lets the process die before every statement; after the last one there is the commit, which `mortal` counts."""

    @event.listens_for(engine, "before_cursor_execute")
    def before(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        fate.step(f"before {statement.split(maxsplit=1)[0]}")

    return engine


class MortalFiles(FolderFiles):
    """A file store whose caller may die before and after each file is written."""

    def __init__(self, root: Path, fate: Fate) -> None:
        super().__init__(root)
        self._fate = fate

    def put(self, data: bytes) -> str:
        self._fate.step("before put")
        name = super().put(data)
        self._fate.step("after put")
        return name
