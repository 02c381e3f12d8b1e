# SPDX-License-Identifier: Apache-2.0

"""Ten years with a moving clock: what still passes when every certificate has ended, what does not, and why.

Three signers under a CA with lists, a CA with OCSP only, and a school CA; a time-stamping authority that changes its
certificate three times; renewed in time as `hocba retimestamp` does. Stock pyHanko beside it, which errs both ways.
"""

import functools
import io
from contextlib import contextmanager
from itertools import pairwise

import laid_out_paper as paper
import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography.x509 import ReasonFlags
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.errors import ExpiredError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo import validate_ocsp
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from signer import sessions
from signer.archive import archive, retimestamp
from signer.errors import CertificateUntrusted, ValidationDataUnavailable
from signer.validation_data import ValidationData
from tests.simulators.aging_pki import BEGIN, DAY, ELSEWHERE, RESPONDER_DAYS, Years, der, now, year
from verifier_api import corrections
from verifier_api.signatures import judge_pdf
from verifier_api.verdict import Outcome

NOTHING = ((), ())
REASONS = {role: words for role, (words, _) in paper.FIELDS.items()}
RENEWED = (2.9, 6.4, 8.8)
"""When the command runs: each time shortly before the last timestamp's certificate ends."""


def signed_on_day_one(years: Years) -> bytes:
    stamps = {role: paper.stamp(key.common_name) for role, key in years.people.items()}
    with years.at(0):
        return years.signed(paper.unsigned(), stamps, REASONS)


def archived_on_day_one(years: Years) -> bytes:
    signed = signed_on_day_one(years)
    with years.at(0):
        return years.archived(signed)


@functools.cache
def calm() -> Years:
    """Nothing ever goes wrong."""
    return Years()


@functools.cache
def kept() -> tuple[bytes, ...]:
    """The paper as archived, and after each renewal."""
    files = [archived_on_day_one(calm())]
    for when in RENEWED:
        with calm().at(when):
            files.append(calm().renewed(files[-1]))
    return tuple(files)


def as_of(when: float) -> bytes:
    """The paper as it was at that time."""
    return kept()[sum(renewed <= when for renewed in RENEWED)]


def judged(years: Years, pdf: bytes, when: float, news=NOTHING):
    with years.at(when):
        return judge_pdf(pdf, roots=years.trusted(), field_names=frozenset(paper.FIELDS), crls=news[0], ocsps=news[1])


def words(found):
    return {one.field: one.sub_indication for one in (*found.signatures, *found.document_timestamps)}


# What passes.


@pytest.mark.parametrize("when", [0.001, 0.1, 1.99, 2.02, 2.6, 3.05, 4.5, 7, 10, 12.9])
def test_what_was_renewed_in_time_passes(when):
    found = judged(calm(), as_of(when), when)
    assert (found.outcome, set(words(found).values()), found.revisions_problem) == (Outcome.PASSED, {"OK"}, None)
    assert all(abs(one.timestamped_at - BEGIN).total_seconds() < 60 for one in found.signatures)
    assert all(one.known is None for one in found.signatures)


@pytest.mark.parametrize("when", [0.1, 1.9])
def test_current_data_on_everybody_is_dated(when):
    with calm().at(when):
        news, at = calm().news(), now()
    for one in judged(calm(), as_of(when), when, news).signatures:
        assert (one.outcome, one.known.as_of) == (Outcome.PASSED, at)
        assert one.known.until > at


def test_data_on_some_is_not_data_on_all():
    with calm().at(0.1):
        news = calm().news(without=["answers"])
    known = {one.field: one.known for one in judged(calm(), as_of(0.1), 0.1, news).signatures}
    assert known["CBQL"] is None
    assert known["GVCN"] is not None


def test_each_renewal_only_appends():
    for before, after in pairwise(kept()):
        assert after.startswith(before)
        assert len(after) - len(before) < 30_000


@functools.cache
def under_a_ca_that_ends() -> tuple[Years, bytes]:
    """The teacher's CA ends four years after it certified her."""
    years = Years(people_ca_until=4)
    pdf = archived_on_day_one(years)
    with years.at(RENEWED[0]):
        return years, years.renewed(pdf)


