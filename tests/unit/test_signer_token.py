# SPDX-License-Identifier: Apache-2.0

"""A key in a token signs after one login, a PIN is never guessed with, and a token that fails says what to do."""

import hashlib
import logging
import pickle

import pytest
from certified_people import KINDS, authority, certificate_of, key_of
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hidden_pins import Pin, all_that_an_error_shows
from pkcs11 import exceptions as cryptoki
from pkcs11.constants import TokenFlag
from simulators.soft_tokens import Drawer

from signer.errors import (
    ChoiceNeeded,
    LastTry,
    NoSigningKey,
    PinForEachSignature,
    PinLocked,
    PinNotSet,
    SigningFailed,
    TokenMissing,
    TokenRemoved,
    TokenUnusable,
    UnsuitableKey,
    WrongPin,
)
from signer.keys import token_refusals
from signer.keys.modules import pin_state_after_login, plugged_in, started, tokens
from signer.keys.pin_state import PinState
from signer.keys.token import TokenKey
from signer.statements import opened, sign_statement

PIN = "271828"
AN = "Lê Thị An"
DIGESTS = [hashlib.sha256(bytes([number])).digest() for number in range(45)]


@pytest.fixture
def drawer(tmp_path):
    return Drawer(tmp_path)


def token_of(drawer, name=AN, kind="P-256", **more):
    token = drawer.initialise(name, pin=PIN)
    token.put(key_of(name, kind), certificate_of(name, kind), **more)
    return token


def open_key(drawer, pin=PIN, **choice):
    return TokenKey.open(drawer.module, Pin(pin), **choice)


def refusal_of(kind, call, *arguments, **named):
    with pytest.raises(kind) as refusal:
        call(*arguments, **named)
    assert refusal.value.vi != refusal.value.en
    assert "Hãy" in refusal.value.vi or "hãy" in refusal.value.vi
    return refusal.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_is_signed_with_one_login_and_every_value_fits(drawer, kind):
    token_of(drawer, kind=kind)
    with open_key(drawer) as key:
        values = list(key.sign_digests(DIGESTS))
        one_more = key.sign(b"record")
    public = key_of(AN, kind).public_key()
    for number, value in [*enumerate(values), (b"record", one_more)]:
        data = number if isinstance(number, bytes) else bytes([number])
        if kind == "P-256":
            public.verify(value, data, ec.ECDSA(hashes.SHA256()))
        else:
            public.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
    assert (key.who.common_name, key.asks_pin_for_each_signature) == (AN, False)


def test_tokens_show_who_can_sign_without_a_pin(drawer):
    token = token_of(drawer, label="chữ ký", chain=[authority()])
    token.put(None, certificate_of("Mã hoá", usage="encrypt"), label="mã hoá", key_id=b"\x09")
    token_of(drawer, "Trường THPT An Lạc", "RSA-2048")
    found = {token.label: token for token in tokens(drawer.module)}
    assert set(found) == {AN, "Trường THPT An Lạc"}
    (certificate,) = found[AN].certificates
    assert (certificate.label, certificate.who.common_name) == ("chữ ký", AN)
    assert [above.subject.native["common_name"] for above in certificate.who.chain] == ["CA thử nghiệm"]
    assert found[AN].pin is PinState.FINE
    assert found[AN].serial in found[AN].described
    assert "01/01/2027" in certificate.described


def test_a_token_that_is_plugged_in_later_is_seen(drawer):
    assert tokens(drawer.module) == ()
    refusal_of(TokenMissing, open_key, drawer)
    token_of(drawer)
    assert [token.label for token in tokens(drawer.module)] == [AN]


def test_a_wrong_pin_is_said_at_once_and_not_tried_again(drawer):
    token = token_of(drawer)
    error = refusal_of(WrongPin, open_key, drawer, "000000")
    assert "không tự thử lại" in error.vi
    assert token.flags & TokenFlag.USER_PIN_COUNT_LOW
    assert tokens(drawer.module)[0].pin is PinState.WRONG_BEFORE
    with open_key(drawer) as key:
        assert key.sign(b"record")
    assert tokens(drawer.module)[0].pin is PinState.FINE


def test_the_last_try_is_risked_only_by_who_says_so(drawer):
    token = token_of(drawer)
    token.mark_pin(TokenFlag.USER_PIN_FINAL_TRY)
    assert tokens(drawer.module)[0].pin is PinState.LAST_TRY
    assert "MỘT lần" in refusal_of(LastTry, open_key, drawer, "000000").vi
    # A try would have left its trace: a wrong PIN sets this flag.
    assert not token.flags & TokenFlag.USER_PIN_COUNT_LOW
    with open_key(drawer, risk_last_try=True) as key:
        assert key.sign(b"record")


