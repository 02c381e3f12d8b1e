# SPDX-License-Identifier: Apache-2.0

"""Attacks by way of the time-stamp tokens in a receipt. Whatever somebody puts there, a genuine file stays what it is.

What holds proves a time; what does not proves nothing. Neither turns a verdict red or green, with a chain or without.
"""

import base64
import functools
import io
import secrets
from dataclasses import replace
from datetime import timedelta

import attacked_school as world
import pytest
from asn1crypto import algos, cms, core, keys, pem, tsp
from attacked_school import OPEN, PASSED
from certomancer.services import TimeStamper as Stamper
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from pyhanko.pdf_utils.reader import PdfFileReader

from ledger.chain.web3_registry import Web3Registry
from ledger.paper.moments import VIETNAM
from signer import sessions
from signer.root_tokens import stamp
from signer.validation_data import ValidationData
from verifier_api import root_tokens
from verifier_api.banner import Tone, banner_of_file
from verifier_api.examination import FileKind, examine
from verifier_api.intake import Exhausted, IsolatedExaminer, Shortage, UnsafeInProcessExaminer
from verifier_api.verdict import Check, Outcome, Standing
from verifier_api.verifier import Verifier

FOUR_YEARS = timedelta(days=4 * 365)


@functools.cache
def receipt():
    """Of a batch of its own, since a token is over a root."""
    return world.anchored(world.manifest_of(world.genuine()))


def carrying(*tokens):
    return receipt().model_copy(update={"timestamps": tuple(base64.b64encode(each).decode() for each in tokens)})


def kept(digested=None, *, of=None, when=None):
    """A token as the ledger keeps it."""
    of, when = of or world.pki(), when or world.now()
    data = ValidationData.offline(world.roots_of(of), crls=of.crls(when), now=lambda: when)
    return stamp(digested or receipt().root_bytes, timestamper=of.timestamper(lambda: when), validation_data=data)


def bare(imprint, *, algorithm="sha256", of=None, when=None):
    """A token as an authority gives it, over any imprint."""
    of, when = of or world.pki(), when or world.now()
    return sessions.run(of.timestamper(lambda: when).async_timestamp(imprint, algorithm)).dump()


@functools.cache
def genuine():
    return kept()


def root_imprint():
    return hashes_of("sha256", receipt().root_bytes)


def hashes_of(name, data):
    digest = hashes.Hash({"sha256": hashes.SHA256(), "sha1": hashes.SHA1()}[name])
    digest.update(data)
    return digest.finalize()


def spoiled(change):
    """The genuine token with something done to its structure."""
    token = cms.ContentInfo.load(genuine())
    change(token["content"])
    return token.dump(force=True)


def other_time(signed):
    """An hour earlier, under the old signature."""
    info = signed["encap_content_info"]["content"].parsed
    info["gen_time"] = info["gen_time"].native - timedelta(hours=1)
    signed["encap_content_info"] = {
        "content_type": "tst_info",
        "content": core.ParsableOctetString(info.dump(force=True)),
    }


def twice_signed(signed):
    signed["signer_infos"] = [signed["signer_infos"][0], signed["signer_infos"][0]]


def broken_value(signed):
    value = signed["signer_infos"][0]["signature"].native
    signed["signer_infos"][0]["signature"] = value[:-1] + bytes([value[-1] ^ 1])


def by_a_teacher():
    """Somebody with a certificate of a trusted hierarchy plays the authority."""
    pki = world.pki()
    key = keys.PrivateKeyInfo.load(_der_of(pki, "teacher"))
    fake = Stamper(
        pki.certificate("public", "teacher"),
        key,
        certs_to_embed=[pki.certificate("public", "public-ca")],
        fixed_dt=world.now(),
    )
    asked = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "hashed_message": root_imprint(),
            },
            "nonce": 1,
        }
    )
    return fake.request_tsa_response(asked)["time_stamp_token"].dump()


def _der_of(pki, label):
    return pem.unarmor((pki.folder / "keys" / f"{label}.pem").read_bytes())[2]


def document_timestamp():
    return PdfFileReader(io.BytesIO(world.genuine().pdf)).embedded_timestamp_signatures[-1].pkcs7_content


