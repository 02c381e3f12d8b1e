# SPDX-License-Identifier: Apache-2.0

"""A record with places for subject teachers, signed by them in real, and what a verifier sees in it."""

import functools
from uuid import UUID, uuid4

import attacked_school as world
from lxml import etree

from ledger.record import xml as record_xml
from ledger.unit import Role
from signer.xml import sign_slot
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Anchors
from verifier_api.xml_places import unsigned_content
from verifier_api.xml_signatures import judge_xml

SLOTS = "DANH_SACH_THONG_TIN_KY"
SUBJECTS = tuple(subject.code for subject in world.SHEET.records[0].year.subjects)
OTHERS = ("GVCN", "CBQL", "KY_PHAT_HANH")
EVERYBODY = (*(f"GVBM-{code}" for code in SUBJECTS), *OTHERS)


def laid_out(number: int = 0, *, unit_id: UUID | None = None) -> bytes:
    when = world.now()
    return record_xml.write(
        world.SHEET.records[number],
        unit_id=unit_id or uuid4(),
        created_at=when,
        planned_issue_date=when,
        subject_slots=True,
    )


def key_for(slot: str):
    """Every subject is taught by the homeroom teacher here; a certificate names no subject."""
    return world.key_of(Role.HOMEROOM if slot not in OTHERS else Role(slot))


def signed(document: bytes, *slots: str, timestamper=None) -> bytes:
    for slot in slots:
        key = key_for(slot)
        number = None if slot == "KY_PHAT_HANH" else key.who.personal_number
        document = sign_slot(
            document, slot=slot, key=key, signing_time=world.now(), cccd=number, timestamper=timestamper
        )
    return document


@functools.cache
def genuine(number: int = 0) -> bytes:
    """Signed by everybody, one second apart or none."""
    return signed(laid_out(number), *EVERYBODY)


@functools.cache
def anchors() -> Anchors:
    pki = world.pki()
    return Anchors(
        roots={name: pki.root_certificates(name) for name in ("vgca", "public")},
        intermediates=tuple(pki.certificate(name, f"{name}-ca").dump() for name in ("vgca", "public")),
    )


def judged(document: bytes) -> dict[str, SignatureJudgement]:
    return {one.field: one for one in judge_xml(document, anchors=anchors())}


def said_unsigned(document: bytes) -> str | None:
    return unsigned_content(document)


def rewritten(document: bytes, change) -> bytes:
    root = etree.fromstring(document)
    change(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def place(root: etree._Element, slot: str) -> etree._Element:
    path = slot if slot in OTHERS else f"DANH_SACH_GVBM/GVBM[@Id='{slot}']"
    found = root.find(f"{SLOTS}/{path}")
    assert found is not None
    return found
