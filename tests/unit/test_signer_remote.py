# SPDX-License-Identifier: Apache-2.0

"""A remote key signs a class with one PIN and one call, never sends a refused PIN again, and tells an outage from a refusal."""

import base64
import hashlib
import json
import logging
import socket

import pytest
from certified_people import KINDS, authority, certificate_of, key_of
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hidden_pins import Pin, all_that_an_error_shows
from simulators.csc_server import OTP_OBJECT, PIN_OBJECT, SMS_OBJECT, CscServer

from signer.errors import (
    ChoiceNeeded,
    NoSigningKey,
    PinLocked,
    ProviderMisbehaves,
    ProviderRefused,
    ProviderUnavailable,
    SigningFailed,
    UnknownPlace,
    UnreadableKey,
    UnsuitableKey,
    WrongPin,
)
from signer.keys.csc import MOST_POLLS, CscService
from signer.keys.remote import RemoteKey
from signer.statements import opened, sign_statement

PIN = "271828"
AN = "Lê Thị An"
DIGESTS = [hashlib.sha256(bytes([number])).digest() for number in range(45)]
AUTHORIZE, SIGN = "credentials/authorize", "signatures/signHash"


@pytest.fixture
def provider():
    with provider_of("P-256") as running:
        yield running


def provider_of(kind):
    return CscServer(key_of(AN, kind), certificate_of(AN, kind), chain=[authority()], pin=PIN)


def open_key(provider, pin=PIN, **more):
    service = CscService(provider.url, Pin(provider.access_token), answer_seconds=more.pop("answer_seconds", 5))
    return RemoteKey.open(service, Pin(pin), **{"wait": lambda _: None} | more)


def sign_all(provider, digests=DIGESTS, **more):
    with open_key(provider, **more) as key:
        return list(key.sign_digests(digests))


def refusal_of(kind, call, *arguments, **named):
    with pytest.raises(kind) as refusal:
        call(*arguments, **named)
    assert refusal.value.vi != refusal.value.en
    assert "Hãy" in refusal.value.vi or "hãy" in refusal.value.vi
    return refusal.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_costs_one_authorization_and_one_call(kind):
    with provider_of(kind) as provider:
        values = sign_all(provider)
        public = key_of(AN, kind).public_key()
        for number, value in enumerate(values):
            if kind == "P-256":
                public.verify(value, bytes([number]), ec.ECDSA(hashes.SHA256()))
            else:
                public.verify(value, bytes([number]), padding.PKCS1v15(), hashes.SHA256())
        assert len(values) == 45
        assert (provider.asked[AUTHORIZE], provider.asked[SIGN]) == (1, 1)


def test_the_certificate_comes_with_its_chain(provider):
    with open_key(provider) as key:
        assert key.who.common_name == AN
        assert [above.subject.native["common_name"] for above in key.who.chain] == ["CA thử nghiệm"]
        assert not key.asks_pin_for_each_signature


def test_a_round_goes_in_as_few_parts_as_the_credential_allows(provider):
    provider.multisign = 20
    assert len(sign_all(provider)) == 45
    assert [len(digests) for digests in provider.authorized] == [20, 20, 5]
    assert provider.asked[SIGN] == 3


def test_nothing_to_sign_asks_nothing(provider):
    assert sign_all(provider, []) == []
    assert provider.asked[AUTHORIZE] == 0


def test_a_permission_that_expired_is_asked_for_again(provider):
    provider.time_lost = [4000.0]
    assert len(sign_all(provider)) == 45
    assert (provider.asked[AUTHORIZE], provider.asked[SIGN]) == (2, 2)


def test_a_permission_that_expires_again_is_given_up(provider):
    provider.time_lost = [4000.0] * 9
    refusal_of(ProviderRefused, sign_all, provider)
    assert provider.asked[AUTHORIZE] == 2


def test_a_pin_that_was_changed_meanwhile_is_refused_at_once(provider):
    provider.multisign = 20
    with open_key(provider) as key:
        values = key.sign_digests(DIGESTS)
        kept = [next(values) for _ in range(20)]
        provider.pin = "another"
        refusal_of(WrongPin, next, values)
    assert len(kept) == 20
    assert (provider.asked[AUTHORIZE], provider.wrong_pins) == (2, 1)


