# SPDX-License-Identifier: Apache-2.0

"""What passes between the ledger and whoever signs: documents, what is to be signed of them, and what came back.

A signature is made in three steps, so that the private key may be anywhere::

    prepare   the document gets an empty place for a value, and the bytes of which the value is to be a signature
    sign      wherever the key is: SHA-256 of those bytes, and nothing else, goes there
    finish    the value is checked against certificate and bytes, put in, and time-stamped

Preparing and finishing are the work of a `Scribe`, who holds no key. Everything between is plain bytes, so that it can be
stored: a round survives a restart, and a time-stamping authority that is down costs no second PIN.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ledger.unit import Slot


@dataclass(frozen=True)
class Documents:
    """The two files of one unit."""

    unit_id: UUID
    pdf: bytes
    xml: bytes


@dataclass(frozen=True)
class SignerIdentity:
    """For whose signature a document is prepared."""

    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...]
    """Certificates above it, DER, as far as they are known."""
    shown_role: str
    """What the visible signature says that the signer is, such as "Hiệu trưởng"."""


@dataclass(frozen=True)
class ToPrepare:
    """A unit's documents before somebody signs them."""

    documents: Documents
    first: bool
    """No signature stands on the PDF yet: the first one certifies it."""
    xades: bool = False
    """The profile asks for XAdES with timestamps in the XML."""


@dataclass(frozen=True)
class PreparedPart:
    """One document with an empty place for one signature."""

    document: bytes
    to_be_signed: bytes
    """SHA-256 of these bytes is what the key signs: CMS signed attributes (RFC 5652, 5.4), or a canonical SignedInfo."""
    state: bytes
    """What finishing needs beside the document; for the `Scribe` alone to read."""


@dataclass(frozen=True)
class Prepared:
    """A unit's documents, ready for the values."""

    unit_id: UUID
    signed_at: dt.datetime
    """The time that the signature claims."""
    pdf: PreparedPart | None
    """None for those who sign on the XML alone."""
    xml: PreparedPart


@dataclass(frozen=True)
class Values:
    """What the key said to a unit's digests: RSA PKCS#1 v1.5, or ECDSA as a DER sequence."""

    pdf: bytes | None
    xml: bytes


@dataclass(frozen=True)
class Signed:
    """A unit's documents with one signature more."""

    documents: Documents
    """Its `pdf` is empty where the signer signs on the XML alone: nothing was done to the PDF."""
    signed_at: dt.datetime


@dataclass(frozen=True)
class Unfinished:
    """A unit whose signature could not be put in."""

    unit_id: UUID
    vi: str
    en: str
    lasting: bool
    """True: the value does not fit, and would not tomorrow either. False: a service was down; the same value will do later."""


class Scribe(Protocol):
    """Whoever makes documents ready for a signature, and puts signatures in. Holds no key and decides nothing."""

    def prepare(
        self, units: Iterable[ToPrepare], *, slot: Slot, signer: SignerIdentity
    ) -> Iterator[Prepared | Unfinished]:
        """Makes each unit ready, in order. What fails for one unit ends as its `Unfinished`."""

    def finish(
        self, units: Iterable[tuple[Prepared, Values]], *, slot: Slot, signer: SignerIdentity
    ) -> Iterator[Signed | Unfinished]:
        """Checks each value and puts it in, in order. What fails for one unit ends as its `Unfinished`."""


class Hand(Protocol):
    """Somebody's signing key at work, for one sitting and one slot."""

    @property
    def slot(self) -> Slot:
        """Where it signs."""

    @property
    def cert_sha256(self) -> str:
        """SHA-256 of its certificate (DER), 64 hexadecimal digits."""

    def sign(self, units: Iterable[ToPrepare]) -> Iterator[Signed | Unfinished]:
        """Signs XML and PDF of each unit, and yields each as it is done, in any order."""


class Archivist(Protocol):
    """Whoever adds what makes signatures last: validation data for all of them and a document timestamp."""

    def archive(self, units: Iterable[ToPrepare]) -> Iterator[Documents | Unfinished]:
        """Appends one archive revision to each PDF, and validation data to an XML with XAdES; yields each, in any order.

        What fails for one unit ends as its `Unfinished`.
        """
