# SPDX-License-Identifier: Apache-2.0

"""Validation data: what proves, years later, that a certificate was good when it signed.

For each certificate that a file needs (three signers, the time-stamping authority) this is the path to a root and, for
every certificate on it, a CRL or an OCSP answer. A class of 45 records needs the same few, so they are gathered once and
reused until the first of them ends, and at most for `REUSE`, so that a revocation is not missed for long.

`ValidationData.online` asks the addresses in the certificates; `ValidationData.offline` uses what it is given.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    PathBuildingError,
    PathError,
    PathValidationError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy

from signer.errors import CertificateUntrusted, ValidationDataUnavailable
from signer.sessions import http_session

REUSE: Final = timedelta(hours=1)
"""How long an answer is reused for the next record: longer than a sitting, shorter than a working day."""

FETCH_TIMEOUT_SECONDS: Final = 10
"""Patience with one CRL or OCSP address."""


@dataclass(frozen=True)
class CertificateProof:
    """All there is to embed for one certificate."""

    path: ValidationPath
    crls: tuple[crl.CertificateList, ...]
    ocsps: tuple[ocsp.OCSPResponse, ...]
    until: datetime
    """When it must be gathered anew."""


class ValidationData:
    """Gathers `CertificateProof`s and keeps them.

    It guarantees that every proof leads to one of the given roots, with revocation data for every certificate below the
    root, fresh at the time of asking. It does not guarantee that the certificate may sign what it signed: profile and
    verifier decide that. One object serves one thread.
    """

    def __init__(
        self,
        *,
        roots: Sequence[bytes],
        crls: Iterable[crl.CertificateList],
        ocsps: Iterable[ocsp.OCSPResponse],
        fetch: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._roots = [x509.Certificate.load(root) for root in roots]
        self._crls, self._ocsps = tuple(crls), tuple(ocsps)
        self._fetch = fetch
        self._now = now
        self._known: dict[tuple[bytes, bool], CertificateProof] = {}

    @classmethod
    def online(cls, roots: Sequence[bytes], *, now: Callable[[], datetime]) -> "ValidationData":
        """Ask the CRL and OCSP addresses that the certificates name. `roots` are certificates, DER."""
        return cls(roots=roots, crls=(), ocsps=(), fetch=True, now=now)

    @classmethod
    def offline(
        cls,
        roots: Sequence[bytes],
        *,
        crls: Iterable[crl.CertificateList],
        ocsps: Iterable[ocsp.OCSPResponse] = (),
        now: Callable[[], datetime],
    ) -> "ValidationData":
        """Use only the CRLs and OCSP answers given, judged at the time that `now` tells."""
        return cls(roots=roots, crls=crls, ocsps=ocsps, fetch=False, now=now)

    async def proof(
        self, certificate: x509.Certificate, others: Iterable[x509.Certificate], *, timestamping: bool = False
    ) -> CertificateProof:
        """The proof for one certificate; `others` may help to find the way to a root.

        Raises `CertificateUntrusted` or `ValidationDataUnavailable`.
        """
        key = (certificate.dump(), timestamping)
        known = self._known.get(key)
        if known is not None and self._now() < known.until:
            return known
        context = self._context(others)
        usage = {"time_stamping"} if timestamping else set()
        try:
            path = await CertificateValidator(certificate, validation_context=context).async_validate_usage(  # type: ignore[no-untyped-call]
                set(), usage
            )
        except ExpiredError as error:
            raise self._ended(certificate) from error
        except (RevokedError, PathBuildingError) as error:
            raise self._untrusted(certificate, error) from error
        except (PathValidationError, PathError, ValidationError, ValueError) as error:
            raise self._unavailable(certificate, error) from error
        found = self._relevant(path, context)
        self._known[key] = found
        return found

    def _context(self, others: Iterable[x509.Certificate]) -> ValidationContext:
        policy = CertRevTrustPolicy(REQUIRE_REVINFO)
        if not self._fetch:
            return ValidationContext(
                trust_roots=self._roots,
                other_certs=others,
                revinfo_policy=policy,
                moment=self._now(),
                crls=self._crls,
                ocsps=self._ocsps,
            )
        # With fetching on, the library allows no time but the wall clock's.
        backend = AIOHttpFetcherBackend(http_session(), per_request_timeout=FETCH_TIMEOUT_SECONDS)
        return ValidationContext(
            trust_roots=self._roots,
            other_certs=others,
            revinfo_policy=policy,
            allow_fetching=True,
            fetcher_backend=backend,
        )

    def _relevant(self, path: ValidationPath, context: ValidationContext) -> CertificateProof:
        """Only what speaks of this path: a context hands out everything it ever saw (SIGNING.md 3)."""
        issuers = {certificate.issuer.dump() for certificate in path}
        serials = {certificate.serial_number for certificate in path}
        crls = tuple(found for found in context.crls if found.issuer.dump() in issuers)
        ocsps = tuple(
            found
            for found in context.ocsps
            if any(
                single["cert_id"]["serial_number"].native in serials
                for single in found.basic_ocsp_response["tbs_response_data"]["responses"]
            )
        )
        ends = [found["tbs_cert_list"]["next_update"].native for found in crls]
        ends += [
            single["next_update"].native
            for found in ocsps
            for single in found.basic_ocsp_response["tbs_response_data"]["responses"]
        ]
        until = min([self._now() + REUSE, *(end.astimezone(UTC) for end in ends if end is not None)])
        return CertificateProof(path=path, crls=crls, ocsps=ocsps, until=until)

    @staticmethod
    def _ended(certificate: x509.Certificate) -> CertificateUntrusted:
        who, end = certificate.subject.human_friendly, f"{certificate.not_valid_after:%d/%m/%Y}"
        return CertificateUntrusted(
            f"Chứng thư số ({who}), hoặc chứng thư cấp trên của nó, đã hết hạn (chứng thư này đến {end}) nên không thêm được "
            "bằng chứng nữa. Nếu tệp chưa lưu trữ, hãy ký lại; nếu là dấu thời gian đã quá hạn, hãy thu hồi học bạ và cấp lại.",
            f"The certificate ({who}), or one above it, has ended (this one on {end}), so no evidence can be added any more. If "
            "the file was never archived, sign again; if its timestamp ran out, recall the record and issue it anew.",
        )

    @staticmethod
    def _untrusted(certificate: x509.Certificate, error: Exception) -> CertificateUntrusted:
        who = certificate.subject.human_friendly
        return CertificateUntrusted(
            f"Chứng thư số ({who}) đã bị thu hồi hoặc không thuộc tổ chức cấp chứng thư được tin cậy ({error}). Không lưu "
            "trữ được tệp này; hãy ký lại bằng chứng thư số hợp lệ.",
            f"The certificate ({who}) was revoked, or no trusted authority stands above it ({error}). The file cannot be "
            "archived; sign again with a valid certificate.",
        )

    @staticmethod
    def _unavailable(certificate: x509.Certificate, error: Exception) -> ValidationDataUnavailable:
        who = certificate.subject.human_friendly
        return ValidationDataUnavailable(
            f"Không lấy được danh sách thu hồi (CRL, OCSP) cho chứng thư số ({who}): {error}. Tệp đã ký vẫn được giữ; hãy "
            "thử lưu trữ lại khi mạng ổn định.",
            f"No current revocation data (CRL, OCSP) for the certificate ({who}): {error}. The signed file is kept; try to "
            "archive it again when the network is back.",
        )
