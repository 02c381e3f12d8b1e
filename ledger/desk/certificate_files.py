# SPDX-License-Identifier: Apache-2.0

"""Certificates as people hand them in: a .cer, .crt or .pem file, with those of the authorities above it if they are in it."""

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.errors import CertificateRefused

MAX_CERTIFICATES = 8


@dataclass(frozen=True)
class CertificateDates:
    """When a certificate is valid."""

    since: dt.datetime
    until: dt.datetime


def certificates_in(data: bytes) -> list[bytes]:
    """The certificates in a PEM or DER file as DER, the signer's first. Raises `CertificateRefused`."""
    if b"PRIVATE KEY" in data:
        raise CertificateRefused(
            "Tệp này có cả khóa bí mật, đừng gửi cho ai. Chưa lưu gì cả; hãy xuất riêng chứng thư (tệp .cer) rồi gửi lại.",
            "This file holds a private key, which you should send to nobody. Nothing was kept; export the certificate alone "
            "(.cer) and send that.",
        )
    try:
        pem = data.lstrip().startswith(b"-----BEGIN")
        found = x509.load_pem_x509_certificates(data) if pem else [x509.load_der_x509_certificate(data)]
        # A chain has a handful; whatever follows is not looked at.
        return [one.public_bytes(Encoding.DER) for one in found[:MAX_CERTIFICATES]]
    except (ValueError, TypeError) as error:
        raise CertificateRefused(
            "Tệp này không phải chứng thư số đọc được. Hãy xuất chứng thư từ thiết bị ký thành tệp .cer hoặc .pem (không kèm "
            "khóa) rồi chọn lại.",
            "This file is no certificate that can be read. Export the certificate from the token as .cer or .pem (without the "
            "key) and choose again.",
        ) from error


def dates_of(certificate: bytes) -> CertificateDates | None:
    """When it is valid; None for what cannot be read."""
    try:
        found = x509.load_der_x509_certificate(certificate)
    except ValueError:
        return None
    return CertificateDates(found.not_valid_before_utc, found.not_valid_after_utc)
