# SPDX-License-Identifier: Apache-2.0

"""What a browser, another site or a hostile client may try: forms from elsewhere, headers, bodies, and what is left in the log."""

import logging
import re

import pytest

from ledger.desk import problems
from ledger.desk.access import RULES, SMALL_BODY_BYTES
from ledger.desk.problems import Problem
from ledger.desk.visits import CSRF_FIELD
from ledger.desk.wording import TEXTS
from ledger.duty import Duty
from ledger.record.sheets.workbook import MAX_FILE_BYTES
from tests.simulators.desk_world import PASSWORD, URL, DeskWorld
from tests.simulators.school_office import WORKBOOK
from tests.simulators.web_client import Stream, stream


@pytest.fixture
def world(tmp_path):
    world = DeskWorld.opened(tmp_path)
    world.add("van.thu", Duty.CLERK)
    return world


@pytest.fixture
def app(world):
    return world.app()


@pytest.fixture
def clerk(world, app):
    return world.signed_in("van.thu", app=app)


# Forms.


def pairings(world) -> int:
    return len(world.office.everything()["pairing_code"])


def test_a_form_of_this_session_is_believed(world, clerk):
    assert clerk.form("/tai-khoan", "/tai-khoan/ma-ghep").status_code == 200
    assert pairings(world) == 1


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://desk.example", "https://desk.example.evil.example", ""]
)
def test_a_form_of_another_site_is_not_believed_even_with_the_right_token(world, clerk, origin):
    answer = clerk.send("/tai-khoan/ma-ghep", clerk.csrf("/tai-khoan"), origin=origin)
    assert answer.status_code == 403
    assert "Biểu mẫu đã cũ" in answer.text
    assert pairings(world) == 0


def test_a_form_without_an_origin_is_not_believed(world, clerk):
    answer = clerk.ask("POST", "/tai-khoan/ma-ghep", data={CSRF_FIELD: clerk.csrf("/tai-khoan")})
    assert answer.status_code == 403
    assert pairings(world) == 0


def test_a_form_with_another_token_is_not_believed(world, app, clerk):
    own, others = clerk.csrf("/tai-khoan"), world.browser(app=app).csrf("/dang-nhap")
    for token in ("", "x", own[:-1], others, own + "x", "é"):
        assert clerk.send("/tai-khoan/ma-ghep", token).status_code == 403, token
    assert clerk.ask("POST", "/tai-khoan/ma-ghep", headers={"Origin": URL}).status_code == 403
    assert pairings(world) == 0


def test_a_token_of_one_session_is_worth_nothing_in_the_next(world, app, clerk):
    before = clerk.csrf("/")
    clerk.sign_in("van.thu")
    assert clerk.csrf("/") != before
    assert clerk.send("/tai-khoan/ma-ghep", before).status_code == 403


def test_a_token_given_twice_or_as_a_file_is_not_believed(world, clerk):
    token, headers = clerk.csrf("/tai-khoan"), {"Origin": URL}
    as_file = clerk.ask("POST", "/tai-khoan/ma-ghep", files={CSRF_FIELD: ("t", token.encode())}, headers=headers)
    assert as_file.status_code == 403
    assert pairings(world) == 0


def test_even_signing_in_takes_a_form_of_this_site(world, app):
    browser = world.browser(app=app)
    token = browser.csrf("/dang-nhap")
    assert (
        browser.send("/dang-nhap", token, origin="https://evil.example", ten="van.thu", mat_khau=PASSWORD).status_code
        == 403
    )
    assert world.browser(app=app).send("/dang-nhap", token, ten="van.thu", mat_khau=PASSWORD).status_code == 403
    assert browser.send("/dang-nhap", token, ten="van.thu", mat_khau=PASSWORD).status_code == 303


def test_every_form_carries_the_token(world, clerk):
    world.office.take_in()
    sheet = clerk.form("/nhap-lop", files={"tep": ("9A1.xlsx", WORKBOOK)}).headers["location"]
    for page in ("/", "/tai-khoan", "/lop", "/lop/1", "/nhap-lop", sheet):
        html = clerk.get(page).text
        assert html.count("<form") == html.count(f'name="{CSRF_FIELD}"') > 0, page
        assert all('method="post"' in form for form in re.findall(r"<form[^>]*>", html)), page


# Headers.


def pages(world, clerk) -> list[str]:
    world.office.take_in()
    sheet = clerk.form("/nhap-lop", files={"tep": ("9A1.xlsx", WORKBOOK)}).headers["location"]
    return [
        "/",
        "/tai-khoan",
        "/lop",
        "/lop/1",
        "/nhap-lop",
        sheet,
        "/nhap-lop/mau/th",
        "/dang-nhap",
        "/nothing",
        "/lop/99",
    ]


def test_every_answer_carries_the_headers_and_is_kept_by_nobody(world, clerk):
    for path in pages(world, clerk):
        headers = clerk.get(path).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'", path
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'", path
        assert "unsafe" not in headers["content-security-policy"], path
        assert "script-src" not in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["cache-control"] == "no-store", path
        assert headers["strict-transport-security"], path
        assert "server" not in headers, path


def test_the_look_may_be_kept(clerk):
    address = re.search(r'href="(/static/desk\.css[^"]*)"', clerk.get("/").text)[1]
    assert "max-age" in clerk.get(address).headers["cache-control"]
    assert clerk.get("/static/nothing.css").headers["cache-control"] == "no-store"
    assert clerk.get("/static/..%2f..%2fapp.py").status_code == 404


