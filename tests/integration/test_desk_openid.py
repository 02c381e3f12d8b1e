# SPDX-License-Identifier: Apache-2.0

"""Single sign-on: with a real OpenID provider from npm, and with one that forges."""

import base64
import html
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import text

from ledger.duty import Duty
from ledger.store.accounts import digest_of
from tests.simulators.desk_world import Browser, DeskWorld
from tests.simulators.openid_provider import ForgingProvider, Person, RealProvider, configured

TOKEN = "t" * 43


@pytest.fixture(scope="module")
def provider():
    with RealProvider.started() as provider:
        yield provider


@pytest.fixture
def world(tmp_path, provider):
    world = DeskWorld.opened(tmp_path, provider=provider.as_configured())
    # The provider's clock is the real one.
    world.clock.time = datetime.now(UTC)
    world.add("an.le", Duty.TEACHER)
    return world


@pytest.fixture
def app(world):
    return world.app()


def way_there(browser: Browser) -> str:
    """Where the desk sends the browser that wants to sign in."""
    answer = browser.get("/dang-nhap/openid")
    assert answer.status_code == 303
    return answer.headers["location"]


def link(world: DeskWorld, browser: Browser, person: Person, name: str = "an.le"):
    """Uses an invitation up for an OpenID."""
    world.accounts.invite(name, TOKEN)
    page = browser.form(f"/loi-moi/{TOKEN}", f"/loi-moi/{TOKEN}/openid")
    assert "Bạn sắp liên kết" in html.unescape(page.text)
    return browser.get(person.sign_in(html.unescape(re.search(r'href="(http://127[^"]+)"', page.text)[1])))


def code_of(answer) -> str:
    """The title of the refusal."""
    return html.unescape(re.search(r'<h1 id="answer">([^<]+)', answer.text)[1])


def test_an_invitation_links_and_from_then_on_the_person_signs_in(world, app):
    person = Person("sub-an")
    answer = link(world, world.browser(app=app), person)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    browser = world.browser(app=app)
    assert "Đăng nhập bằng tài khoản của Sở" in html.unescape(browser.get("/dang-nhap").text)
    assert browser.get(person.sign_in(way_there(browser))).headers["location"] == "/"
    assert "Người an.le" in browser.get("/").text


def test_whom_nobody_linked_is_not_let_in_whatever_the_e_mail_says(world, app):
    """Everybody has the same e-mail address at this provider."""
    link(world, world.browser(app=app), Person("sub-an"))
    browser = world.browser(app=app)
    answer = browser.get(Person("sub-binh").sign_in(way_there(browser)))
    assert (answer.status_code, code_of(answer)) == (403, "Danh tính này chưa gắn với tài khoản nào")
    assert browser.get("/").status_code == 303


