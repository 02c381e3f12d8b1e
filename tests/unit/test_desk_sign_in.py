# SPDX-License-Identifier: Apache-2.0

"""Signing in: what is told and what is not, what guessing costs whom, how sessions begin and end."""

import time
import unicodedata

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from ledger.desk.passwords import MIN_CHARACTERS, Passwords
from ledger.desk.sign_in import PER_ADDRESS, PER_NAME
from ledger.duty import Duty
from ledger.store.sign_ins import ABSOLUTE, IDLE, PAIRING_MINUTES, WINDOW
from tests.simulators.desk_world import PASSWORD, QUICK, DeskWorld

WRONG = "Tên đăng nhập hoặc mật khẩu không đúng"
COOKIE = "__Host-hocba"


@pytest.fixture
def world(tmp_path):
    world = DeskWorld.opened(tmp_path)
    world.add("an.le", Duty.TEACHER)
    return world


@pytest.fixture
def app(world):
    return world.app()


def agent(world, app, **given):
    return world.browser(app=app, address=given.pop("address", "192.0.2.1")).ask(
        "POST", "/agent/v1/session", json=given
    )


def stored(world) -> str:
    """Everything in the database, as text."""
    return repr(world.office.everything())


# What is told.


def test_the_right_password_leads_to_what_waits(world, app):
    browser = world.browser(app=app)
    answer = browser.sign_in("an.le")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Người an.le" in browser.get("/").text


def test_what_was_wrong_is_not_told(world, app):
    world.accounts.add("chua.co", display_name="Chưa có mật khẩu", school_code=None, duties=[Duty.AUTHORITY])
    world.add("da.khoa", Duty.TEACHER)
    world.accounts.disable("da.khoa")
    told = set()
    for name, password in (
        ("an.le", "sai mật khẩu rồi"),
        ("khong.ai", PASSWORD),
        ("chua.co", PASSWORD),
        ("da.khoa", PASSWORD),
        ("an.le", ""),
        ("an.le", "x" * 3000),
        ("", ""),
    ):
        answer = world.browser(app=app).sign_in(name, password)
        assert answer.status_code == 401
        assert WRONG in answer.text
        page = answer.text.replace(f'value="{name}"', 'value=""')
        told.add(page[page.index("<main") : page.index("ma-phien")] + page[page.index('id="ten"') :])
    assert len(told) == 1


def test_the_same_work_is_done_for_a_name_that_nobody_has(tmp_path):
    """With a hash that takes a tenth of a second, an attempt for nobody takes no less."""
    slow = PasswordHasher(time_cost=6, memory_cost=2**15, parallelism=1)
    passwords = Passwords(slow)
    hashed = passwords.hash(PASSWORD)

    def seconds(found: str | None) -> float:
        return min(timed(found) for _ in range(3))

    def timed(found: str | None) -> float:
        begun = time.process_time()
        assert passwords.matches(found, "sai") is False
        return time.process_time() - begun

    assert seconds(None) > seconds(hashed) / 2


def test_a_name_may_be_typed_in_capitals_and_a_password_composed_or_decomposed(world, app):
    decomposed = unicodedata.normalize("NFD", PASSWORD)
    assert decomposed != PASSWORD
    assert world.browser(app=app).sign_in(" AN.LE ", decomposed).status_code == 303


def test_signing_in_leads_on_to_the_page_that_was_asked_for_and_to_no_other_site(world, app):
    browser = world.browser(app=app)
    location = browser.get("/lop").headers["location"]
    assert location == "/dang-nhap?vi-sao=het&tiep=/lop"
    assert browser.sign_in("an.le", tiep="/lop").headers["location"] == "/lop"
    for elsewhere in ("//evil.example", "/\\evil.example", "https://evil.example", "/..//evil.example", "", "/lop\n"):
        assert world.browser(app=app).sign_in("an.le", tiep=elsewhere).headers["location"] == "/", elsewhere


def test_a_password_is_hashed_by_argon2id_and_again_when_the_cost_has_changed(world):
    before = world.accounts.password_hash("an.le")
    assert before.startswith("$argon2id$")
    world.hasher = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    assert world.browser().sign_in("an.le").status_code == 303
    after = world.accounts.password_hash("an.le")
    assert "t=2" in after
    assert after != before
    assert world.browser().sign_in("an.le").status_code == 303


def test_the_default_cost_is_that_of_rfc_9106_or_more():
    hashed = Passwords().hash(PASSWORD)
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in hashed


# What guessing costs.


