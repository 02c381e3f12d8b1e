# SPDX-License-Identifier: Apache-2.0

"""A row in every table of signing, made by the real `SigningWriter`: a certificate, an assignment, a round, a returned unit."""

from uuid import UUID

from ledger.signing import SignerIdentity
from ledger.store.signing_reader import RoundItem, SigningReader, StoredPart
from ledger.store.signing_tables import Holding, ItemState
from ledger.store.signing_writer import Request, SigningWriter
from ledger.store.tables import FileRole
from ledger.unit import Role, Slot
from tests.simulators.school_ledger import NOON, OTHER_SCHOOL, YEAR, SchoolLedger, digest

ROUND = UUID(int=77, version=4)
TEACHER = SignerIdentity(certificate=b"teacher", chain=(b"authority",), shown_role="Giáo viên chủ nhiệm")
HOMEROOM = Slot(Role.HOMEROOM)


def sign_in(ledger: SchoolLedger) -> None:
    """A class of one more unit, whose homeroom teacher is registered, assigned, has prepared a round, and got it back."""
    lines, writer = SigningReader(ledger.engine), SigningWriter(ledger.engine, now=lambda: NOON)
    (unit,) = ledger.signing(1, first=900, school_code=OTHER_SCHOOL)
    school_class = lines.school_class(school_code=OTHER_SCHOOL, school_year=YEAR, name=unit.class_name)
    writer.request(
        Request(
            school_code=OTHER_SCHOOL,
            cert_sha256=digest("teacher"),
            certificate=TEACHER.certificate,
            chain=TEACHER.chain,
            role=Role.HOMEROOM,
            subjects=frozenset(),
            holder="Lê Thị An",
            account="an.le",
            holding=Holding.USB_TOKEN,
            hierarchy="public",
            delegated_by=None,
            valid_from=None,
            valid_to=None,
        ),
        by="văn thư",
    )
    writer.assign(school_class, HOMEROOM, account="an.le", replacing="", by="văn thư")
    writer.open_round(
        ROUND,
        school_class=school_class,
        slot=HOMEROOM,
        signer=TEACHER,
        cert_sha256=digest("teacher"),
        account="an.le",
    )
    writer.put_item(
        ROUND,
        RoundItem(
            unit_id=unit.id,
            stt=unit.stt,
            state=ItemState.PREPARED,
            signed_at=NOON,
            prepared_at=NOON,
            pdf_before=unit.file(FileRole.PDF).sha256,
            xml_before=unit.file(FileRole.XML).sha256,
            pdf=None,
            xml=StoredPart(digest("prepared"), b"to be signed", b"state"),
            pdf_value=None,
            xml_value=None,
            problem_vi=None,
            problem_en=None,
        ),
    )
    signed = ledger.sign(unit, Role.HOMEROOM)
    writer.give_back(signed, slot=HOMEROOM, before=None, reason="Thiếu nhận xét", by="hiệu trưởng")
