# SPDX-License-Identifier: Apache-2.0

"""Tokens in receipts: put in when one is handed out, joined where two copies meet, and read only as what they are."""

import base64
import json
from pathlib import Path

import pytest
from asn1crypto import cms

from ledger.proof.errors import MalformedToken, OverSomethingElse
from ledger.proof.receipt import MAX_RECEIPT_BYTES, MAX_TOKENS, Receipt, with_tokens
from ledger.proof.root_token import MAX_TOKEN_BYTES, root_imprint, token_over
from scripts.receipt_folder import ReceiptFolder
from tests.simulators.root_stamper import now, token, usual

VECTORS = Path(__file__).parents[1] / "vectors" / "proofs"
GENUINE = Receipt.parse((VECTORS / "hocba-receipt-1.genuine.json").read_bytes())
BARE = GENUINE.model_copy(update={"timestamps": ()})
ROOT = BARE.root_bytes


def carrying(*tokens: bytes) -> Receipt:
    return BARE.model_copy(update={"timestamps": tuple(base64.b64encode(each).decode() for each in tokens)})


# Handing out.


@pytest.mark.parametrize("tokens", [[], [b"one"], [b"one", b"two" * 3000]])
def test_a_receipt_is_handed_out_just_as_though_it_had_been_written_with_its_tokens(tokens):
    given = with_tokens(BARE.to_json(), tokens)
    assert given == carrying(*tokens).to_json()
    assert Receipt.parse(given).tokens == tuple(tokens)


@pytest.mark.parametrize(
    "stored", [b"", b"[", GENUINE.to_json(), BARE.to_json()[:-1], json.dumps(json.loads(BARE.to_json())).encode()]
)
def test_what_is_not_stored_as_ours_are_is_handed_out_as_it_is(stored):
    assert with_tokens(stored, [b"token"]) == stored


def test_a_receipt_with_the_longest_token_is_still_one():
    assert len(with_tokens(BARE.to_json(), [bytes(MAX_TOKEN_BYTES)])) <= MAX_RECEIPT_BYTES


# Two copies of one receipt, of before the token was there and after.


def test_copies_with_and_without_tokens_are_the_same_proof_and_are_joined():
    assert BARE.same_proof(carrying(b"one"))
    assert not BARE.same_proof(BARE.model_copy(update={"salt": "0x" + "11" * 32}))
    assert carrying(b"one").with_tokens_of(carrying(b"two", b"one")).tokens == (b"one", b"two")


def test_what_does_not_fit_is_left_out():
    full = carrying(*[b"%d" % n * 3 for n in range(MAX_TOKENS)])
    assert full.with_tokens_of(carrying(b"one more")) == full
    long = carrying(bytes(20_000), bytes(20_001)).with_tokens_of(carrying(bytes(20_002), b"short"))
    assert [len(each) for each in long.tokens] == [20_000, 20_001, 5]
    assert Receipt.parse(long.to_json()) == long


def test_a_folder_with_both_copies_knows_the_file_and_its_token(tmp_path):
    (sha256, *_) = (file.sha256 for file in BARE.manifest.files)
    for name, receipt in (("a", BARE), ("b", carrying(b"one")), ("c", carrying(b"two")), ("d", BARE)):
        (tmp_path / f"{name}.receipt.json").write_bytes(receipt.to_json())
    found = ReceiptFolder([tmp_path]).receipt_of_file(sha256)
    assert Receipt.parse(found.receipt).tokens == (b"one", b"two")


# What is read as a token.


def test_a_token_is_read_with_its_time():
    when = now()
    read = token_over(ROOT, der := token(ROOT, when=when))
    assert (read.der, read.stamped_at) == (der, when)


def other_algorithm(info):
    info["message_imprint"]["hash_algorithm"] = {"algorithm": "sha512"}


def root_itself(info):
    info["message_imprint"]["hashed_message"] = ROOT


@pytest.mark.parametrize("change", [other_algorithm, root_itself])
def test_the_imprint_is_sha256_of_the_roots_bytes_and_nothing_else(change):
    parsed = cms.ContentInfo.load(usual(ROOT))
    info = parsed["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hashed_message"].native == root_imprint(ROOT)
    change(info)
    parsed["content"]["encap_content_info"]["content"] = cms.ParsableOctetString(info.dump(force=True))
    with pytest.raises(MalformedToken):
        token_over(ROOT, parsed.dump(force=True))


def test_a_token_over_another_root_is_told_from_noise():
    with pytest.raises(OverSomethingElse):
        token_over(bytes(32), usual(ROOT))
    for noise in (b"", b"0", bytes(99), usual(ROOT)[:-1], usual(ROOT) + b"0", b"\x30" * (MAX_TOKEN_BYTES + 1)):
        with pytest.raises(MalformedToken) as refused:
            token_over(ROOT, noise)
        assert not isinstance(refused.value, OverSomethingElse)