def guess(world, app, count: int, *, name: str = "an.le", address: str = "203.0.113.9") -> list[int]:
    browser = world.browser(app=app, address=address)
    csrf = browser.csrf("/dang-nhap")
    return [
        browser.send("/dang-nhap", csrf, ten=name, mat_khau=f"lần thứ {number}").status_code for number in range(count)
    ]


def test_a_name_can_be_guessed_at_only_so_often(world, app):
    assert guess(world, app, PER_NAME + 2) == [401] * PER_NAME + [429] * 2


def test_a_name_that_nobody_has_is_shut_just_the_same(world, app):
    assert guess(world, app, PER_NAME + 1, name="khong.ai") == [401] * PER_NAME + [429]


def test_changing_the_address_helps_nobody_to_guess(world, app):
    for number in range(PER_NAME):
        assert guess(world, app, 1, address=f"203.0.113.{number}") == [401]
    assert guess(world, app, 1, address="203.0.113.99") == [429]


def test_changing_the_name_helps_nobody_to_guess(world, app):
    for number in range(PER_ADDRESS):
        assert guess(world, app, 1, name=f"ten.{number}") == [401]
    assert guess(world, app, 1, name="an.le") == [429]
    assert guess(world, app, 1, name="an.le", address="203.0.113.10") == [401]


def test_an_ipv6_subscriber_is_one_address(world, app):
    for number in range(PER_ADDRESS):
        assert guess(world, app, 1, name=f"ten.{number}", address=f"2001:db8::{number + 1:x}") == [401]
    assert guess(world, app, 1, address="2001:db8::ffff:1") == [429]
    assert guess(world, app, 1, address="2001:db8:0:1::1") == [401]


def test_the_right_password_does_not_open_a_door_that_is_shut(world, app):
    guess(world, app, PER_NAME)
    answer = world.browser(app=app).sign_in("an.le")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) <= WINDOW.total_seconds()
    assert "15 phút" in answer.text


def test_a_restart_forgives_nobody(world):
    guess(world, world.app(), PER_NAME)
    assert guess(world, world.app(), 1) == [429]


def test_a_shut_door_opens_by_itself_and_knocking_does_not_keep_it_shut(world, app):
    guess(world, app, PER_NAME)
    for _ in range(20):
        world.clock.advance(seconds=WINDOW.total_seconds() / 21)
        assert guess(world, app, 1) == [429]
    world.clock.advance(seconds=WINDOW.total_seconds() / 21 + 1)
    assert world.browser(app=app).sign_in("an.le").status_code == 303


def test_strangers_cannot_lock_an_owner_out_of_a_browser_that_is_known(world, app):
    own = world.signed_in("an.le", app=app)
    own.form("/", "/dang-xuat")
    guess(world, app, PER_NAME)
    assert world.browser(app=app, address="192.0.2.7").sign_in("an.le").status_code == 429
    assert own.sign_in("an.le").status_code == 303


def test_a_known_browser_is_known_for_its_own_account_and_guesses_no_more_than_others(world, app):
    world.add("binh.vo", Duty.TEACHER)
    own = world.signed_in("an.le", app=app)
    own.form("/", "/dang-xuat")
    guess(world, app, PER_NAME, name="binh.vo")
    assert own.sign_in("binh.vo").status_code == 429
    assert [own.sign_in("an.le", f"sai {n}").status_code for n in range(PER_NAME + 1)] == [401] * PER_NAME + [429]


def test_signing_in_to_ones_own_account_does_not_forgive_guesses_at_others(world, app):
    world.add("ke.gian", Duty.TEACHER)
    for number in range(PER_ADDRESS):
        assert guess(world, app, 1, name=f"ten.{number}") == [401]
        if number % 10 == 9 and number < PER_ADDRESS - 1:
            assert world.browser(app=app, address="203.0.113.9").sign_in("ke.gian").status_code == 303
    assert guess(world, app, 1, name="ten.khac") == [429]


def test_a_good_sign_in_forgives_the_slips_before_it(world, app):
    for _ in range(3):
        guess(world, app, PER_NAME - 1)
        assert world.browser(app=app).sign_in("an.le").status_code == 303
        world.clock.advance(seconds=1)


# Sessions.


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http(world, app):
    cookies = world.browser(app=app).sign_in("an.le").headers.get_list("set-cookie")
    session, browser = (next(c for c in cookies if c.startswith(f"{name}=")) for name in (COOKIE, f"{COOKIE}-may"))
    for cookie, site in ((session, "lax"), (browser, "strict")):
        for word in ("HttpOnly", "Secure", "Path=/", f"SameSite={site}"):
            assert word in cookie
        assert "Domain" not in cookie
    assert "Max-Age" not in session