def test_a_wrong_pin_is_said_at_once_and_never_sent_again(provider):
    with open_key(provider, "000000") as key:
        for _ in range(5):
            assert "không tự thử lại" in refusal_of(WrongPin, key.sign, b"record").vi
    assert (provider.asked[AUTHORIZE], provider.wrong_pins, provider.locked) == (1, 1, False)


def test_a_locked_credential_is_told_from_a_wrong_pin(provider):
    provider.locked = True
    assert "mở khoá" in refusal_of(PinLocked, sign_all, provider).vi


def test_no_pin_is_said_before_anything_is_sent(provider):
    refusal_of(WrongPin, open_key, provider, "")
    assert provider.asked[AUTHORIZE] == 0


def test_a_one_time_code_is_asked_for_once_for_each_authorization(provider):
    provider.auth_objects, provider.auth_expression = [PIN_OBJECT, OTP_OBJECT], "PIN AND OTP"
    provider.codes, provider.multisign = ["111111", "222222", "333333"], 20
    coming = iter(provider.codes[:])
    with open_key(provider, code=lambda: Pin(next(coming))) as key:
        assert key.signatures_per_authorization == 20
        assert len(list(key.sign_digests(DIGESTS))) == 45
    assert [shown["OTP"] for shown in provider.shown] == ["111111", "222222", "333333"]


def test_a_code_that_comes_by_sms_is_sent_for_first(provider):
    provider.auth_objects = [PIN_OBJECT, SMS_OBJECT]
    assert len(sign_all(provider, code=lambda: Pin(provider.codes[-1]))) == 45
    assert provider.asked["credentials/getChallenge"] == 1


def test_a_wrong_code_is_told_as_pin_or_code(provider):
    provider.auth_objects = [PIN_OBJECT, OTP_OBJECT]
    assert "OTP" in refusal_of(WrongPin, sign_all, provider, code=lambda: Pin("999999")).vi


def test_a_code_that_nobody_can_be_asked_for_is_said_before_anything_is_sent(provider):
    provider.auth_objects = [PIN_OBJECT, OTP_OBJECT]
    assert "OTP" in refusal_of(WrongPin, open_key, provider).vi
    assert provider.asked[AUTHORIZE] == 0


def test_one_of_several_ways_to_authorize_is_enough(provider):
    provider.auth_objects, provider.auth_expression = [PIN_OBJECT], "PIN OR OTP"
    info = provider.info()
    info["auth"]["objects"] = [PIN_OBJECT, OTP_OBJECT]
    provider.answers["credentials/info"] = (200, json.dumps(info).encode())
    assert len(sign_all(provider)) == 45
    assert provider.shown == [{"PIN": PIN}]


def test_a_confirmation_on_the_phone_is_waited_for(provider):
    provider.auth_objects, provider.phone_polls = [], 3
    waited = []
    assert len(sign_all(provider, wait=waited.append)) == 45
    assert len(waited) == 3
    assert provider.shown == [{}]


def test_a_confirmation_that_does_not_come_is_not_waited_for_forever(provider):
    provider.phone_polls = 10_000
    assert "điện thoại" in refusal_of(ProviderRefused, sign_all, provider).vi
    assert provider.asked["credentials/authorizeCheck"] == MOST_POLLS


def test_values_with_r_and_s_side_by_side_are_taken_too(provider):
    provider.raw_ecdsa = True
    assert len(sign_all(provider)) == 45


def test_a_signature_by_another_key_is_refused(provider):
    provider.other_signer = key_of("Vũ Bình")
    refusal_of(SigningFailed, sign_all, provider)


def test_values_in_another_order_are_refused(provider):
    with open_key(provider) as key:
        two = list(key.sign_digests(DIGESTS[:1])) + list(key.sign_digests(DIGESTS[1:2]))
        swapped = [base64.b64encode(value).decode() for value in reversed(two)]
        provider.answers[SIGN] = (200, json.dumps({"signatures": swapped}).encode())
        refusal_of(SigningFailed, list, key.sign_digests(DIGESTS[:2]))