def signature_timestamp():
    signature = PdfFileReader(io.BytesIO(world.genuine().pdf)).embedded_regular_signatures[0]
    return next(
        attribute["values"][0].dump()
        for attribute in signature.signer_info["unsigned_attrs"]
        if attribute["type"].native == "signature_time_stamp_token"
    )


NOT_OF_ROOT, OPEN_TIME, STAMPED = "time.not_of_root", "time.indeterminate", "time.stamped"

REFUSED = {
    "of another root": (lambda: [kept(world.genuine_receipt(1).root_bytes)], NOT_OF_ROOT),
    "over the manifest": (lambda: [kept(receipt().manifest.canonical())], NOT_OF_ROOT),
    "over the leaf": (lambda: [kept(receipt().leaf_bytes)], NOT_OF_ROOT),
    "root handed over as a SHA-256 value": (lambda: [bare(receipt().root_bytes)], NOT_OF_ROOT),
    "root in hexadecimal": (lambda: [kept(receipt().root.encode())], NOT_OF_ROOT),
    "SHA-1 imprint": (lambda: [bare(hashes_of("sha1", receipt().root_bytes), algorithm="sha1")], NOT_OF_ROOT),
    "SHA-512 of the root": (lambda: [bare(b"\x01" * 64, algorithm="sha512")], NOT_OF_ROOT),
    "document timestamp": (lambda: [document_timestamp()], NOT_OF_ROOT),
    "time-stamp of a signature": (lambda: [signature_timestamp()], NOT_OF_ROOT),
    "other time": (lambda: [spoiled(other_time)], NOT_OF_ROOT),
    "signature value altered": (lambda: [spoiled(broken_value)], NOT_OF_ROOT),
    "two signers": (lambda: [spoiled(twice_signed)], NOT_OF_ROOT),
    "no signer": (lambda: [spoiled(lambda signed: signed.__setitem__("signer_infos", []))], NOT_OF_ROOT),
    "no certificate": (lambda: [spoiled(lambda signed: signed.__setitem__("certificates", []))], NOT_OF_ROOT),
    "cut short": (lambda: [genuine()[:-9]], NOT_OF_ROOT),
    "something behind it": (lambda: [genuine() + b"\0"], NOT_OF_ROOT),
    "the whole answer": (
        lambda: [
            tsp.TimeStampResp(
                {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(genuine())}
            ).dump()
        ],
        NOT_OF_ROOT,
    ),
    "garbage": (lambda: [secrets.token_bytes(600)], NOT_OF_ROOT),
    "four bytes": (lambda: [b"0000"], NOT_OF_ROOT),
    "nested to no end": (lambda: [b"\x30\x80" * 3000], NOT_OF_ROOT),
    "eight huge ones": (lambda: [genuine()[:40] + secrets.token_bytes(5500) for _ in range(8)], NOT_OF_ROOT),
    "eight of other roots": (lambda: [kept(secrets.token_bytes(32)) for _ in range(8)], NOT_OF_ROOT),
    "of an authority that nobody trusts": (lambda: [kept(of=world.stranger())], OPEN_TIME),
    "by a teacher": (lambda: [by_a_teacher()], OPEN_TIME),
    "without revocation data": (lambda: [bare(root_imprint())], OPEN_TIME),
    "of tomorrow": (lambda: [kept(when=world.now() + timedelta(hours=20))], "time.later"),
    "one untrusted, one of another root": (
        lambda: [kept(of=world.stranger()), kept(world.genuine_receipt(1).root_bytes)],
        OPEN_TIME,
    ),
}
VALID = {
    "genuine": lambda: [genuine()],
    "garbage before it": lambda: [b"garbage", genuine()],
    "of another root beside it": lambda: [genuine(), kept(world.genuine_receipt(1).root_bytes)],
    "of nobody's authority beside it": lambda: [kept(of=world.stranger()), genuine()],
    "the same twice": lambda: [genuine(), genuine()],
    "made after the anchor": lambda: [kept(when=world.now() + timedelta(minutes=2))],
}


def offline(data, brought, **parts):
    trust = parts.pop("trust", world.trusting())
    verifier = Verifier.offline(
        trust=trust, issued=parts.pop("issued", world.Shelf()), examiner=world.examiner(trust), now=world.now, **parts
    )
    return verifier.verify(data, receipt=brought.to_json())


