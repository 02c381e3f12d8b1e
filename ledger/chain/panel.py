# SPDX-License-Identifier: Apache-2.0

"""Asking several nodes the same at once, and counting what they say: what `quorum` and `quorum_sender` have in common."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, Protocol, TypeVar

from ledger.chain.errors import ChainError, Disagreement, Malformed, Unreachable, WrongChain
from ledger.chain.registry import RegistryPin

DEFAULT_DEADLINE = 15.0
"""Seconds after which a question is given up, whatever the nodes' own timeouts."""
STRAGGLER_GRACE = 0.2
"""Seconds that a node gets after enough others agreed: its head may be newer, but a dead node must not cost a timeout."""
QUESTIONS_AT_ONCE = 8
"""How many callers may ask at the same time before they wait for one another."""


class Pinned(Protocol):
    """Whoever speaks for one pinned registry."""

    @property
    def pin(self) -> RegistryPin:
        """Which registry the answers are about."""


Node_co = TypeVar("Node_co", bound=Pinned, covariant=True)
Answer = TypeVar("Answer")


@dataclass
class Told(Generic[Answer]):
    """What came of one question."""

    answers: list[Answer] = field(default_factory=list)
    errors: list[ChainError] = field(default_factory=list)


class Panel(Generic[Node_co]):
    """Several nodes, of which `at_least` must agree: more than half, so that two different answers can never both be believed.

    May be used from several threads.
    """

    def __init__(self, nodes: Sequence[Node_co], *, at_least: int, deadline: float = DEFAULT_DEADLINE) -> None:
        if not len(nodes) / 2 < at_least <= len(nodes):
            raise Malformed(
                f"Với {len(nodes)} nút chuỗi, số nút phải đồng ý không thể là {at_least}: phải quá nửa và không quá tất cả.",
                f"Of {len(nodes)} nodes {at_least} cannot be a quorum: it must be more than half, and not more than all.",
            )
        if len({node.pin for node in nodes}) != 1:
            raise Malformed(
                "Các nút chuỗi được cấu hình với những sổ đăng ký khác nhau. Hãy ghim cùng một sổ đăng ký cho mọi nút.",
                "The nodes are set up for different registries. Pin the same registry for all of them.",
            )
        self.at_least = at_least
        self._nodes = tuple(nodes)
        self._deadline = deadline
        # Each node has threads of its own: one that hangs can hold up nobody but itself.
        self._pools = [ThreadPoolExecutor(QUESTIONS_AT_ONCE, thread_name_prefix="quorum") for _ in nodes]

    @property
    def pin(self) -> RegistryPin:
        """Which registry the answers are about."""
        return self._nodes[0].pin

    def ask(self, question: Callable[[Node_co], Answer], *, enough: Callable[[Told[Answer]], bool]) -> Told[Answer]:
        """Ask every node, until all have answered, or enough have and the stragglers' time is over.

        Whoever has not answered by then goes on with the question, and nobody waits for the answer.
        """
        waiting: set[Future[Answer]] = {
            pool.submit(question, node) for pool, node in zip(self._pools, self._nodes, strict=True)
        }
        until = monotonic() + self._deadline
        told: Told[Answer] = Told()
        agreed = False
        while waiting and (left := until - monotonic()) > 0:
            done, waiting = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
            for finished in done:
                try:
                    told.answers.append(finished.result())
                except ChainError as error:
                    told.errors.append(error)
            if not agreed and enough(told):
                agreed = True
                until = min(until, monotonic() + STRAGGLER_GRACE)
        for late in waiting:
            late.cancel()
        return told

    def alike(
        self, question: Callable[[Node_co], Answer], *, seen_as: Callable[[Answer], object] | None = None
    ) -> list[Answer]:
        """The answers of those that say alike what enough say; `seen_as` leaves out what may differ between honest nodes."""
        told = self.ask(question, enough=lambda told: len(_largest(told.answers, seen_as)) >= self.at_least)
        places = _largest(told.answers, seen_as)
        if len(places) < self.at_least:
            raise self.failure(told, alike=len(places))
        return [told.answers[place] for place in places]

    def reached(self, question: Callable[[Node_co], Answer]) -> Answer:
        """The largest answer that at least `at_least` nodes reach: none can push it up alone, nor hold it back alone."""
        told = self.ask(question, enough=lambda told: len(told.answers) >= self.at_least)
        if len(told.answers) < self.at_least:
            raise self.failure(told, alike=len(told.answers))
        return reached_by(told.answers, self.at_least)

    def failure(self, told: Told[Answer], *, alike: int) -> ChainError:
        """Why nothing can be believed. `WrongChain` when at least `at_least` found another registry than the pinned one."""
        errors = told.errors
        strangers = [error for error in errors if isinstance(error, WrongChain)]
        if len(strangers) >= self.at_least:
            return strangers[0]
        if len(self._nodes) == 1 and errors:
            return errors[0]
        return Disagreement(
            asked=len(self._nodes),
            alike=alike,
            at_least=self.at_least,
            answered=len(told.answers),
            reasons="; ".join(_reasons(errors)) or "no error reported",
        )

    def close(self) -> None:
        """Let go of the threads. Questions that are under way end with their nodes' own timeouts."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)


def reached_by(values: Sequence[Answer], at_least: int) -> Answer:
    """The largest of `values` that at least `at_least` of them reach."""
    return sorted(values, reverse=True)[at_least - 1]  # type: ignore[type-var]  # heads and numbers, both in order


def _largest(answers: Sequence[Answer], seen_as: Callable[[Answer], object] | None = None) -> list[int]:
    """The places of the answer that occurs most often."""
    seen: list[object] = list(answers) if seen_as is None else [seen_as(one) for one in answers]
    return max(([i for i, other in enumerate(seen) if other == one] for one in seen), key=len, default=[])


def _reasons(errors: Sequence[ChainError]) -> Iterator[str]:
    for error in errors:
        yield f"{error.node}: {error.reason}" if isinstance(error, Unreachable) else str(error)
