# SPDX-License-Identifier: Apache-2.0

"""Bulk checks: who may, how many, what comes back, and that nothing is left of it."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest

from ledger.chain.registry import RecallReason
from tests.simulators.bulk_world import BulkWorld, bearer, zipped
from tests.simulators.issuing_world import PUPIL, SIGNERS, World
from tests.simulators.web_client import Stream, ask, stream
from verifier_api.bulk_routes import BatchBody, FileBody, JobBody
from verifier_api.errors import KeyNameTaken, UnknownKey, UnusableScratch
from verifier_api.scratch import NONCE_BYTES, TAG_BYTES, Full, Scratch, Unreadable

BATCH = "/v1/verify/batch"
JOB = UUID(int=5, version=4)


@pytest.fixture
def bulk(tmp_path):
    with BulkWorld(tmp_path) as world:
        yield world


def digests(bulk, key, asked):
    return ask(bulk.app, "POST", BATCH, json={"digests": asked}, headers=bearer(key))


def test_digests_are_answered_in_order_with_what_they_stand_as(bulk):
    key = bulk.key()
    current, waiting, recalled = bulk.world.issue(), bulk.world.issue(batched=False), bulk.world.issue()
    bulk.world.recall(recalled, reason=RecallReason.WRONG_DATA, replaced_by=current)
    answer = digests(bulk, key, [recalled.sha256, "0" * 64, current.sha256.upper(), waiting.sha256])
    rows = BatchBody.model_validate(answer.json()).digests
    assert [(row.issued, row.standing.value) for row in rows] == [
        (True, "REPLACED"), (False, "UNKNOWN"), (True, "CURRENT"), (True, "UNANCHORED"),
    ]  # fmt: skip
    assert rows[0].replaced_by == current.id
    assert rows[2].sha256 == current.sha256
    assert answer.headers["cache-control"] == "no-store"
    for word in (PUPIL, *SIGNERS.values()):
        assert word not in answer.text


def test_a_thousand_digests_cost_one_reading_of_the_chain_each_at_most(bulk):
    key, unit = bulk.key(), bulk.world.issue()
    bulk.world.asked.clear()
    rows = digests(bulk, key, [unit.sha256] * 1_000).json()["digests"]
    assert {row["standing"] for row in rows} == {"CURRENT"}
    assert bulk.world.asked["status_of"] <= 1_000


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"digests": []}', b'{"digests": "x"}', b'{"digests": [1]}', b'{"digests": ["x"]}', b"\xff", b"[" * 50_000,
     json.dumps({"digests": ["0" * 64] * 1_001}).encode(), b" " * 200_000],
)  # fmt: skip
def test_what_is_no_list_of_digests_is_a_problem_and_costs_nothing(bulk, body):
    key = bulk.key()
    headers = {**bearer(key), "Content-Type": "application/json"}
    answer = ask(bulk.app, "POST", BATCH, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-batch")
    assert [holder.used_today for holder in bulk.store.holders()] == [0]


def test_an_outage_is_a_problem_and_no_row(bulk):
    key, unit = bulk.key(), bulk.world.issue()
    bulk.world.chain_down = True
    bulk.world.asked.clear()
    answer = digests(bulk, key, [unit.sha256] * 500)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "chain-unavailable",
        "60",
    )
    assert bulk.world.asked["status_of"] < 200, "after a few timeouts nobody is asked any more"
    bulk.world.ledger_down = True
    assert digests(bulk, key, [unit.sha256]).json()["code"] == "ledger-unavailable"


def test_without_a_key_nothing_is_read(bulk):
    for headers, status, code in (
        ({}, 401, b"key-required"),
        (bearer("made up"), 401, b"key-required"),
        ({"Authorization": "Basic a2V5"}, 401, b"key-required"),
    ):
        body = Stream([b"x" * 1_000])
        answer = stream(bulk.app, BATCH, {**headers, "Content-Type": "application/zip", "Expect": "100-continue"}, body)
        assert answer[0] == status
        assert code in answer[1]
        assert body.taken_before_answer == 0
    assert ask(bulk.app, "POST", BATCH).headers["www-authenticate"].startswith("Bearer")
    for method, place in (("GET", f"/v1/jobs/{JOB}"), ("GET", f"/v1/jobs/{JOB}/result"), ("DELETE", f"/v1/jobs/{JOB}")):
        assert ask(bulk.app, method, place).json()["code"] == "key-required"


def test_a_revoked_key_is_told_so(bulk):
    key = bulk.key()
    bulk.store.revoke_key("dai-hoc-a")
    answer = digests(bulk, key, ["0" * 64])
    assert (answer.status_code, answer.json()["code"]) == (403, "key-revoked")
    with pytest.raises(UnknownKey):
        bulk.store.revoke_key("dai-hoc-a")
    with pytest.raises(KeyNameTaken):
        bulk.key()


def test_a_quota_is_all_or_nothing_and_begins_anew_each_day(bulk):
    key = bulk.key(per_day=3)
    first = digests(bulk, key, ["0" * 64] * 2)
    assert first.headers["ratelimit-policy"] == '"day";q=3;w=86400'
    assert first.headers["ratelimit"].startswith('"day";r=1;t=')
    refused = digests(bulk, key, ["0" * 64] * 2)
    assert (refused.status_code, refused.json()["code"]) == (429, "quota-used-up")
    assert refused.headers["retry-after"] == "75360", (
        "the world's clock shows 03:04, so the day has 75,360 seconds left"
    )
    assert refused.headers["ratelimit"] == '"day";r=1;t=75360'
    assert digests(bulk, key, ["0" * 64]).status_code == 200
    bulk.later(hours=21)
    assert digests(bulk, key, ["0" * 64] * 3).status_code == 200


def test_a_quota_holds_when_many_ask_at_once(bulk):
    bulk.key(per_day=10)
    holder = bulk.store.holder("key of dai-hoc-a")
    granted = []
    threads = [
        threading.Thread(target=lambda: granted.extend(bulk.store.take(holder, 1).granted for _ in range(5)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted.count(True) == 10


def used(bulk):
    return [holder.used_today for holder in bulk.store.holders()]


@pytest.mark.parametrize("down", ["ledger_down", "chain_down"])
def test_what_an_outage_spoils_is_given_back(bulk, down):
    key, unit = bulk.key(), bulk.world.issue()
    setattr(bulk.world, down, True)
    assert digests(bulk, key, [unit.sha256] * 5).status_code == 503
    assert used(bulk) == [0]
    assert bulk.send(key, zipped([("a.pdf", unit.pdf)])).status_code == 200
    assert used(bulk) == [0]
    setattr(bulk.world, down, False)
    assert bulk.send(key, zipped([("a.pdf", unit.pdf)])).status_code == 200
    assert used(bulk) == [1]


def test_of_a_job_the_files_that_an_outage_spoilt_are_given_back(bulk):
    key, unit = bulk.key(), bulk.world.issue()
    bulk.world.chain_down = True
    place = bulk.send(key, zipped([("a.pdf", unit.pdf), ("b.txt", b"words"), ("c.txt", b"more")])).headers["location"]
    assert bulk.wait(key, place)["state"] == "DONE"
    bulk.bulk.close()
    assert used(bulk) == [2]


def test_what_the_asker_spoils_is_paid_for(bulk):
    key = bulk.key()
    assert bulk.send(key, zipped([("b.zip", zipped([("c.pdf", b"x")]))])).status_code == 422
    assert used(bulk) == [1]


def test_quota_goes_back_to_the_day_that_it_was_taken_from_and_never_below_nothing(bulk):
    bulk.key(per_day=10)
    holder = bulk.store.holder("key of dai-hoc-a")
    taken = bulk.store.take(holder, 4)
    bulk.later(days=1)
    bulk.store.take(holder, 3)
    bulk.store.give_back(taken, 4)
    assert used(bulk) == [3]
    bulk.store.give_back(bulk.store.take(holder, 1), 9)
    assert used(bulk) == [0]


def test_a_small_archive_is_answered_at_once(bulk):
    key, unit = bulk.key(), bulk.world.issue()
    answer = bulk.send(key, zipped([("a.pdf", unit.pdf), ("b.pdf", bulk.world.forged(unit))]))
    files = BatchBody.model_validate(answer.json()).files
    assert [(file.name, file.verdict.conclusion.value) for file in files] == [
        ("a.pdf", "TOTAL_PASSED"),
        ("b.pdf", "TOTAL_FAILED"),
    ]
    multipart = ask(
        bulk.app, "POST", BATCH, files={"file": ("x.zip", zipped([("a.pdf", unit.pdf)]))}, headers=bearer(key)
    )
    assert multipart.json()["files"][0]["verdict"]["conclusion"] == "TOTAL_PASSED"


def test_a_receipt_in_the_archive_serves_while_the_ledger_is_down(bulk):
    key, unit = bulk.key(), bulk.world.issue()
    bulk.world.ledger_down = True
    alone, together = ([("a.pdf", unit.pdf)], [("a.pdf", unit.pdf), ("a.receipt.json", unit.receipt.to_json())])
    assert bulk.send(key, zipped(alone)).json()["files"][0]["verdict"]["conclusion"] == "INDETERMINATE"
    assert bulk.send(key, zipped(together)).json()["files"][0]["verdict"]["conclusion"] == "TOTAL_PASSED"


@pytest.mark.parametrize("extra", [0, 3])
def test_a_hostile_archive_is_a_problem_and_leaves_nothing(bulk, extra):
    key = bulk.key()
    harmless = [(f"{number}.pdf", f"%PDF of {PUPIL}".encode()) for number in range(extra)]
    answer = bulk.send(key, zipped([*harmless, ("b.zip", zipped([("c.pdf", b"x")]))]))
    assert (answer.status_code, answer.json()["code"]) == (422, "archive-refused")
    assert (answer.json()["reason"], answer.json()["entry"]) == ("nested", "b.zip")
    assert list(bulk.folder.rglob("*.file")) == []
    assert bulk.bulk.running() == 0


def test_an_archive_that_is_too_long_is_not_read(bulk):
    body = Stream([b"x"])
    headers = {**bearer(bulk.key()), "Content-Type": "application/zip", "Content-Length": "100000001"}
    status, answer = stream(bulk.app, BATCH, {**headers, "Expect": "100-continue"}, body)
    assert (status, body.taken) == (413, 0)
    assert b"too-large" in answer


@pytest.mark.parametrize("kind", ["application/pdf", "text/plain", ""])
def test_another_kind_of_body_is_a_problem(bulk, kind):
    headers = {**bearer(bulk.key()), "Content-Type": kind}
    assert ask(bulk.app, "POST", BATCH, content=b"x", headers=headers).json()["code"] == "unsupported-batch"


def test_a_large_archive_becomes_a_job_whose_result_comes_as_lines(bulk):
    key, unit = bulk.key(), bulk.world.issue()
    data = zipped([("học bạ.pdf", unit.pdf), ("b.pdf", bulk.world.forged(unit)), ("c.txt", b"words")])
    answer = bulk.send(key, data, params={"lang": "en"})
    place = answer.headers["location"]
    assert answer.status_code == 202
    assert JobBody.model_validate(answer.json()).total == 3
    ended = bulk.wait(key, place)
    assert (ended["state"], ended["done"], ended["result"]) == ("DONE", 3, f"{place}/result")
    result = ask(bulk.app, "GET", ended["result"], headers=bearer(key))
    lines = [FileBody.model_validate_json(line) for line in result.text.splitlines()]
    assert [(line.name, line.verdict.conclusion.value) for line in lines] == [
        ("học bạ.pdf", "TOTAL_PASSED"), ("b.pdf", "TOTAL_FAILED"), ("c.txt", "TOTAL_FAILED"),
    ]  # fmt: skip
    assert "digest" in lines[0].verdict.findings[1].message or "issued" in lines[0].verdict.findings[1].message
    assert "access-control-allow-origin" not in result.headers


def test_a_job_is_its_senders_alone(bulk):
    key, other = bulk.key(), bulk.key("dai-hoc-b")
    place = bulk.send(key, zipped((f"{n}.pdf", b"%PDF") for n in range(3))).headers["location"]
    for method, path in (("GET", place), ("GET", place + "/result"), ("DELETE", place), ("GET", "/v1/jobs/x")):
        answer = ask(bulk.app, method, path, headers=bearer(other))
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-job")
    assert bulk.wait(key, place)["state"] == "DONE"


def test_a_result_is_gone_after_an_hour_and_so_are_its_files(bulk):
    key = bulk.key()
    place = bulk.send(key, zipped((f"{n}.pdf", b"%PDF") for n in range(3))).headers["location"]
    bulk.wait(key, place)
    bulk.later(minutes=59)
    bulk.bulk.sweep()
    assert ask(bulk.app, "GET", place + "/result", headers=bearer(key)).status_code == 200
    bulk.later(minutes=1)
    assert ask(bulk.app, "GET", place + "/result", headers=bearer(key)).json()["code"] == "job-gone"
    bulk.bulk.sweep()
    assert list((bulk.folder / "scratch").iterdir()) == [bulk.folder / "scratch" / "in-use"]
    bulk.later(days=8)
    bulk.bulk.sweep()
    assert ask(bulk.app, "GET", place, headers=bearer(key)).json()["code"] == "unknown-job"


class SlowJudge:
    """Judges when it is told to."""

    def __init__(self):
        self.world = World()
        self.started, self.goes_on = threading.Event(), threading.Event()

    def verify(self, data, *, receipt=None):
        self.started.set()
        assert self.goes_on.wait(20)
        if b"breaks" in data:
            raise LookupError(PUPIL)
        return self.world.verifier().verify(data, receipt=receipt)

    def digest(self, sha256):
        raise NotImplementedError


@pytest.fixture
def slow(tmp_path):
    judge = SlowJudge()
    with BulkWorld(tmp_path, verifier=judge, capacity=3_000) as world:
        yield judge, world
        judge.goes_on.set()


def test_a_running_job_shows_nothing_on_the_disk_can_be_cancelled_and_is_bounded_in_number(slow):
    judge, bulk = slow
    key = bulk.key()
    data = zipped((f"{PUPIL} {n}.pdf", f"%PDF {PUPIL}".encode()) for n in range(3))
    first, second = (bulk.send(key, data).headers["location"] for _ in range(2))
    assert judge.started.wait(20)
    assert ask(bulk.app, "GET", first + "/result", headers=bearer(key)).json()["code"] == "job-running"
    assert used(bulk) == [6]
    third = bulk.send(key, data)
    assert used(bulk) == [6]
    assert (third.status_code, third.json()["code"], third.headers["retry-after"]) == (429, "too-many-jobs", "30")
    lying = bulk.lying_around()
    assert len(list(bulk.folder.rglob("*.file"))) == 6
    for word in (PUPIL.encode(), b"%PDF", b".pdf", b"key of dai-hoc-a"):
        assert word not in lying
    for place in (first, second):
        assert ask(bulk.app, "DELETE", place, headers=bearer(key)).status_code == 204
    judge.goes_on.set()
    assert ask(bulk.app, "GET", first, headers=bearer(key)).json()["state"] == "CANCELLED"
    assert used(bulk) == [6], "whoever cancels has had the work"
    assert ask(bulk.app, "GET", first + "/result", headers=bearer(key)).json()["code"] == "job-gone"
    assert list(bulk.folder.rglob("*.file")) == []


def test_a_job_that_breaks_is_failed_and_says_nothing_in_the_log(slow, caplog):
    judge, bulk = slow
    judge.goes_on.set()
    key = bulk.key()
    place = bulk.send(key, zipped((f"{n}.pdf", b"%PDF breaks") for n in range(3))).headers["location"]
    assert bulk.wait(key, place)["state"] == "FAILED"
    bulk.bulk.close()
    assert used(bulk) == [0]
    assert "LookupError" in caplog.text
    assert PUPIL not in caplog.text


def test_a_full_scratch_space_is_busy_and_no_error(slow):
    _, bulk = slow
    key = bulk.key()
    answer = bulk.send(key, zipped((f"{n}.pdf", bytes(900 + n)) for n in range(4)))
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert list(bulk.folder.rglob("*.file")) == []
    assert used(bulk) == [0]


KILLED = """
import os, sys
from pathlib import Path
from simulators.bulk_world import BulkWorld, zipped
from tests.unit.test_bulk import PUPIL, SlowJudge
judge = SlowJudge()
bulk = BulkWorld(Path(sys.argv[1]), verifier=judge)
answer = bulk.send(bulk.key(), zipped((f"{PUPIL} {n}.pdf", f"%PDF {PUPIL}".encode()) for n in range(3)))
assert judge.started.wait(20)
print(answer.headers["location"], flush=True)
os.kill(os.getpid(), 9)
"""


def test_after_a_kill_nothing_readable_is_left_and_the_next_start_removes_it(tmp_path):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    child = subprocess.run(
        command, cwd=root, env={"PYTHONPATH": f"{root}:{root / 'tests'}"}, capture_output=True, text=True, check=False
    )
    assert child.returncode == -9, child.stderr
    place = child.stdout.strip()
    left = list(tmp_path.rglob("*.file"))
    assert len(left) == 3
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert PUPIL.encode() not in everything
    assert b"%PDF" not in everything
    with BulkWorld(tmp_path) as bulk:
        assert list(tmp_path.rglob("*.file")) == []
        key = "key of dai-hoc-a"
        body = ask(bulk.app, "GET", place, headers=bearer(key)).json()
        assert body["state"] == "LOST"
        assert used(bulk) == [0], "nobody got anything for it"
        assert ask(bulk.app, "GET", place + "/result", headers=bearer(key)).json()["code"] == "job-gone"


def test_a_scratch_space_is_one_processs_and_takes_nothing_of_anybody_elses_away(tmp_path):
    (tmp_path / "luan-van.docx").write_text("somebody's")
    (tmp_path / str(JOB)).mkdir()
    with Scratch(tmp_path), pytest.raises(UnusableScratch):
        Scratch(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in-use", "luan-van.docx"]
    with pytest.raises(UnusableScratch):
        Scratch(tmp_path / "luan-van.docx")


def test_a_scratch_space_is_free_for_the_next_process_once_it_is_closed(tmp_path):
    with Scratch(tmp_path) as scratch:
        scratch.close()
        with Scratch(tmp_path) as following:
            with pytest.raises(UnusableScratch):
                Scratch(tmp_path)
            following.open_job(JOB)


def test_at_its_start_a_scratch_space_removes_every_job_that_an_earlier_process_left_and_nothing_else(tmp_path):
    left = [tmp_path / str(UUID(int=number, version=4)) for number in range(3)]
    for job in left:
        job.mkdir()
        (job / "0.file").write_bytes(b"noise")
    (tmp_path / f"{JOB}.bak").mkdir()
    with Scratch(tmp_path):
        assert not any(job.exists() for job in left)
        assert (tmp_path / f"{JOB}.bak").is_dir()


def test_room_in_the_scratch_space_is_all_jobs_together_and_is_given_back_to_the_last_byte(tmp_path):
    sealed = 100 + NONCE_BYTES + TAG_BYTES
    other = UUID(int=6, version=4)
    with Scratch(tmp_path, capacity=2 * sealed) as scratch:
        for job in (JOB, other):
            scratch.open_job(job)
        for turn in range(3):  # Whatever is counted wrong would add up.
            scratch.put(JOB, f"{turn}.file", bytes(100))
            scratch.put(other, "0.file", bytes(100))
            with pytest.raises(Full):
                scratch.put(other, "1.file", b"")
            assert not (tmp_path / str(other) / "1.file").exists()
            scratch.drop(JOB, f"{turn}.file")
            scratch.put(JOB, "again", bytes(100))
            with pytest.raises(Full):
                scratch.put(JOB, "2.file", b"")
            scratch.drop(JOB, "again")
            scratch.forget(other)
            scratch.put(JOB, "large", bytes(sealed + 100))
            scratch.drop(JOB, "large")
            scratch.open_job(other)


def test_what_lies_in_the_scratch_space_is_bound_to_its_place(tmp_path):
    with Scratch(tmp_path, capacity=200) as scratch:
        scratch.open_job(JOB)
        scratch.put(JOB, "0.file", b"one")
        scratch.put(JOB, "1.file", b"two")
        assert scratch.get(JOB, "1.file") == b"two"
        first, second = (tmp_path / str(JOB) / name for name in ("0.file", "1.file"))
        second.write_bytes(first.read_bytes())
        first.write_bytes(first.read_bytes()[:5])
        for name in ("0.file", "1.file", "2.file"):
            with pytest.raises(Unreadable):
                scratch.get(JOB, name)
        with pytest.raises(Full):
            scratch.put(JOB, "2.file", bytes(201))
        scratch.forget(JOB)
        with pytest.raises(Unreadable):
            scratch.put(JOB, "0.file", b"one")
