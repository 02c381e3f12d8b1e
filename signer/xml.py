# SPDX-License-Identifier: Apache-2.0

"""XML signatures as the ministry specifies them: one slot at a time, outside the data they cover.

    HOC_BA
     ├─ DU_LIEU_HOC_BA Id="data"            what teacher, principal and school sign
     │   └─ … DIEM_TONG_KET Id="diem-TOAN"  what the teacher of a subject signs
     └─ DANH_SACH_THONG_TIN_KY
         ├─ DANH_SACH_GVBM
         │   └─ GVBM Id="GVBM-TOAN"         NGAY_KY, SO_CCCD, Signature
         ├─ GVCN                            NGAY_KY, SO_CCCD, Signature
         ├─ CBQL                            NGAY_KY, SO_CCCD, Signature
         └─ KY_PHAT_HANH                    NGAY_KY, Signature

A signature has two references: `#data`, and its own `SignatureProperties` with the `SigningTime` (MOET's technical
specification of 2024, section 1.6). A subject teacher's refers to the row of the subject instead (HCMC's QĐ 1789, Điều 20.5a);
a row does not say whose it is, so its properties name the unit, or the same marks of another pupil would pass for signed.
All are digested over exclusive C14N, so the slots can be filled one after the other, and the file reformatted around the data,
without touching what was signed.

As with PDFs there are three steps, because the key may be elsewhere: `prepare_slot`, the key's value, `finish_slot`. Before
the file is handed out, xmlsec, which shares no code of ours, has verified it against the certificate.

Example::

    prepared = prepare_slot(xml, slot="GVCN", who=key.who, signing_time=now, cccd="079180000001")
    signed = finish_slot(prepared, who=key.who, value=key.sign(prepared.to_be_signed))
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from lxml import etree
from pyhanko.sign.timestamps import TimeStamper

from signer.certificate import SignerCertificate
from signer.errors import AlreadySigned, ChangedSincePrepared, NotLaidOut, NotYetSigned
from signer.validation_data import ValidationData
from signer.values import Signatory, require_fit
from signer.xades import add_timestamp, keep, qualifies
from signer.xml_signature import (
    DS,
    Said,
    canonical,
    failed,
    parse,
    signature_of,
    signed_info_of,
    value_text,
    verify,
)

DATA_ID: Final = "data"
SLOTS: Final = frozenset({"GVCN", "CBQL", "KY_PHAT_HANH"})
"""Homeroom teacher, principal, and the school, whose signature issues the record."""
VIETNAM_TIME: Final = timezone(timedelta(hours=7))

_SUBJECT_SLOT: Final = re.compile(r"GVBM-([A-Z0-9_]+)")
_SIGNATURES: Final = "DANH_SACH_THONG_TIN_KY"
_ROWS: Final = "TONG_KET/BANG_DIEM/DIEM_TONG_KET"
_UNIT_ID: Final = "THONG_TIN_CHUNG/MA_TRA_CUU_UUID"


@dataclass(frozen=True)
class PreparedXml:
    """A record's XML with an empty place for one value: plain bytes, to be stored while the key is elsewhere."""

    document: bytes
    """The file, in which SignatureValue is still empty."""
    to_be_signed: bytes
    """The canonical SignedInfo; the key signs its SHA-256."""
    slot: str


def sign_slot(
    xml: bytes,
    *,
    slot: str,
    key: Signatory,
    signing_time: datetime,
    cccd: str | None = None,
    timestamper: TimeStamper | None = None,
) -> bytes:
    """Fill one empty slot with a key that is at hand, and return the document.

    The same as `prepare_slot`, the key's value, `finish_slot`; see there. A `timestamper` makes it XAdES-T. Raises what these
    two raise.
    """
    prepared = prepare_slot(
        xml, slot=slot, who=key.who, signing_time=signing_time, cccd=cccd, xades=timestamper is not None
    )
    return finish_slot(prepared, who=key.who, value=key.sign(prepared.to_be_signed), timestamper=timestamper)


