# SPDX-License-Identifier: Apache-2.0

"""A file signed four years ago passes today, the signers' certificates having ended: with both corrections, not without.

No clock is moved: the PKI, the tokens and the CRLs are made as of then. When one of the tests that want a failure fails, the
library has mended its part, and the correction can go.
"""

import functools
from datetime import UTC, datetime, timedelta

import laid_out_paper as paper
import pytest
from pyhanko.sign.validation import ades
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.path import ValidationPath

from scripts.demo_pki import Person, create_pki
from signer.archive import archive, retimestamp
from signer.errors import CertificateUntrusted
from signer.pdf import sign_field
from signer.validation_data import ValidationData
from verifier_api import corrections
from verifier_api.signatures import judge_pdf
from verifier_api.verdict import Outcome

THEN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=4 * 365)
"""Signers' certificates last three years, the TSA's five."""


def make(label, now, authority="DEMO"):
    return create_pki(
        paper.folder() / label,
        school_code="79000701",
        school_name="Trường THCS Hoa Mai",
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=9,
        now=now,
        authority=authority,
    )


@functools.cache
def pki():
    return make("four-years-ago", THEN)


def signed_then(by, when=THEN):
    pdf, stamper = paper.unsigned(), by.timestamper(lambda: when)
    for role in paper.FIELDS:
        key = paper.key_of(by, role)
        pdf = sign_field(
            pdf,
            field=role,
            key=key,
            stamp=paper.stamp(key.common_name),
            first=role == "GVCN",
            reason=paper.FIELDS[role][0],
            name=key.common_name,
            location="TP. Hồ Chí Minh",
            timestamper=stamper,
            signed_at=when,
        )
    data = ValidationData.offline(paper.all_roots(by), crls=by.crls(when), now=lambda: when)
    return archive(pdf, timestamper=stamper, validation_data=data)


@functools.cache
def old_file():
    return signed_then(pki())


@functools.cache
def revoked_pki():
    return make("four-years-ago-revoked", THEN)


@functools.cache
def backdated_file():
    """The teacher's certificate was revoked three days after signing, as of two days before; the next archive shows it."""
    pdf = signed_then(revoked_pki())
    later = THEN + timedelta(days=3)
    known = revoked_pki().revoked("GVCN", since=THEN - timedelta(days=2))
    data = ValidationData.offline(paper.all_roots(known), crls=known.crls(later), now=lambda: later)
    return retimestamp(pdf, timestamper=known.timestamper(lambda: later), validation_data=data)


def judge(pdf=None, by=None):
    by = by or pki()
    roots = {hierarchy: by.root_certificates(hierarchy) for hierarchy in ("vgca", "public")}
    return judge_pdf(pdf or old_file(), roots=roots, field_names=frozenset(paper.FIELDS))


def test_an_old_file_passes_after_its_certificates_have_ended():
    for role in paper.FIELDS:
        assert paper.key_of(pki(), role).certificate.not_valid_after < datetime.now(UTC)
    found = judge()
    assert [s.sub_indication for s in found.signatures] == ["OK", "OK", "OK"]
    assert found.outcome is Outcome.PASSED
    assert all(abs(s.timestamped_at - THEN) < timedelta(seconds=2) for s in found.signatures)


def test_a_timestamp_whose_authority_has_ended_is_judged_by_the_next():
    six, two = datetime.now(UTC) - timedelta(days=6 * 365), datetime.now(UTC) - timedelta(days=2 * 365)
    old, new = make("six-years-ago", six), make("two-years-ago", two, "DEMO 2")
    roots = {"old": paper.all_roots(old), "new": paper.all_roots(new)}
    pdf = signed_then(old, six)
    assert old.certificate("public", "tsa").not_valid_after < datetime.now(UTC)
    unrenewed = judge_pdf(pdf, roots=roots, field_names=frozenset(paper.FIELDS))
    assert unrenewed.outcome is Outcome.UNKNOWN
    data = ValidationData.offline(
        [*roots["old"], *roots["new"]], crls=[*old.crls(two), *new.crls(two)], now=lambda: two
    )
    pdf = retimestamp(pdf, timestamper=new.timestamper(lambda: two), validation_data=data)
    found = judge_pdf(pdf, roots=roots, field_names=frozenset(paper.FIELDS))
    assert [s.hierarchy for s in found.document_timestamps] == ["old", "new"]
    assert found.outcome is Outcome.PASSED


def test_the_stock_time_slide_still_needs_its_correction(monkeypatch):
    monkeypatch.setattr(ades, "past_validate", corrections.STOCK_PAST_VALIDATE)
    assert judge().outcome is not Outcome.PASSED


def test_a_revocation_dated_back_is_seen():
    teacher, principal, seal = judge(backdated_file(), revoked_pki()).signatures
    assert (teacher.revoked, teacher.outcome) == (True, Outcome.UNKNOWN)
    assert teacher.sub_indication == "REVOKED_NO_POE"
    assert principal.outcome is seal.outcome is Outcome.PASSED


def test_a_revocation_after_signing_does_no_harm():
    later = THEN + timedelta(days=3)
    by = make("four-years-ago-revoked-later", THEN)
    pdf = signed_then(by)
    known = by.revoked("GVCN", since=THEN + timedelta(days=1))
    data = ValidationData.offline(paper.all_roots(known), crls=known.crls(later), now=lambda: later)
    pdf = retimestamp(pdf, timestamper=known.timestamper(lambda: later), validation_data=data)
    found = judge(pdf, by)
    assert found.outcome is Outcome.PASSED
    assert found.signatures[0].revoked_at == THEN + timedelta(days=1)
    assert not found.signatures[0].revoked


def test_the_stock_search_for_crls_still_needs_its_correction():
    ca, signer = pki().certificate("public", "public-ca"), pki().certificate("public", "teacher")
    cut = ValidationPath(CertTrustAnchor(ca), interm=[], leaf=signer)
    with pytest.raises(LookupError):
        corrections.STOCK_TRUNCATE(cut, ca)
    assert list(corrections.truncate_to_issuer_and_append(cut, ca)) == [ca]


@pytest.mark.parametrize("role", ["GVCN", "KY_PHAT_HANH"])
def test_a_certificate_revoked_before_it_signed_is_not_archived(role, tmp_path):
    when = paper.now() - timedelta(days=2)
    revoked = make(tmp_path, paper.now()).revoked(role, since=when)
    pdf = paper.sign(paper.unsigned(), role, of=revoked, first=True)
    with pytest.raises(CertificateUntrusted):
        archive(pdf, timestamper=revoked.timestamper(paper.now), validation_data=paper.offline_data(revoked))
