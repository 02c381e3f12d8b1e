# SPDX-License-Identifier: Apache-2.0

"""One line says where a key is, and any kind of key opens from it; what is not understood is refused, and a PIN most of all."""

from pathlib import Path
from urllib.parse import quote

import pytest
from certified_people import authority, certificate_of, key_of
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from hidden_pins import Pin
from pkcs11.constants import TokenFlag
from simulators.csc_server import CscServer
from simulators.soft_tokens import Drawer

from signer.errors import LastTry, UnknownPlace, UnreadableKey, WrongPassphrase, WrongPin
from signer.keys.opening import FilePlace, ProviderPlace, TokenPlace, open_key, place_of

PIN = "271828"
AN = "Lê Thị An"


def a_file(tmp_path):
    path = tmp_path / "cô an.p12"
    packed = pkcs12.serialize_key_and_certificates(
        None, key_of(AN), certificate_of(AN), [authority()], BestAvailableEncryption(PIN.encode())
    )
    path.write_bytes(packed)
    return str(path)


@pytest.fixture
def provider():
    with CscServer(key_of(AN), certificate_of(AN), chain=[authority()], pin=PIN) as running:
        yield running


@pytest.fixture
def token(tmp_path):
    token = Drawer(tmp_path).initialise(AN, pin=PIN)
    token.put(key_of(AN), certificate_of(AN), chain=[authority()])
    return token


def line_of(token, **more):
    choice = "".join(f"&{name}={value}" for name, value in more.items())
    return f"pkcs11:token={quote(token.label)}?module-path={quote(token.drawer.module)}{choice}"


def test_the_same_person_signs_from_a_file_a_token_and_a_provider(tmp_path, token, provider):
    for where in (a_file(tmp_path), line_of(token), f"csc:{provider.url}?credential=GX0112348", f"csc:{provider.url}"):
        with open_key(where, Pin(PIN), access=Pin(provider.access_token)) as key:
            key_of(AN).public_key().verify(key.sign(b"record"), b"record", ec.ECDSA(hashes.SHA256()))
            assert key.who.common_name == AN
            assert key.who.chain[0].subject.native["common_name"] == "CA thử nghiệm"
            assert not key.asks_pin_for_each_signature
            assert AN in repr(key)


def test_the_certificate_is_chosen_by_its_digest(token):
    token.put(key_of("Vũ Bình"), certificate_of("Vũ Bình"), label="hai", key_id=b"\x02")
    digest = certificate_of("Vũ Bình").fingerprint(hashes.SHA256()).hex()
    with open_key(line_of(token, **{"cert-sha256": digest}), Pin(PIN)) as key:
        assert key.who.common_name == "Vũ Bình"


def test_what_is_agreed_to_reaches_the_token(token):
    token.mark_pin(TokenFlag.USER_PIN_FINAL_TRY)
    with pytest.raises(LastTry):
        open_key(line_of(token), Pin(PIN))
    open_key(line_of(token), Pin(PIN), risk_last_try=True).close()


def test_no_pin_is_an_empty_one(tmp_path, token, provider):
    with pytest.raises(WrongPassphrase):
        open_key(a_file(tmp_path), None)
    with pytest.raises(WrongPin):
        open_key(line_of(token), None)
    with pytest.raises(WrongPin):
        open_key(f"csc:{provider.url}", None, access=Pin(provider.access_token))


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("teacher.p12", FilePlace(Path("teacher.p12"))),
        ("C:/ky/teacher.p12", FilePlace(Path("C:/ky/teacher.p12"))),
        (
            "pkcs11:token=C%C3%B4%20An;serial=00a1;object=k%3By;id=%00%ff;type=private?module-path=C:%5Cx.dll&cert-sha256=AB",
            TokenPlace("C:\\x.dll", "Cô An", "00a1", "k;y", b"\x00\xff", "AB"),
        ),
        ("pkcs11:token=a?module-path=C:\\x y.dll", TokenPlace("C:\\x y.dll", "a", None, None, None, None)),
        ("pkcs11:?module-path=/x.so", TokenPlace("/x.so", None, None, None, None, None)),
        ("csc:https://ky.vn/csc/v2?credential=a%2Fb", ProviderPlace("https://ky.vn/csc/v2", "a/b")),
        ("csc:https://ky.vn/csc/v2", ProviderPlace("https://ky.vn/csc/v2", None)),
    ],
)
def test_a_line_says_where_the_key_is(where, place):
    assert place_of(where) == place


@pytest.mark.parametrize(
    "where",
    [
        "",
        " ",
        "pkcs11:token=a",
        "pkcs11:token=a?module-path=",
        "pkcs11:token=a;token=b?module-path=/x.so",
        "pkcs11:token=a;model=b?module-path=/x.so",
        "pkcs11:token?module-path=/x.so",
        "pkcs11:token=%FF?module-path=/x.so",
        "pkcs11:type=secret-key?module-path=/x.so",
        "pkcs11:token=a?module-path=/x.so&pin-value=271828",
        "pkcs11:token=a?module-path=/x.so&pin-source=file:/pin",
        "pkcs11:token=a;pin-value=271828?module-path=/x.so",
        "csc:https://ky.vn/csc/v2?pin=271828",
        "csc:https://ky.vn/csc/v2?credential",
        "csc:https://ky.vn/csc/v2#credential",
        "csc:https://[ky.vn/csc/v2",
    ],
)
def test_a_line_that_is_not_understood_is_refused_and_not_repeated(where):
    with pytest.raises(UnknownPlace) as refusal:
        place_of(where)
    assert "Hãy ghi" in refusal.value.vi
    assert PIN not in str(refusal.value)


def test_a_provider_is_spoken_to_only_under_protection():
    with pytest.raises(UnknownPlace):
        open_key("csc:http://ky.example.vn/csc/v2", Pin(PIN))


@pytest.mark.parametrize("path", ["not-here.p12", "."])
def test_a_file_that_is_not_there_is_told_with_its_path(tmp_path, path):
    with pytest.raises(UnreadableKey) as refusal:
        open_key(str(tmp_path / path), Pin(PIN))
    assert str(tmp_path) in refusal.value.vi