def prepare_slot(
    xml: bytes,
    *,
    slot: str,
    who: SignerCertificate,
    signing_time: datetime,
    cccd: str | None = None,
    xades: bool = False,
) -> PreparedXml:
    """Fill one empty slot with all of a signature by `who` but its value.

    `slot` is one of `SLOTS`, or `GVBM-` and the code of a subject. `signing_time` is aware; it becomes `NGAY_KY` and
    `SigningTime`, in Vietnam's time. `cccd` becomes `SO_CCCD`, for a person. `xades` adds the properties that
    `signer.xades` tells of.

    Raises `UnreadableDocument`, `NotLaidOut`, `AlreadySigned` or `CertificateNotValid`.
    """
    who.require_valid_at(signing_time)
    root = parse(xml)
    covered, unit_id = _covered_by(root, slot)
    place = _place_of(root, slot)
    if place.find(f"{{{DS}}}Signature") is not None:
        raise AlreadySigned(
            f"Mục ký {slot} trong tệp XML đã có chữ ký. Nếu cần ký lại, hãy thu hồi và lập học bạ mới.",
            f"The slot {slot} of the XML is signed already. To sign again, recall the record and prepare a new one.",
        )
    stated = signing_time.astimezone(VIETNAM_TIME).isoformat(timespec="seconds")
    for tag, value in (("NGAY_KY", stated), ("SO_CCCD", cccd)):
        if value is not None:
            _set(place, tag, value)
    signature = signature_of(Said(f"sig-{slot}", covered, who, stated, unit_id, xades))
    place.append(signature)
    document = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return PreparedXml(document, signed_info_of(signature), slot)


def finish_slot(
    prepared: PreparedXml, *, who: SignerCertificate, value: bytes, timestamper: TimeStamper | None = None
) -> bytes:
    """Put the value in, and return the document; what was prepared with `xades` needs a `timestamper`.

    Before that it is checked that the document is the one that was prepared, for this signer, and that `value` is this
    certificate's signature over it; afterwards xmlsec verifies the file. The canonical bytes of the data are those that were
    digested.

    Raises `UnreadableDocument`, `NotLaidOut`, `ChangedSincePrepared`, `WrongValue`, `TimestampUnavailable` or `SigningFailed`.
    Nothing is lost: the same value will do for the same prepared document later.
    """
    root = parse(prepared.document)
    signature = _as_prepared(root, prepared, who)
    require_fit(who, prepared.to_be_signed, value)
    holder = signature.find(f"{{{DS}}}SignatureValue")
    assert holder is not None  # noqa: S101 - what was compared has one
    holder.text = value_text(value, who.algorithm)
    if qualifies(signature):
        if timestamper is None:
            raise failed("no time-stamping authority is named")
        add_timestamp(signature, canonical(holder), timestamper)
    signed = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    # Read back from bytes: what counts is the file a stranger gets, not the tree in memory.
    again = parse(signed)
    verify(again, _place_of(again, prepared.slot).find(f"{{{DS}}}Signature"), who)
    return signed


def keep_xml(xml: bytes, *, validation_data: ValidationData) -> bytes:
    """Add to each XAdES signature what proves its certificates (XAdES-LT), and return the document.

    To be called once, after the last signature, while the certificates are valid and their revocation data fresh. Nothing that
    is signed changes, and no signature breaks. Raises `UnreadableDocument`, `NotYetSigned`, `CertificateUntrusted` or
    `ValidationDataUnavailable`.
    """
    root = parse(xml)
    signatures = [one for one in root.iterfind(f"{_SIGNATURES}//{{{DS}}}Signature") if qualifies(one)]
    if not signatures:
        raise NotYetSigned(
            "Tệp XML chưa có chữ ký XAdES nào nên chưa lưu trữ lâu dài được. Hãy ký đủ trước.",
            "The XML has no XAdES signature yet, so there is nothing to keep. Let everybody sign first.",
        )
    for signature in signatures:
        keep(signature, validation_data=validation_data)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def require_as_prepared(prepared: PreparedXml, who: SignerCertificate) -> None:
    """Refuse bytes to be signed that are not over this very document, or for another signer: nobody signs blind.

    Raises `UnreadableDocument`, `NotLaidOut` or `ChangedSincePrepared`.
    """
    _as_prepared(parse(prepared.document), prepared, who)