@pytest.mark.parametrize("path", ["credentials/info", AUTHORIZE, SIGN])
@pytest.mark.parametrize("fault", ["drops", "silent", "busy", "broken"])
def test_an_outage_is_no_refusal_and_nothing_is_asked_twice(provider, path, fault):
    match fault:
        case "drops" | "silent":
            getattr(provider, fault).add(path)
        case "busy":
            provider.answers[path] = (503, b"")
        case "broken":
            provider.answers[path] = (500, b'{"error": "server_error"}')
    error = refusal_of(ProviderUnavailable, sign_all, provider, answer_seconds=0.2)
    assert "vẫn được giữ" in error.vi
    assert provider.asked[path] == 1


def test_an_outage_midway_costs_only_the_rest(provider):
    provider.multisign = 20
    with open_key(provider) as key:
        values = key.sign_digests(DIGESTS)
        kept = [next(values) for _ in range(20)]
        provider.drops.add(SIGN)
        refusal_of(ProviderUnavailable, next, values)
        provider.drops.clear()
        kept += key.sign_digests(DIGESTS[20:])
    assert len(kept) == 45


def test_a_host_that_no_resolver_takes_is_an_outage():
    service = CscService(f"https://{'a' * 70}/csc/v2", Pin(PIN))
    error = refusal_of(ProviderUnavailable, service.credential_ids)
    assert PIN not in all_that_an_error_shows(error)
    service.close()


def test_a_provider_that_is_not_there_is_an_outage():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        service = CscService(f"http://127.0.0.1:{free.getsockname()[1]}", None)
        refusal_of(ProviderUnavailable, service.credential_ids)
        service.close()


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("credentials/list", 200, b"<html>Welcome to the hotel</html>"),
        ("credentials/list", 200, b'{"credentialIDs": [7]}'),
        ("credentials/list", 302, b""),
        ("credentials/list", 404, b"not here"),
        ("credentials/list", 200, b"[" * 2_000),
        ("credentials/info", 200, b"{}"),
        ("credentials/info", 200, b"[]"),
        ("credentials/info", 204, b""),
        ("credentials/info", 200, b'{"key": 1, "cert": 2, "auth": 3}'),
        (AUTHORIZE, 200, b'{"SAD": ""}'),
        (AUTHORIZE, 202, b'{"handle": 7}'),
        (SIGN, 200, b'{"signatures": []}'),
        (SIGN, 200, b'{"signatures": "none"}'),
        (SIGN, 200, json.dumps({"signatures": ["%"] * 45}).encode()),
        (SIGN, 200, json.dumps({"signatures": [7] * 45}).encode()),
    ],
)
def test_an_answer_that_cannot_be_used_is_not_used(provider, path, status, content):
    provider.answers[path] = (status, content)
    refusal_of(ProviderMisbehaves, sign_all, provider)


@pytest.mark.parametrize("change", [{"certificates": ["AAAA"]}, {"certificates": []}])
def test_a_certificate_that_cannot_be_read_is_refused(provider, change):
    info = provider.info()
    info["cert"] |= change
    provider.answers["credentials/info"] = (200, json.dumps(info).encode())
    refusal_of((UnreadableKey, ProviderMisbehaves), open_key, provider)


@pytest.mark.parametrize("status", ["expired", "revoked", "suspended"])
def test_a_credential_that_is_not_in_force_is_said_before_anything_is_sent(provider, status):
    provider.certificate_status = status
    assert status in refusal_of(ProviderRefused, open_key, provider).vi
    assert provider.asked[AUTHORIZE] == 0


def test_a_credential_that_expires_meanwhile_is_said_in_the_providers_words(provider):
    with open_key(provider) as key:
        provider.certificate_status = "expired"
        assert "Signing certificate is expired" in refusal_of(ProviderRefused, key.sign, b"record").vi
    assert provider.asked[AUTHORIZE] == 1


