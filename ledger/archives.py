# SPDX-License-Identifier: Apache-2.0

"""How long an archived PDF lasts: until the certificate of its last document timestamp ends, or one above it.

After that moment nothing proves any more that the file is older than it, so a newer timestamp has to cover it by then.
Pure: bytes in, a time out.

Example::

    archive_ends(pdf)        # datetime(2031, 5, 2, 7, 0, tzinfo=UTC)
"""

import io
from collections.abc import Iterator
from datetime import datetime

import pikepdf
from asn1crypto import cms, x509
from pikepdf import Array, Dictionary, Name

from ledger.errors import NotArchived


def archive_ends(pdf: bytes) -> datetime:
    """When the last document timestamp of `pdf` stops proving anything. Raises `NotArchived`.

    The certificates above the authority's own are looked for in the token and among the validation data of the file. A root,
    which is trusted or not whatever its dates, does not count.
    """
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            token = cms.ContentInfo.load(_last_timestamp(document))["content"]
            above = [x509.Certificate.load(der) for der in _certificates_kept(document)]
            return _token_ends(token, above)
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise NotArchived(str(error) or type(error).__name__) from error


def certificates_in(pdf: bytes) -> list[x509.Certificate]:
    """Every certificate that `pdf` carries, in its signatures and beside them. Raises `NotArchived`."""
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            values = [bytes(field.V.Contents) for field in document.Root.AcroForm.Fields if "/V" in field]
            kept = [x509.Certificate.load(der) for der in _certificates_kept(document)]
        return [*kept, *(one for value in values for one in _inside(cms.ContentInfo.load(value)["content"]))]
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise NotArchived(str(error) or type(error).__name__) from error


def _token_ends(token: cms.SignedData, above: list[x509.Certificate]) -> datetime:
    """The same for a timestamp token by itself (RFC 3161). Raises `ValueError` when it lacks its own certificate."""
    inside = _inside(token)
    signer = token["signer_infos"][0]["sid"].chosen
    wanted = (signer["issuer"].dump(), signer["serial_number"].native)
    own = next((c for c in inside if (c.issuer.dump(), c.serial_number) == wanted), None)
    if own is None:
        raise ValueError("the timestamp token does not hold its own certificate")
    ends: datetime = min(one.not_valid_after for one in _way_up(own, [*inside, *above]))
    return ends


def _inside(signed: cms.SignedData) -> list[x509.Certificate]:
    return [choice.chosen for choice in signed["certificates"] if choice.name == "certificate"]


def _way_up(certificate: x509.Certificate, others: list[x509.Certificate]) -> Iterator[x509.Certificate]:
    """The certificate and those above it, as far as they are known, without the root; of two for one key the longer one."""
    seen: set[bytes] = set()
    while certificate.dump() not in seen and certificate.self_signed == "no":
        yield certificate
        seen.add(certificate.dump())
        issuers = [one for one in others if _may_have_issued(one, certificate) and one.dump() not in seen]
        if not issuers:
            return
        certificate = max(issuers, key=lambda one: one.not_valid_after)


def _may_have_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    identifiers = (issuer.key_identifier, certificate.authority_key_identifier)
    # Names last: to compare them, every character is prepared as RFC 4518 has it.
    return (None in identifiers or identifiers[0] == identifiers[1]) and bool(issuer.subject == certificate.issuer)


def _last_timestamp(document: pikepdf.Pdf) -> bytes:
    stamps = [
        (int(field.V.ByteRange[2]) + int(field.V.ByteRange[3]), bytes(field.V.Contents))
        for field in document.Root.AcroForm.Fields
        if "/V" in field and field.V.get("/Type") == Name.DocTimeStamp
    ]
    if not stamps:
        raise ValueError("the file has no document timestamp")
    return max(stamps)[1]


def _certificates_kept(document: pikepdf.Pdf) -> Iterator[bytes]:
    for stream in document.Root.get("/DSS", Dictionary()).get("/Certs", Array()):
        yield stream.read_bytes()
