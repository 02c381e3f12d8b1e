# SPDX-License-Identifier: Apache-2.0

"""Attacks on roles, deputies, hierarchies and the published list, with real files, on the real contract.

As in `test_attacks_signers` the insider anchors a manifest that lists the very people who did sign.
"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import attacked_school as world
import pytest
from attacked_school import FAILED, OPEN, PASSED, PRINCIPAL, ROLES_IN_ORDER, SEAL, TEACHER, YEAR_LONG, both
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.proof.signer_list import SIGNERS_TOPIC, SignerList
from scripts.demo_pki import STAFF
from scripts.registration import publish_signer_list
from verifier_api.trust import SIGNERS_FILE, TRUST_FILE, Trust
from verifier_api.verdict import Outcome

DAY = timedelta(days=1)
BEGAN = world.now() - 400 * DAY


@pytest.fixture(scope="module")
def deputy():
    return world.key_of("CBQL-deputy")


@pytest.fixture(scope="module")
def by_deputy(deputy):
    return world.archived(world.signed_by(keys={PRINCIPAL: deputy}))


def delegation(deputy, **dates):
    principal = world.key_of(PRINCIPAL).certificate_sha256.hex()
    return world.approved(PRINCIPAL, deputy, delegated_by=principal, **dates)


def test_a_deputy_within_the_delegation(deputy, by_deputy):
    trust = world.trusting(delegation(deputy))
    both(by_deputy, PASSED, trust=trust)
    verdict = world.judge(by_deputy.xml, world.anchored(world.manifest_of(by_deputy)), trust=trust)
    told = {each["role"]: each for each in verdict.to_dict()["signatures"]}
    assert told["CBQL"]["delegated_by"] == world.key_of(PRINCIPAL).certificate_sha256.hex()
    assert told["CBQL"]["signer"] == STAFF["CBQL-deputy"].person.name
    assert "delegated_by" not in told["GVCN"]


@pytest.mark.parametrize(
    "dates",
    [{"valid_from": world.now() + DAY}, {"valid_from": world.now() - 9 * DAY, "valid_to": world.now() - DAY}],
    ids=["before it began", "after it ended"],
)
def test_a_deputy_outside_the_delegation(deputy, by_deputy, dates):
    both(by_deputy, FAILED, "signatures.not_listed", trust=world.trusting(delegation(deputy, **dates)))


def test_a_deputy_without_a_line(by_deputy):
    both(by_deputy, FAILED, "signatures.not_listed")


def test_a_deputy_of_another_school(deputy, by_deputy):
    trust = world.trusting(delegation(deputy, school=world.OTHER_CODE))
    both(by_deputy, FAILED, "signatures.not_listed", trust=trust)


def test_a_second_teacher_who_is_not_yet_listed():
    second = world.key_of("GVCN-second")
    paper = world.archived(world.signed_by(keys={TEACHER: second}))
    both(
        paper, FAILED, "signatures.not_listed", trust=world.trusting(world.approved(TEACHER, second, school="01000777"))
    )


def test_a_seal_from_another_hierarchy_than_the_one_it_was_approved_under():
    """Settings let a private school seal under a public root. This one's line says that its seal is the government's."""
    code = "01000933"
    bought = world.certified(world.SHEET.school.name, hierarchy="public", **YEAR_LONG)
    world.chain().register(code, bought)
    record = world.SHEET.records[0]
    paper = world.drawn(record=replace(record, school=replace(record.school, code=code)))
    for role in ROLES_IN_ORDER:
        paper = world.signed(paper, role, key=bought if role is SEAL else None)
    paper = world.archived(paper)
    receipt = world.anchored(world.manifest_of(paper, school=code))
    people = [world.approved(role, school=code) for role in (TEACHER, PRINCIPAL)]
    for hierarchy, conclusion, expected in (
        ("vgca", FAILED, {"signatures.other_hierarchy"}),
        ("public", PASSED, set()),
    ):
        seal = world.approved(SEAL, bought, school=code, hierarchy=hierarchy)
        trust = either_hierarchy(world.trusting_only(*people, seal))
        for data in (paper.pdf, paper.xml):
            verdict = world.judge(data, receipt, trust=trust)
            assert (verdict.conclusion, world.complaints(verdict)) == (conclusion, expected)


def either_hierarchy(trust):
    allowed = {**trust.settings.roles, SEAL.value: ("vgca", "public")}
    return replace(trust, settings=trust.settings.model_copy(update={"roles": allowed}))


# The list on the chain.


def trust_folder(path: Path) -> Path:
    """The authority's folder as it is handed out, without a list yet."""
    trust = world.trusting(no_list=True)
    for name in trust.settings.hierarchies:
        (path / f"{name}.pem").write_bytes(pem(world.pki().root_certificates(name)[0]))
        (path / f"{name}-ca.pem").write_bytes(pem(world.pki().certificate(name, f"{name}-ca").dump()))
    settings = trust.settings.model_copy(update={"intermediates": ("vgca-ca.pem", "public-ca.pem")})
    (path / TRUST_FILE).write_text(settings.model_dump_json(exclude_none=True))
    return path


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def listed(*more, days=0) -> SignerList:
    lines = (*(world.approved(role, valid_from=BEGAN) for role in ROLES_IN_ORDER), *more)
    return SignerList(authority="Sở GDĐT Hải Phòng", issued_at=world.now() + (days - 1) * DAY, lines=lines)


