# SPDX-License-Identifier: Apache-2.0

"""What operators see: health by leg, numbers and log lines that name nobody. And tags: what did not change is not sent again."""

import io
import json
import logging
import threading
from collections import Counter

import anyio
import pytest

from ledger.chain.registry import RecallReason
from ledger.short_code import lookup_key
from tests.simulators.issuing_world import PUPIL, World
from tests.simulators.web_client import ask, get, upload
from verifier_api.health import KEPT_SECONDS, Health, HealthBody
from verifier_api.intake import IsolatedExaminer
from verifier_api.telemetry import JsonLines, Telemetry


@pytest.fixture
def world():
    return World()


class Clock:
    """Half a second passes between any two looks at it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.5
        return self.now


@pytest.mark.parametrize("ledger", [True, False])
@pytest.mark.parametrize("chain", [True, False])
@pytest.mark.parametrize("workers", [True, False])
def test_health_says_which_leg_is_down(world, ledger, chain, workers):
    world.ledger_down, world.chain_down = not ledger, not chain
    answer = get(world.app(workers=lambda: workers, now=lambda: world.head_time), "/healthz")
    body = HealthBody.model_validate(answer.json())
    well = ledger and chain and workers
    assert answer.status_code == (200 if well else 503)
    assert body.status == ("ok" if well else "degraded")
    legs = {True: "up", False: "down"}
    assert (body.ledger, body.chain, body.workers) == (legs[ledger], legs[chain], legs[workers])
    assert body.attester is None
    assert body.block_age_seconds == (90 if chain else None)
    assert answer.headers["cache-control"] == "no-store"


def test_one_node_of_several_is_told_apart_and_its_address_is_not_told(world):
    down = World(chain_down=True)
    answer = get(world.app(nodes={"node-1": world, "node-2": down}, now=lambda: world.head_time), "/healthz")
    assert (answer.status_code, answer.json()["status"], answer.json()["chain"]) == (200, "degraded", "up")
    assert answer.json()["nodes"] == [
        {"name": "node-1", "status": "up", "block_age_seconds": 90},
        {"name": "node-2", "status": "down", "block_age_seconds": None},
    ]


def test_health_that_is_asked_for_again_and_again_asks_each_leg_once_in_some_seconds(world):
    seconds, node = [100.0], World()
    health = Health(
        ledger=world, registry=world, nodes={"node-1": node}, now=lambda: world.head_time, clock=lambda: seconds[0]
    )

    async def many() -> list[object]:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(look)
        return found

    async def look() -> None:
        found.append(await health.look())

    found: list[object] = []
    assert len(anyio.run(many)) == 20
    assert all(one == found[0] for one in found)
    assert (world.asked, node.asked) == (Counter(schools=1, head=1), Counter(head=1))
    world.chain_down = True
    assert anyio.run(health.look)[1].chain == "up"
    seconds[0] += KEPT_SECONDS + 0.001
    assert anyio.run(health.look)[1].chain == "down"
    assert (world.asked, node.asked) == (Counter(schools=2, head=2), Counter(head=2))


def test_a_leg_that_hangs_counts_as_down_and_keeps_nobody_waiting(world):
    ends = threading.Event()

    class Hanging:
        def head(self):
            ends.wait(20)

    app = world.app()
    health = Health(ledger=world, registry=Hanging(), now=lambda: world.head_time, patience_seconds=0.05)
    app.add_api_route("/slow", health.look)
    try:
        _, body = get(app, "/slow").json()
    finally:
        ends.set()
    assert (body["chain"], body["ledger"]) == ("down", "up")


def test_an_examiner_stands_until_it_is_closed():
    with IsolatedExaminer(len, workers=1) as examiner:
        assert examiner.stands()
    assert not examiner.stands()


def test_numbers_tell_routes_and_verdicts_and_name_nobody(world):
    unit = world.issue()
    app = world.app(telemetry=Telemetry(clock=Clock()))
    get(app, f"/v1/units/{unit.id}")
    get(app, f"/v1/digests/{unit.sha256}")
    upload(app, unit.pdf)
    get(app, f"/{PUPIL}")
    get(app, "/static/page.css")
    ask(app, "BREW", f"/v1/units/{unit.id}")
    page = get(app, "/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    for line in (
        'hocba_requests_total{method="GET",route="/v1/units/{unit_id}",status="200"} 1.0',
        'hocba_requests_total{method="GET",route="none",status="404"} 1.0',
        'hocba_requests_total{method="GET",route="/static",status="200"} 1.0',
        'hocba_requests_total{method="other",route="/v1/units/{unit_id}",status="405"} 1.0',
        'hocba_request_seconds_sum{route="/v1/digests/{sha256}"} 0.5',
        'hocba_verdicts_total{about="file",conclusion="TOTAL_PASSED",standing="CURRENT"} 1.0',
        'hocba_verdicts_total{about="unit",conclusion="INDETERMINATE",standing="CURRENT"} 1.0',
    ):
        assert line in page.text
    for word in (str(unit.id), unit.sha256, "Nguy", "BREW", "testclient", "127.0.0.1"):
        assert word not in page.text


def test_there_is_one_line_of_json_for_each_request_and_it_names_nobody(world):
    unit = world.issue()
    app = world.app(telemetry=Telemetry(clock=Clock()))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("verifier_api")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        get(app, f"/q/{unit.id}?ten={PUPIL}")
        upload(app, unit.pdf)
        get(app, f"/v1/units/{lookup_key(unit.id)}")
        try:
            int(PUPIL)  # Its words quote what it was given.
        except ValueError:
            log.exception("a bug")
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["request", "request", "request", "a bug"]
    assert set(lines[0]) == {"time", "level", "logger", "message", "method", "route", "status", "ms"}
    assert [line["route"] for line in lines[:3]] == ["/q/{unit_id}", "/v1/verify", "/v1/units/{unit_id}"]
    assert (lines[1]["method"], lines[1]["status"], lines[1]["ms"]) == ("POST", 200, 500.0)
    assert lines[3]["error"] == "ValueError"
    for word in (str(unit.id), "Nguy", "hoc-ba.pdf", lookup_key(unit.id), "Traceback"):
        assert word not in stream.getvalue()


def test_a_tag_holds_while_nothing_changes_and_a_recall_changes_it(world):
    unit = world.issue()
    app = world.app()
    for path in (f"/v1/units/{unit.id}", f"/v1/digests/{unit.sha256}"):
        first = get(app, path)
        assert first.headers["etag"].startswith('"')
        again = get(app, path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == "public, max-age=30"
        assert get(app, path, headers={"If-None-Match": '"other"'}).status_code == 200
        assert get(app, path, headers={"Accept-Language": "en"}).headers["etag"] != first.headers["etag"]
    tag = first.headers["etag"]
    world.recall(unit, reason=RecallReason.WRONG_DATA)
    recalled = get(app, path, headers={"If-None-Match": tag})
    assert (recalled.status_code, recalled.json()["standing"]) == (200, "RECALLED")
    assert recalled.headers["etag"] != tag


def test_the_time_of_judging_is_no_part_of_a_tag(world):
    unit = world.issue()
    tags, times = set(), set()
    for minutes in (0, 5):
        answer = get(world.app(verifier=world.verifier(minutes_later=minutes)), f"/v1/units/{unit.id}")
        tags.add(answer.headers["etag"])
        times.add(answer.json()["judged_at"])
    assert (len(tags), len(times)) == (1, 2)


def test_an_outage_has_no_tag(world):
    unit = world.issue()
    world.chain_down = True
    answer = get(world.app(), f"/v1/units/{unit.id}", headers={"If-None-Match": "*"})
    assert answer.status_code == 200
    assert "etag" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/receipts/{sha256}", "/v1/schools"])
def test_receipts_and_schools_have_tags_too(world, path):
    app, path = world.app(), path.format(sha256=world.issue().sha256)
    tag = get(app, path).headers["etag"]
    assert get(app, path, headers={"If-None-Match": tag}).status_code == 304