def test_a_credential_for_no_signature_at_all_is_a_malformed_answer(provider):
    provider.multisign = 0
    refusal_of(ProviderMisbehaves, open_key, provider)


def test_an_access_token_that_is_no_text_is_sent_nowhere(provider):
    service = CscService(provider.url, Pin("27\udcff1828"))
    error = refusal_of(ProviderUnavailable, service.credential_ids)
    assert "1828" not in all_that_an_error_shows(error)
    assert not provider.asked
    service.close()


def test_a_key_that_is_disabled_or_wants_a_browser_is_refused(provider):
    provider.key_status = "disabled"
    refusal_of(ProviderRefused, open_key, provider)
    provider.key_status, provider.auth_mode = "enabled", "oauth2code"
    refusal_of(ProviderRefused, open_key, provider)


def test_an_algorithm_that_we_do_not_use_is_refused(provider):
    provider.algorithms = ["1.2.840.113549.1.1.10"]
    refusal_of(UnsuitableKey, open_key, provider)


def test_one_of_several_credentials_is_chosen_by_its_id(provider):
    provider.credential_ids = ["GX0112348", "HX0224685"]
    assert "HX0224685" in refusal_of(ChoiceNeeded, open_key, provider).vi
    assert len(sign_all(provider, credential_id="HX0224685")) == 45
    refusal_of(ProviderRefused, open_key, provider, credential_id="nobody's")
    provider.credential_ids = []
    refusal_of(NoSigningKey, open_key, provider)


def test_a_login_that_has_ended_is_told(provider):
    with open_key(provider) as key:
        provider.access_token = "renewed"
        assert "đăng nhập lại" in refusal_of(ProviderRefused, key.sign, b"record").vi


def test_a_name_and_password_become_an_access_token(provider):
    service = CscService.logged_in(provider.url, "co.an", Pin("mật khẩu"))
    with RemoteKey.open(service, Pin(PIN)) as key:
        assert key.sign(b"record")
    wrong = refusal_of(ProviderRefused, CscService.logged_in, provider.url, "co.an", Pin("sai-mật-khẩu"))
    assert "sai-mật-khẩu" not in all_that_an_error_shows(wrong)


@pytest.mark.parametrize(
    "url",
    [
        "http://ky.example.vn/csc/v2",
        "http://127.0.0.1.example.vn/csc/v2",
        "http://127.0.0.1@example.vn/csc/v2",
        "https://co.an:bi-mat@example.vn/csc/v2",
        "ftp://127.0.0.1/csc/v2",
        "https:///csc/v2",
        "https://[::1/csc/v2",
        "ky.example.vn",
    ],
)
def test_a_pin_goes_nowhere_unprotected(url):
    assert "bi-mat" not in str(refusal_of(UnknownPlace, CscService, url, None))


def test_pin_and_tokens_are_in_no_error_no_log_and_no_repr(provider, caplog, capfd):
    provider.auth_objects = [PIN_OBJECT, OTP_OBJECT]
    code = lambda: Pin("864209")  # noqa: E731
    with caplog.at_level(logging.DEBUG), open_key(provider, code=code) as key:
        shown = repr(key) + repr(vars(key)) + repr(vars(key._service))
        errors = [refusal_of(WrongPin, key.sign, b"record")]
        for fault in ("drops", "refuses"):
            with open_key(provider, code=code) as again:
                if fault == "drops":
                    provider.drops.add(AUTHORIZE)
                else:
                    provider.drops.clear()
                    echo = {"error": "invalid_request", "error_description": f"{PIN} 864209 {provider.access_token}"}
                    provider.answers[AUTHORIZE] = (400, json.dumps(echo).encode())
                errors.append(refusal_of((ProviderUnavailable, ProviderRefused), again.sign, b"record"))
    for text in (shown, caplog.text, *capfd.readouterr(), *map(all_that_an_error_shows, errors)):
        for secret in (PIN, "864209", provider.access_token):
            assert secret not in text


def test_a_statement_is_signed_remotely(provider):
    with open_key(provider) as key:
        statement = sign_statement(b"consent", key)
    assert opened(statement).content == b"consent"
