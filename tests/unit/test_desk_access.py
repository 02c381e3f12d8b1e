# SPDX-License-Identifier: Apache-2.0

"""Who may ask what: every route of the desk, asked by every duty and by nobody. A route without a row here fails."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from ledger.desk.access import RULES
from ledger.duty import Duty
from tests.simulators.desk_world import ELSEWHERE, PASSWORD, Browser, DeskWorld
from tests.simulators.school_office import WORKBOOK, YEAR

ALL = frozenset(Duty)
AT_SCHOOL = ALL - {Duty.AUTHORITY}
CLERK = frozenset({Duty.CLERK})
PRINCIPAL = frozenset({Duty.PRINCIPAL})
AUTHORITY = frozenset({Duty.AUTHORITY})
ANYBODY = None

EXPECTED = {
    "GET /dang-nhap": ANYBODY,
    "POST /dang-nhap": ANYBODY,
    "GET /dang-nhap/openid": ANYBODY,
    "GET /dang-nhap/openid/ve": ANYBODY,
    "GET /loi-moi/{token}": ANYBODY,
    "POST /loi-moi/{token}": ANYBODY,
    "POST /loi-moi/{token}/openid": ANYBODY,
    "POST /dang-xuat": ALL,
    "GET /": ALL,
    "GET /tai-khoan": ALL,
    "POST /tai-khoan/ma-ghep": AT_SCHOOL,
    "GET /lop": AT_SCHOOL,
    "GET /lop/{class_id}": AT_SCHOOL,
    "GET /nhap-lop": CLERK,
    "POST /nhap-lop": CLERK,
    "GET /nhap-lop/mau/{level}": CLERK,
    "GET /nhap-lop/{upload_id}": CLERK,
    "POST /nhap-lop/{upload_id}": CLERK,
    "POST /nhap-lop/{upload_id}/bo": CLERK,
    "GET /ky/{class_id}/{slot}": AT_SCHOOL,
    "POST /ky/{class_id}/{slot}/ma-ghep": AT_SCHOOL,
    "GET /hoc-ba/{unit_id}": AT_SCHOOL,
    "GET /hoc-ba/{unit_id}/pdf": AT_SCHOOL,
    "POST /hoc-ba/{unit_id}/tra-lai": AT_SCHOOL,
    "POST /hoc-ba/{unit_id}/thu-hoi": CLERK | PRINCIPAL,
    "POST /hoc-ba/{unit_id}/rut-thu-hoi": CLERK | PRINCIPAL,
    "POST /hoc-ba/{unit_id}/dinh-chinh": CLERK | PRINCIPAL,
    "GET /hoc-ba/{unit_id}/van-ban/{sha256}": AT_SCHOOL,
    "GET /lop/{class_id}/lich-su": AT_SCHOOL,
    "POST /lop/{class_id}/chuan-bi": CLERK,
    "POST /lop/{class_id}/phat-hanh": CLERK,
    "GET /lop/{class_id}/phan-cong": CLERK,
    "POST /lop/{class_id}/phan-cong": CLERK,
    "GET /chung-thu": CLERK | PRINCIPAL,
    "POST /chung-thu": CLERK,
    "POST /chung-thu/uy-quyen": PRINCIPAL,
    "GET /so/chung-thu": AUTHORITY,
    "POST /so/chung-thu/{number}/duyet": AUTHORITY,
    "POST /so/chung-thu/{number}/tu-choi": AUTHORITY,
    "POST /so/chung-thu/{number}/ket-thuc": AUTHORITY,
    "GET /chuyen-truong": CLERK | PRINCIPAL,
    "GET /chuyen-truong/moi": CLERK | PRINCIPAL,
    "POST /chuyen-truong/moi": CLERK | PRINCIPAL,
    "GET /chuyen-truong/xac-nhan": CLERK | PRINCIPAL,
    "POST /chuyen-truong/xac-nhan": CLERK | PRINCIPAL,
    "GET /chuyen-truong/{number}": CLERK | PRINCIPAL,
    "GET /chuyen-truong/{number}/xac-nhan": CLERK | PRINCIPAL,
    "POST /chuyen-truong/{number}/tiep-nhan": CLERK | PRINCIPAL,
    "POST /chuyen-truong/{number}/rut": CLERK | PRINCIPAL,
    "GET /so/thu-hoi": AUTHORITY,
    "POST /so/thu-hoi/{unit_id}/chap-thuan": AUTHORITY,
    "POST /so/thu-hoi/{unit_id}/tu-choi": AUTHORITY,
    "GET /so/thu-hoi/{unit_id}/van-ban/{sha256}": AUTHORITY,
    "GET /so/nam-hoc": AUTHORITY,
    "GET /so/nam-hoc/{school_year}": AUTHORITY,
    "POST /so/nam-hoc/{school_year}/khoa": AUTHORITY,
    "POST /agent/v1/session": ANYBODY,
    "DELETE /agent/v1/session": AT_SCHOOL,
    "GET /agent/v1/waiting": AT_SCHOOL,
    "POST /agent/v1/rounds": AT_SCHOOL,
    "GET /agent/v1/rounds/{round_id}": AT_SCHOOL,
    "GET /agent/v1/rounds/{round_id}/items": AT_SCHOOL,
    "GET /agent/v1/rounds/{round_id}/items/{unit}/{kind}": AT_SCHOOL,
    "POST /agent/v1/rounds/{round_id}/values": AT_SCHOOL,
    "POST /agent/v1/rounds/{round_id}/finish": AT_SCHOOL,
}
"""Written a second time, on purpose: opening a route to more people takes two decisions."""

NOT_LET_IN = {303, 403, 405, 500}
"""None of these is the answer to somebody who may ask; that name and password are wrong (401) may be."""

UPLOAD = UUID(int=5, version=4)
PLACES = {"token": "x" * 43, "class_id": "1", "level": "th", "upload_id": str(UPLOAD), "round_id": str(UPLOAD)}
PLACES |= {"unit": str(UPLOAD), "kind": "pdf", "unit_id": str(UPLOAD), "slot": "GVCN", "number": "7"}
PLACES |= {"sha256": "0" * 64, "school_year": YEAR}


def routes(app) -> Iterator[tuple[str, str]]:
    """Method and path of everything that the application answers."""
    for route in app.routes:
        if isinstance(route, Mount):
            assert route.path == "/static"
            continue
        found = route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route]
        for one in found:
            assert isinstance(getattr(one, "original_route", one), APIRoute), one
            for method in one.methods:
                yield method, one.path


@pytest.fixture
def world(tmp_path):
    world = DeskWorld.opened(tmp_path)
    for duty in Duty:
        world.add(f"a.{duty.value}", duty)
    return world


@pytest.fixture
def app(world):
    return world.app()


def test_every_route_has_a_rule_and_every_rule_a_route(app):
    asked = {f"{method} {path}" for method, path in routes(app)}
    assert asked == set(EXPECTED)
    assert {f"{method} {path}": rule.duties for (method, path), rule in RULES.items()} == EXPECTED


def test_only_what_the_agent_asks_goes_without_a_form(app):
    for (method, path), rule in RULES.items():
        assert rule.for_agent == path.startswith("/agent/"), (method, path)


def bearer(world: DeskWorld, app, duty: Duty) -> dict[str, str]:
    answer = world.browser(app=app).ask(
        "POST", "/agent/v1/session", json={"name": f"a.{duty.value}", "password": PASSWORD}
    )
    return {"Authorization": f"Bearer {answer.json()['token']}"} if answer.status_code == 200 else {}


def ask(browser: Browser, route: str, **headers: str):
    method, path = route.split(" ")
    path = re.sub(r"{(\w+)}", lambda place: PLACES[place[1]], path)
    if path.startswith("/agent/"):
        return browser.ask(method, path, headers=headers, json={} if method == "POST" else None)
    if method == "POST":
        return browser.send(path, browser.csrf("/dang-nhap"))
    return browser.get(path)


@pytest.mark.parametrize("duty", Duty)
def test_each_duty_gets_what_is_its_own_and_nothing_else(world, app, duty):
    for route, duties in EXPECTED.items():
        browser = world.signed_in(f"a.{duty.value}", app=app)
        headers = bearer(world, app, duty) if "/agent/" in route else {}
        status = ask(browser, route, **headers).status_code
        if duties is ANYBODY or duty in duties:
            assert status not in NOT_LET_IN - {303}, route
        else:
            assert status == (401 if "/agent/" in route else 403), route


def test_nobody_is_led_to_the_door(world, app):
    for route, duties in EXPECTED.items():
        answer = ask(world.browser(app=app), route)
        if duties is ANYBODY:
            assert answer.status_code not in NOT_LET_IN, route
        elif "/agent/" in route:
            assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in"), route
        else:
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/dang-nhap?vi-sao=het"), route


def test_a_token_of_the_agent_opens_no_page_and_a_cookie_nothing_of_the_agent(world, app):
    headers = bearer(world, app, Duty.CLERK)
    token = headers["Authorization"].removeprefix("Bearer ")
    stranger = world.browser(app=app)
    stranger.cookies.set("__Host-hocba", token)
    assert stranger.get("/lop").status_code == 303
    signed_in = world.signed_in("a.clerk", app=app)
    cookie = signed_in.cookies["__Host-hocba"]
    answer = signed_in.ask("DELETE", "/agent/v1/session", headers={"Authorization": f"Bearer {cookie}"})
    assert answer.status_code == 401
    assert signed_in.get("/lop").status_code == 200


def test_a_route_that_nobody_wrote_a_rule_for_answers_nobody(world, app):
    async def forgotten() -> str:
        return "never shown"

    app.add_api_route("/quen", forgotten, methods=["GET"])
    answer = world.signed_in("a.clerk", app=app).get("/quen")
    assert answer.status_code == 500
    assert "never shown" not in answer.text


def test_another_schools_class_is_not_found(world, app):
    world.office.take_in()
    world.add("hang.xom", Duty.CLERK, Duty.PRINCIPAL, Duty.TEACHER, school_code=ELSEWHERE)
    own, stranger = world.signed_in("a.clerk", app=app), world.signed_in("hang.xom", app=app)
    assert own.get("/lop/1").status_code == 200
    assert "9A1" in own.get("/lop").text
    told = stranger.get("/lop/1")
    assert told.status_code == 404
    assert told.text.replace("/lop/1", "") == stranger.get("/lop/999").text.replace("/lop/999", "")
    assert "9A1" not in stranger.get("/lop").text
    assert YEAR not in stranger.get("/lop").text


def test_another_accounts_sheet_is_not_found(world, app):
    world.add("van.thu.hai", Duty.CLERK)
    own, colleague = world.signed_in("a.clerk", app=app), world.signed_in("van.thu.hai", app=app)
    page = own.form("/nhap-lop", files={"tep": ("9A1.xlsx", WORKBOOK)}).headers["location"]
    assert own.get(page).status_code == 200
    assert colleague.get(page).status_code == 410
    assert colleague.send(page, colleague.csrf("/nhap-lop"), ke_hoach="").status_code == 410
    colleague.send(f"{page}/bo", colleague.csrf("/nhap-lop"))
    assert own.get(page).status_code == 200


def test_a_teacher_sees_the_classes_with_a_slot_of_their_own(world, app):
    world.office.take_in()
    teacher = world.signed_in("a.teacher", app=app)
    assert "9A1" not in teacher.get("/lop").text
    assert teacher.get("/lop/1").status_code == 404
    world.assign("a.teacher")
    assert "9A1" in teacher.get("/lop").text
    assert teacher.get("/lop/1").status_code == 200
