# SPDX-License-Identifier: Apache-2.0

"""Authorities that grow old: signers for two or three years, time-stamping authorities that take turns, over ten years.

A government hierarchy for the seal and a public one for persons. The teacher's CA publishes CRLs, the principal's answers by OCSP
only, through a responder whose own certificate lasts ninety days. Whoever asks, asks at a time; `Years.at(...)` moves the clock
of the whole process, because pyHanko asks the wall clock. Driven by its state::

    years = Years()
    with years.at(0):
        pdf = years.archived(years.signed(paper))
    years.authority("people").revoke(years.certificate("GVCN"), at=years.day(-2))
    with years.at(2):
        crls, ocsps = years.news()
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import time_machine
from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signer.archive import archive, retimestamp
from signer.certificate import SignerCertificate
from signer.keys import LoadedKey
from signer.pdf import sign_field
from signer.validation_data import ValidationData

BEGIN = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)
YEAR, DAY = dt.timedelta(days=365.25), dt.timedelta(days=1)
LIST_DAYS, ANSWER_DAYS, RESPONDER_DAYS = 7, 1, 90
TSA_TERMS = ((-0.1, 3.2), (2.5, 6.6), (6.0, 9.0), (8.5, 13.0))
"""From when to when each certificate of the time-stamping authority is valid, in years."""
ELSEWHERE = len(TSA_TERMS)
"""The term of another authority's certificate, which is used only where it is named."""


def year(number: float) -> dt.datetime:
    return (BEGIN + number * YEAR).replace(microsecond=0)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def der(thing) -> bytes:
    return thing.public_bytes(Encoding.DER)


@dataclass
class Authority:
    """One CA, its key, and whom it has revoked."""

    name: str
    until: float
    above: "Authority | None" = None
    by_ocsp: bool = False
    revoked: list[tuple[x509.Certificate, dt.datetime, x509.ReasonFlags | None, dt.datetime]] = field(
        default_factory=list
    )
    """Certificate, as of when, why, and when that was published."""

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.above or self
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = issuer.issue(
            self.subject, self.key.public_key(), -1, self.until, (constraints, True), (usage(ca=True), True)
        )

    def issue(self, subject, key, since: float, until: float, *extensions) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder(self.subject, subject, key, x509.random_serial_number())
            .not_valid_before(year(since))
            .not_valid_after(year(until))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(self._pointer(), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def _pointer(self) -> x509.ExtensionType:
        """Where revocation is published; nobody is there."""
        where = x509.UniformResourceIdentifier(f"http://127.0.0.1:9/{self.name.replace(' ', '-')}")
        if self.by_ocsp:
            return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])
        return x509.CRLDistributionPoints([x509.DistributionPoint([where], None, None, None)])

    def person(self, name: str, since: float, until: float) -> LoadedKey:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self.issue(subject, key.public_key(), since, until, (usage(ca=False), True))
        return LoadedKey.holding(key, SignerCertificate.load(der(certificate), [der(self.certificate)]))

    def revoke(self, certificate: asn1_x509.Certificate, *, at, published=None, reason=None) -> None:
        loaded = x509.load_der_x509_certificate(certificate.dump())
        self.revoked.append((loaded, at, reason, published or at))

    def crl(self, at: dt.datetime) -> bytes:
        """Its list as published at that time; certificates that have ended are not on it any more."""
        builder = x509.CertificateRevocationListBuilder(self.subject, at, at + LIST_DAYS * DAY).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        for certificate, when, reason, published in self.revoked:
            if published <= at <= certificate.not_valid_after_utc:
                entry = x509.RevokedCertificateBuilder(certificate.serial_number, when)
                if reason is not None:
                    entry = entry.add_extension(x509.CRLReason(reason), critical=False)
                builder = builder.add_revoked_certificate(entry.build())
        return der(builder.sign(self.key, hashes.SHA256()))

    def answer(self, certificate: asn1_x509.Certificate, at: dt.datetime) -> bytes:
        """Its OCSP answer at that time, by a responder of its own whose certificate lasts three months."""
        loaded = x509.load_der_x509_certificate(certificate.dump())
        known = [(w, r) for c, w, r, published in self.revoked if c == loaded and published <= at]
        key = ec.generate_private_key(ec.SECP256R1())
        since = (at - BEGIN) / YEAR
        responder = self.issue(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.name} OCSP")]),
            key.public_key(),
            since - 0.01,
            since + RESPONDER_DAYS / 365,
            (usage(ca=False), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
        )
        status = ocsp.OCSPCertStatus.REVOKED if known else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response(
            loaded,
            self.certificate,
            hashes.SHA1(),
            status,
            at,
            at + ANSWER_DAYS * DAY,
            *(known[0] if known else (None, None)),
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder).certificates([responder])
        return der(builder.sign(key, hashes.SHA256()))


def usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=not ca, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip


class Years:
    """Everybody, and what they publish."""

    def __init__(self, *, people_ca_until: float = 14) -> None:
        self.roots = {"vgca": Authority("VGCA root", 40), "public": Authority("Public root", 40)}
        self.authorities = {
            "school": Authority("Schools CA", 14, self.roots["vgca"]),
            "people": Authority("People CA (lists)", people_ca_until, self.roots["public"]),
            "answers": Authority("People CA (OCSP only)", 14, self.roots["public"], by_ocsp=True),
            "time": Authority("TSA CA", 30, self.roots["public"]),
        }
        self.people = {
            "GVCN": self.authorities["people"].person("Lê Thị An", -0.1, 2),
            "CBQL": self.authorities["answers"].person("Trần Văn Bình", -0.1, 3),
            "KY_PHAT_HANH": self.authorities["school"].person("Trường THCS Hoa Mai", -0.1, 2.5),
        }
        self._stampers: dict[int, DummyTimeStamper] = {}

    @contextmanager
    def at(self, when: float) -> Iterator[dt.datetime]:
        """The whole process lives at that year."""
        with time_machine.travel(year(when)):
            yield year(when)

    def stamper(self, term: int | None = None) -> DummyTimeStamper:
        """The authority with the newest certificate that is valid by now, or with that of `term`."""
        since = (now() - BEGIN) / YEAR
        if term is None:
            term = max(n for n, (start, end) in enumerate(TSA_TERMS) if start <= since < end)
        if term not in self._stampers:
            start, end = (*TSA_TERMS, (-0.1, 13.0))[term]
            key = rsa.generate_private_key(65537, 2048)
            certificate = self.authorities["time"].issue(
                x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TSA {term + 1}")]),
                key.public_key(),
                start,
                end,
                (usage(ca=False), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
            )
            pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            above = asn1_x509.Certificate.load(der(self.authorities["time"].certificate))
            self._stampers[term] = DummyTimeStamper(
                asn1_x509.Certificate.load(der(certificate)),
                asn1_keys.PrivateKeyInfo.load(pkcs8),
                certs_to_embed=SimpleCertificateStore.from_certs([above]),
            )
        return self._stampers[term]

    def trusted(self) -> dict[str, tuple[bytes, ...]]:
        return {name: (der(root.certificate),) for name, root in self.roots.items()}

    def news(
        self, at: dt.datetime | None = None, *, without: Sequence[str] = ()
    ) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Every list and every answer as published at a time, now if none is given; `without` those of some authorities."""
        at = at or now()
        lists = {**self.roots, **{n: a for n, a in self.authorities.items() if n != "answers"}}
        crls = tuple(each.crl(at) for name, each in lists.items() if name not in without)
        principal = self.people["CBQL"].certificate
        alive = at <= principal.not_valid_after and "answers" not in without
        return crls, (self.authorities["answers"].answer(principal, at),) if alive else ()

    def data(self, at: dt.datetime | None = None) -> ValidationData:
        """What the signer's side can fetch."""
        crls, ocsps = self.news(at)
        return ValidationData.offline(
            [root for roots in self.trusted().values() for root in roots],
            crls=[asn1_crl.CertificateList.load(one) for one in crls],
            ocsps=[asn1_ocsp.OCSPResponse.load(one) for one in ocsps],
            now=lambda: at or now(),
        )

    def signed(self, pdf: bytes, stamps: dict[str, bytes], reasons: dict[str, str]) -> bytes:
        """By all three, now."""
        for role, key in self.people.items():
            pdf = sign_field(
                pdf,
                field=role,
                key=key,
                stamp=stamps[role],
                first=role == "GVCN",
                reason=reasons[role],
                name=key.common_name,
                location="Hải Phòng",
                timestamper=self.stamper(),
                signed_at=now(),
            )
        return pdf

    def archived(self, pdf: bytes) -> bytes:
        return archive(pdf, timestamper=self.stamper(), validation_data=self.data())

    def renewed(self, pdf: bytes, *, term: int | None = None) -> bytes:
        return retimestamp(pdf, timestamper=self.stamper(term), validation_data=self.data())

    @cached_property
    def tsa_authority(self) -> Authority:
        return self.authorities["time"]