def test_a_wrong_pin_before_the_last_try_says_how_many_are_left(drawer):
    token_of(drawer).mark_pin(TokenFlag.USER_PIN_FINAL_TRY)
    error = refusal_of(WrongPin, open_key, drawer, "000000", risk_last_try=True)
    assert ("MỘT lần thử" in error.vi, "ONE try is left" in error.en) == (True, True)


@pytest.mark.parametrize(
    ("flag", "kind", "state"),
    [
        (TokenFlag.USER_PIN_LOCKED, PinLocked, PinState.LOCKED),
        (TokenFlag.USER_PIN_TO_BE_CHANGED, PinNotSet, PinState.NOT_SET),
    ],
    ids=["locked", "to-be-changed"],
)
def test_a_pin_that_cannot_be_used_is_not_tried(drawer, flag, kind, state):
    token = token_of(drawer)
    token.mark_pin(flag)
    assert tokens(drawer.module)[0].pin is state
    refusal_of(kind, open_key, drawer, "000000", risk_last_try=True)
    assert not token.flags & TokenFlag.USER_PIN_COUNT_LOW


def test_an_empty_pin_costs_no_try(drawer):
    token = token_of(drawer)
    refusal_of(WrongPin, open_key, drawer, "")
    assert not token.flags & TokenFlag.USER_PIN_COUNT_LOW


def test_the_pin_is_in_no_error_no_log_and_no_repr(drawer, caplog, capfd):
    token = token_of(drawer, always_authenticate=True)
    with caplog.at_level(logging.DEBUG):
        wrong = refusal_of(WrongPin, open_key, drawer, "86420975")
        with open_key(drawer, repeat_pin=True) as key:
            shown = repr(key) + repr(vars(key))
            drawer.unplug_all()
            lost = refusal_of(TokenRemoved, key.sign, b"record")
    drawer.plug_in_again()
    token.mark_pin(TokenFlag.USER_PIN_LOCKED)
    locked = refusal_of(PinLocked, open_key, drawer)
    for text in (shown, caplog.text, *capfd.readouterr(), *map(all_that_an_error_shows, (wrong, lost, locked))):
        assert "86420975" not in text
        assert PIN not in text


def test_a_key_that_wants_its_pin_each_time_is_noticed_before_anything_is_signed(drawer):
    token_of(drawer, always_authenticate=True)
    with open_key(drawer) as key:
        assert key.asks_pin_for_each_signature
        assert "TỪNG chữ ký" in refusal_of(PinForEachSignature, key.sign_digests, DIGESTS).vi
    with open_key(drawer, repeat_pin=True) as key:
        assert len(list(key.sign_digests(DIGESTS[:3]))) == 3


def test_a_token_pulled_out_midway_costs_only_the_rest(drawer):
    token_of(drawer)
    with open_key(drawer) as key:
        values = key.sign_digests(DIGESTS)
        kept = [next(values) for _ in range(23)]
        drawer.unplug_all()
        assert "vẫn được giữ" in refusal_of(TokenRemoved, next, values).vi
    refusal_of(TokenMissing, open_key, drawer)
    drawer.plug_in_again()
    with open_key(drawer) as key:
        kept += key.sign_digests(DIGESTS[len(kept) :])
    public = key_of(AN).public_key()
    for number, value in enumerate(kept):
        public.verify(value, bytes([number]), ec.ECDSA(hashes.SHA256()))
    assert len(kept) == 45


def test_a_token_without_a_certificate_is_told(drawer):
    drawer.initialise(AN, pin=PIN).put(key_of(AN), None)
    assert "không có chứng thư số nào" in refusal_of(NoSigningKey, open_key, drawer).vi


def test_a_certificate_without_its_key_is_told_by_name(drawer):
    drawer.initialise(AN, pin=PIN).put(None, certificate_of(AN))
    assert AN in refusal_of(NoSigningKey, open_key, drawer).vi


def test_a_certificate_for_encryption_only_is_not_signed_with(drawer):
    drawer.initialise(AN, pin=PIN).put(key_of(AN), certificate_of(AN, usage="encrypt"))
    refusal_of(NoSigningKey, open_key, drawer)


def test_one_of_several_certificates_is_chosen_by_digest_label_or_id(drawer):
    token = token_of(drawer, label="một")
    token.put(key_of("Vũ Bình", "RSA-2048"), certificate_of("Vũ Bình", "RSA-2048"), label="hai", key_id=b"\x02")
    assert AN in refusal_of(ChoiceNeeded, open_key, drawer).vi
    sha256 = certificate_of("Vũ Bình", "RSA-2048").fingerprint(hashes.SHA256()).hex(":").upper()
    for choice in ({"certificate_sha256": sha256}, {"label": "hai"}, {"key_id": b"\x02"}):
        with open_key(drawer, **choice) as key:
            assert key.who.common_name == "Vũ Bình"
            assert key.sign(b"record")
    assert "ba" in refusal_of(NoSigningKey, open_key, drawer, label="ba").vi