@pytest.mark.parametrize("when", [3.9, 4.5, 6.4])
def test_a_ca_that_has_ended_meanwhile_does_no_harm(when):
    assert judged(*under_a_ca_that_ends(), when).outcome is Outcome.PASSED


# What does not.


@pytest.mark.parametrize("when", [4.5, 7, 10])
def test_what_was_not_renewed_in_time_does_not_pass(when):
    before = kept()[sum(renewed <= when for renewed in RENEWED) - 1]
    found = judged(calm(), before, when)
    assert found.outcome is Outcome.UNKNOWN
    assert all(one.intact and one.valid for one in found.signatures)


def test_at_the_end_of_the_last_certificate_it_passes_no_more():
    assert judged(calm(), kept()[-1], 13.1).outcome is Outcome.UNKNOWN


def test_too_late_is_refused_and_said():
    with calm().at(3.5), pytest.raises(CertificateUntrusted, match="hết hạn"):
        calm().renewed(kept()[0])


# Revocations.


def with_revocation(role: str, *, at: float, published: float, authority: str) -> tuple[Years, bytes]:
    """Days after signing: when the certificate was revoked as of, and when that was published."""
    years = Years()
    pdf = archived_on_day_one(years)
    years.authorities[authority].revoke(
        years.people[role].certificate, at=BEGIN + at * DAY, published=BEGIN + published * DAY
    )
    with years.at(2.9):
        return years, years.renewed(pdf)


SIGNERS = [("GVCN", "people"), ("CBQL", "answers"), ("KY_PHAT_HANH", "school")]


@pytest.mark.parametrize(("role", "authority"), SIGNERS)
def test_a_revocation_after_the_signature_does_no_harm_and_is_said(role, authority):
    years, pdf = with_revocation(role, at=30, published=30, authority=authority)
    news = years.news(year(0.5))
    for when in (3, 4.5):
        found = judged(years, pdf, when, news)
        assert found.outcome is Outcome.PASSED
        revoked = {one.field: one.revoked_at for one in found.signatures}
        assert revoked == {**dict.fromkeys(paper.FIELDS), role: BEGIN + 30 * DAY}


@pytest.mark.parametrize(("role", "authority"), SIGNERS)
def test_a_revocation_dated_back_is_seen_once_current_data_is_there(role, authority):
    years, pdf = with_revocation(role, at=-2, published=40, authority=authority)
    news = years.news(year(0.5))
    for when in (3, 4.5):
        blind, told = judged(years, pdf, when), judged(years, pdf, when, news)
        assert (blind.outcome, {one.known for one in blind.signatures}) == (Outcome.PASSED, {None})
        assert told.outcome is Outcome.UNKNOWN
        (bad,) = [one for one in told.signatures if one.outcome is not Outcome.PASSED]
        assert (bad.field, bad.sub_indication, bad.sub_indication_then) == (role, "REVOKED_NO_POE", "OK")
        assert (bad.revoked, bad.revoked_at) == (True, BEGIN - 2 * DAY)


@pytest.mark.parametrize(("days", "outcome"), [(-2, Outcome.UNKNOWN), (30, Outcome.PASSED)])
def test_a_revoked_authority_counts_like_a_revoked_signer(days, outcome):
    years = Years()
    pdf = archived_on_day_one(years)
    people = asn1_x509.Certificate.load(der(years.authorities["people"].certificate))
    years.roots["public"].revoke(
        people, at=BEGIN + days * DAY, published=BEGIN + 40 * DAY, reason=ReasonFlags.ca_compromise
    )
    assert judged(years, pdf, 0.5, years.news(year(0.5))).outcome is outcome


# The time-stamping authority loses its key.


def stamped_by_one_that_was_revoked(*, reason) -> tuple[Years, bytes]:
    years = Years()
    pdf = archived_on_day_one(years)
    years.authorities["time"].revoke(years.stamper(0).tsa_cert, at=year(2.8), reason=reason)
    return years, pdf


