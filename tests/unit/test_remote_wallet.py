# SPDX-License-Identifier: Apache-2.0

"""A chain key in a signer elsewhere: what it signs is what a key here would sign, and nothing else of it is believed."""

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from eth_account import Account
from simulators.web3signer import Web3Signer, tls

from ledger.chain.errors import Malformed, Missigned, SignerUnreachable, Unreachable, UnusableKey
from ledger.chain.registry import TypedMessage, UnsignedTransaction
from ledger.chain.remote_wallet import RemoteWallet, SignerAccess
from ledger.chain.wallet import KeyWallet
from scripts.wallets import open_wallet

KEY, OTHER_KEY = bytes(range(1, 33)), b"\x07" * 32
HERE = KeyWallet(KEY)
MESSAGE = TypedMessage(domain=b"\x01" * 32, content=b"\x02" * 32)


def transaction(**changes) -> UnsignedTransaction:
    fields = {
        "chain_id": 31337,
        "sender": HERE.address,
        "nonce": 3,
        "to": "0x" + "11" * 20,
        "data": b"\x01\x02",
        "gas": 90_000,
        "max_fee_per_gas": 30,
        "max_priority_fee_per_gas": 1,
    }
    return UnsignedTransaction(**fields | changes)


LEGACY = {"max_fee_per_gas": None, "max_priority_fee_per_gas": None, "gas_price": 7}


@pytest.fixture
def signer():
    with Web3Signer([OTHER_KEY, KEY]) as running:
        yield running


@pytest.fixture
def wallet(signer) -> RemoteWallet:
    return RemoteWallet.opened(signer.url, HERE.address, timeout=0.5)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nonce": 0, "max_fee_per_gas": 0, "max_priority_fee_per_gas": 0},
        {"to": None, "data": bytes(range(256)) * 5},
        LEGACY,
        LEGACY | {"gas_price": 0, "nonce": 0, "chain_id": 2**40},
        LEGACY | {"to": None, "data": b""},
    ],
)
def test_it_signs_the_same_bytes_as_a_key_here(wallet, changes):
    asked = transaction(**changes)
    signed = wallet.sign(asked)
    assert signed == HERE.sign(asked)
    assert Account.recover_transaction(signed.raw) == HERE.address


def test_signatures_of_either_parity_are_the_same_as_those_of_a_key_here(wallet):
    for nonce in range(12):
        for fees in ({}, LEGACY):
            asked = transaction(nonce=nonce, **fees)
            assert wallet.sign(asked) == HERE.sign(asked)


def test_it_signs_the_same_typed_message_as_a_key_here(wallet):
    assert wallet.sign_typed(MESSAGE) == HERE.sign_typed(MESSAGE)


def test_the_signer_is_asked_for_its_keys_once(signer, wallet):
    for nonce in range(3):
        wallet.sign(transaction(nonce=nonce))
    assert signer.asked == {"publicKeys": 1, "sign": 3}


def test_a_key_that_is_named_with_its_leading_byte_is_found(signer):
    signer.keys = {"0x04" + name[2:]: key for name, key in signer.keys.items()}
    assert RemoteWallet(signer.url, HERE.address).sign(transaction()) == HERE.sign(transaction())


def test_a_transaction_of_another_account_is_not_asked_for(signer, wallet):
    with pytest.raises(Malformed):
        wallet.sign(transaction(sender="0x" + "22" * 20))
    assert signer.signed == []


def test_another_keys_signature_is_refused_and_the_other_account_is_named(signer, wallet):
    signer.signs_with = OTHER_KEY
    for ask in (lambda: wallet.sign(transaction()), lambda: wallet.sign_typed(MESSAGE)):
        with pytest.raises(Missigned) as caught:
            ask()
        assert caught.value.found == KeyWallet(OTHER_KEY).address
        assert KeyWallet(OTHER_KEY).address in caught.value.vi


def test_the_form_of_a_signature_that_no_chain_takes_is_refused(signer, wallet):
    signer.high_s = True
    with pytest.raises(Missigned):
        wallet.sign(transaction())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"0x",
        b"busy",
        b"\xff\xfe",
        b"0x" + b"00" * 64 + b"1b",
        b"0x" + b"11" * 64,
        b"0x" + b"11" * 64 + b"1d",
        b"0x" + b"11" * 64 + b"00",
        b"0x" + b"ff" * 32 + b"11" * 32 + b"1b",
        b"0x" + b"11" * 66,
    ],
)
def test_what_is_no_signature_is_refused(signer, wallet, answer):
    signer.answers = answer
    with pytest.raises(Missigned) as caught:
        wallet.sign(transaction())
    assert signer.url in caught.value.vi