def time_of(verdict):
    (found,) = [found for found in verdict.findings if found.check is Check.TIME]
    return found


def unmoved(tokens, code):
    """The file is genuine and current whatever the tokens are, and without a chain nothing is known; only the one finding tells."""
    brought = carrying(*tokens)
    verdict = world.judge(world.genuine().xml, brought)
    assert (verdict.conclusion, verdict.standing, time_of(verdict).code) == (PASSED, Standing.CURRENT, code)
    assert verdict.worst.check is not Check.TIME
    assert banner_of_file(verdict).tone is Tone.GOOD
    without = offline(world.genuine().xml, brought)
    assert (without.conclusion, without.standing, time_of(without).code) == (OPEN, Standing.UNKNOWN, code)
    return without


@pytest.mark.parametrize(("tokens", "code"), REFUSED.values(), ids=REFUSED)
def test_a_token_that_does_not_hold_proves_nothing_and_harms_nobody(tokens, code):
    without = unmoved(tokens(), code)
    assert without.second_witness is None
    assert time_of(without).message("vi") not in banner_of_file(without).sentence.vi


@pytest.mark.parametrize("tokens", VALID.values(), ids=VALID)
def test_a_token_that_holds_tells_the_time_whatever_lies_beside_it(tokens):
    without = unmoved(tokens(), STAMPED)
    assert time_of(without).outcome is Outcome.PASSED
    assert without.second_witness.message("vi") in banner_of_file(without).sentence.vi
    assert without.second_witness.message("en") in banner_of_file(without).sentence.en


def test_the_finding_tells_when_by_whom_and_what_was_wrong_with_the_others():
    when = world.now() - timedelta(hours=3)
    verdict = world.judge(world.genuine().pdf, carrying(b"garbage", kept(when=when)))
    found = time_of(verdict)
    assert f"{when.astimezone(VIETNAM):%H:%M}" in found.message("vi")
    assert "DEMO dấu thời gian" in found.message("en")
    assert [one["outcome"] for one in found.details["tokens"]] == ["FAILED", "PASSED"]
    assert found.details["tokens"][1]["stamped_at"] == when.isoformat(timespec="seconds")


def test_no_token_is_said_and_no_complaint():
    verdict = world.judge(world.genuine().xml, receipt())
    assert (verdict.conclusion, time_of(verdict).code) == (PASSED, "time.no_token")


def test_a_node_that_is_down_leaves_the_second_witness():
    verdict = world.judge(
        world.genuine().pdf,
        carrying(genuine()),
        registry=Web3Registry("http://127.0.0.1:9", world.chain().deployment.pin),
    )
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.UNKNOWN)
    assert "chain.unreachable" in world.complaints(verdict)
    assert verdict.second_witness is time_of(verdict)


# Whose receipt it is.


def test_the_ledgers_own_token_is_heard_beside_a_brought_one_that_does_not_hold():
    shelf = world.Shelf(carrying(genuine()))
    for brought in (carrying(), carrying(b"garbage"), carrying(*[b"garbage %d" % n for n in range(8)])):
        verdict = world.judge(world.genuine().xml, brought, issued=shelf)
        assert (verdict.conclusion, time_of(verdict).code) == (PASSED, STAMPED)


def test_a_token_of_the_ledgers_for_another_root_is_not_heard():
    """The unit was anchored twice; what was stamped is the other root."""
    other = world.anchored(receipt().manifest)
    shelf = world.Shelf(other.model_copy(update={"timestamps": (base64.b64encode(kept(other.root_bytes)).decode(),)}))
    verdict = world.judge(world.genuine().xml, carrying(), issued=shelf)
    assert (verdict.conclusion, time_of(verdict).code) == (PASSED, "time.no_token")


def test_a_forged_file_stays_false_whatever_token_its_receipt_carries():
    verdict = world.judge(world.genuine().xml.replace(b"<HOC_BA>", b"<HOC_BA >"), carrying(genuine()))
    assert verdict.conclusion is world.FAILED
    never = world.batched(world.manifest_of(world.genuine()))[0]
    stamped = never.model_copy(update={"timestamps": (base64.b64encode(kept(never.root_bytes)).decode(),)})
    verdict = world.judge(world.genuine().xml, stamped)
    assert verdict.conclusion is not PASSED, "a token is no anchor"
    assert "chain.not_anchored" in world.complaints(verdict)