@pytest.mark.parametrize("reason", [ReasonFlags.key_compromise, None], ids=["key compromise", "no reason"])
def test_tokens_of_a_lost_key_prove_nothing_unless_another_covers_them_in_time(reason):
    years, pdf = stamped_by_one_that_was_revoked(reason=reason)
    with years.at(2.7):
        covered = years.renewed(pdf, term=1)
    with years.at(2.9):
        # Whoever renews later gets no current data; this one uses that of before.
        late = retimestamp(pdf, timestamper=years.stamper(1), validation_data=years.data(year(2.7)))
        news = years.news()
    assert judged(years, covered, 4.5, news).outcome is Outcome.PASSED
    for uncovered, when in ((pdf, 2.9), (late, 2.95), (late, 4.5)):
        assert judged(years, uncovered, when, news).outcome is Outcome.UNKNOWN
    assert judged(years, pdf, 2.9).outcome is Outcome.PASSED


def test_an_authority_that_only_closed_leaves_its_tokens_good():
    years, pdf = stamped_by_one_that_was_revoked(reason=ReasonFlags.superseded)
    with years.at(2.9):
        news = years.news()
    assert judged(years, pdf, 2.9, news).outcome is Outcome.PASSED


def test_nobody_renews_on_top_of_a_lost_key():
    years, pdf = stamped_by_one_that_was_revoked(reason=ReasonFlags.key_compromise)
    with years.at(2.9), pytest.raises(CertificateUntrusted, match="thu hồi"):
        years.renewed(pdf, term=1)


@pytest.mark.parametrize(("lost_on_day", "outcome"), [(1, Outcome.UNKNOWN), (3, Outcome.PASSED)])
def test_the_token_of_a_signature_counts_only_if_something_else_proves_it_older_than_the_loss(lost_on_day, outcome):
    """Signed with tokens of one authority, archived two days later by another one."""
    years = Years()
    pdf = archived_later(years, days=2, data_of=0, term=ELSEWHERE)
    years.authorities["time"].revoke(
        years.stamper(0).tsa_cert, at=BEGIN + lost_on_day * DAY, reason=ReasonFlags.key_compromise
    )
    found = judged(years, pdf, 0.5, years.news(year(0.5)))
    assert found.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert {(one.sub_indication, one.sub_indication_then) for one in found.signatures} == {("NO_POE", "OK")}
    assert judged(years, pdf, 0.5).outcome is Outcome.PASSED


# Archived too late.


def archived_later(years: Years, *, days: float, data_of: float, term: int | None = None) -> bytes:
    """Archived some days after signing, with what was fetched on another day."""
    signed = signed_on_day_one(years)
    with years.at(days / 365.25):
        data = years.data(BEGIN + data_of * DAY)
        return archive(signed, timestamper=years.stamper(term), validation_data=data)


@pytest.mark.parametrize("when", [0.1, 2.9])
def test_archived_two_days_after_signing_with_data_fetched_anew(when):
    assert judged(calm(), archived_later(calm(), days=2, data_of=2), when).outcome is Outcome.PASSED


@pytest.mark.parametrize("when", [0.1, 2.9])
def test_archived_with_answers_that_had_run_out_before_anybody_signed(when):
    found = judged(calm(), archived_later(calm(), days=2, data_of=-3), when)
    assert (found.outcome, words(found)["CBQL"]) == (Outcome.UNKNOWN, "REVOCATION_OUT_OF_BOUNDS_NO_POE")


def test_an_answer_that_nobody_saw_before_its_responder_ended_proves_nothing():
    """Whoever finds the responder's old key could have made it."""
    assert RESPONDER_DAYS < 100
    assert judged(calm(), archived_later(calm(), days=80, data_of=0), 0.5).outcome is Outcome.PASSED
    assert judged(calm(), archived_later(calm(), days=100, data_of=0), 0.5).outcome is Outcome.UNKNOWN


def test_our_archive_never_puts_in_an_answer_that_has_run_out():
    signed = signed_on_day_one(calm())
    with calm().at(2 / 365.25):
        old = calm().news(BEGIN)
        data = ValidationData.offline(
            [root for roots in calm().trusted().values() for root in roots],
            crls=[asn1_crl.CertificateList.load(one) for one in old[0]],
            ocsps=[asn1_ocsp.OCSPResponse.load(one) for one in old[1]],
            now=now,
        )
        with pytest.raises(ValidationDataUnavailable):
            archive(signed, timestamper=calm().stamper(), validation_data=data)