def test_without_https_only_this_computer_is_served(world):
    world.url = "http://127.0.0.1:8001"
    assert world.browser().get("/dang-nhap").headers["set-cookie"].startswith("hocba=")
    world.url = "http://desk.example"
    with pytest.raises(ValueError, match="https"):
        world.app()


def test_the_token_is_another_one_after_signing_in(world, app):
    browser = world.browser(app=app)
    browser.get("/dang-nhap")
    before = browser.cookies[COOKIE]
    browser.sign_in("an.le")
    first = browser.cookies[COOKIE]
    assert first != before
    browser.sign_in("an.le")
    assert browser.cookies[COOKIE] != first
    old = world.browser(app=app)
    for token in (before, first):
        old.cookies.set(COOKIE, token)
        assert old.get("/").status_code == 303
    assert browser.get("/").status_code == 200


def test_a_token_that_somebody_planted_is_never_signed_in(world, app):
    planted = "A" * 43
    browser = world.browser(app=app)
    browser.cookies.set(COOKIE, planted)
    browser.sign_in("an.le")
    other = world.browser(app=app)
    other.cookies.set(COOKIE, planted)
    assert other.get("/").status_code == 303


def test_nothing_that_opens_a_door_is_in_the_database(world, app):
    browser = world.signed_in("an.le", app=app)
    code = browser.form("/tai-khoan", "/tai-khoan/ma-ghep").text.split("<code>")[1][:9]
    world.accounts.invite("an.le", "invitation-token")
    token = agent(world, app, name="an.le", password=PASSWORD).json()["token"]
    everything = stored(world)
    cookies = browser.cookies
    secrets = (cookies[COOKIE], cookies[f"{COOKIE}-may"], code.replace("-", ""), "invitation-token", token, PASSWORD)
    for secret in secrets:
        assert secret not in everything


def test_a_session_that_nobody_uses_ends(world, app):
    browser = world.signed_in("an.le", app=app)
    for _ in range(3):
        world.clock.advance(seconds=IDLE.total_seconds() - 60)
        assert browser.get("/").status_code == 200
    world.clock.advance(seconds=IDLE.total_seconds())
    assert browser.get("/").status_code == 303


def test_a_session_ends_in_any_case_after_a_days_work(world, app):
    browser = world.signed_in("an.le", app=app)
    begun = world.clock()
    while world.clock() - begun < ABSOLUTE:
        assert browser.get("/").status_code == 200
        world.clock.advance(minutes=30)
    assert browser.get("/").status_code == 303


def test_signing_out_ends_the_session_on_the_server(world, app):
    browser = world.signed_in("an.le", app=app)
    token = browser.cookies[COOKIE]
    answer = browser.form("/", "/dang-xuat")
    assert answer.headers["location"] == "/dang-nhap?vi-sao=ra"
    browser.cookies.set(COOKIE, token)
    assert browser.get("/").status_code == 303


def test_a_restart_signs_nobody_out(world):
    browser = world.signed_in("an.le")
    again = world.browser()
    again.cookies.set(COOKIE, browser.cookies[COOKIE])
    assert again.get("/").status_code == 200


