# SPDX-License-Identifier: Apache-2.0

"""Where `ledger.retimestamping` meets `signer.archive`: document timestamps renewed in a few processes.

Reading and writing PDFs is Python's own work, so processes and not threads; each keeps its line to the time-stamping authority
and the revocation data that it gathered. `LocalRenewer` is what `Retimestamping` asks for.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ledger.retimestamping import NotRenewed, Paper
from scripts.crew import Crew, utc_now
from signer.archive import retimestamp, stamps_until
from signer.errors import SignerError
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData


class LocalRenewer(Crew):
    """Appends document timestamps, asking CRL, OCSP and TSA over the network. Implements `ledger.retimestamping.Renewer`."""

    def __init__(self, *, tsa: str, roots: Sequence[bytes], workers: int) -> None:
        super().__init__(workers=workers, prepare=_open, arguments=(tsa, tuple(roots)))

    def lasting_until(self) -> datetime:
        """Until when a document timestamp made now would last. Raises `SignerError`."""
        (until,) = self.map(_lasting_until, [None])
        return until

    def renew(self, papers: Iterable[Paper]) -> Iterator[Paper | NotRenewed]:
        """Each paper with its new revision, in order; papers are drawn only as fast as results are taken."""
        return self.map(_renew, papers)


_lines: list[tuple[HttpTimestamper, ValidationData]] = []
"""What each process keeps, filled once before any work arrives."""


def _open(tsa: str, roots: tuple[bytes, ...]) -> None:
    _lines.append((HttpTimestamper(tsa), ValidationData.online(roots, now=utc_now)))


def _lasting_until(_nothing: None) -> datetime:
    timestamper, validation_data = _lines[0]
    return stamps_until(timestamper=timestamper, validation_data=validation_data)


def _renew(paper: Paper) -> Paper | NotRenewed:
    timestamper, validation_data = _lines[0]
    try:
        pdf = retimestamp(paper.pdf, timestamper=timestamper, validation_data=validation_data)
    except SignerError as error:
        return NotRenewed(paper.unit_id, error.vi, error.en)
    return Paper(paper.unit_id, pdf)