def test_what_is_sent_to_the_provider_is_a_code_flow_with_pkce_state_and_nonce(world, app):
    asked = parse_qs(urlsplit(way_there(world.browser(app=app))).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid"]
    assert len({asked["state"][0], asked["nonce"][0], asked["code_challenge"][0]}) == 3
    row = repr(world.office.everything()["open_id_request"])
    assert asked["state"][0] not in row
    assert asked["code_challenge"][0] not in row


def test_the_answer_counts_once_from_the_browser_that_was_sent_and_in_time(world, app):
    person = Person("sub-an")
    link(world, world.browser(app=app), person)
    browser, thief = world.browser(app=app), world.browser(app=app)
    back = person.sign_in(way_there(browser))
    thief.get("/dang-nhap")
    assert thief.get(back).status_code == 410
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 410
    late = world.browser(app=app)
    back = person.sign_in(way_there(late))
    world.clock.advance(minutes=11)
    assert late.get(back).status_code == 410


@pytest.mark.parametrize("changed", [{"state": "x"}, {"state": None}, {"code": "x"}, {"iss": "https://evil.example"}])
def test_an_answer_that_was_changed_on_the_way_is_refused(world, app, changed):
    person = Person("sub-an")
    link(world, world.browser(app=app), person)
    browser = world.browser(app=app)
    path, query = person.sign_in(way_there(browser)).split("?")
    answer = {name: values[0] for name, values in parse_qs(query).items()} | changed
    params = {name: value for name, value in answer.items() if value is not None}
    refused = browser.get(path, params=params)
    assert refused.status_code == (410 if "state" in changed else 502)
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("column", ["nonce", "verifier"])
def test_a_code_that_was_asked_for_by_another_is_refused(world, app, column):
    """What the desk remembers is another's than what was sent: as if a code had been injected."""
    person = Person("sub-an")
    link(world, world.browser(app=app), person)
    browser = world.browser(app=app)
    back = person.sign_in(way_there(browser))
    with world.office.ledger.engine.begin() as connection:
        connection.execute(text(f"UPDATE open_id_request SET {column} = :other"), {"other": "y" * 43})
    answer = browser.get(back)
    assert (answer.status_code, code_of(answer)) == (502, "Chưa đăng nhập một lần được")


def test_cancelling_is_told_as_such(world, app):
    browser = world.browser(app=app)
    answer = browser.get(Person("sub-an").refuse(way_there(browser)))
    assert (answer.status_code, code_of(answer)) == (403, "Đăng nhập một lần đã bị hủy")


def test_an_identity_is_linked_to_one_account(world, app):
    world.add("binh.vo", Duty.TEACHER)
    person = Person("sub-an")
    link(world, world.browser(app=app), person)
    answer = link(world, world.browser(app=app), person, name="binh.vo")
    assert answer.status_code == 409
    assert world.browser(app=app).get(f"/loi-moi/{TOKEN}").status_code == 200, "the invitation stays"


def test_linking_takes_a_form_of_this_site(world, app):
    """A link of somebody else's invitation, opened unawares, links nothing."""
    world.accounts.invite("an.le", TOKEN)
    victim = world.browser(app=app)
    token = victim.csrf("/dang-nhap")
    assert victim.send(f"/loi-moi/{TOKEN}/openid", token, origin="https://evil.example").status_code == 403
    assert victim.get(f"/loi-moi/{TOKEN}/openid").status_code == 405


def test_a_disabled_account_is_not_let_in(world, app):
    person = Person("sub-an")
    link(world, world.browser(app=app), person)
    world.accounts.disable("an.le")
    browser = world.browser(app=app)
    assert browser.get(person.sign_in(way_there(browser))).status_code == 403


def test_without_a_provider_there_is_no_way_to_one(world):
    world.provider = None
    app = world.app()
    browser = world.browser(app=app)
    assert browser.get("/dang-nhap/openid").status_code == 404
    assert browser.get("/dang-nhap/openid/ve").status_code == 404
    assert "openid" not in browser.get("/dang-nhap").text


def test_a_provider_that_is_down_is_told_and_the_password_still_works(world):
    world.provider = configured("http://127.0.0.1:9")
    app = world.app()
    browser = world.browser(app=app)
    assert browser.get("/dang-nhap/openid").status_code == 502
    assert browser.sign_in("an.le").status_code == 303


def test_a_provider_that_has_changed_its_keys_is_believed_again(tmp_path):
    world = DeskWorld.opened(tmp_path)
    world.clock.time = datetime.now(UTC)
    world.add("an.le", Duty.TEACHER)
    person = Person("sub-an")
    with RealProvider.started() as first:
        world.provider, port = first.as_configured(), first.port
        app = world.app()
        link(world, world.browser(app=app), person)
    with RealProvider.started(port=port):
        browser = world.browser(app=app)
        assert browser.get(person.sign_in(way_there(browser))).status_code == 303


def test_an_id_token_under_our_own_secret_is_refused(tmp_path):
    """HS256: whoever knows the client's secret could have made it."""
    world = DeskWorld.opened(tmp_path)
    world.clock.time = datetime.now(UTC)
    world.add("an.le", Duty.TEACHER)
    with RealProvider.started(algorithm="HS256") as provider:
        world.provider = provider.as_configured()
        browser = world.browser()
        assert browser.get(Person("sub-an").sign_in(way_there(browser))).status_code == 502


# Forgeries.


@pytest.fixture
def forger(tmp_path):
    with ForgingProvider().serving() as forger:
        yield forger


@pytest.fixture
def forged(tmp_path, forger):
    """A desk that asks the forger, where 4711 is an.le."""
    world = DeskWorld.opened(tmp_path, provider=configured(forger.issuer))
    forger.now = world.clock().timestamp()
    world.add("an.le", Duty.TEACHER)
    world.accounts.invite("an.le", TOKEN)
    world.accounts.accept_with_open_id(digest_of(TOKEN), issuer=forger.issuer, subject="4711")
    return world


def come_back(world: DeskWorld, forger: ForgingProvider):
    """Signs in at the forger, who answers with the nonce that was asked for."""
    browser = world.browser()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way_there(browser)).query).items()}
    forger.claims.setdefault("nonce", asked["nonce"])
    return browser.get("/dang-nhap/openid/ve", params={"state": asked["state"], "code": "c"})


def test_an_honest_answer_of_this_simulator_is_believed(forged, forger):
    assert come_back(forged, forger).status_code == 303
    assert forger.codes[0]["code"] == "c"
    assert forger.codes[0]["grant_type"] == "authorization_code"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["hocba", "another-client"]},
        {"aud": "another-client", "azp": "hocba"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"nonce": "x"},
        {"nonce": None},
        {"exp": None},
        {"exp": 1},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"azp": "another-client"},
        {"at_hash": "x"},
    ],
    ids=str,
)
def test_a_claim_that_does_not_fit_is_refused(forged, forger, claims):
    forger.claims |= claims
    answer = come_back(forged, forger)
    assert (answer.status_code, code_of(answer)) == (502, "Chưa đăng nhập một lần được")


def test_a_signature_by_a_key_that_is_not_published_is_refused(forged, forger):
    forger.publishes = RSAKey.generate_key(2048, {"kid": "1"})
    assert come_back(forged, forger).status_code == 502


def unsigned(claims: dict[str, object]) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


@pytest.mark.parametrize("given", ["", "x", "a.b.c", "none"])
def test_what_is_no_signed_token_is_refused(forged, forger, given):
    honest = {"iss": forger.issuer, "aud": "hocba", "sub": "4711", "iat": forger.now, "exp": forger.now + 300}
    forger.id_token = unsigned(honest) if given == "none" else given or " "
    assert come_back(forged, forger).status_code == 502


@pytest.mark.parametrize(
    "answer", [(400, b'{"error": "invalid_grant"}'), (200, b"[]"), (200, b"<html>"), (500, b"{}"), (200, b"{}")]
)
def test_a_token_endpoint_that_answers_nonsense_is_told(forged, forger, answer):
    forger.token_answer = answer
    assert come_back(forged, forger).status_code == 502


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_settings_that_are_not_the_providers_own_or_not_secure_are_refused(forged, forger, settings):
    forger.settings = settings
    assert forged.browser().get("/dang-nhap/openid").status_code == 502
