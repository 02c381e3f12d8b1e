# SPDX-License-Identifier: Apache-2.0

"""Bulk work is shared by all keys: what one of them asks for, however much, leaves the others their part."""

import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest

from tests.simulators.bulk_world import BulkWorld, bearer, zipped
from tests.simulators.issuing_world import World
from tests.simulators.web_client import BASE
from verifier_api.bulk import DIGESTS_SIDE_BY_SIDE, FILES_SIDE_BY_SIDE
from verifier_api.problems import BUSY, REPORT_DOWN, Refusal
from verifier_api.uploads import PlacesPerKey
from verifier_api.verdict import Verdict

PATIENCE_SECONDS = 20


class Gate:
    """A verifier that judges as many files and digests as it is given leave for."""

    def __init__(self) -> None:
        self._verifier = World().verifier()
        self._leave = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.files: list[bytes] = []

    def let(self, count: int) -> None:
        self._leave.release(count)

    def verify(self, data: bytes, *, receipt: bytes | None = None) -> Verdict:
        self.files.append(data)
        return self._through(lambda: self._verifier.verify(data, receipt=receipt))

    def digest(self, sha256: str) -> Verdict:
        return self._through(lambda: self._verifier.digest(sha256))

    def _through(self, question: Callable[[], Verdict]) -> Verdict:
        self.begun.release()
        assert self._leave.acquire(timeout=PATIENCE_SECONDS)
        return question()


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def bulk(tmp_path: Path, gate: Gate):
    with BulkWorld(tmp_path, verifier=gate) as world:
        yield world
        gate.let(1_000)


def test_ten_digests_beside_somebodys_thousand_wait_for_a_few_and_not_for_all(bulk, gate):
    keys = [bulk.store.holder(bulk.key(name)) for name in ("dai-hoc-a", "dai-hoc-b")]
    ended = [threading.Event(), threading.Event()]

    def ask(which: int, count: int) -> None:
        bulk.bulk.digests(["0" * 64] * count, bulk.bulk.take(keys[which], count))
        ended[which].set()

    many = threading.Thread(target=ask, args=(0, 200))
    many.start()
    for _ in range(DIGESTS_SIDE_BY_SIDE):
        assert gate.begun.acquire(timeout=PATIENCE_SECONDS)
    few = threading.Thread(target=ask, args=(1, 10))
    few.start()
    for _ in range(100):  # Half of what the first one asked for.
        gate.let(1)
        if ended[1].wait(0.02):
            break
    assert ended[1].is_set()
    assert not ended[0].is_set()
    gate.let(400)
    many.join(PATIENCE_SECONDS)
    few.join(PATIENCE_SECONDS)
    assert ended[0].is_set()


def test_a_small_job_beside_a_large_one_waits_for_a_few_files_and_not_for_all(bulk, gate):
    large, small = bulk.key("dai-hoc-a"), bulk.key("dai-hoc-b")
    first = bulk.send(large, zipped((f"{n}.pdf", f"%PDF {n}".encode()) for n in range(60))).headers["location"]
    second = bulk.send(small, zipped((f"{n}.pdf", b"%PDF small") for n in range(3))).headers["location"]
    gate.let(2 * FILES_SIDE_BY_SIDE + 6)
    assert bulk.wait(small, second)["state"] == "DONE"
    assert gate.files.count(b"%PDF small") == 3
    assert len(gate.files) < 20
    gate.let(60)
    assert bulk.wait(large, first)["state"] == "DONE"


def test_a_key_that_sends_several_archives_at_once_leaves_a_place_to_another(bulk, gate):
    keys = [bulk.key("dai-hoc-a")] * 3 + [bulk.key("dai-hoc-b")]
    statuses = []

    async def send(key: str, name: bytes) -> None:
        transport = httpx.ASGITransport(app=bulk.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            headers = {**bearer(key), "Content-Type": "application/zip"}
            content = zipped([("a.pdf", name)])
            answer = await client.post("/v1/verify/batch", content=content, headers=headers)
            statuses.append(answer.status_code)

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for key in keys:
                group.start_soon(send, key, f"%PDF {key}".encode())
            with anyio.fail_after(PATIENCE_SECONDS):
                while len(gate.files) < 2:
                    await anyio.sleep(0.01)
            assert {data[-9:] for data in gate.files} == {b"dai-hoc-a", b"dai-hoc-b"}
            gate.let(4)

    anyio.run(all_of_them)
    assert statuses == [200] * 4


def test_whoever_holds_all_of_a_keys_places_is_told_to_come_back_and_others_are_not():
    places = PlacesPerKey(2, waiting_seconds=0.01)

    async def hold() -> None:
        async with places.taken(1), places.taken(1):
            with pytest.raises(Refusal) as refusal:
                async with places.taken(1):
                    pass
            assert refusal.value.problem is BUSY
            async with places.taken(2):
                pass
        async with places.taken(1):
            pass

    anyio.run(hold)
    assert not places._keys


class HangingAttester:
    """Signs nothing, and takes its time over that."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._leave = threading.Semaphore(0)

    def let(self, count: int) -> None:
        self._leave.release(count)

    def report(self, verdict: Verdict) -> bytes:
        raise NotImplementedError

    def signature(self, result: bytes) -> bytes:
        self.asked.append(result)
        assert self._leave.acquire(timeout=PATIENCE_SECONDS)
        raise Refusal(REPORT_DOWN)


def test_a_key_that_asks_for_signatures_again_and_again_leaves_its_turn_to_another(tmp_path):
    attester = HangingAttester()
    with BulkWorld(tmp_path, attesting=attester) as bulk:
        signatures = {}
        for name in ("dai-hoc-a", "dai-hoc-b"):
            key = bulk.key(name)
            place = bulk.send(key, zipped((f"{name}-{n}.pdf", b"%PDF") for n in range(3))).headers["location"]
            signatures[key] = bulk.wait(key, place)["signature"]
        first, other = signatures

        async def ask(client: httpx.AsyncClient, key: str) -> None:
            await client.get(signatures[key], headers=bearer(key))

        async def until(count: int) -> None:
            with anyio.fail_after(PATIENCE_SECONDS):
                while len(attester.asked) < count:
                    await anyio.sleep(0.01)

        async def all_of_them() -> None:
            transport = httpx.ASGITransport(app=bulk.app)
            async with (
                httpx.AsyncClient(transport=transport, base_url=BASE) as client,
                anyio.create_task_group() as group,
            ):
                for _ in range(4):
                    group.start_soon(ask, client, first)
                await until(1)
                await anyio.sleep(0.1)  # The rest of them has come in by now.
                group.start_soon(ask, client, other)
                await anyio.sleep(0.1)
                attester.let(1)
                await until(2)
                attester.let(4)

        anyio.run(all_of_them)
        assert b"dai-hoc-b" in attester.asked[1]
