# SPDX-License-Identifier: Apache-2.0

"""What a certificate is worth here and now: whose it is, under which trusted root, and whether it was revoked.

`TrustedJudge` is what `ledger.registering` asks: paths are built to the roots of the trust folder, and CRL and OCSP are asked of
the addresses in the certificates, through `signer.validation_data`, which keeps an answer for an hour.
"""

import asyncio
import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Sequence

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathError, ValidationError

from ledger.errors import CertificateRefused
from ledger.registering import Judged
from signer import sessions
from signer.certificate import SignerCertificate
from signer.errors import CertificateUntrusted, KeyProblem, ValidationDataUnavailable
from signer.validation_data import ValidationData
from verifier_api.trust import Anchors


class TrustedJudge:
    """Judges by the roots of one trust folder. Implements `ledger.registering.CertificateJudge`. Threads may share it."""

    def __init__(self, anchors: Anchors, *, now: Callable[[], dt.datetime]) -> None:
        self._anchors = anchors
        self._now = now
        self._of_thread = threading.local()

    def judge(self, certificate: bytes, chain: Sequence[bytes]) -> Judged:
        """What is known of it now. Raises `CertificateRefused` for bytes that are no certificate, or a key too weak."""
        try:
            who = SignerCertificate.load(certificate, chain)
        except KeyProblem as error:
            raise CertificateRefused(error.vi, error.en) from error
        others = [*who.chain, *(x509.Certificate.load(one) for one in self._anchors.intermediates)]
        hierarchy, between = self._path(who.certificate, others)
        revoked, known = (False, False) if hierarchy is None else self._revocation(who.certificate, others)
        return Judged(
            sha256=who.certificate_sha256.hex(),
            holder=who.common_name,
            personal_number=who.personal_number,
            valid_from=who.certificate.not_valid_before,
            valid_to=who.certificate.not_valid_after,
            hierarchy=hierarchy,
            revoked=revoked,
            revocation_known=known,
            chain=between,
        )

    def _path(
        self, certificate: x509.Certificate, others: Sequence[x509.Certificate]
    ) -> tuple[str | None, tuple[bytes, ...]]:
        """Whose root stands above it, and what is between; as of now or, for one that has ended or not begun, of its own time."""
        moment = min(max(self._now(), certificate.not_valid_before), certificate.not_valid_after)
        roots = {name: [x509.Certificate.load(der) for der in ders] for name, ders in self._anchors.roots.items()}
        context = ValidationContext(
            trust_roots=[root for ones in roots.values() for root in ones],
            other_certs=others,
            moment=moment,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )
        try:
            path = asyncio.run(
                CertificateValidator(certificate, validation_context=context).async_validate_usage(  # type: ignore[no-untyped-call]
                    {"non_repudiation"}
                )
            )
        except (PathBuildingError, PathError, ValidationError, ValueError):
            return None, ()
        top = hashlib.sha256(path.first.dump()).digest()
        names = [
            name for name, ones in roots.items() if any(hashlib.sha256(one.dump()).digest() == top for one in ones)
        ]
        return (names[0] if names else None), tuple(one.dump() for one in [*path][1:-1])

    def _revocation(self, certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[bool, bool]:
        """Whether it was revoked, and whether that could be found out."""
        try:
            sessions.run(self._validation_data().proof(certificate, others))
        except CertificateUntrusted:
            return True, True
        except ValidationDataUnavailable:
            return False, False
        return False, True

    def _validation_data(self) -> ValidationData:
        """One for each thread: it keeps answers, and connections of its thread's event loop."""
        if not hasattr(self._of_thread, "data"):
            roots = [root for roots in self._anchors.roots.values() for root in roots]
            self._of_thread.data = ValidationData.online(roots, now=self._now)
        data: ValidationData = self._of_thread.data
        return data
