# SPDX-License-Identifier: Apache-2.0

"""Four corrections to pyHanko 0.38 and pyhanko-certvalidator 0.33, without which old signatures are misjudged.

Stock validation calls a file INDETERMINATE as soon as the signer's certificate has expired, although the file holds all
the evidence (SIGNING.md 4, where this was tried over twenty simulated years):

1. *Past validation* (ETSI EN 319 102-1, 5.6.2.1) slides a control time backwards. The library starts it at now, where a CRL
   newer than the certificate's end counts as fresh, and never gets below that end. It must start no later than the end of
   the shortest-lived certificate.
2. The CRLs of an issuing CA are looked for along a path cut to that CA; when the issuer of the CRL is the trust anchor
   itself, the cut fails and no CRL is ever found.

3. An OCSP answer is signed by a responder, whose own certificate lasts a few months. The library asks whether that
   certificate is valid at the time of judging, so the answer in the file stops counting when the responder gets its next
   certificate. What counts is whether it was valid when the answer is proven to have been there: afterwards, whoever finds
   the old key could answer as they like.
4. When an authority's certificate on the path has ended, the library gives up; past validation is entered only for an ended
   certificate of the signer. Authorities end too, and past validation looks at the whole path again.

They stand here and nowhere else. `tests/integration/test_verifier_corrections.py` fails on the day upstream needs one no more.
"""

import copy
import dataclasses
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import x509
from pyhanko.sign.validation import ades
from pyhanko_certvalidator._state import ValProcState
from pyhanko_certvalidator.authority import AuthorityWithCert
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import ExpiredError
from pyhanko_certvalidator.ltv.ades_past import past_validate as ltv_past_validate
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo import validate_ocsp
from pyhanko_certvalidator.revinfo.archival import OCSPContainer

STOCK_PAST_VALIDATE: Final = ltv_past_validate
STOCK_TRUNCATE: Final = ValidationPath.truncate_to_issuer_and_append
STOCK_EXPIRED_INIT: Final = ExpiredError.__init__
STOCK_OCSP_AUTHORISATION: Final = validate_ocsp._check_ocsp_authorisation  # noqa: SLF001


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


async def check_ocsp_authorisation(
    responder_cert: x509.Certificate,
    *,
    ocsp_response: OCSPContainer,
    validation_context: ValidationContext,
    **others: Any,  # noqa: ANN401 - handed through
) -> bool:
    """Correction 3: a responder whose certificate ended after its answer was proven to exist is judged as of that end."""
    ended = responder_cert.not_valid_after
    proven = validation_context.revinfo_manager.poe_manager[ocsp_response]
    if proven <= ended < validation_context.moment:
        timing = validation_context.timing_params
        validation_context = copy.copy(validation_context)
        validation_context.timing_params = dataclasses.replace(
            timing, timing_info=dataclasses.replace(timing.timing_info, validation_time=ended)
        )
    answer: bool = await STOCK_OCSP_AUTHORISATION(
        responder_cert, ocsp_response=ocsp_response, validation_context=validation_context, **others
    )
    return answer


def expired_init(self: ExpiredError, msg: str, expired_dt: datetime, proc_state: ValProcState) -> None:
    """Correction 4: an ended authority is treated like an ended signer, except on a side path, such as a CRL issuer's."""
    STOCK_EXPIRED_INIT(self, msg, expired_dt, proc_state)
    self.is_ee_cert = not self.is_side_validation


def apply() -> None:
    """Put the corrections in force for this process. Doing it twice changes nothing."""
    # setattr, because none of them is meant to be replaced: that is the point.
    setattr(ades, "past_validate", past_validate)  # noqa: B010
    setattr(validate_ocsp, "_check_ocsp_authorisation", check_ocsp_authorisation)  # noqa: B010
    setattr(ExpiredError, "__init__", expired_init)  # noqa: B010
    setattr(ValidationPath, "truncate_to_issuer_and_append", truncate_to_issuer_and_append)  # noqa: B010