def data_bytes(xml: bytes) -> bytes:
    """The canonical bytes of what a document says: of `DU_LIEU_HOC_BA`. Raises `UnreadableDocument` or `NotLaidOut`."""
    return canonical(_data_of(parse(xml)))


def claimed_time(xml: bytes, slot: str) -> datetime:
    """When a slot says that it is signed. Raises `UnreadableDocument`, `NotLaidOut` or `ChangedSincePrepared`."""
    stated = _place_of(parse(xml), slot).findtext("NGAY_KY")
    try:
        claimed = datetime.fromisoformat(stated or "")
    except ValueError:
        raise ChangedSincePrepared(f"XML, {slot}, NGAY_KY") from None
    if claimed.tzinfo is None:
        raise ChangedSincePrepared(f"XML, {slot}, NGAY_KY")
    return claimed


def _as_prepared(root: etree._Element, prepared: PreparedXml, who: SignerCertificate) -> etree._Element:
    """The signature without a value, if it is to the last byte what `prepare_slot` makes of this document and signer."""
    covered, unit_id = _covered_by(root, prepared.slot)
    place = _place_of(root, prepared.slot)
    signature = place.find(f"{{{DS}}}Signature")
    stated = place.findtext("NGAY_KY")
    if signature is None or stated is None:
        raise ChangedSincePrepared(prepared.slot)
    said = Said(f"sig-{prepared.slot}", covered, who, stated, unit_id, qualifies(signature))
    expected = signature_of(said)
    if canonical(signature) != canonical(expected) or signed_info_of(expected) != prepared.to_be_signed:
        raise ChangedSincePrepared(f"XML, {prepared.slot}")
    return signature


def _covered_by(root: etree._Element, slot: str) -> tuple[etree._Element, str | None]:
    """What the signature in a slot is of: the data, or a subject's row and the id of the unit in which it stands."""
    data = _data_of(root)
    subject = _SUBJECT_SLOT.fullmatch(slot)
    if subject is None:
        return data, None
    code = subject[1]
    rows = [row for row in data.findall(_ROWS) if row.findtext("MA_MON_HOC") == code]
    named = [element for element in root.iter(etree.Element) if element.get("Id") == f"diem-{code}"]
    unit_ids = data.findall(_UNIT_ID)
    if len(rows) != 1 or named != rows or len(unit_ids) != 1 or not unit_ids[0].text:
        raise NotLaidOut(
            f"Tệp XML không có đúng một dòng điểm của môn {code} nên không ký. Hãy xuất lại từ phần mềm.",
            f"The XML has not exactly one row of the subject {code}, so it is not signed. Export it again.",
        )
    return rows[0], unit_ids[0].text


def _data_of(root: etree._Element) -> etree._Element:
    found = [element for element in root.iter(etree.Element) if element.get("Id") == DATA_ID]
    if root.tag != "HOC_BA" or len(found) != 1 or found[0].tag != "DU_LIEU_HOC_BA" or found[0].getparent() is not root:
        raise NotLaidOut(
            "Tệp XML không có đúng một phần DU_LIEU_HOC_BA mang Id “data” nên không ký. Hãy xuất lại từ phần mềm.",
            "The XML has not exactly one DU_LIEU_HOC_BA with Id “data”, so it is not signed. Export it again.",
        )
    return found[0]


def _place_of(root: etree._Element, slot: str) -> etree._Element:
    if slot in SLOTS:
        places = root.findall(f"{_SIGNATURES}/{slot}")
    else:
        teachers = root.findall(f"{_SIGNATURES}/DANH_SACH_GVBM/GVBM") if _SUBJECT_SLOT.fullmatch(slot) else []
        places = [place for place in teachers if place.get("Id") == slot]
    if len(places) != 1:
        raise NotLaidOut(
            f"Tệp XML không có đúng một mục ký {slot} nên không ký. Hãy xuất lại từ phần mềm.",
            f"The XML has not exactly one slot {slot} for a signature, so it is not signed. Export it again.",
        )
    return places[0]


def _set(place: etree._Element, tag: str, value: str) -> None:
    child = place.find(tag)
    if child is None:
        child = etree.SubElement(place, tag)
    child.text = value