# Stock pyHanko, corrections off.


STOCK = {
    "the time slide": (ades, "past_validate", corrections.STOCK_PAST_VALIDATE),
    "the search for lists": (ValidationPath, "truncate_to_issuer_and_append", corrections.STOCK_TRUNCATE),
    "responders that have ended": (validate_ocsp, "_check_ocsp_authorisation", corrections.STOCK_OCSP_AUTHORISATION),
    "authorities that have ended": (ExpiredError, "__init__", corrections.STOCK_EXPIRED_INIT),
}


@contextmanager
def uncorrected(*names: str):
    try:
        for where, name, original in (STOCK[each] for each in names or STOCK):
            setattr(where, name, original)
        yield
    finally:
        corrections.apply()


@pytest.mark.parametrize("name", STOCK)
def test_each_correction_is_still_needed(name):
    """When one of these fails, the library has mended its part, and the correction can go."""
    with uncorrected(name):
        assert judged(*under_a_ca_that_ends(), 4.5).outcome is not Outcome.PASSED


def stock(years: Years, pdf: bytes, when: float, *, retroactive=False, news=None) -> dict[str, str]:
    """What the library says by itself, with everything that is published at that time at hand."""
    with years.at(when), uncorrected():
        crls, ocsps = news or years.news()
        roots = [asn1_x509.Certificate.load(root) for roots in years.trusted().values() for root in roots]
        knowledge = LocalKnowledge(
            known_certs=roots,
            known_crls=[CRLContainer(crl_data=asn1_crl.CertificateList.load(one)) for one in crls],
            known_ocsps=[each for one in ocsps for each in OCSPContainer.load_multi(asn1_ocsp.OCSPResponse.load(one))],
        )
        policy = CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=retroactive)
        specification = SignatureValidationSpec(
            CertValidationPolicySpec(SimpleTrustManager.build(roots), policy),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
            local_knowledge=knowledge,
        )
        spec = PdfSignatureValidationSpec(specification, diff_policy=None)
        found = {}
        for one in PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures:
            one.compute_integrity_info(skip_diff=True)
            found[one.field_name] = sessions.run(ades_lta_validation(one, spec)).ades_subindic.standard_name
        return found


@pytest.mark.parametrize("when", [2.02, 4.5, 10])
def test_stock_calls_a_good_paper_doubtful(when):
    assert stock(calm(), as_of(when), when)["GVCN"] != "OK"
    assert judged(calm(), as_of(when), when).outcome is Outcome.PASSED


@pytest.mark.parametrize("when", [2.95, 3.1])
def test_stock_calls_a_revoked_signer_good(when):
    """With everything at hand that was published since: today's lists, and the one that named her before she was dropped."""
    years, pdf = with_revocation("GVCN", at=-2, published=40, authority="people")
    crls, ocsps = (tuple(now_ + then) for now_, then in zip(years.news(year(when)), years.news(year(0.5)), strict=True))
    assert stock(years, pdf, when, retroactive=True, news=(crls, ocsps))["GVCN"] == "OK"
    assert judged(years, pdf, when, (crls, ocsps)).outcome is Outcome.UNKNOWN


# Ten times over.


@pytest.mark.slow
def test_ten_renewals_pass_the_revision_policy_and_grow_slowly():
    years = Years()
    files = [archived_on_day_one(years)]
    for number in range(1, 11):
        with years.at(number * 0.88):
            files.append(years.renewed(files[-1]))
    grown = [len(after) - len(before) for before, after in pairwise(files)]
    print(f"\nten renewals: {len(files[0])} to {len(files[-1])} bytes, each {min(grown)} to {max(grown)}")
    found = judged(years, files[-1], 10)
    assert (found.outcome, found.revisions_problem) == (Outcome.PASSED, None)
    assert len(found.document_timestamps) == 11
    assert found.document_timestamps[-1].covers_entire_file
    assert [one.ends_at for one in found.document_timestamps] == [len(pdf) for pdf in files]
    assert max(grown) < 30_000
    assert all(files[-1].startswith(pdf) for pdf in files)
