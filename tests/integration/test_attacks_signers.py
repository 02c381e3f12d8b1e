# SPDX-License-Identifier: Apache-2.0

"""Attacks on who signed, and when: the insider anchors a manifest that lists the very people who did sign.

So nothing but the certificates, their dates, the authority's list and the seal on the chain can stop these files.
"""

import functools
from dataclasses import replace
from datetime import timedelta

import attacked_school as world
import pytest
from attacked_school import FAILED, OPEN, PASSED, PRINCIPAL, ROLES_IN_ORDER, SEAL, TEACHER, YEAR_LONG, both, concluded

from ledger.proof.manifest import ManifestSigner
from scripts.demo_pki import DemoPki
from signer.archive import archive
from signer.validation_data import ValidationData
from verifier_api.verdict import Outcome

DAY = timedelta(days=1)


def archived_with_crls_of(paper, of: DemoPki, *, at, stamped=None):
    """As a thief archives: with lists as they stood `at` some time that suits him, and a timestamp of now."""
    data = ValidationData.offline(world.roots_of(of), crls=of.crls(at), now=lambda: at)
    stamper = of.timestamper(lambda: stamped or world.now())
    return replace(paper, pdf=archive(paper.pdf, timestamper=stamper, validation_data=data))


def signed_under(of: DemoPki, *, when=None, code=None):
    """A paper signed by the three of another infrastructure, with its timestamps; `code` names the school."""
    record = world.SHEET.records[0]
    paper = world.drawn(record=replace(record, school=replace(record.school, code=code or world.CODE)))
    for role in ROLES_IN_ORDER:
        stamper = of.timestamper(lambda: when or world.now())
        paper = world.signed(paper, role, key=world.key_of(role, of), when=when, stamper=stamper)
    return paper


def trusting_school_of(of: DemoPki, code: str, *, since=400 * DAY):
    """Settings that trust `of` alone, where `code` is a school whose seal is registered on the chain."""
    world.chain().register(code, world.key_of(SEAL, of))
    listed = [
        world.approved(role, world.key_of(role, of), school=code, valid_from=world.now() - since)
        for role in ROLES_IN_ORDER
    ]
    return world.trusting_only(*listed, of=(of,))


# Strangers and swapped roles.


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_same_names_under_another_root(kind):
    paper = archived_with_crls_of(signed_under(world.stranger()), world.stranger(), at=world.now())
    verdict = world.judge(getattr(paper, kind), world.anchored(world.manifest_of(paper)))
    assert verdict.conclusion is FAILED
    assert {"signatures.untrusted", "signatures.not_listed", "signatures.seal_other"} <= world.complaints(verdict)


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_stranger_whom_the_manifest_does_not_list(kind):
    """The manifest says the truth about who should have signed; somebody of the same name did."""
    paper = world.signed_by(keys={PRINCIPAL: world.key_of(PRINCIPAL, world.stranger())})
    listed = tuple(
        ManifestSigner(role=role.value, cert_sha256=world.key_of(role).certificate_sha256.hex())
        for role in ROLES_IN_ORDER
    )
    verdict = world.judge(getattr(paper, kind), world.anchored(world.manifest_of(paper, signers=listed)))
    assert verdict.conclusion is FAILED
    assert {"signatures.other_signer", "signatures.untrusted"} <= world.complaints(verdict)


def test_teacher_signs_as_principal():
    paper = world.archived(world.signed_by((PRINCIPAL, SEAL), keys={PRINCIPAL: world.key_of(TEACHER)}))
    both(paper, FAILED, "signatures.not_listed")


def test_teacher_signs_as_principal_and_there_is_no_list():
    """Without a list nobody can know; it must not pass for want of one."""
    paper = world.archived(world.signed_by((PRINCIPAL, SEAL), keys={PRINCIPAL: world.key_of(TEACHER)}))
    both(paper, OPEN, "signatures.no_list", trust=world.trusting(no_list=True))


def test_principal_signs_twice():
    """As homeroom teacher too."""
    paper = world.archived(world.signed_by(keys={TEACHER: world.key_of(PRINCIPAL)}))
    both(paper, FAILED, "signatures.not_listed")


def test_person_in_place_of_the_seal():
    paper = world.archived(world.signed_by(keys={SEAL: world.key_of(PRINCIPAL)}))
    both(paper, FAILED, "signatures.untrusted", "signatures.seal_other", "signatures.not_listed")