@pytest.mark.parametrize("answer", [b"", b"<html>", b"{}", b"null", b'["0x12", 7, null, "zz"]', b"\xff"])
def test_a_list_of_keys_that_makes_no_sense_holds_no_key(signer, answer):
    signer.answers = answer
    with pytest.raises((UnusableKey, SignerUnreachable)):
        RemoteWallet.opened(signer.url, HERE.address)


def test_a_signer_that_is_down_changes_nothing_and_is_asked_again(signer, wallet):
    signer.down()
    with pytest.raises(SignerUnreachable, match="no connection") as caught:
        wallet.sign(transaction())
    assert isinstance(caught.value, Unreachable)
    assert "Chưa có gì thay đổi" in caught.value.vi
    signer.up()
    assert wallet.sign(transaction()) == HERE.sign(transaction())


def test_a_slow_signer_is_given_up(signer, wallet):
    signer.slow = 1.0
    with pytest.raises(SignerUnreachable, match="timeout"):
        wallet.sign(transaction())


@pytest.mark.parametrize("status", [500, 502, 302, 400])
def test_a_signer_that_fails_is_an_outage(signer, wallet, status):
    signer.status = status
    with pytest.raises(SignerUnreachable, match=f"HTTP {status}"):
        wallet.sign(transaction())


def test_a_server_that_is_no_signer_is_told_from_one_without_the_key(signer):
    signer.status = 404
    with pytest.raises(SignerUnreachable, match="404"):
        RemoteWallet.opened(signer.url, HERE.address)


def test_a_key_that_is_not_there_is_said_to_be_missing(signer, wallet):
    signer.keys.clear()
    for ask in (lambda: wallet.sign(transaction()), lambda: RemoteWallet.opened(signer.url, HERE.address)):
        with pytest.raises(UnusableKey) as caught:
            ask()
        assert HERE.address in caught.value.vi
        assert HERE.address in caught.value.en


def test_an_account_that_is_none_is_refused(signer):
    with pytest.raises(Malformed):
        RemoteWallet(signer.url, "0x1234")


def test_a_token_opens_and_without_it_nothing_does(signer, tmp_path):
    signer.token = "bí mật".encode().hex()
    with pytest.raises(UnusableKey, match="401"):
        RemoteWallet.opened(signer.url, HERE.address)
    (tmp_path / "token").write_text(f"{signer.token}\n")
    opened = RemoteWallet.opened(signer.url, HERE.address, access=SignerAccess(token=tmp_path / "token"))
    assert opened.sign(transaction()) == HERE.sign(transaction())
    assert signer.token not in repr(opened)


@pytest.mark.parametrize("part", ["token", "client_certificate", "authorities"])
@pytest.mark.parametrize("text", [None, b"", b"\xff"])
def test_access_that_cannot_be_read_is_refused(tmp_path, part, text):
    path = tmp_path / "file"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(UnusableKey, match="web3signer"):
        RemoteWallet("https://127.0.0.1:1", HERE.address, access=SignerAccess(**{part: path}))


def certificate(path) -> None:
    """One certificate for 127.0.0.1 that vouches for itself, with its key behind it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, path.name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + secret)


def test_over_tls_only_the_right_signer_is_asked_and_only_the_right_client_answered(tmp_path):
    server, client = tmp_path / "server.pem", tmp_path / "client.pem"
    certificate(server)
    certificate(client)
    with Web3Signer([KEY], context=tls(server, clients_from=client)) as signer:
        right = SignerAccess(authorities=server, client_certificate=client)
        assert RemoteWallet(signer.url, HERE.address, access=right).sign(transaction()) == HERE.sign(transaction())
        for wrong in (
            None,
            SignerAccess(authorities=client, client_certificate=client),
            SignerAccess(authorities=server),
        ):
            with pytest.raises(SignerUnreachable):
                RemoteWallet.opened(signer.url, HERE.address, access=wrong)
        assert signer.asked["sign"] == 1


def nobody_asks() -> str:
    raise AssertionError("a remote key has no password here")


def test_a_key_setting_names_a_signer_or_a_file(signer, tmp_path):
    named = f"web3signer:{signer.url}/{HERE.address}"
    assert open_wallet(named, nobody_asks).sign(transaction()) == HERE.sign(transaction())
    with pytest.raises(UnusableKey, match="cannot be read"):
        open_wallet(str(tmp_path / "missing.json"), lambda: "x")


@pytest.mark.parametrize(
    "named",
    [
        "web3signer:",
        "web3signer:ftp://127.0.0.1/0x" + "11" * 20,
        "web3signer:http://127.0.0.1/12",
        "web3signer:http://0x11",
    ],
)
def test_a_key_setting_that_names_no_signer_says_how_it_is_written(named):
    with pytest.raises(Malformed, match="web3signer:https://"):
        open_wallet(named, nobody_asks)
