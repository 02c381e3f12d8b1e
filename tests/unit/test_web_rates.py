# SPDX-License-Identifier: Apache-2.0

"""Rate limits: who is one client, how much it may ask, and that it is told when to come back."""

import threading
import time
from contextlib import contextmanager

import anyio
import httpx
import pytest
import uvicorn
from starlette.requests import Request

from scripts.commands.public import SERVING
from tests.simulators.issuing_world import World
from tests.simulators.web_client import BASE
from verifier_api.rates import Limits, Rates, client_of


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def asked(app, path, *, client="192.0.2.1", method="GET", **request):
    async def send():
        transport = httpx.ASGITransport(app=app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            return await http.request(method, path, **request)

    return anyio.run(send)


def test_a_bucket_empties_refills_and_is_forgotten(clock):
    rates = Rates(Limits(lookups_per_minute=3, files_per_minute=1), clock=clock)
    assert [rates.wait_of("a", sends_file=False) for _ in range(4)] == [0, 0, 0, 20]
    assert [rates.wait_of("a", sends_file=True) for _ in range(2)] == [0, 60]
    assert rates.wait_of("b", sends_file=False) == 0
    clock.now += 19
    assert rates.wait_of("a", sends_file=False) == 1
    clock.now += 1
    assert [rates.wait_of("a", sends_file=False) for _ in range(2)] == [0, 20]
    clock.now += 61
    assert rates.wait_of("c", sends_file=False) == 0
    assert len(rates) == 1


def test_a_bucket_never_holds_more_than_a_minutes_worth(clock):
    rates = Rates(Limits(lookups_per_minute=10, files_per_minute=1), clock=clock)
    rates.wait_of("a", sends_file=False)
    clock.now += 59.9
    assert [rates.wait_of("a", sends_file=False) == 0 for _ in range(11)] == [True] * 10 + [False]


def test_memory_is_bounded_whoever_comes(clock):
    rates = Rates(Limits(lookups_per_minute=2, files_per_minute=1), clock=clock, max_clients=10)
    for number in range(100):
        rates.wait_of(str(number), sends_file=False)
    assert len(rates) == 10


def test_zero_sets_no_bound(clock):
    rates = Rates(Limits(lookups_per_minute=0, files_per_minute=0), clock=clock)
    assert {rates.wait_of("a", sends_file=both) for both in (True, False) for _ in range(100)} == {0}
    assert len(rates) == 0


def test_whoever_asks_too_often_is_told_when_to_come_back_and_others_go_on(clock):
    world = World()
    rates = Rates(Limits(lookups_per_minute=2, files_per_minute=1), clock=clock)
    app = world.app(rates=rates)
    unit = world.issue()
    assert [asked(app, f"/v1/units/{unit.id}").status_code for _ in range(2)] == [200, 200]
    world.asked.clear()
    answer = asked(app, f"/v1/units/{unit.id}", headers={"X-Forwarded-For": "198.51.100.7"})
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        429,
        "too-many-requests",
        "30",
    )
    assert answer.headers["ratelimit-policy"] == '"minute";q=2;w=60'
    assert answer.headers["ratelimit"] == '"minute";r=0;t=30'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert not world.asked
    page = asked(app, f"/q/{unit.id}")
    assert page.status_code == 429
    assert page.headers["content-type"].startswith("text/html")
    assert asked(app, "/static/page.css").status_code == 200
    files = {"file": ("a.pdf", unit.pdf)}
    assert [asked(app, "/v1/verify", method="POST", files=files).status_code for _ in range(2)] == [200, 429]
    assert asked(app, f"/v1/units/{unit.id}", client="192.0.2.2").status_code == 200


@contextmanager
def served(app):
    """The application as `hocba serve` has uvicorn serve it, on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, **SERVING))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(("header", "statuses"), [(None, [200, 429, 429]), ("X-Forwarded-For", [200, 200, 429])])
def test_an_address_that_a_client_on_this_machine_writes_itself_is_believed_only_where_a_proxy_is_said_to_stand(
    clock, header, statuses
):
    rates = Rates(Limits(lookups_per_minute=1, files_per_minute=1, proxy_header=header), clock=clock)
    with served(World().app(rates=rates)) as address, httpx.Client(base_url=address) as client:
        asked = ("198.51.100.7", "198.51.100.8", "203.0.113.9, 198.51.100.8")
        answers = [client.get("/v1/schools", headers={"X-Forwarded-For": written}) for written in asked]
    assert [answer.status_code for answer in answers] == statuses
    assert {answer.headers.get("server") for answer in answers} == {None}


@pytest.mark.parametrize(
    ("address", "header", "given", "client"),
    [
        ("192.0.2.1", None, ["198.51.100.7"], "192.0.2.1"),
        ("192.0.2.1", "X-Forwarded-For", [], "192.0.2.1"),
        ("192.0.2.1", "X-Forwarded-For", ["198.51.100.7"], "198.51.100.7"),
        ("192.0.2.1", "X-Forwarded-For", ["10.9.9.9, 198.51.100.7"], "198.51.100.7"),
        ("192.0.2.1", "X-Forwarded-For", ["10.9.9.9", "198.51.100.7"], "198.51.100.7"),
        ("192.0.2.1", "X-Forwarded-For", ["nonsense"], "unknown"),
        ("2001:db8:1:2:3:4:5:6", None, [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", None, [], "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", None, [], "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", None, [], "192.0.2.1"),
        ("", None, [], "unknown"),
    ],
)
def test_who_is_one_client(address, header, given, client):
    headers = [(b"x-forwarded-for", value.encode()) for value in given]
    request = Request({"type": "http", "client": (address, 1), "headers": headers})
    assert client_of(request, header) == client