def test_no_page_has_anything_that_the_policy_would_stop(world, clerk):
    for path in pages(world, clerk):
        html = clerk.get(path).text
        assert "<script" not in html, path
        assert " style=" not in html, path
        assert not re.search(r"\son\w+=", html), path


# Bodies.


def test_no_body_is_read_beyond_what_its_route_takes(app):
    for method, path in RULES:
        if method != "POST":
            continue
        address = path.replace("{level}", "th").replace("{class_id}", "1")
        address = re.sub(r"{\w+}", "00000000-0000-4000-8000-000000000001", address)
        limit = RULES[method, path].body_bytes
        body = Stream(b"x" * 65536 for _ in range(400))
        status, _ = stream(app, address, {"Content-Type": "application/json", "Origin": URL}, body)
        assert status in {400, 401, 303, 403, 413}, address
        assert body.taken_before_answer <= limit + 65536, address


@pytest.mark.parametrize(
    ("path", "declared", "told"),
    [
        ("/dang-nhap", str(SMALL_BODY_BYTES + 1), "Tệp quá lớn"),
        ("/nhap-lop", str(MAX_FILE_BYTES + SMALL_BODY_BYTES + 1), "Tệp quá lớn"),
        ("/agent/v1/session", "9" * 30, '"too-large"'),
        ("/nothing", str(SMALL_BODY_BYTES + 1), "Tệp quá lớn"),
    ],
)
def test_a_body_that_declares_too_much_is_refused_before_it_is_read(app, path, declared, told):
    body = Stream(b"x" * 65536 for _ in range(10))
    status, answer = stream(app, path, {"Content-Length": declared}, body)
    assert status == 413
    assert told in answer.decode()
    assert body.taken_before_answer == 0


def test_a_form_that_is_cut_off_is_told(clerk):
    headers = {"Origin": URL, "Content-Type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="tep"; filename="a.xlsx"\r\n\r\nPK'
    answer = clerk.ask("POST", "/nhap-lop", content=body, headers=headers)
    assert answer.status_code == 400
    assert "bị đứt quãng" in answer.text


def test_the_agent_sends_json_so_that_no_form_of_another_site_can_speak_for_it(world, app):
    answer = world.browser(app=app).ask("POST", "/agent/v1/session", data={"name": "van.thu", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


# What is left behind.


def test_nothing_personal_is_logged(world, app, clerk, caplog):
    world.office.take_in()
    caplog.set_level(logging.DEBUG)
    world.browser(app=app).sign_in("van.thu", "mật khẩu bị gõ sai")
    sheet = clerk.form("/nhap-lop", files={"tep": ("Lớp của Lê Đức Khang.xlsx", WORKBOOK)}).headers["location"]
    clerk.get(sheet)
    clerk.get("/lop/1")
    world.accounts.invite("van.thu", "t" * 43)
    world.office.ledger.engine.dispose()
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    for record in ours:
        for word in ("van.thu", "Khang", "gõ sai", PASSWORD, "t" * 43):
            assert word not in record.getMessage(), record


def test_what_nobody_foresaw_is_told_by_a_number_and_logged_without_its_words(world, clerk, caplog):
    world.clock.broken = RuntimeError("Lê Đức Khang, 3186059439")
    answer = clerk.get("/tai-khoan")
    assert answer.status_code == 500
    assert "Khang" not in answer.text + caplog.text
    number = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", answer.text)[0]
    assert number in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_database_that_is_down_is_told_as_such(world, app, clerk):
    with world.office.ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE desk_session RENAME TO gone")
    answer = clerk.get("/")
    assert answer.status_code == 503
    assert "Chưa truy cập được cơ sở dữ liệu" in answer.text
    told = clerk.ask("DELETE", "/agent/v1/session", headers={"Authorization": "Bearer " + "x" * 43})
    assert (told.status_code, told.json()["code"]) == (503, "ledger-unavailable")


# Words.


def test_the_language_is_vietnamese_until_somebody_asks_for_english_and_then_stays(world, app):
    browser = world.browser(app=app)
    assert '<html lang="vi">' in browser.get("/dang-nhap").text
    answer = browser.get("/dang-nhap?lang=en")
    assert '<html lang="en">' in answer.text
    assert "Sign in" in answer.text
    assert "Sign-in name or password is wrong" in browser.sign_in("van.thu", "wrong").text
    browser.sign_in("van.thu")
    assert "Nothing waits for you" in browser.get("/").text
    assert '<html lang="vi">' in browser.get("/?lang=vi").text


def test_every_text_is_there_in_both_languages_with_the_same_places():
    rows = [row for row in vars(problems).values() if isinstance(row, Problem)]
    texts = {**TEXTS, **{f"{row.code} {kind}": getattr(row, kind) for row in rows for kind in ("title", "detail")}}
    for name, text in texts.items():
        assert text.vi.strip(), name
        assert text.en.strip(), name
        places = {tuple(sorted(re.findall(r"{(\w+)}", said))) for said in text}
        assert len(places) == 1 or text == ("{vi}", "{en}"), name


def test_every_refusal_ends_in_a_remedy():
    for row in vars(problems).values():
        if isinstance(row, Problem) and row.detail != ("{vi}", "{en}"):
            assert re.search(r"[Hh]ãy ", row.detail.vi), row.code


def test_no_path_that_was_asked_for_becomes_a_link(clerk):
    for path in ("//evil.example/x", "/%0d%0aX: y", "/<b>"):
        answer = clerk.get(path)
        assert answer.status_code == 404
        assert "evil" not in answer.text
        assert "<b>" not in answer.text
