# SPDX-License-Identifier: Apache-2.0

"""The key at work: a report becomes a certified, time-stamped, archived PDF (PAdES B-LTA); a result gets a CAdES-B-T signature.

A signing key, its token's session and pyHanko's event loop each belong to one thread, so all of it is done in a thread of its
own, one piece after the other; a report takes some tenths of a second. Whoever asks waits, and no more than `WAITING` at a time.

Example::

    with Seal(lambda: open_key(place, pin), timestamper=…, validation_data=…, location="TP. Hồ Chí Minh", now=utc_now) as seal:
        pdf = seal.report(told, verifier_url="https://hocba.example")
"""

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from pyhanko.sign.timestamps import TimeStamper

from ledger.paper.stamps import StampKind, stamp_pdf
from scripts.attester.drawing import FIELD, FIELD_HEIGHT_MM, FIELD_WIDTH_MM, POINTS_PER_MM, draw_report
from scripts.attester.reading import Told
from signer import sessions
from signer.archive import archive
from signer.certificate import SignerCertificate
from signer.errors import KeyOutOfReach, KeyProblem, SignerError
from signer.keys import SigningKey
from signer.pdf import sign_field
from signer.statements import sign_detached
from signer.validation_data import ValidationData

T = TypeVar("T")

WAITING: Final = 16
"""At half a second each, nobody waits longer than for an upload."""
REASON: Final = "Lập biên bản kiểm tra học bạ số (report on a check)"
"""What a PDF reader shows as the reason of the signature: not a school's act of issuing."""
STAMP_ROLE: Final = "Lập biên bản"


class TooManyWaiting(Exception):
    """More is asked for than one key can do in time."""


class Sealing(Protocol):
    """Whoever seals: `Seal`."""

    def report(self, told: Told, *, verifier_url: str) -> bytes:
        """The sealed report on one verdict. Raises `TooManyWaiting`, a `SignerError` or a `PaperError`."""

    def result(self, data: bytes) -> bytes:
        """The detached signature over a job's result. Raises `TooManyWaiting` or a `SignerError`."""

    def ready(self) -> bool:
        """Whether the key is open and its certificate in force."""


class Seal:
    """One key, in its own thread. Guarantees that nothing leaves it unsealed: whatever fails raises.

    A token that is pulled out is opened again at the next request, with the PIN that was given at the start. A key that refuses
    (a wrong PIN, a token that is locked) is not asked again before a restart: three wrong tries lock a token.
    """

    def __init__(
        self,
        open_key: Callable[[], SigningKey],
        *,
        timestamper: Callable[[], TimeStamper],
        validation_data: Callable[[], ValidationData],
        location: str,
        now: Callable[[], dt.datetime],
    ) -> None:
        """Opens the key, and raises what opening it raises. The makers are called in the key's own thread, once."""
        self._open_key = open_key
        self._location = location
        self._now = now
        self._places = threading.BoundedSemaphore(WAITING)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="attester-seal")
        self._key: SigningKey | None = None
        self._refused: KeyProblem | None = None
        try:
            self._timestamper = self._thread.submit(timestamper).result()
            self._validation_data = self._thread.submit(validation_data).result()
            self.who: SignerCertificate = self._thread.submit(lambda: self._opened().who).result()
        except BaseException:
            self._thread.shutdown()
            raise

    def report(self, told: Told, *, verifier_url: str) -> bytes:
        """The sealed report on one verdict. Raises `TooManyWaiting`, a `SignerError` or a `PaperError`."""
        return self._in_turn(lambda key: self._sealed(told, key, verifier_url=verifier_url))

    def result(self, data: bytes) -> bytes:
        """The detached signature over a job's result. Raises `TooManyWaiting` or a `SignerError`."""
        return self._in_turn(lambda key: sign_detached(data, key, timestamper=self._timestamper, signed_at=self._now()))

    def ready(self) -> bool:
        """Whether the key is open and its certificate in force."""
        if self._key is None:
            return False
        try:
            self.who.require_valid_at(self._now())
        except KeyProblem:
            return False
        return True

    def close(self) -> None:
        """Gives the key back. Closing twice does nothing."""
        with suppress(RuntimeError):  # It is closed already.
            self._thread.submit(self._put_away)
            self._thread.submit(sessions.close)
        self._thread.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _in_turn(self, work: Callable[[SigningKey], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise TooManyWaiting
        try:
            return self._thread.submit(self._with_key, work).result()
        finally:
            self._places.release()

    def _with_key(self, work: Callable[[SigningKey], T]) -> T:
        try:
            return work(self._opened())
        except KeyOutOfReach:
            self._put_away()
            raise

    def _opened(self) -> SigningKey:
        if self._refused is not None:
            raise self._refused
        if self._key is None:
            try:
                self._key = self._open_key()
            except KeyProblem as error:
                self._refused = error
                raise
        return self._key

    def _put_away(self) -> None:
        key, self._key = self._key, None
        if key is not None:
            with suppress(SignerError):
                key.close()

    def _sealed(self, told: Told, key: SigningKey, *, verifier_url: str) -> bytes:
        now, who = self._now(), key.who
        name = who.common_name or who.organisation
        drawn = draw_report(told, verifier_url=verifier_url, sealed_by=name, created=now)
        stamp = stamp_pdf(
            StampKind.SEAL,
            name=name,
            role=STAMP_ROLE,
            organisation=name,
            signed_at=now,
            width=FIELD_WIDTH_MM * POINTS_PER_MM,
            height=FIELD_HEIGHT_MM * POINTS_PER_MM,
        )
        # Certified (DocMDP): whatever is changed afterwards, but for later document timestamps, breaks the seal.
        signed = sign_field(
            drawn,
            field=FIELD,
            key=key,
            stamp=stamp,
            first=True,
            reason=REASON,
            name=name,
            location=self._location,
            timestamper=self._timestamper,
            signed_at=now,
        )
        return archive(signed, timestamper=self._timestamper, validation_data=self._validation_data)