# A receipt, an id, a digest.


def test_a_receipt_alone_has_its_tokens_heard_and_an_id_only_while_the_chain_is_silent():
    carried = carrying(genuine())
    shelf = world.Shelf(carried)
    verdict = world.verifier().receipt(carried.to_json())
    assert time_of(verdict).code == STAMPED
    live = world.verifier(issued=shelf).unit(carried.manifest.id)
    assert [found for found in live.findings if found.check is Check.TIME] == []
    trust = world.trusting()
    silent = Verifier.offline(trust=trust, issued=shelf, examiner=world.examiner(trust), now=world.now)
    assert time_of(silent.unit(carried.manifest.id)).code == STAMPED
    assert time_of(silent.digest(carried.manifest.files[0].sha256)).code == STAMPED


# What is known of the authority.


def crl_of(authority, *, revoked_at, reason):
    """A list of the authority above the TSA, of this minute, that names the TSA."""
    pki = world.pki()
    issuer = x509.load_der_x509_certificate(pki.certificate("public", "public-ca").dump())
    key = load_pem_private_key((pki.folder / "keys" / "public-ca.pem").read_bytes(), None)
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(authority.serial_number)
        .revocation_date(revoked_at)
        .add_extension(x509.CRLReason(reason), critical=False)
        .build()
    )
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(world.now())
        .next_update(world.now() + timedelta(days=1))
        .add_revoked_certificate(entry)
        .sign(key, hashes.SHA256())
    )
    return listed.public_bytes(Encoding.DER)


def knowing(*crls):
    trust = world.trusting()
    return replace(trust, anchors=replace(trust.anchors, crls=crls))


def heard(tokens, trust, **parts):
    anchors = trust.anchors
    (judged,) = examine(root_tokens.asked(receipt().root_bytes, tokens), anchors).tokens
    return judged


@pytest.mark.parametrize(
    ("reason", "days", "outcome"),
    [
        (x509.ReasonFlags.key_compromise, 1, Outcome.UNKNOWN),
        (x509.ReasonFlags.key_compromise, -1, Outcome.UNKNOWN),
        (x509.ReasonFlags.superseded, 1, Outcome.PASSED),
        (x509.ReasonFlags.superseded, -1, Outcome.UNKNOWN),
    ],
)
def test_news_of_a_revocation_count_as_for_any_timestamp(reason, days, outcome):
    """Whoever has the key can make tokens of any date, carrying lists of that date (RFC 3161, section 4)."""
    when = world.now() - timedelta(days=5)
    tsa = world.pki().certificate("public", "tsa")
    trust = knowing(crl_of(tsa, revoked_at=when + timedelta(days=days), reason=reason))
    assert heard([kept(when=when)], trust).outcome is outcome


def test_the_trust_folders_lists_serve_a_token_that_carries_none():
    plain = bare(root_imprint())
    lists = [crl.dump() for crl in world.pki().crls(world.now())]
    assert heard([plain], world.trusting()).outcome is Outcome.UNKNOWN
    assert heard([plain], knowing(*lists)).outcome is Outcome.PASSED


def test_old_lists_do_not_serve():
    """A forger chooses what lies in the token, and would choose what was made before the key was lost."""
    then, when = world.now() - timedelta(days=20), world.now()
    data = ValidationData.offline(world.roots_of(world.pki()), crls=world.pki().crls(then), now=lambda: then)
    judged = heard(
        [stamp(receipt().root_bytes, timestamper=world.pki().timestamper(lambda: when), validation_data=data)],
        world.trusting(),
    )
    assert (judged.outcome, judged.sub_indication) == (Outcome.UNKNOWN, "REVOCATION_OUT_OF_BOUNDS_NO_POE")


def test_an_authority_whose_certificate_has_ended_proves_nothing_any_more():
    six = world.now() - timedelta(days=6 * 365)
    old = world.make_pki("six-years", when=six, authority="DEMO 6")
    assert old.certificate("public", "tsa").not_valid_after < world.now()
    judged = heard([kept(of=old, when=six)], world.trusting(of=[old]))
    assert judged.outcome is Outcome.UNKNOWN