def told_about(trust, data, receipt):
    verdict = world.judge(data, receipt, trust=trust)
    about = {one.code for one in verdict.findings if one.code.startswith("signatures.list_")}
    return verdict.conclusion, about, world.codes(verdict, Outcome.FAILED)


def test_a_list_is_published_believed_replaced_and_old(tmp_path, deputy, by_deputy):
    """The whole life of a list, with files, folder, contract and verifier as they are."""
    paper, receipt = world.genuine(), world.genuine_receipt()
    deputys = world.anchored(world.manifest_of(by_deputy))
    folder, chain = trust_folder(tmp_path), world.chain()
    assert Trust.load(folder).signers is None

    (folder / SIGNERS_FILE).write_bytes(listed(days=9).canonical())
    assert told_about(Trust.load(folder), paper.pdf, receipt) == (OPEN, {"signatures.list_unpublished"}, set())

    first = listed()
    # Another test, or an earlier run of this one, may have published before; this folder begins with nothing.
    chain.publish(SIGNERS_TOPIC, first.sha256())
    (folder / SIGNERS_FILE).write_bytes(first.canonical())
    old = Trust.load(folder)
    for data in (paper.pdf, paper.xml):
        assert told_about(old, data, receipt) == (PASSED, {"signatures.list_published"}, set())
    assert told_about(old, by_deputy.pdf, deputys)[0] is FAILED

    publish_signer_list(folder, chain.registry, chain.authority, listed(delegation(deputy), days=0.5))
    new = Trust.load(folder)
    for data, proof in ((paper.pdf, receipt), (by_deputy.pdf, deputys), (by_deputy.xml, deputys)):
        assert told_about(new, data, proof) == (PASSED, {"signatures.list_published"}, set())
        # With the folder of yesterday nothing is known, of the deputy's records no more than of others.
        assert told_about(old, data, proof) == (OPEN, {"signatures.list_superseded"}, set())


def test_a_list_with_one_changed_byte(tmp_path, by_deputy):
    """A deputy puts themselves on the list: the file is well-formed, and not the one that was published."""
    folder, chain, genuine = trust_folder(tmp_path), world.chain(), listed()
    chain.publish(SIGNERS_TOPIC, genuine.sha256())
    said = json.loads(genuine.canonical())
    principal = next(line for line in said["lines"] if line["role"] == "CBQL")
    forged = genuine.canonical().replace(
        principal["cert_sha256"].encode(), world.key_of("CBQL-deputy").certificate_sha256.hex().encode()
    )
    (folder / SIGNERS_FILE).write_bytes(forged)
    receipt = world.anchored(world.manifest_of(by_deputy))
    conclusion, about, failed = told_about(Trust.load(folder), by_deputy.pdf, receipt)
    assert (conclusion, about, failed) == (OPEN, {"signatures.list_superseded"}, set())
