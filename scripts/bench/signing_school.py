# SPDX-License-Identifier: Apache-2.0

"""A school to be measured: a ledger on disk, people with registered keys, classes, and an authority that stamps time.

All of it is what production has but the chain, which signing does not need. Certomancer answers for TSA, OCSP and CRL in a
process of its own, on the same processors; `PkiServer.pid` lets its time be told apart. Classes have the same homeroom teacher
and principal, so that one key can sign them all. Example::

    with signing_school(folder, classes=10, pupils=45) as school:
        school.key(Role.HOMEROOM)
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asn1crypto import pem

from ledger.record.check import CheckOptions, check_workbook
from ledger.record.model import ClassSheet
from ledger.store.reader import School
from ledger.store.signing_tables import Holding
from ledger.unit import MOET, Role
from scripts import registration
from scripts.compose import Ledger
from scripts.crew import CrewScribe, utc_now
from scripts.demo_pki import DemoPki, Person, PkiServer, create_pki, free_port
from scripts.sample_class import make_workbook
from scripts.settings import DEFAULT_WORKERS, SETTINGS_FILE, TEMPLATE, Settings
from scripts.workday import ClassKey
from signer.keys import SigningKey, load_pkcs12
from verifier_api.trust import TRUST_FILE, RegistrySettings, Trust, TrustSettings

ROLES = (Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL)
_NO_CHAIN: Final = RegistrySettings(chain_id=1, address="0x" + "11" * 20, code_hash="0x" + "22" * 32, confirmations=1)


@dataclass(frozen=True)
class SigningSchool:
    """What is measured."""

    ledger: Ledger
    trust: Trust
    pki: DemoPki
    server: PkiServer
    classes: Sequence[ClassKey]

    def key(self, role: Role) -> SigningKey:
        """The key file of a role, opened."""
        identity = self.pki.identities[role]
        return load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)

    def crew(self) -> CrewScribe:
        """Processes to sign with, as many as the settings say."""
        return CrewScribe.at(self.ledger.settings.signing, workers=self.ledger.settings.workers)

    def roots(self) -> list[bytes]:
        """What is trusted, DER."""
        return [root for roots in self.trust.anchors.roots.values() for root in roots]


@contextmanager
def signing_school(folder: Path, *, classes: int, pupils: int) -> Iterator[SigningSchool]:
    """A school with that many classes, imported and waiting for their first signer."""
    sheets = [_sheet(number, pupils) for number in range(1, classes + 1)]
    first = sheets[0][0]
    pki = create_pki(
        folder / "pki",
        school_code=first.school.code,
        school_name=first.school.name,
        teacher=Person(first.class_info.homeroom.name, first.class_info.homeroom.personal_id or ""),
        principal=Person(first.class_info.principal.name, first.class_info.principal.personal_id or ""),
        host="127.0.0.1",
        port=free_port(),
        now=utc_now(),
    )
    with PkiServer(pki) as server:
        home = folder / "home"
        home.mkdir()
        trust = _trust(home / "trust", pki)
        settings = TEMPLATE.format(
            public_url="http://127.0.0.1:8000",
            desk_url="http://127.0.0.1:8001",
            tsa=pki.tsa_url,
            location=first.school.place,
            workers=DEFAULT_WORKERS,
        )
        (home / SETTINGS_FILE).write_text(settings, encoding="utf-8")
        ledger = Ledger.open(Settings.load(home))
        _register(ledger, trust, pki, first)
        for sheet, source in sheets:
            info = dataclasses.replace(
                sheet.class_info, homeroom=first.class_info.homeroom, principal=first.class_info.principal
            )
            records = tuple(dataclasses.replace(record, class_info=info) for record in sheet.records)
            shared = dataclasses.replace(sheet, school=first.school, class_info=info, records=records)
            ledger.importing.carry_out(ledger.importing.plan(shared), source=source)
        keys = [ClassKey(first.school.code, sheet.class_info.school_year, sheet.class_info.name) for sheet, _ in sheets]
        yield SigningSchool(ledger, trust, pki, server, keys)


def _sheet(number: int, pupils: int) -> tuple[ClassSheet, bytes]:
    source = make_workbook(grade=9, class_name=f"9A{number}", pupils=pupils, seed=number)
    options = CheckOptions(allow_synthetic_province=True)
    sheet = check_workbook(source, file=f"9A{number}.xlsx", options=options).class_sheet
    if sheet is None:
        raise SystemExit(f"the sample class 9A{number} does not check")
    return sheet, source


def _trust(folder: Path, pki: DemoPki) -> Trust:
    folder.mkdir()
    for name in pki.roots:
        (folder / f"{name}-root.pem").write_bytes(pem.armor("CERTIFICATE", pki.root_certificates(name)[0]))
        intermediate = pki.certificate(name, f"{name}-ca").dump()
        (folder / f"{name}-ca.pem").write_bytes(pem.armor("CERTIFICATE", intermediate))
    settings = TrustSettings(
        registry=_NO_CHAIN,
        rpc=("http://127.0.0.1:9",),
        hierarchies={name: (f"{name}-root.pem",) for name in pki.roots},
        intermediates=tuple(f"{name}-ca.pem" for name in pki.roots),
        roles={"GVBM": ("public",), **{role.value: (pki.identities[role].hierarchy,) for role in ROLES}},
    )
    (folder / TRUST_FILE).write_text(settings.model_dump_json(), encoding="utf-8")
    return Trust.load(folder)


def _register(ledger: Ledger, trust: Trust, pki: DemoPki, sheet: ClassSheet) -> None:
    code, authority = sheet.school.code, sheet.school.authority_name
    seal = pki.identities[Role.SEAL].certificate.read_bytes()
    ledger.writer.register_school(
        School(
            code=code,
            name=sheet.school.name,
            authority=authority,
            profile=MOET.name,
            operator="0x" + "33" * 20,
            seal_cert_sha256=hashlib.sha256(seal).hexdigest(),
        )
    )
    registration.approve_seal(ledger, trust, code, seal, by=authority)
    registrations = ledger.registrations(trust)
    for role in (Role.HOMEROOM, Role.PRINCIPAL):
        number = registrations.request(
            school_code=code,
            certificate=pki.identities[role].certificate.read_bytes(),
            role=role,
            holding=Holding.FILE,
            by=sheet.school.name,
        )
        registrations.decide(number, approved=True, by=authority)