@pytest.mark.parametrize("shut", ["disable", "set_password"])
def test_disabling_an_account_or_changing_its_password_ends_all_its_sessions(world, app, shut):
    browser, other = world.signed_in("an.le", app=app), world.browser(app=app)
    token = agent(world, app, name="an.le", password=PASSWORD).json()["token"]
    code = browser.form("/tai-khoan", "/tai-khoan/ma-ghep").text.split("<code>")[1][:9]
    world.accounts.invite("an.le", "an-invitation")
    getattr(world.accounts, shut)(*(("an.le",) if shut == "disable" else ("an.le", "$argon2id$")))
    assert browser.get("/").status_code == 303
    ended = browser.ask("DELETE", "/agent/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert ended.status_code == 401
    assert agent(world, app, code=code).status_code == 410
    assert other.get("/loi-moi/an-invitation").status_code == 410


def test_what_is_given_is_asked_for_at_each_request(world, app):
    """A duty that is taken away is gone at once, not with the next session."""
    world.add("hai.viec", Duty.TEACHER, Duty.CLERK)
    browser = world.signed_in("hai.viec", app=app)
    assert browser.get("/nhap-lop").status_code == 200
    with world.office.ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM account_duty WHERE account = 'hai.viec' AND duty = 'clerk'"))
    assert browser.get("/nhap-lop").status_code == 403


# Invitations.


def test_an_invitation_sets_a_password_once(world, app):
    world.accounts.add("moi.toi", display_name="Người mới", school_code=None, duties=[Duty.AUTHORITY])
    world.accounts.invite("moi.toi", "t" * 43)
    browser, path = world.browser(app=app), f"/loi-moi/{'t' * 43}"
    assert "Người mới" in browser.get(path).text
    answer = browser.form(path, mat_khau="năm từ dễ nhớ lắm", mat_khau_lai="năm từ dễ nhớ lắm")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Người mới" in browser.get("/").text
    assert browser.get(path).status_code == 410
    assert world.browser(app=app).sign_in("moi.toi", "năm từ dễ nhớ lắm").status_code == 303


@pytest.mark.parametrize(
    ("password", "again", "told"),
    [
        ("x" * (MIN_CHARACTERS - 1), None, "ít nhất 12 ký tự"),
        ("dài" * 100, None, "dài quá 256 ký tự"),
        ("an.le an.le an.le", None, "quá dễ đoán"),
        ("aaaaaaaaaaaaaaaa", None, "quá dễ đoán"),
        ("bốn từ ghép lại", "bốn từ ghép lai", "không giống nhau"),
    ],
)
def test_a_password_that_will_not_do_is_told_why_and_the_invitation_stays(world, app, password, again, told):
    world.accounts.invite("an.le", "t" * 43)
    browser, path = world.browser(app=app), f"/loi-moi/{'t' * 43}"
    answer = browser.form(path, mat_khau=password, mat_khau_lai=password if again is None else again)
    assert told in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert browser.get(path).status_code == 200


def test_an_invitation_is_over_after_a_week_and_when_there_is_a_newer_one(world, app):
    world.accounts.invite("an.le", "first")
    world.accounts.invite("an.le", "second")
    assert world.browser(app=app).get("/loi-moi/first").status_code == 410
    assert world.browser(app=app).get("/loi-moi/second").status_code == 200
    world.clock.advance(days=7, seconds=1)
    assert world.browser(app=app).get("/loi-moi/second").status_code == 410


# The agent.


def test_the_agent_signs_in_and_out(world, app):
    answer = agent(world, app, name="an.le", password=PASSWORD)
    assert answer.json() == {"token": answer.json()["token"], "name": "Người an.le"}
    assert answer.headers["cache-control"] == "no-store"
    client, headers = world.browser(app=app), {"Authorization": f"Bearer {answer.json()['token']}"}
    assert client.ask("DELETE", "/agent/v1/session", headers=headers).status_code == 204
    assert client.ask("DELETE", "/agent/v1/session", headers=headers).status_code == 401


def test_a_pairing_code_works_once_within_minutes_however_it_is_typed(world, app):
    browser = world.signed_in("an.le", app=app)

    def code() -> str:
        return browser.form("/tai-khoan", "/tai-khoan/ma-ghep").text.split("<code>")[1][:9]

    first = code()
    assert agent(world, app, code=first.lower().replace("-", " ")).json()["name"] == "Người an.le"
    assert agent(world, app, code=first).status_code == 410
    older, newer = code(), code()
    assert agent(world, app, code=older).status_code == 410
    world.clock.advance(minutes=PAIRING_MINUTES, seconds=1)
    answer = agent(world, app, code=newer)
    assert answer.status_code == 410
    assert {"vi", "en", "code"} <= set(answer.json())


def test_pairing_codes_cannot_be_guessed_at(world, app):
    told = [agent(world, app, code=f"AAAA{number:04d}").status_code for number in range(PER_ADDRESS + 1)]
    assert told == [410] * PER_ADDRESS + [429]


def test_the_agent_is_guarded_as_the_page_is(world, app):
    wrong = [agent(world, app, name="an.le", password=f"sai {n}").status_code for n in range(PER_NAME + 1)]
    assert wrong == [401] * PER_NAME + [429]
    assert world.browser(app=app).sign_in("an.le").status_code == 429


@pytest.mark.parametrize(
    "given", [{}, {"name": "an.le"}, {"name": "an.le", "password": "x", "code": "y"}, {"mystery": 1}, {"code": 5}]
)
def test_the_agent_must_say_who_it_is_in_one_way(world, app, given):
    answer = agent(world, app, **given)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_authority_has_nothing_to_sign(world, app):
    world.add("so.gd", Duty.AUTHORITY)
    assert agent(world, app, name="so.gd", password=PASSWORD).status_code == 403


def test_the_quick_hash_of_these_tests_is_argon2id_too():
    assert QUICK.hash("x").startswith("$argon2id$")
