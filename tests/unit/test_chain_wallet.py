# SPDX-License-Identifier: Apache-2.0

"""The chain key: opened with its password only, never shown, never used for another account."""

import stat

import pytest
from eth_account import Account

from ledger.chain.errors import Malformed, UnusableKey
from ledger.chain.registry import TypedMessage, UnsignedTransaction
from ledger.chain.wallet import KeyWallet
from ledger.proof.merkle import keccak

KEY = bytes(range(1, 33))


def transaction(**changes):
    fields = {
        "chain_id": 31337,
        "sender": KeyWallet(KEY).address,
        "nonce": 3,
        "to": "0x" + "11" * 20,
        "data": b"\x01\x02",
        "gas": 90_000,
        "max_fee_per_gas": 30,
        "max_priority_fee_per_gas": 1,
    }
    return UnsignedTransaction(**fields | changes)


def test_the_same_transaction_gives_the_same_bytes():
    wallet = KeyWallet(KEY)
    assert wallet.sign(transaction()) == KeyWallet(KEY).sign(transaction())
    assert wallet.sign(transaction()) != wallet.sign(transaction(nonce=4))


@pytest.mark.parametrize("fees", [{}, {"max_fee_per_gas": None, "max_priority_fee_per_gas": None, "gas_price": 0}])
def test_the_signature_is_that_of_the_account(fees):
    signed = KeyWallet(KEY).sign(transaction(**fees))
    assert Account.recover_transaction(signed.raw) == KeyWallet(KEY).address


def test_a_transaction_of_another_account_is_not_signed():
    with pytest.raises(Malformed):
        KeyWallet(KEY).sign(transaction(sender="0x" + "22" * 20))


def test_the_key_is_in_no_text_about_the_wallet():
    wallet = KeyWallet(KEY)
    for text in (repr(wallet), str(wallet), f"{wallet}", repr(vars(wallet) if hasattr(wallet, "__dict__") else "")):
        assert KEY.hex() not in text.lower()
        assert wallet.address in text or text == "''"


@pytest.mark.parametrize("key", [b"", b"\x01" * 31, b"\x01" * 33, bytes(32), b"\xff" * 32])
def test_bytes_that_are_no_key_are_refused_without_being_repeated(key):
    with pytest.raises(UnusableKey) as caught:
        KeyWallet(key)
    assert key.hex() == "" or key.hex() not in str(caught.value) + caught.value.vi
    assert caught.value.__cause__ is None


@pytest.mark.slow
def test_a_keystore_opens_with_its_password_only(tmp_path):
    path = tmp_path / "key.json"
    KeyWallet(KEY).write_keystore(path, password="đúng mật khẩu")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEY.hex() not in path.read_text()
    assert KeyWallet.from_keystore(path, password="đúng mật khẩu").address == KeyWallet(KEY).address
    with pytest.raises(UnusableKey, match="password"):
        KeyWallet.from_keystore(path, password="sai")
    with pytest.raises(UnusableKey, match="cannot be written"):
        KeyWallet(KEY).write_keystore(path, password="x")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"version": 3}', '{"version": 9, "crypto": {}}', "\x00"])
def test_a_file_that_is_no_keystore_is_refused(tmp_path, text):
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(UnusableKey, match="cannot be opened"):
        KeyWallet.from_keystore(path, password="x")


@pytest.mark.parametrize("name", [".", "missing.json"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(UnusableKey, match="cannot be read"):
        KeyWallet.from_keystore(tmp_path / name, password="x")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "key.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UnusableKey):
        KeyWallet.from_keystore(path, password="x")


@pytest.mark.parametrize(("fee", "dearer"), [(0, 0), (1, 2), (100, 113), (101, 115)])
def test_a_replacing_transaction_is_dearer_by_the_percentage_at_least(fee, dearer):
    legacy = transaction(max_fee_per_gas=None, max_priority_fee_per_gas=None, gas_price=0)
    raised = legacy.outbidding(fee=fee, tip=None, percent=13)
    assert (raised.gas_price, raised.max_fee_per_gas, raised.fee) == (dearer, None, dearer)
    modern = transaction(max_fee_per_gas=0, max_priority_fee_per_gas=0).outbidding(fee=fee, tip=fee, percent=13)
    assert (modern.max_fee_per_gas, modern.max_priority_fee_per_gas, modern.gas_price) == (dearer, dearer, None)


def test_a_replacing_transaction_offers_what_the_chain_asks_today_if_that_is_more():
    today = transaction(max_fee_per_gas=900, max_priority_fee_per_gas=1).outbidding(fee=100, tip=10, percent=13)
    assert (today.max_fee_per_gas, today.max_priority_fee_per_gas) == (900, 12)


def test_a_typed_message_is_signed_as_the_contract_recovers_it():
    wallet = KeyWallet(b"\x05" * 32)
    message = TypedMessage(domain=b"\x01" * 32, content=b"\x02" * 32)
    signature = wallet.sign_typed(message)
    assert len(signature) == 65
    assert signature[64] in {27, 28}
    digest = keccak(b"\x19\x01" + message.domain + message.content)
    assert Account._recover_hash(digest, signature=signature) == wallet.address
