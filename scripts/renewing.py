# SPDX-License-Identifier: Apache-2.0

"""Where `ledger.retimestamping` meets `signer.archive`: document timestamps renewed in a few processes.

Reading and writing PDFs is Python's own work, so processes and not threads; each keeps its line to the time-stamping authority
and the revocation data that it gathered. `LocalRenewer` is what `Retimestamping` asks for.
"""

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Self

from ledger.retimestamping import NotRenewed, Paper
from scripts.crew import IN_FLIGHT_PER_WORKER, CrewLost, utc_now
from signer.archive import retimestamp, stamps_until
from signer.errors import SignerError
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData


class LocalRenewer:
    """Appends document timestamps, asking CRL, OCSP and TSA over the network. Implements `ledger.retimestamping.Renewer`."""

    def __init__(self, *, tsa: str, roots: Sequence[bytes], workers: int) -> None:
        self._in_flight = workers * IN_FLIGHT_PER_WORKER
        self._pool = ProcessPoolExecutor(
            max_workers=workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_open,
            initargs=(tsa, tuple(roots)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def lasting_until(self) -> datetime:
        """Until when a document timestamp made now would last. Raises `SignerError`."""
        try:
            return self._pool.submit(_lasting_until).result()
        except BrokenProcessPool as error:
            raise CrewLost from error

    def renew(self, papers: Iterable[Paper]) -> Iterator[Paper | NotRenewed]:
        """Each paper with its new revision, in order; papers are drawn only as fast as results are taken."""
        source = iter(papers)
        waiting: deque[Future[Paper | NotRenewed]] = deque()
        try:
            waiting.extend(self._pool.submit(_renew, paper) for paper in islice(source, self._in_flight))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(self._pool.submit(_renew, paper) for paper in islice(source, 1))
        except BrokenProcessPool as error:
            raise CrewLost from error
        finally:
            for future in waiting:
                future.cancel()


_lines: list[tuple[HttpTimestamper, ValidationData]] = []
"""What each process keeps, filled once before any work arrives."""


def _open(tsa: str, roots: tuple[bytes, ...]) -> None:
    _lines.append((HttpTimestamper(tsa), ValidationData.online(roots, now=utc_now)))


def _lasting_until() -> datetime:
    timestamper, validation_data = _lines[0]
    return stamps_until(timestamper=timestamper, validation_data=validation_data)


def _renew(paper: Paper) -> Paper | NotRenewed:
    timestamper, validation_data = _lines[0]
    try:
        pdf = retimestamp(paper.pdf, timestamper=timestamper, validation_data=validation_data)
    except SignerError as error:
        return NotRenewed(paper.unit_id, error.vi, error.en)
    return Paper(paper.unit_id, pdf)
