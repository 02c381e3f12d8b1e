# SPDX-License-Identifier: Apache-2.0

"""One sitting: a round is fetched, looked at, signed with one PIN, and sent back.

1. `fetch` takes the prepared files of the round, a few megabytes a class, and refuses any whose bytes to be signed are not over
   the very file that is shown, or whose PDF carries another record than its XML: nobody signs blind.
2. The caller shows them: how many, of whom, with which warnings; any of them can be opened.
3. `sign` has the key sign all digests, one after the other, and sends values as they are made. What was sent is kept by the desk;
   a token that is pulled out in the middle costs the rest and no more.

`fetch_digests_blindly` leaves the files where they are, for a line that is too poor for them. It is named for what it is.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pikepdf

from signer.agent.desk import DeskClient, RoundProgress, ToSign
from signer.agent.errors import NotWhatIsShown
from signer.certificate import SignerCertificate
from signer.errors import SignerError
from signer.keys import SigningKey
from signer.pdf import PreparedPdf
from signer.pdf import require_as_prepared as pdf_as_prepared
from signer.xml import PreparedXml, data_bytes
from signer.xml import require_as_prepared as xml_as_prepared

SENT_TOGETHER: Final = 10
"""After so many records the values are sent: often enough to lose little, seldom enough to cost nothing."""

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

    def __init__(self, desk: DeskClient, round_id: str, slot: str, who: SignerCertificate) -> None:
        self._desk = desk
        self._round = round_id
        self._slot = slot
        self._who = who

    def fetch(self) -> Iterator[Shown]:
        """Every record of the round with its files, checked. Raises `NotWhatIsShown`; nothing is signed then."""
        for item in self._desk.items(self._round):
            xml = self._desk.document(self._round, item.unit, "xml")
            pdf = self._desk.document(self._round, item.unit, "pdf") if item.pdf is not None else None
            self._require_shown(item, pdf, xml)
            yield Shown(item, pdf, xml)

    def fetch_digests_blindly(self) -> list[Shown]:
        """What is to be signed, without the files: the signer relies on the desk for what they say."""
        return [Shown(item, None, None) for item in self._desk.items(self._round)]

    def sign(self, key: SigningKey, records: Sequence[Shown]) -> Iterator[RoundProgress | Shown]:
        """Signs and sends; yields each record once the key has signed it, and the desk's progress whenever some were sent.

        Raises what the key raises, after sending what it had signed by then.
        """
        values = signed_values(key, [(record.item.xml, record.item.pdf) for record in records])
        made: dict[str, tuple[bytes | None, bytes]] = {}
        try:
            for record, (xml, pdf) in zip(records, values, strict=True):
                made[record.item.unit] = (pdf, xml)
                yield record
                if len(made) == SENT_TOGETHER:
                    sent, made = made, {}
                    yield self._desk.answer(self._round, sent)
        except SignerError:
            if made:
                self._desk.answer(self._round, made)
            raise
        if made:
            yield self._desk.answer(self._round, made)

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
