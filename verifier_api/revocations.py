# SPDX-License-Identifier: Apache-2.0

"""Was a certificate revoked when it signed? Asked once more, of every CRL and OCSP answer at hand.

The validation library is content with the first usable CRL that says "good". A file kept for years holds several, and a
revocation may be published later and dated back, so here all of them are read, and the earliest revocation that its issuer
really signed counts. Finding none proves nothing; the library's own demand for revocation data stands beside this.

A thief may choose which data goes into the file he makes, and will choose an old CRL that does not name the stolen certificate
yet. So `current_at` asks besides whether every certificate on the path has data that was still current when it signed.

`known` says how far data from outside the file reaches, so that a verdict can name the day up to which it knows.

Data which cannot be read (RFC 5280 is strict, some authorities are not) is not passed over: `UnreadableEvidence`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from verifier_api.judgements import RevocationKnown

_BENIGN = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)
"""Reasons for which, when they are given, what a time-stamping authority signed before stays good (RFC 3161, section 4)."""

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")


class UnreadableEvidence(Exception):
    """A CRL or OCSP answer cannot be read, so nobody can say that it does not name the certificate."""


@dataclass(frozen=True)
class Revocation:
    """That a certificate was revoked, as its issuer says."""

    at: datetime
    benign: bool
    """A reason is given, and it is none that lets others sign with the key: superseded, ceased, changed hands (RFC 3161, 4)."""


def earliest_revocation(path: Sequence[bytes], crls: Iterable[bytes], answers: Iterable[bytes]) -> datetime | None:
    """When the first certificate of `path` to be revoked was, or `None` if nothing shown here says so."""
    return min((found.at for found in revocations(path, crls, answers)), default=None)


def revocations(path: Sequence[bytes], crls: Iterable[bytes], answers: Iterable[bytes]) -> list[Revocation]:
    """Every revocation of a certificate of `path` that is shown here.

    `path` runs from the root to the signer, DER; the root itself is trusted and not asked about. `crls` and `answers` are
    CRLs and OCSP responses, DER; what is not signed by the authority in question says nothing. Raises `UnreadableEvidence`.
    """
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in path]
        lists = [x509.load_der_x509_crl(der) for der in crls]
        responses = [ocsp.load_der_ocsp_response(der) for der in answers]
        found = [
            shown
            for issuer, certificate in pairwise(certificates)
            for shown in (
                *(_on_list(one, issuer, certificate) for one in lists),
                *(_answered(one, issuer, certificate) for one in responses),
            )
        ]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnreadableEvidence(str(error)) from error
    return [shown for shown in found if shown is not None]


def known(
    path: Sequence[bytes], crls: Iterable[bytes], answers: Iterable[bytes], *, signed_at: datetime
) -> RevocationKnown | None:
    """What is known of the certificates of `path` by data from outside the file, whatever it says; None if one lacks it.

    Data which its issuer made after a certificate ended tells nothing of it, since ended certificates are dropped from lists
    (RFC 5280, 3.3). The last that was made before is the last word, if it was in force up to that end and is newer than the
    signature. Raises `UnreadableEvidence`.
    """
    bounds: list[datetime] = []
    as_of: datetime | None = None
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in path]
        lists = [x509.load_der_x509_crl(der) for der in crls]
        responses = [ocsp.load_der_ocsp_response(der) for der in answers]
        for issuer, certificate in pairwise(certificates):
            telling = [
                *(period for one in lists if (period := _list_tells(one, issuer, certificate)) is not None),
                *(period for one in responses if (period := _answer_tells(one, issuer, certificate)) is not None),
            ]
            if not telling:
                return None
            as_of, until = max(made for made, _ in telling), max(until for _, until in telling)
            if until < certificate.not_valid_after_utc or as_of < signed_at:
                bounds.append(until)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnreadableEvidence(str(error)) from error
    return None if as_of is None else RevocationKnown(as_of=as_of, until=min(bounds, default=None))


def current_at(path: Sequence[bytes], crls: Iterable[bytes], answers: Iterable[bytes], moment: datetime) -> bool:
    """Whether every certificate of `path` but the root has a CRL or OCSP answer that had not run out by `moment`.

    `path`, `crls` and `answers` are as for `revocations`. What a list says is not asked here. Raises
    `UnreadableEvidence`.
    """
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in path]
        lists = [x509.load_der_x509_crl(der) for der in crls]
        responses = [ocsp.load_der_ocsp_response(der) for der in answers]
        return all(
            any(_list_current(one, issuer, moment) for one in lists)
            or any(_answer_current(one, issuer, certificate, moment) for one in responses)
            for issuer, certificate in pairwise(certificates)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnreadableEvidence(str(error)) from error


def _list_current(revocations: x509.CertificateRevocationList, issuer: x509.Certificate, moment: datetime) -> bool:
    # Without a nextUpdate (RFC 5280 demands one) a list speaks of the time before it was made, and no other.
    until = revocations.next_update_utc or revocations.last_update_utc
    return until >= moment and _issued_by(revocations, issuer)


def _answer_current(
    answer: ocsp.OCSPResponse, issuer: x509.Certificate, certificate: x509.Certificate, moment: datetime
) -> bool:
    if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return False
    spoken = [one for one in answer.responses if one.serial_number == certificate.serial_number]
    return any(
        (one.next_update_utc or one.this_update_utc) >= moment and _speaks_of(one, issuer) for one in spoken
    ) and _trustworthy(answer, issuer)


def _issued_by(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise UnsupportedAlgorithm("the authority's key is neither RSA nor on an elliptic curve")
    return revocations.issuer == issuer.subject and revocations.is_signature_valid(key)


def _on_list(
    lists: x509.CertificateRevocationList, issuer: x509.Certificate, certificate: x509.Certificate
) -> Revocation | None:
    if not _issued_by(lists, issuer):
        return None
    entry = lists.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return None
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = None
    return Revocation(entry.revocation_date_utc, reason in _BENIGN)


def _answered(answer: ocsp.OCSPResponse, issuer: x509.Certificate, certificate: x509.Certificate) -> Revocation | None:
    if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    spoken = [one for one in answer.responses if one.serial_number == certificate.serial_number]
    for one in spoken:
        if (at := one.revocation_time_utc) is not None and _speaks_of(one, issuer):
            return Revocation(at, one.revocation_reason in _BENIGN) if _trustworthy(answer, issuer) else None
    return None


def _list_tells(
    lists: x509.CertificateRevocationList, issuer: x509.Certificate, certificate: x509.Certificate
) -> tuple[datetime, datetime] | None:
    """From when to when a list speaks of the certificate, or None if it does not."""
    made = lists.last_update_utc
    if not _issued_by(lists, issuer) or not _in_scope(lists, certificate):
        return None
    if made > certificate.not_valid_after_utc and not _keeps_ended(lists, certificate.not_valid_after_utc):
        return None
    return made, lists.next_update_utc or made


def _in_scope(lists: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Whether a list would name the certificate if it were revoked (RFC 5280, 5.2.4 and 5.2.5)."""
    extensions = lists.extensions
    try:
        extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    except x509.ExtensionNotFound:
        pass
    else:
        return False
    try:
        part = extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    if part.indirect_crl or part.only_some_reasons or part.only_contains_attribute_certs or part.relative_name:
        return False
    authority = _is_authority(certificate)
    if (part.only_contains_ca_certs and not authority) or (part.only_contains_user_certs and authority):
        return False
    return part.full_name is None or not set(part.full_name).isdisjoint(_distribution_points(certificate))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _distribution_points(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return set()
    return {name for point in points for name in point.full_name or ()}


def _keeps_ended(lists: x509.CertificateRevocationList, end: datetime) -> bool:
    """Whether a list says that it still names certificates that ended at `end` (X.509, expiredCertsOnCRL)."""
    try:
        since = lists.extensions.get_extension_for_oid(_EXPIRED_CERTS_ON_CRL).value
    except x509.ExtensionNotFound:
        return False
    if not isinstance(since, x509.UnrecognizedExtension):
        return False
    kept: datetime = core.GeneralizedTime.load(since.value).native
    return kept <= end


def _answer_tells(
    answer: ocsp.OCSPResponse, issuer: x509.Certificate, certificate: x509.Certificate
) -> tuple[datetime, datetime] | None:
    if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    for one in answer.responses:
        made = one.this_update_utc
        told = one.serial_number == certificate.serial_number and one.certificate_status != ocsp.OCSPCertStatus.UNKNOWN
        if (
            told
            and made <= certificate.not_valid_after_utc
            and _speaks_of(one, issuer)
            and _trustworthy(answer, issuer)
        ):
            return made, one.next_update_utc or made
    return None


def _trustworthy(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    try:
        return _authentic(answer, issuer)
    except (InvalidSignature, x509.ExtensionNotFound):
        return False


def _speaks_of(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    digest = hashes.Hash(single.hash_algorithm)
    digest.update(issuer.subject.public_bytes())
    return digest.finalize() == single.issuer_name_hash


def _authentic(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Signed by the issuer, or by a responder whose certificate the issuer signed (RFC 6960, 4.2.2.2)."""
    signer = issuer
    for responder in answer.certificates:
        if responder != issuer:
            if responder.issuer != issuer.subject:
                return False
            responder.verify_directly_issued_by(issuer)
            usages = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
                return False
            signer = responder
        break
    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    if algorithm is None:
        return False
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
    else:
        return False
    return True
