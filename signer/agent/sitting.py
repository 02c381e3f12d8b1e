# SPDX-License-Identifier: Apache-2.0

"""One sitting: a round is fetched, looked at, signed with one PIN, and sent back.

1. `fetch` takes the prepared files of the round, a few megabytes a class, and refuses any whose bytes to be signed are not over
   the very file that is shown, or whose PDF carries another record than its XML: nobody signs blind.
2. The caller shows them: how many, of whom, with which warnings; any of them can be opened.
3. `sign` has the key sign all digests, one after the other, and sends values as they are made. What was sent is kept by the desk;
   a token that is pulled out in the middle costs the rest and no more. While the desk is gone the key goes on: a token's time is
   dear, and its values are sent once the desk is back.

`fetch_digests_blindly` leaves the files where they are, for a line that is too poor for them. It is named for what it is.
"""

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pikepdf

from signer.agent.desk import DeskClient, RoundProgress, ToSign
from signer.agent.errors import AgentError, ClocksDisagree, DeskRefused, DeskUnreachable, NotWhatIsShown
from signer.certificate import SignerCertificate
from signer.errors import SignerError
from signer.keys import SigningKey
from signer.pdf import PreparedPdf
from signer.pdf import require_as_prepared as pdf_as_prepared
from signer.xml import PreparedXml, claimed_time, data_bytes
from signer.xml import require_as_prepared as xml_as_prepared

SENT_TOGETHER: Final = 10
"""After so many records the values are sent: often enough to lose little, seldom enough to cost nothing."""

MOST_TOGETHER: Final = 200
"""A desk takes so many at once."""

RETRY_PAUSES_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""A desk that is away is asked again after each of these: a restart, or a line that drops, does not take longer."""

SERVER_ERROR: Final = 500

PREPARED_FOR: Final = timedelta(minutes=30)
"""What was prepared longer ago, a desk prepares anew."""

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far two clocks may lie apart (DOMAIN.md, SG-02)."""

ATTACHMENT: Final = "record.xml"
"""The name of the record among a paper's attachments."""


@dataclass(frozen=True)
class Shown:
    """One record as the signer may look at it."""

    item: ToSign
    pdf: bytes | None
    xml: bytes | None


class Sitting:
    """A round between a desk and a key."""

    def __init__(
        self,
        desk: DeskClient,
        round_id: UUID,
        slot: str,
        who: SignerCertificate,
        *,
        now: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._desk = desk
        self._round = round_id
        self._slot = slot
        self._who = who
        self._now = now
        self._pause = pause

    def fetch(self) -> Iterator[Shown]:
        """Every record of the round with its files, checked. Raises `NotWhatIsShown` or `ClocksDisagree`; nothing is signed."""
        for item in self._desk.items(self._round):
            xml = self._desk.document(self._round, item.unit, "xml")
            pdf = self._desk.document(self._round, item.unit, "pdf") if item.pdf is not None else None
            self._require_shown(item, pdf, xml)
            self._require_our_time(item, claimed_time(xml, self._slot))
            yield Shown(item, pdf, xml)

    def fetch_digests_blindly(self) -> list[Shown]:
        """What is to be signed, without the files: the signer relies on the desk for what they say."""
        items = self._desk.items(self._round)
        for item in items:
            self._require_our_time(item, item.signed_at)
        return [Shown(item, None, None) for item in items]

    def sign(self, key: SigningKey, records: Sequence[Shown]) -> Iterator[RoundProgress | Shown]:
        """Signs and sends; yields each record once the key has signed it, and the desk's progress whenever some were sent.

        Raises what the key raises, after sending what it had signed by then.
        """
        values = signed_values(key, [(record.item.xml, record.item.pdf) for record in records])
        made: dict[UUID, tuple[bytes | None, bytes]] = {}
        away = False
        try:
            for record, (xml, pdf) in zip(records, values, strict=True):
                made[record.item.unit] = (pdf, xml)
                yield record
                if len(made) >= SENT_TOGETHER and not away:
                    try:
                        progress = self._desk.answer(self._round, made)
                    except (DeskUnreachable, DeskRefused) as error:
                        if not _passes(error):
                            raise
                        away = True
                    else:
                        made = {}
                        yield progress
        except (SignerError, KeyboardInterrupt) as error:
            if made and not isinstance(error, AgentError):
                self._send(made)
            raise
        if made:
            yield self._send(made)

    def _send(self, values: Mapping[UUID, tuple[bytes | None, bytes]]) -> RoundProgress:
        """Sends values, again and again while the desk is away. What arrived twice counts once."""
        units, pauses = list(values), iter(RETRY_PAUSES_SECONDS)
        while True:
            part = units[:MOST_TOGETHER]
            try:
                progress = self._desk.answer(self._round, {unit: values[unit] for unit in part})
            except (DeskUnreachable, DeskRefused) as error:
                if not _passes(error) or (pause := next(pauses, None)) is None:
                    raise
                self._pause(pause)
                continue
            units = units[MOST_TOGETHER:]
            if not units:
                return progress

    def _require_our_time(self, item: ToSign, claimed: datetime) -> None:
        """A document claims when it was signed; who signs it makes the claim, and must not make a false one."""
        here = self._now()
        if (
            claimed != item.signed_at.replace(microsecond=0)
            or not -CLOCK_SKEW <= here - claimed <= PREPARED_FOR + CLOCK_SKEW
        ):
            raise ClocksDisagree(f"STT {item.stt} {item.pupil}", claimed, here)

    def _require_shown(self, item: ToSign, pdf: bytes | None, xml: bytes) -> None:
        who = f"STT {item.stt} {item.pupil}"
        try:
            xml_as_prepared(PreparedXml(xml, item.xml, self._slot), self._who)
            if pdf is not None and item.pdf is not None and item.pdf_place is not None:
                pdf_as_prepared(PreparedPdf(pdf, item.pdf, *item.pdf_place), self._who)
        except SignerError as error:
            raise NotWhatIsShown(who, error.en) from error
        if (pdf is None) is not (item.pdf is None) or (pdf is not None and item.pdf_place is None):
            raise NotWhatIsShown(who, "PDF")
        if pdf is not None and _attached(pdf) != data_bytes(xml):
            raise NotWhatIsShown(who, "PDF ≠ XML")


def _passes(error: AgentError) -> bool:
    """Whether the desk is only away: not there, or behind a server that says that it is not (HTTP 5xx)."""
    return isinstance(error, DeskUnreachable) or (isinstance(error, DeskRefused) and error.status >= SERVER_ERROR)


def signed_values(
    key: SigningKey, records: Sequence[tuple[bytes, bytes | None]]
) -> Iterator[tuple[bytes, bytes | None]]:
    """What the key says to records, each given as the bytes to be signed of its XML and, where there is one, of its PDF.

    All digests go to the key in one call, so that a provider that authorises a number of them asks for one PIN. Yields the values
    of each record as soon as the key has made them; what the key raises in the middle costs the rest and no more.
    """
    parts = [part for record in records for part in record if part is not None]
    values = key.sign_digests([hashlib.sha256(part).digest() for part in parts])
    for _, pdf in records:
        xml = next(values)
        yield xml, None if pdf is None else next(values)


def _attached(pdf: bytes) -> bytes | None:
    """The record that a paper carries, or None if it carries none, or several."""
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            return (
                document.attachments[ATTACHMENT].get_file().read_bytes() if ATTACHMENT in document.attachments else None
            )
    except (pikepdf.PdfError, KeyError, ValueError):
        return None