# The time that is proven.


def test_a_late_anchor_does_no_harm_to_what_was_stamped_in_time():
    """Signed and stamped four years ago; the anchor came only now, after the signers' certificates had ended."""
    four = world.now() - FOUR_YEARS
    old = world.make_pki("four-years-late", when=four, authority="DEMO 4 late")
    lines = [
        world.approved(role, world.key_of(role, old), valid_from=four - FOUR_YEARS) for role in world.ROLES_IN_ORDER
    ]
    trust = world.trusting(*lines, of=[old])
    paper = world.drawn()
    for role in world.ROLES_IN_ORDER:
        paper = world.signed(paper, role, key=world.key_of(role, old), when=four, stamper=old.timestamper(lambda: four))
    late = world.anchored(world.manifest_of(paper))

    def concluded(*tokens):
        brought = late.model_copy(update={"timestamps": tuple(base64.b64encode(each).decode() for each in tokens)})
        return world.complaints(world.judge(paper.xml, brought, trust=trust))

    assert "signatures.indeterminate" in concluded()
    in_time = kept(late.root_bytes, of=old, when=four + timedelta(days=1))
    assert "signatures.indeterminate" not in concluded(in_time)
    assert "signatures.indeterminate" in concluded(kept(late.root_bytes)), "stamped as late as it was anchored"
    assert "signatures.indeterminate" in concluded(kept(of=old, when=four)), "a token over another root"
    assert "signatures.indeterminate" in concluded(kept(late.root_bytes, of=world.stranger(), when=world.now()))


def test_asked_about_a_moment_before_the_token_it_says_nothing():
    trust = world.trusting()
    at = world.now() - timedelta(days=2)
    verifier = Verifier.offline(trust=trust, issued=world.Shelf(), examiner=world.examiner(trust), now=world.now, at=at)
    verdict = verifier.verify(world.genuine().xml, receipt=carrying(genuine()).to_json())
    assert time_of(verdict).code == "time.later"


# The worker.


def test_tokens_are_looked_into_by_a_worker_and_once_for_a_batch():
    class Counting:
        """An examiner that counts what tokens it was asked about."""

        def __init__(self, examiner):
            self.asked, self._examiner = 0, examiner

        def examine(self, data):
            self.asked += data.startswith(root_tokens.MARK)
            return self._examiner.examine(data)

        def stands(self):
            return True

    with IsolatedExaminer(functools.partial(examine, anchors=world.trusting().anchors), workers=1) as examiner:
        counting = Counting(examiner)
        verifier = world.verifier(examined_by=counting)
        for _ in range(3):
            assert time_of(verifier.verify(world.genuine().xml, receipt=carrying(genuine()).to_json())).code == STAMPED
        assert counting.asked == 1
        hostile = carrying(*[b"\x30\x80" * 2700 for _ in range(8)])
        verdict = verifier.verify(world.genuine().xml, receipt=hostile.to_json())
        assert (verdict.conclusion, time_of(verdict).code) == (PASSED, NOT_OF_ROOT)


def test_a_worker_that_is_lost_over_a_token_costs_the_second_witness_alone():
    def dies_of_tokens(data):
        if data.startswith(root_tokens.MARK):
            raise Exhausted(Shortage.MEMORY)
        return examine(data, world.trusting().anchors)

    verdict = world.judge(world.genuine().xml, carrying(genuine()), examined_by=UnsafeInProcessExaminer(dies_of_tokens))
    assert (verdict.conclusion, time_of(verdict).code) == (PASSED, OPEN_TIME)


@pytest.mark.parametrize("tail", [b"", b"x" * 31, b"x" * 33, b"x" * 32 + b"\xff\xff\xff\xff" * 40, b"x" * 200_000])
def test_an_uploaded_file_that_looks_like_a_question_about_tokens_is_no_record(tail):
    data = root_tokens.MARK + tail
    assert examine(data, world.trusting().anchors).kind is FileKind.OTHER
    verdict = world.judge(data, receipt())
    assert (verdict.conclusion, world.complaints(verdict)) == (world.FAILED, {"intake.not_a_record"})
