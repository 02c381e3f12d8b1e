# SPDX-License-Identifier: Apache-2.0

"""Health: which leg is down. Each leg is asked at once and given three seconds; whoever is slower counts as down.

However often health is asked for, by anybody, each leg is asked once in `KEPT_SECONDS`: what it said then is told again, and who
asks meanwhile waits for the question that is under way.

Nodes have numbers here, in the order of the trust settings: an address may hold a password.
"""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

import anyio
import anyio.to_thread
from pydantic import BaseModel

from ledger.chain.errors import ChainError
from ledger.chain.registry import Head
from ledger.errors import LedgerError
from verifier_api.serving import ChainHead, Ledger

PATIENCE_SECONDS = 3.0
QUESTIONS_AT_ONCE = 16
KEPT_SECONDS = 5.0
"""How long what was found is told again. A watcher that asks every quarter of a minute never sees an old answer."""

Leg = Literal["up", "down"]


class NodeBody(BaseModel):
    """One chain node."""

    name: str
    status: Leg
    block_age_seconds: int | None
    """Since its newest block; null while it is down."""


class HealthBody(BaseModel):
    """Which leg stands."""

    status: Literal["ok", "degraded"]
    """`degraded` when any leg is down; the status code is 503 only when one is down without which there is no answer."""
    ledger: Leg
    chain: Leg
    """Whether enough nodes agree on the newest block."""
    workers: Leg
    """Whether files can be examined."""
    attester: Leg | None
    """Whether verdicts can be sealed; null where nobody seals. Verdicts need it not."""
    nodes: list[NodeBody]
    block_age_seconds: int | None
    """Since the newest block that the nodes agree on. A chain that makes blocks only when there is work may be old and well."""


@dataclass(frozen=True)
class Health:
    """Asks the legs."""

    ledger: Ledger
    registry: ChainHead
    now: Callable[[], dt.datetime]
    nodes: Mapping[str, ChainHead] = field(default_factory=dict)
    workers: Callable[[], bool] = lambda: True
    attester: Callable[[], bool] | None = None
    """Asks whoever seals verdicts, if anybody does."""
    clock: Callable[[], float] = time.monotonic
    """Never goes back; tells how old an answer is."""
    patience_seconds: float = PATIENCE_SECONDS
    _limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(QUESTIONS_AT_ONCE))
    _looking: anyio.Lock = field(default_factory=anyio.Lock)
    _kept: list[tuple[float, tuple[HTTPStatus, HealthBody]]] = field(default_factory=list)

    async def look(self) -> tuple[HTTPStatus, HealthBody]:
        """How things stand, or stood a moment ago, and the status code that says so."""
        async with self._looking:
            asked_at = self.clock()
            if not self._kept or asked_at - self._kept[0][0] > KEPT_SECONDS:
                self._kept[:] = [(asked_at, await self._look())]
            return self._kept[0][1]

    async def _look(self) -> tuple[HTTPStatus, HealthBody]:
        ages: dict[str, int | None] = {}
        stands: dict[str, bool] = {}

        async def ask_ledger() -> None:
            stands["ledger"] = await self._asked(self.ledger.schools) is not None

        async def ask_attester(asks: Callable[[], bool]) -> None:
            stands["attester"] = await self._asked(asks) is True

        async def ask_node(name: str, node: ChainHead) -> None:
            head = await self._asked(node.head)
            ages[name] = None if head is None else self._age(head)

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(ask_ledger)
                if self.attester is not None:
                    group.start_soon(ask_attester, self.attester)
                for name, node in {"": self.registry, **self.nodes}.items():
                    group.start_soon(ask_node, name, node)
        except ExceptionGroup as several:  # The log names the kind of an error, which would be hidden in the group.
            raise several.exceptions[0] from None
        age = ages.pop("")
        seals = stands.get("attester")
        legs = {"ledger": stands["ledger"], "chain": age is not None, "workers": self.workers()}
        nodes = [
            NodeBody(name=name, status=_leg(ages[name] is not None), block_age_seconds=ages[name])
            for name in self.nodes
        ]
        body = HealthBody(
            status="ok" if all(legs.values()) and seals is not False and None not in ages.values() else "degraded",
            attester=None if seals is None else _leg(seals),
            nodes=nodes,
            block_age_seconds=age,
            **{name: _leg(well) for name, well in legs.items()},
        )
        return HTTPStatus.OK if all(legs.values()) else HTTPStatus.SERVICE_UNAVAILABLE, body

    async def _asked(self, question: Callable[[], object]) -> object | None:
        """The answer, or None when there is none in time. Whatever nobody foresaw is not hidden as an outage."""
        with anyio.move_on_after(self.patience_seconds):
            try:
                return await anyio.to_thread.run_sync(question, limiter=self._limiter, abandon_on_cancel=True)
            except (LedgerError, ChainError):
                return None
        return None

    def _age(self, head: object) -> int | None:
        return max(0, int((self.now() - head.time).total_seconds())) if isinstance(head, Head) else None


def _leg(well: bool) -> Leg:  # noqa: FBT001 - it is the one thing said
    return "up" if well else "down"