def test_organisation_in_place_of_the_principal():
    paper = world.archived(world.signed_by(keys={PRINCIPAL: world.key_of(SEAL)}))
    both(paper, FAILED, "signatures.untrusted", "signatures.not_listed")


def test_seal_of_another_school():
    paper = world.archived(world.signed_by(keys={SEAL: world.other_seal()}))
    both(paper, FAILED, "signatures.seal_other", "signatures.not_listed")


def test_seal_of_another_school_that_is_listed_here_by_mistake():
    paper = world.archived(world.signed_by(keys={SEAL: world.other_seal()}))
    both(paper, FAILED, "signatures.seal_other", trust=world.trusting(world.approved(SEAL, world.other_seal())))


def test_principal_of_another_school():
    neighbour = world.certified("Trần Văn Láng Giềng", hierarchy="public", **YEAR_LONG)
    paper = world.archived(world.signed_by(keys={PRINCIPAL: neighbour}))
    trust = world.trusting(world.approved(PRINCIPAL, neighbour, school=world.OTHER_CODE))
    both(paper, FAILED, "signatures.not_listed", trust=trust)


def test_signer_whom_nobody_listed():
    unknown = world.certified("Lê Thị Không Tên", hierarchy="public", **YEAR_LONG)
    both(world.archived(world.signed_by(keys={PRINCIPAL: unknown})), FAILED, "signatures.not_listed")


# Missing, and in another order.


@pytest.mark.parametrize("roles", [(TEACHER, PRINCIPAL), (TEACHER, SEAL), (SEAL,)], ids=["seal", "principal", "people"])
def test_required_signature_missing(roles):
    extra = () if SEAL in roles else ("signatures.seal_other",)
    both(world.archived(world.signed_by(roles)), FAILED, "signatures.missing", *extra)


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_manifest_lists_a_seal_that_never_signed(kind):
    paper = world.archived(world.signed_by((TEACHER, PRINCIPAL)))
    seal = ManifestSigner(role=SEAL.value, cert_sha256=world.key_of(SEAL).certificate_sha256.hex())
    listed = (*world.manifest_of(paper).signers, seal)
    concluded(getattr(paper, kind), world.manifest_of(paper, signers=listed), FAILED, "signatures.missing")


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_manifest_keeps_a_signer_secret(kind):
    paper = world.genuine()
    listed = world.manifest_of(paper).signers[1:]
    concluded(getattr(paper, kind), world.manifest_of(paper, signers=listed), FAILED, "signatures.stranger")


def test_sealed_before_the_principal_signed():
    paper = world.archived(world.signed_by((TEACHER, SEAL, PRINCIPAL)))
    told = tuple(sorted(world.manifest_of(paper).signers, key=lambda one: [*ROLES_IN_ORDER].index(one.role)))
    concluded(paper.pdf, world.manifest_of(paper, signers=told), FAILED, "signatures.order")
    concluded(paper.pdf, world.manifest_of(paper), FAILED, "signatures.missing")


# Timestamps.


def test_signed_with_the_tokens_of_an_authority_that_nobody_trusts():
    paper = world.drawn()
    for role in ROLES_IN_ORDER:
        paper = world.signed(paper, role, stamper=world.stranger().timestamper(world.now))
    verdict = world.judge(paper.pdf, world.anchored(world.manifest_of(paper)))
    assert (verdict.conclusion, world.complaints(verdict)) == (OPEN, {"signatures.indeterminate"})


def test_never_archived():
    """No validation data, no document timestamp: nothing shows that the certificates were good."""
    paper = world.signed_by()
    concluded(paper.pdf, world.manifest_of(paper), OPEN, "signatures.indeterminate")


# Expired and revoked.


def test_certificate_ended_before_it_signed():
    """The thief of an old key says in the XML that it was signed in time, and a timestamp says when it really was."""
    ended = world.certified("Lê Thị Thôi Việc", hierarchy="public", since=-400 * DAY, until=-30 * DAY)
    then, paper = world.now() - 60 * DAY, world.drawn()
    for role in ROLES_IN_ORDER:
        mine = {"key": ended, "when": then, "stamper": world.pki().timestamper(world.now)} if role is PRINCIPAL else {}
        paper = world.signed(paper, role, **mine)
    both(paper, OPEN, "signatures.indeterminate", trust=world.trusting(world.approved(PRINCIPAL, ended)))


