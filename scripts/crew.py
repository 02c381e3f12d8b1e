# SPDX-License-Identifier: Apache-2.0

"""Signing in several processes at once: where `ledger.signing` meets `signer`.

Preparing and finishing documents is processor work (PDF, XML, ASN.1, hashing), so a class is spread over processes, not threads::

    here        units ──────▶ digests ──▶ the key ──▶ values ──────▶ signed units
                   │             ▲                       │              ▲
    processes      └── prepare ──┘                       └─── finish ───┘

The key is asked in this process and in no other: neither it nor a passphrase ever reaches a worker, a command line, the
environment or a log. While a token takes its time over one unit, the processes prepare the next ones and finish the last.

`CrewScribe` is what `ledger.rounds` asks for, `LocalHand` and `LocalArchivist` what `ledger.issuing` does. Results come back in
the order in which they were asked for, and only a few units are in memory at a time.
"""

import datetime as dt
import functools
import hashlib
import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from ledger.signing import Documents, Prepared, PreparedPart, Signed, SignerIdentity, ToPrepare, Unfinished, Values
from ledger.unit import ON_PAPER, Slot
from scripts import scribing
from scripts.interrupts import not_for_children
from signer.archive import archive
from signer.errors import SignerError, SigningFailed
from signer.keys import SigningKey
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData
from signer.xml import keep_xml

if TYPE_CHECKING:  # Every worker imports this module, and has no settings to read: a fifth of its start.
    from scripts.settings import SigningSettings

IN_FLIGHT_PER_WORKER: Final = 2
"""How many units wait for each process: enough to keep it busy, few enough to stay small in memory."""

MOST_AT_ONCE: Final = 512
"""So many digests a key is given at once, however many it would take: their documents wait in memory meanwhile."""

Asked = TypeVar("Asked")
Result = TypeVar("Result")


