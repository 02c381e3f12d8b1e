# SPDX-License-Identifier: Apache-2.0

"""One unit's documents on their way to a signature and back: what `scripts.crew` has done in processes, for one unit.

XML and PDF are prepared together and finished together. What fails ends as a value, `Unfinished`, that says whether the same will
do later (a service was down) or not (the value does not fit, the certificate has ended, the clock is wrong).
"""

import datetime as dt
import functools
import json

from pyhanko.sign.timestamps import TimeStamper

from ledger.paper.errors import PaperError
from ledger.paper.fields import ROLES, FieldName, box
from ledger.paper.stamps import KIND_OF_FIELD, stamp_pdf
from ledger.signing import Documents, Prepared, PreparedPart, Signed, SignerIdentity, ToPrepare, Unfinished, Values
from ledger.unit import ON_PAPER, Role, Slot
from signer.certificate import SignerCertificate
from signer.errors import (
    CertificateUntrusted,
    KeyOutOfReach,
    SignerError,
    TimestampUnavailable,
    ValidationDataUnavailable,
)
from signer.pdf import PreparedPdf, finish_field, prepare_field
from signer.xml import PreparedXml, finish_slot, prepare_slot


def prepare(
    unit: ToPrepare, *, slot: Slot, signer: SignerIdentity, location: str, signed_at: dt.datetime
) -> Prepared | Unfinished:
    """One unit's documents with an empty place for the signature, which will claim the time `signed_at`."""
    documents = unit.documents
    try:
        who = _who(signer)
        xml = prepare_slot(
            documents.xml,
            slot=str(slot),
            who=who,
            signing_time=signed_at,
            cccd=None if slot.role is Role.SEAL else who.personal_number,
            xades=unit.xades,
        )
        pdf = _prepare_pdf(unit, slot, signer, location, signed_at) if slot.role in ON_PAPER else None
    except (SignerError, PaperError) as error:
        return unfinished(documents, error)
    return Prepared(
        unit_id=documents.unit_id,
        signed_at=signed_at,
        pdf=pdf,
        xml=PreparedPart(xml.document, xml.to_be_signed, b""),
    )


def _prepare_pdf(
    unit: ToPrepare, slot: Slot, signer: SignerIdentity, location: str, signed_at: dt.datetime
) -> PreparedPart:
    who = _who(signer)
    field_name = FieldName(slot.role.value)
    place = box(unit.documents.pdf, field_name)
    prepared = prepare_field(
        unit.documents.pdf,
        field=field_name,
        who=who,
        stamp=_stamp(field_name, signer, signed_at, place.width, place.height),
        first=unit.first,
        reason=ROLES[field_name],
        name=who.common_name,
        location=location,
        signed_at=signed_at,
    )
    state = json.dumps([prepared.reserved_from, prepared.reserved_to]).encode()
    return PreparedPart(prepared.document, prepared.to_be_signed, state)


def finish(
    prepared: Prepared, values: Values, *, slot: Slot, signer: SignerIdentity, timestamper: TimeStamper
) -> Signed | Unfinished:
    """One unit's documents with the signature in them, time-stamped."""
    try:
        who = _who(signer)
        xml = finish_slot(
            PreparedXml(prepared.xml.document, prepared.xml.to_be_signed, str(slot)),
            who=who,
            value=values.xml,
            timestamper=timestamper,
        )
        pdf = b""
        if prepared.pdf is not None:
            start, end = json.loads(prepared.pdf.state)
            pdf = finish_field(
                PreparedPdf(prepared.pdf.document, prepared.pdf.to_be_signed, start, end),
                who=who,
                value=values.pdf or b"",
                timestamper=timestamper,
            )
    except SignerError as error:
        return unfinished(prepared, error)
    return Signed(Documents(prepared.unit_id, pdf, xml), prepared.signed_at)


def unfinished(unit: Documents | Prepared, error: SignerError | PaperError) -> Unfinished:
    """What an error means for one unit."""
    passing = isinstance(error, (TimestampUnavailable, ValidationDataUnavailable, KeyOutOfReach))
    passing = passing and not isinstance(error, CertificateUntrusted)
    return Unfinished(unit.unit_id, error.vi, error.en, lasting=not passing)


@functools.lru_cache(maxsize=8)
def _who(signer: SignerIdentity) -> SignerCertificate:
    return SignerCertificate.load(signer.certificate, signer.chain)


@functools.lru_cache(maxsize=8)
def _stamp(field_name: FieldName, signer: SignerIdentity, signed_at: dt.datetime, width: float, height: float) -> bytes:
    """The visible signature; within one second it is the same for everybody in the class."""
    who = _who(signer)
    return stamp_pdf(
        KIND_OF_FIELD[field_name],
        name=who.common_name,
        role=signer.shown_role,
        organisation=who.organisation or who.common_name,
        signed_at=signed_at,
        width=width,
        height=height,
    )
