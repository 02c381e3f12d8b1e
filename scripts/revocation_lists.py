# SPDX-License-Identifier: Apache-2.0

"""Revocation lists for the trust folder: fetched from the addresses that the authorities name, checked, and kept.

A list is taken only if a certificate that is known here signed it; an answer from anybody else would stand in the folder and
say nothing. An older list of the same authority goes when the newer one names all that it named: certificates that have ended
are dropped from lists (RFC 5280, 3.3), and what was known of them must not be forgotten. Files appear whole or not at all, so a
verifier may read the folder at any time.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from verifier_api.trust import REVOCATIONS, Trust

TIMEOUT_SECONDS = 30.0
"""For one address, between two pieces of the answer."""

MAX_LIST_BYTES = 50_000_000
"""A large public authority's list has a few MB."""


@dataclass(frozen=True)
class Fetched:
    """What became of one address."""

    address: str
    problem: str | None = None
    """Why nothing could be taken from there, in English; None when all is well."""
    new: bool = False
    """Whether the list was not known yet."""


def addresses(trust: Trust, seen: Sequence[bytes] = ()) -> list[str]:
    """Where lists are published: as the trust settings say, as the authorities' certificates say, and those in `seen` (DER)."""
    found = dict.fromkeys(trust.settings.revocation_lists)
    for certificate in _known(trust, seen):
        found |= dict.fromkeys(_named_in(certificate))
    return list(found)


def refresh(trust: Trust, folder: Path, wanted: Sequence[str], seen: Sequence[bytes] = ()) -> Iterator[Fetched]:
    """Fetches each of `wanted` into the trust folder `folder`, and yields what became of it.

    `seen` are certificates (DER) that may have signed a list, beside those of the trust folder.
    """
    place = folder / REVOCATIONS
    place.mkdir(exist_ok=True)
    known = _known(trust, seen)
    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True) as client:
        for address in wanted:
            try:
                fetched = _fetch(client, address)
                listed = x509.load_der_x509_crl(fetched)
            except httpx.HTTPError as error:
                yield Fetched(address, problem=str(error) or type(error).__name__)
                continue
            except ValueError:
                yield Fetched(address, problem="the answer is no CRL in DER")
                continue
            if not any(_signed(listed, certificate) for certificate in known):
                yield Fetched(address, problem="the list is signed by nobody who is known here")
                continue
            yield Fetched(address, new=_keep(place, fetched, listed))


def _fetch(client: httpx.Client, address: str) -> bytes:
    found = bytearray()
    with client.stream("GET", address) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            found += piece
            if len(found) > MAX_LIST_BYTES:
                raise ValueError("too large")
    return bytes(found)


def _keep(place: Path, data: bytes, listed: x509.CertificateRevocationList) -> bool:
    """Stores a list and takes away those that it makes superfluous; False if what is there says as much already."""
    others = {path: x509.load_der_x509_crl(path.read_bytes()) for path in place.glob("*.crl")}
    if any(_says_as_much(other, listed) for other in others.values()):
        return False
    handle, temporary = tempfile.mkstemp(dir=place, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(place / f"{hashlib.sha256(data).hexdigest()[:32]}.crl")
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    for path, other in others.items():
        if _says_as_much(listed, other):
            path.unlink(missing_ok=True)
    return True


def _says_as_much(newer: x509.CertificateRevocationList, older: x509.CertificateRevocationList) -> bool:
    if newer.issuer != older.issuer or newer.last_update_utc < older.last_update_utc or _part(newer) != _part(older):
        return False
    named = {(entry.serial_number, entry.revocation_date_utc) for entry in newer}
    return all((entry.serial_number, entry.revocation_date_utc) in named for entry in older)


def _part(listed: x509.CertificateRevocationList) -> bytes:
    """Which part of an authority's certificates a list is about; empty for all."""
    try:
        return listed.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value.public_bytes()
    except x509.ExtensionNotFound:
        return b""


def _signed(listed: x509.CertificateRevocationList, by: x509.Certificate) -> bool:
    key = by.public_key()
    if listed.issuer != by.subject or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    try:
        return listed.is_signature_valid(key)
    except (UnsupportedAlgorithm, TypeError):
        return False


def _known(trust: Trust, seen: Sequence[bytes]) -> list[x509.Certificate]:
    roots = [root for roots in trust.anchors.roots.values() for root in roots]
    return [x509.load_der_x509_certificate(der) for der in (*roots, *trust.anchors.intermediates, *seen)]


def _named_in(certificate: x509.Certificate) -> Iterator[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    for point in points:
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier) and name.value.startswith(("http://", "https://")):
                yield name.value