def utc_now() -> dt.datetime:
    """The wall clock, to the second, aware."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


class CrewLost(SignerError):
    """A signing process ended in the middle of its work: killed, or out of memory. What was signed before is stored."""

    def __init__(self) -> None:
        super().__init__(
            "Một tiến trình ký bị dừng đột ngột. Những học bạ đã ký vẫn được giữ; hãy chạy lại lệnh để ký tiếp.",
            "A signing process stopped suddenly. Records already signed are kept; run the command again to go on.",
        )


class Crew:
    """A few processes that were all prepared in the same way: started at once, and closed with their `with` block."""

    def __init__(self, *, workers: int, prepare: Callable[..., None], arguments: tuple[object, ...]) -> None:
        self._in_flight = workers * IN_FLIGHT_PER_WORKER
        self._workers, self._prepare, self._arguments = workers, prepare, arguments
        self._guard = threading.Lock()
        self._pool = self._new_pool()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, work: Callable[[Asked], Result], asked: Iterable[Asked]) -> Iterator[Result]:
        """The results of `work`, in order. Input is drawn only as fast as results are taken.

        Drawing may take its time, because a token signs meanwhile: what is done by then is handed out first. When it fails,
        what was drawn before is still handed out, and then the failure is raised.
        """
        pool = self._pool
        waiting: deque[Future[Result]] = deque()
        source = iter(asked)
        failure: SignerError | None = None
        try:
            while True:
                try:
                    waiting.append(pool.submit(work, next(source)))
                except StopIteration:
                    break
                except SignerError as error:
                    failure = error
                    break
                while waiting and (waiting[0].done() or len(waiting) >= self._in_flight):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            self._replace(pool)
            raise CrewLost from error
        finally:
            for future in waiting:
                future.cancel()
        if failure is not None:
            raise failure

    def _new_pool(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            max_workers=self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=self._prepare,
            initargs=self._arguments,
        )
        # A pool starts a process when it is given work. These have imports to do, and the key's PIN is being typed meanwhile.
        with not_for_children():
            for _ in range(self._workers):
                pool.submit(_start)
        return pool

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        """A pool that lost a process takes no more work; whoever asks next, at a desk that runs for months, gets a new one."""
        with self._guard:
            if self._pool is broken:
                self._pool = self._new_pool()
        broken.shutdown(wait=False, cancel_futures=True)


class CrewScribe(Crew):
    """Prepares and finishes documents in processes, time-stamping over the network. Implements `ledger.signing.Scribe`.

    It holds no key. `tsa` is the address of the time-stamping authority, `location` the place of signing that viewers show.
    """

    def __init__(self, *, tsa: str, location: str, workers: int) -> None:
        super().__init__(workers=workers, prepare=_sit_down, arguments=(tsa, location))

    @classmethod
    def at(cls, settings: "SigningSettings", *, workers: int) -> Self:
        """The scribe of the installation that `settings` are of."""
        return cls(tsa=settings.tsa, location=settings.location, workers=workers)

    def prepare(
        self, units: Iterable[ToPrepare], *, slot: Slot, signer: SignerIdentity
    ) -> Iterator[Prepared | Unfinished]:
        """Makes each unit ready, in order."""
        return self.map(functools.partial(_prepare, slot=slot, signer=signer), units)

    def finish(
        self, units: Iterable[tuple[Prepared, Values]], *, slot: Slot, signer: SignerIdentity
    ) -> Iterator[Signed | Unfinished]:
        """Checks each value and puts it in, in order."""
        return self.map(functools.partial(_finish, slot=slot, signer=signer), units)


class LocalHand:
    """A key that is open in this process, at work in one slot. Implements `ledger.signing.Hand`.

    The caller opens the key and closes it, and the same for the scribe. `shown_role` is what the visible signature says that
    its signer is.
    """

    def __init__(self, slot: Slot, key: SigningKey, *, shown_role: str, scribe: CrewScribe) -> None:
        key.who.require_valid_at(utc_now())
        self.slot = slot
        self.cert_sha256 = key.who.certificate_sha256.hex()
        self._key = key
        self._scribe = scribe
        self._signer = SignerIdentity(
            certificate=key.who.certificate.dump(),
            chain=tuple(one.dump() for one in key.who.chain),
            shown_role=shown_role,
        )

    def sign(self, units: Iterable[ToPrepare]) -> Iterator[Signed | Unfinished]:
        """Signs XML and PDF of each unit, and yields each as it is done, in order.

        When the key gives up, what it signed before is finished and handed out, and then its error is raised.
        """
        prepared = self._scribe.prepare(units, slot=self.slot, signer=self._signer)
        refused: deque[Unfinished] = deque()
        for done in self._scribe.finish(self._answered(prepared, refused), slot=self.slot, signer=self._signer):
            while refused:
                yield refused.popleft()
            yield done
        yield from refused

    def _answered(
        self, prepared: Iterator[Prepared | Unfinished], refused: deque[Unfinished]
    ) -> Iterator[tuple[Prepared, Values]]:
        """Each unit with what the key said, asked in as few parts as it likes."""
        on_paper = self.slot.role in ON_PAPER
        many = max(1, min(self._key.batch, MOST_AT_ONCE) // (2 if on_paper else 1))
        ready = _without(prepared, refused)
        while part := list(islice(ready, many)):
            digests = [hashlib.sha256(one.to_be_signed).digest() for unit in part for one in _parts(unit)]
            values = iter(self._key.sign_digests(digests))
            for unit in part:
                said = [value for _ in _parts(unit) if (value := next(values, None)) is not None]
                if len(said) != len(_parts(unit)):
                    raise SigningFailed(
                        "Thiết bị ký trả về ít chữ ký hơn số đã yêu cầu. Những học bạ đã ký vẫn được giữ; hãy ký tiếp.",
                        "The key gave back fewer values than were asked for. Records already signed are kept; go on signing.",
                    )
                yield unit, Values(xml=said[0], pdf=said[1] if unit.pdf else None)


def _without(prepared: Iterator[Prepared | Unfinished], refused: deque[Unfinished]) -> Iterator[Prepared]:
    for one in prepared:
        if isinstance(one, Unfinished):
            refused.append(one)
        else:
            yield one


def _parts(unit: Prepared) -> tuple[PreparedPart, ...]:
    """What is to be signed of a unit, in the order of signing: XML first, then PDF."""
    return (unit.xml,) if unit.pdf is None else (unit.xml, unit.pdf)


class LocalArchivist(Crew):
    """Adds what makes signatures last, asking CRL, OCSP and TSA over the network. Implements `ledger.signing.Archivist`."""

    def __init__(self, *, tsa: str, roots: Sequence[bytes], workers: int) -> None:
        super().__init__(workers=workers, prepare=_open_archive, arguments=(tsa, tuple(roots)))

    def archive(self, units: Iterable[ToPrepare]) -> Iterator[Documents | Unfinished]:
        """Appends one archive revision to each PDF, and validation data to an XML with XAdES; yields each as it is done."""
        return self.map(_archive, units)


# What each process keeps. Filled once by its initializer, before any work arrives.


@dataclass
class _Desk:
    timestamper: HttpTimestamper
    location: str


_desks: list[_Desk] = []
_archives: list[tuple[HttpTimestamper, ValidationData]] = []


def _start() -> None:
    """Nothing: a process that does it has been started."""


def _sit_down(tsa: str, location: str) -> None:
    _desks.append(_Desk(HttpTimestamper(tsa), location))


def _prepare(unit: ToPrepare, *, slot: Slot, signer: SignerIdentity) -> Prepared | Unfinished:
    return scribing.prepare(unit, slot=slot, signer=signer, location=_desks[0].location, signed_at=utc_now())


def _finish(work: tuple[Prepared, Values], *, slot: Slot, signer: SignerIdentity) -> Signed | Unfinished:
    return scribing.finish(*work, slot=slot, signer=signer, timestamper=_desks[0].timestamper)


def _open_archive(tsa: str, roots: tuple[bytes, ...]) -> None:
    _archives.append((HttpTimestamper(tsa), ValidationData.online(roots, now=utc_now)))


def _archive(unit: ToPrepare) -> Documents | Unfinished:
    timestamper, validation_data = _archives[0]
    documents = unit.documents
    try:
        return Documents(
            unit_id=documents.unit_id,
            pdf=archive(documents.pdf, timestamper=timestamper, validation_data=validation_data),
            xml=keep_xml(documents.xml, validation_data=validation_data) if unit.xades else documents.xml,
        )
    except SignerError as error:
        return scribing.unfinished(documents, error)