@functools.cache
def stolen() -> DemoPki:
    """The principal's key was stolen, and revoked ten days ago."""
    made = world.make_pki("stolen", authority="DEMO 2")
    return made.revoked(PRINCIPAL.value, since=world.now() - 10 * DAY)


STOLEN_FROM = "01000901"


@functools.cache
def trusting_stolen():
    return trusting_school_of(stolen(), STOLEN_FROM)


def concluded_of_stolen(paper, *expected):
    manifest = world.manifest_of(paper, school=STOLEN_FROM)
    return concluded(paper.pdf, manifest, OPEN, *expected, trust=trusting_stolen())


def test_revoked_key_with_a_list_from_before_the_theft():
    """The thief chooses what goes into the file: a CRL of fifteen days ago names nobody."""
    paper = signed_under(stolen(), code=STOLEN_FROM)
    paper = archived_with_crls_of(paper, stolen(), at=world.now() - 15 * DAY)
    verdict = concluded_of_stolen(paper, "signatures.indeterminate")
    assert {one.sub_indication for one in verdict.signatures} == {"REVOCATION_OUT_OF_BOUNDS_NO_POE"}


def test_revoked_key_with_no_list_at_all():
    concluded_of_stolen(signed_under(stolen(), code=STOLEN_FROM), "signatures.indeterminate")


# The authority's list has dates.


def dated(**dates):
    listed = [world.approved(role) for role in ROLES_IN_ORDER if role is not PRINCIPAL]
    return world.trusting_only(*listed, world.approved(PRINCIPAL, **dates))


def test_listed_only_from_tomorrow():
    both(world.genuine(), FAILED, "signatures.not_listed", trust=dated(valid_from=world.now() + DAY))


def test_left_the_list_yesterday():
    both(world.genuine(), FAILED, "signatures.not_listed", trust=dated(valid_to=world.now() - DAY))


def test_left_the_list_between_signing_and_anchoring():
    """The PDF has a timestamp and passes; of the XML nobody knows whether it was signed before or after: not red, not green."""
    when = world.now() - 10 * DAY
    paper = world.drawn()
    for role in ROLES_IN_ORDER:
        paper = world.signed(paper, role, when=when)
    paper = archived_with_crls_of(paper, world.pki(), at=when, stamped=when)
    trust = dated(valid_to=world.now() - 5 * DAY)
    both(paper, PASSED, trust=trust, xml_conclusion=OPEN, in_xml=("signatures.indeterminate",))


def test_backdates_the_xml_to_when_it_was_listed():
    when = world.now() - 10 * DAY
    paper = world.drawn()
    for role in ROLES_IN_ORDER:
        paper = world.signed(paper, role, when=when, stamper=world.pki().timestamper(world.now))
    trust = dated(valid_to=world.now() - 5 * DAY)
    concluded(paper.xml, world.manifest_of(paper), OPEN, "signatures.indeterminate", trust=trust)


# Years later.


def test_genuine_four_years_later():
    """Signed four years ago and anchored then (the chain's clock is not moved: the anchor is told the verifier as of then)."""
    four = world.now() - 4 * 365 * DAY
    old = world.make_pki("four-years", when=four, authority="DEMO 4")
    code = "01000904"
    trust = trusting_school_of(old, code, since=5 * 365 * DAY)
    paper = archived_with_crls_of(signed_under(old, when=four, code=code), old, at=four, stamped=four)
    assert world.key_of(PRINCIPAL, old).certificate.not_valid_after < world.now()
    receipt = world.anchored(world.manifest_of(paper, school=code))
    registry = world.AnchoredEarlier(world.chain().registry, four + DAY)
    for data in (paper.pdf, paper.xml):
        verdict = world.judge(data, receipt, trust=trust, registry=registry)
        assert (verdict.conclusion, world.complaints(verdict)) == (PASSED, set())
        assert {one.outcome for one in verdict.signatures} == {Outcome.PASSED}
    # Had it been anchored only now, the XML alone could have been made with a key that leaked since.
    assert world.judge(paper.xml, receipt, trust=trust).conclusion is OPEN
