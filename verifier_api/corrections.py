# SPDX-License-Identifier: Apache-2.0

"""Two corrections to pyHanko 0.38 and pyhanko-certvalidator 0.33, without which old signatures are misjudged.

Stock validation calls a file INDETERMINATE as soon as the signer's certificate has expired, although the file holds all
the evidence (SIGNING.md 4, where this was tried over twenty simulated years):

1. *Past validation* (ETSI EN 319 102-1, 5.6.2.1) slides a control time backwards. The library starts it at now, where a CRL
   newer than the certificate's end counts as fresh, and never gets below that end. It must start no later than the end of
   the shortest-lived certificate.
2. The CRLs of an issuing CA are looked for along a path cut to that CA; when the issuer of the CRL is the trust anchor
   itself, the cut fails and no CRL is ever found.

Both stand here and nowhere else. `tests/integration/test_verifier_corrections.py` fails on the day upstream needs neither.
"""

from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import x509
from pyhanko.sign.validation import ades
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.ltv.ades_past import past_validate as ltv_past_validate
from pyhanko_certvalidator.path import ValidationPath

STOCK_PAST_VALIDATE: Final = ltv_past_validate
STOCK_TRUNCATE: Final = ValidationPath.truncate_to_issuer_and_append


async def past_validate(
    path: ValidationPath,
    validation_policy_spec: Any,  # noqa: ANN401 - handed through
    validation_data_handlers: Any,  # noqa: ANN401
    init_control_time: datetime | None = None,
    best_signature_time: datetime | None = None,
) -> datetime:
    """Correction 1: start the slide no later than the first expiry on the path."""
    start = init_control_time or datetime.now(UTC)
    ends = [certificate.not_valid_after for certificate in path.iter_certs(include_root=False)]
    found: datetime = await STOCK_PAST_VALIDATE(
        path, validation_policy_spec, validation_data_handlers, min([start, *ends]), best_signature_time
    )
    return found


def truncate_to_issuer_and_append(self: ValidationPath, cert: x509.Certificate) -> ValidationPath:
    """Correction 2: the issuer of a CRL may be the anchor of the path."""
    authority = self.trust_anchor.authority
    if isinstance(authority, AuthorityWithCert) and authority.certificate.dump() == cert.dump():
        return ValidationPath(self.trust_anchor, interm=[], leaf=None)
    cut: ValidationPath = STOCK_TRUNCATE(self, cert)
    return cut


def apply() -> None:
    """Put the corrections in force for this process. Doing it twice changes nothing."""
    # setattr, because neither is meant to be replaced: that is the point.
    setattr(ades, "past_validate", past_validate)  # noqa: B010
    setattr(ValidationPath, "truncate_to_issuer_and_append", truncate_to_issuer_and_append)  # noqa: B010