def test_the_one_certificate_that_has_a_key_needs_no_choice(drawer):
    token_of(drawer).put(None, certificate_of("Vũ Bình"), label="hai", key_id=b"\x02")
    with open_key(drawer) as key:
        assert key.who.common_name == AN


def test_a_key_without_an_id_is_found_where_it_is_the_only_one(drawer):
    token_of(drawer, key_id=b"")
    with open_key(drawer) as key:
        assert key.sign(b"record")


def test_a_key_that_is_not_the_certificates_is_found_out(drawer):
    drawer.initialise(AN, pin=PIN).put(key_of("Vũ Bình"), certificate_of(AN))
    with open_key(drawer) as key:
        refusal_of(SigningFailed, key.sign, b"record")


def test_one_of_several_tokens_is_chosen_by_label_or_serial(drawer):
    token_of(drawer)
    token_of(drawer, "Vũ Bình")
    assert AN in refusal_of(ChoiceNeeded, open_key, drawer).vi
    serial = next(token.serial for token in tokens(drawer.module) if token.label == "Vũ Bình")
    for choice in ({"token": "Vũ Bình"}, {"serial": serial}):
        with open_key(drawer, **choice) as key:
            assert key.who.common_name == "Vũ Bình"
    assert AN in refusal_of(TokenMissing, open_key, drawer, token="Cô Cúc").vi


def test_a_token_that_is_open_already_is_not_opened_without_asking_for_the_pin(drawer):
    token_of(drawer)
    with open_key(drawer) as key:
        refusal_of(TokenUnusable, open_key, drawer, "000000")
        assert key.sign(b"record")


@pytest.mark.parametrize(
    ("error", "now", "kind"),
    [
        # What SoftHSM never says: it has no counter that locks.
        (cryptoki.PinIncorrect(), PinState.LOCKED, PinLocked),
        (cryptoki.PinLocked(), PinState.FINE, PinLocked),
        (cryptoki.PinLenRange(), PinState.WRONG_BEFORE, WrongPin),
        (cryptoki.PinExpired(), PinState.FINE, PinNotSet),
        (cryptoki.UserPinNotInitialized(), PinState.FINE, PinNotSet),
        (cryptoki.SessionCount(), PinState.FINE, TokenUnusable),
    ],
)
def test_a_login_that_fails_is_told_by_what_the_token_says(error, now, kind):
    assert type(token_refusals.of_login(error, now)) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (cryptoki.PinIncorrect(), WrongPin),
        (cryptoki.PinLocked(), PinLocked),
        (cryptoki.MechanismInvalid(), TokenUnusable),
        (cryptoki.DeviceRemoved(), TokenRemoved),
        (cryptoki.DeviceError(), TokenRemoved),
        (cryptoki.SessionHandleInvalid(), TokenRemoved),
        (cryptoki.UserNotLoggedIn(), TokenRemoved),
    ],
)
def test_a_signature_that_fails_is_told_by_what_the_module_says(error, kind):
    assert type(token_refusals.of_signing(error)) is kind


def test_a_token_that_is_gone_after_a_failed_login_does_not_hide_that_the_pin_was_wrong(drawer):
    token_of(drawer)
    with started(drawer.module) as library:
        (token,) = plugged_in(library)
    assert pin_state_after_login(token) is PinState.WRONG_BEFORE


def test_a_pin_that_is_no_text_is_not_handed_over(drawer):
    token = token_of(drawer)
    error = refusal_of(WrongPin, open_key, drawer, "27\udcff1828")
    assert "1828" not in all_that_an_error_shows(error)
    assert not token.flags & TokenFlag.USER_PIN_COUNT_LOW


@pytest.mark.parametrize("what", ["nothing", "a text"])
def test_what_is_no_module_is_told_with_its_path(tmp_path, what):
    path = tmp_path / "module.so"
    if what == "a text":
        path.write_text("no library")
    assert str(path) in refusal_of(TokenUnusable, tokens, str(path)).vi


def test_an_open_key_does_not_travel_and_closes_twice(drawer):
    token_of(drawer)
    with open_key(drawer) as key:
        refusal_of(UnsuitableKey, pickle.dumps, key)
    key.close()


def test_a_statement_is_signed_with_a_token(drawer):
    token_of(drawer, chain=[authority()])
    with open_key(drawer) as key:
        statement = sign_statement(b"consent", key)
    assert opened(statement).content == b"consent"
    assert opened(statement).certificate_sha256 == key.who.certificate_sha256
