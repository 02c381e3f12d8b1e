# SPDX-License-Identifier: Apache-2.0

"""Signing in several processes at once: where `ledger.issuing` meets `signer`.

Signing is processor work (hashing, ASN.1, the signature itself), so a class is spread over processes, not threads. Each process
opens the key once and keeps it for the sitting; the passphrase reaches it through memory, never through a command line, the
environment or a log. The parent opens the key first: a wrong passphrase is said before anything starts, and nothing is signed.

`LocalHand` and `LocalArchivist` are what `Issuing` asks for. Results come back in the order in which they were asked for, and
only a few units are in memory at a time.
"""

import datetime as dt
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from ledger.issuing import Documents, Signed
from ledger.paper.fields import ROLES, FieldName, box
from ledger.paper.stamps import KIND_OF_FIELD, stamp_pdf
from ledger.unit import Role
from scripts.settings import SigningSettings
from signer.archive import archive
from signer.errors import SignerError
from signer.keys import LoadedKey, load_pkcs12
from signer.pdf import sign_field
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData
from signer.xml import sign_slot

IN_FLIGHT_PER_WORKER = 2
"""How many units wait for each process: enough to keep it busy, few enough to stay small in memory."""

SHOWN_ROLES = {
    Role.HOMEROOM: "Giáo viên chủ nhiệm",
    Role.PRINCIPAL: "Hiệu trưởng",
    Role.SEAL: "Ký phát hành",
}
"""What the visible signature says that its signer is."""

Result = TypeVar("Result")


def utc_now() -> dt.datetime:
    """The wall clock, to the second, aware."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Sitting:
    """What one signer signs with, for one role."""

    role: Role
    pkcs12: bytes = field(repr=False)
    passphrase: str = field(repr=False)
    tsa: str
    """Address of the time-stamping authority."""
    location: str
    """Place of signing, as viewers show it."""

    @classmethod
    def at(cls, settings: SigningSettings, role: Role, pkcs12: bytes, passphrase: str) -> Self:
        """A sitting in the installation that `settings` are of."""
        return cls(role=role, pkcs12=pkcs12, passphrase=passphrase, tsa=settings.tsa, location=settings.location)


class CrewLost(SignerError):
    """A signing process ended in the middle of its work: killed, or out of memory. What was signed before is stored."""

    def __init__(self) -> None:
        super().__init__(
            "Một tiến trình ký bị dừng đột ngột. Những học bạ đã ký vẫn được giữ; hãy chạy lại lệnh để ký tiếp.",
            "A signing process stopped suddenly. Records already signed are kept; run the command again to go on.",
        )


class _Crew:
    """A few processes that were all prepared in the same way, and close with their `with` block."""

    def __init__(self, *, workers: int, prepare: Callable[..., None], arguments: tuple[object, ...]) -> None:
        self._in_flight = workers * IN_FLIGHT_PER_WORKER
        self._pool = ProcessPoolExecutor(
            max_workers=workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=prepare,
            initargs=arguments,
        )

    def map(
        self, work: Callable[[Documents, bool], Result], documents: Iterable[Documents], *, first: bool
    ) -> Iterator[Result]:
        """The results of `work`, in order. Input is drawn only as fast as results are taken."""
        waiting: deque[Future[Result]] = deque()
        source = iter(documents)
        try:
            waiting.extend(self._pool.submit(work, each, first) for each in islice(source, self._in_flight))
            while waiting:
                try:
                    result = waiting.popleft().result()
                except BrokenProcessPool as error:
                    raise CrewLost from error
                waiting.extend(self._pool.submit(work, each, first) for each in islice(source, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class LocalHand:
    """A signer whose PKCS#12 file is on this machine. Implements `ledger.issuing.Hand`; close it after the sitting.

    Raises `WrongPassphrase` and its kin from the constructor, before any process starts.
    """

    def __init__(self, sitting: Sitting, *, workers: int) -> None:
        key = load_pkcs12(sitting.pkcs12, sitting.passphrase)
        key.require_valid_at(utc_now())
        self.role = sitting.role
        self.cert_sha256 = key.certificate_sha256.hex()
        self._crew = _Crew(workers=workers, prepare=_sit_down, arguments=(sitting,))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.close()

    def sign(self, documents: Iterable[Documents], *, first: bool) -> Iterator[Signed]:
        """Signs XML, then PDF, of each unit; yields each as it is done."""
        return self._crew.map(_sign, documents, first=first)


class LocalArchivist:
    """Adds the archive revision, asking CRL, OCSP and TSA over the network. Implements `ledger.issuing.Archivist`."""

    def __init__(self, *, tsa: str, roots: Sequence[bytes], workers: int) -> None:
        self._crew = _Crew(workers=workers, prepare=_open_archive, arguments=(tsa, tuple(roots)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.close()

    def archive(self, documents: Iterable[Documents]) -> Iterator[Documents]:
        """Appends one archive revision to each PDF; yields each as it is done."""
        return self._crew.map(_archive, documents, first=False)


# What each process keeps. Filled once by its initializer, before any work arrives.


@dataclass
class _Desk:
    sitting: Sitting
    key: LoadedKey
    timestamper: HttpTimestamper


_desks: list[_Desk] = []
_archives: list[tuple[HttpTimestamper, ValidationData]] = []


def _sit_down(sitting: Sitting) -> None:
    _desks.append(_Desk(sitting, load_pkcs12(sitting.pkcs12, sitting.passphrase), HttpTimestamper(sitting.tsa)))


def _sign(documents: Documents, first: bool) -> Signed:  # noqa: FBT001 - called through the pool, by position
    desk = _desks[0]
    key, role, field_name = desk.key, desk.sitting.role, FieldName(desk.sitting.role.value)
    signed_at = utc_now()
    subject = key.certificate.subject.native
    place = box(documents.pdf, field_name)
    xml = sign_slot(
        documents.xml,
        slot=role.value,
        key=key,
        signing_time=signed_at,
        cccd=None if role is Role.SEAL else subject.get("serial_number"),
    )
    pdf = sign_field(
        documents.pdf,
        field=field_name,
        key=key,
        stamp=stamp_pdf(
            KIND_OF_FIELD[field_name],
            name=key.common_name,
            role=SHOWN_ROLES[role],
            organisation=subject.get("organization_name") or key.common_name,
            signed_at=signed_at,
            width=place.width,
            height=place.height,
        ),
        first=first,
        reason=ROLES[field_name],
        name=key.common_name,
        location=desk.sitting.location,
        timestamper=desk.timestamper,
        signed_at=signed_at,
    )
    return Signed(documents=Documents(unit_id=documents.unit_id, pdf=pdf, xml=xml), signed_at=signed_at)


def _open_archive(tsa: str, roots: tuple[bytes, ...]) -> None:
    _archives.append((HttpTimestamper(tsa), ValidationData.online(roots, now=utc_now)))


def _archive(documents: Documents, _first: bool) -> Documents:  # noqa: FBT001 - called through the pool, by position
    timestamper, validation_data = _archives[0]
    pdf = archive(documents.pdf, timestamper=timestamper, validation_data=validation_data)
    return Documents(unit_id=documents.unit_id, pdf=pdf, xml=documents.xml)
