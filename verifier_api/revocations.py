# SPDX-License-Identifier: Apache-2.0

"""Was a certificate revoked when it signed? Asked once more, of every CRL and OCSP answer at hand.

The validation library is content with the first usable CRL that says "good". A file kept for years holds several, and a
revocation may be published later and dated back, so here all of them are read, and the earliest revocation that its issuer
really signed counts. Finding none proves nothing; the library's own demand for revocation data stands beside this.

A thief may choose which data goes into the file he makes, and will choose an old CRL that does not name the stolen certificate
yet. So `current_at` asks besides whether every certificate on the path has data that was still current when it signed.

Data which cannot be read (RFC 5280 is strict, some authorities are not) is not passed over: `UnreadableEvidence`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID


class UnreadableEvidence(Exception):
    """A CRL or OCSP answer cannot be read, so nobody can say that it does not name the certificate."""


def earliest_revocation(path: Sequence[bytes], crls: Iterable[bytes], answers: Iterable[bytes]) -> datetime | None:
    """When the first certificate of `path` to be revoked was, or `None` if nothing shown here says so.

    `path` runs from the root to the signer, DER; the root itself is trusted and not asked about. `crls` and `answers` are
    CRLs and OCSP responses, DER; what is not signed by the authority in question says nothing. Raises `UnreadableEvidence`.
    """
    found: list[datetime] = []
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in path]
        lists = [x509.load_der_x509_crl(der) for der in crls]
        responses = [ocsp.load_der_ocsp_response(der) for der in answers]
        for issuer, certificate in pairwise(certificates):
            found += [when for one in lists if (when := _on_list(one, issuer, certificate)) is not None]
            found += [when for one in responses if (when := _answered(one, issuer, certificate)) is not None]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnreadableEvidence(str(error)) from error
    return min(found, default=None)


def current_at(path: Sequence[bytes], crls: Iterable[bytes], answers: Iterable[bytes], moment: datetime) -> bool:
    """Whether every certificate of `path` but the root has a CRL or OCSP answer that had not run out by `moment`.

    `path`, `crls` and `answers` are as for `earliest_revocation`. What a list says is not asked here. Raises
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
    try:
        return any(
            (one.next_update_utc or one.this_update_utc) >= moment and _speaks_of(one, issuer) for one in spoken
        ) and _authentic(answer, issuer)
    except (InvalidSignature, x509.ExtensionNotFound):
        return False


def _issued_by(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise UnsupportedAlgorithm("the authority's key is neither RSA nor on an elliptic curve")
    return revocations.issuer == issuer.subject and revocations.is_signature_valid(key)


def _on_list(
    revocations: x509.CertificateRevocationList, issuer: x509.Certificate, certificate: x509.Certificate
) -> datetime | None:
    if not _issued_by(revocations, issuer):
        return None
    entry = revocations.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return None if entry is None else entry.revocation_date_utc


def _answered(answer: ocsp.OCSPResponse, issuer: x509.Certificate, certificate: x509.Certificate) -> datetime | None:
    if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    spoken = [one for one in answer.responses if one.serial_number == certificate.serial_number]
    revoked = [one for one in spoken if one.revocation_time_utc is not None and _speaks_of(one, issuer)]
    try:
        return revoked[0].revocation_time_utc if revoked and _authentic(answer, issuer) else None
    except (InvalidSignature, x509.ExtensionNotFound):
        return None


def _speaks_of(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    digest = hashes.Hash(single.hash_algorithm)
    digest.update(issuer.subject.public_bytes())
    return digest.finalize() == single.issuer_name_hash


def _authentic(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Signed by the issuer, or by a responder whose certificate the issuer signed (RFC 6960, 4.2.2.2)."""
    signer = issuer
    for responder in answer.certificates:
        if responder != issuer:
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
