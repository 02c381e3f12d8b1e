# SPDX-License-Identifier: Apache-2.0

"""The client against the real application: documents as they are, problems raised, and patience with a bound."""

import hashlib

import httpx
import pytest
from starlette.testclient import TestClient

from tests.simulators.bulk_world import BulkWorld, zipped
from verifier_api import client, uploads
from verifier_api.client import Client, JobEnded, Problem, accepts
from verifier_api.intake import WAITING_SECONDS
from verifier_api.rates import Limits, Rates

BASE = "https://hocba.example"


@pytest.fixture
def bulk(tmp_path):
    with BulkWorld(tmp_path) as world:
        yield world


def client_of(app, **options):
    return Client(BASE, http=TestClient(app, base_url=BASE), sleep=lambda _: None, **options)


def test_files_ids_digests_and_receipts(bulk):
    unit = bulk.world.issue()
    with client_of(bulk.app) as client:
        assert accepts(client.verify(unit.pdf))
        assert accepts(client.verify(unit.pdf, receipt=unit.receipt.to_json()))
        assert not accepts(client.verify(bulk.world.forged(unit)))
        assert client.unit(str(unit.id))["standing"] == "CURRENT"
        assert not accepts(client.digest(unit.sha256)), "no file was examined"
        assert client.receipt(unit.sha256) == unit.receipt.to_json()


def test_a_problem_is_raised_with_its_code(bulk):
    client = client_of(bulk.app, language="en")
    with pytest.raises(Problem, match="unknown-digest: No file with that digest") as problem:
        client.digest("0" * 64)
    assert (problem.value.status, problem.value.code) == (404, "unknown-digest")
    with pytest.raises(Problem, match="key-required"):
        client.digests(["0" * 64])


def test_bulks_large_and_small(bulk):
    unit = bulk.world.issue()
    client = client_of(bulk.app, key=bulk.key())
    assert [row["issued"] for row in client.digests([unit.sha256, "0" * 64])] == [True, False]
    for count in (1, 5):
        files = [(f"{number}.pdf", unit.pdf) for number in range(count)]
        lines = list(client.verify_archive(zipped(files)))
        assert [line["name"] for line in lines] == [name for name, _ in files]
        assert all(accepts(line["verdict"]) for line in lines)
    assert list((bulk.folder / "scratch").glob("*/*")) == [], "a fetched result is deleted"


def test_whoever_is_told_to_wait_waits_that_long_and_not_for_ever(bulk):
    unit, now, waits = bulk.world.issue(), [0.0], []
    rates = Rates(Limits(lookups_per_minute=1, files_per_minute=1), clock=lambda: now[0])

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    http = TestClient(bulk.world.app(rates=rates), base_url=BASE)
    patient = Client(BASE, http=http, sleep=sleep)
    assert [patient.digest(unit.sha256)["standing"] for _ in range(2)] == ["CURRENT"] * 2
    assert waits == [60]
    bulk.world.ledger_down = True
    with pytest.raises(Problem, match="ledger-unavailable"):
        Client(BASE, http=TestClient(bulk.world.app(), base_url=BASE), sleep=sleep, retries=2).digest(unit.sha256)
    assert waits == [60, 60, 60]


@pytest.mark.parametrize(("told", "waited"), [("120", [120, 120]), ("121", []), ("tomorrow", []), ("-1", []), ("", [])])
def test_the_longest_wait_is_two_minutes_and_beyond_it_whoever_asked_is_told(told, waited):
    def busy(_: httpx.Request) -> httpx.Response:
        return httpx.Response(503, headers={"Retry-After": told}, json={"code": "busy"})

    waits: list[float] = []
    http = httpx.Client(transport=httpx.MockTransport(busy))
    with pytest.raises(Problem, match="busy"):
        Client(BASE, http=http, sleep=waits.append, retries=2).digest("0" * 64)
    assert waits == waited


def test_a_client_waits_longer_for_an_answer_than_the_service_for_a_worker():
    assert client.TIMEOUT_SECONDS > WAITING_SECONDS + uploads.WAITING_SECONDS


def test_a_days_quota_is_nothing_to_sleep_on(bulk):
    waits = []
    client = Client(BASE, key=bulk.key(per_day=0), http=TestClient(bulk.app, base_url=BASE), sleep=waits.append)
    with pytest.raises(Problem, match="quota-used-up"):
        client.digests([hashlib.sha256().hexdigest()])
    assert waits == []


@pytest.mark.parametrize("content", [b"<html>a proxy's own page</html>", b"[]", b""])
def test_what_is_no_answer_of_this_api_is_no_verdict(content):
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=content)))
    with pytest.raises(Problem, match="unreadable"):
        Client(BASE, http=http).verify(b"%PDF")


def test_a_result_that_broke_off_is_not_taken_for_the_whole(bulk):
    def answer(request):
        if request.method == "POST":
            return httpx.Response(202, json={}, headers={"Location": "/v1/jobs/1"})
        if request.url.path.endswith("/result"):
            return httpx.Response(200, content=b'{"name": "a"}\n')
        return httpx.Response(200, json={"state": "DONE", "total": 2, "result": "/v1/jobs/1/result"})

    client = Client(BASE, http=httpx.Client(transport=httpx.MockTransport(answer)))
    with pytest.raises(JobEnded, match="INCOMPLETE"):
        list(client.verify_archive(b""))
