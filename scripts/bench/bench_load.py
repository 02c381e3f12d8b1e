# SPDX-License-Identifier: Apache-2.0

"""The public service under load, a tenth of it hostile: `python -m scripts.bench.bench_load [--seconds 60]`.

32 connections ask one server with two examining workers on this machine, each its next question as soon as it has its answer:
genuine records, records changed by chance, ids, digests and receipts. Every answer is looked at: a genuine record must be
TOTAL_PASSED and CURRENT, a changed one must not, and whatever is not status 200 is an error. Latencies are printed by kind.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import uvicorn

from ledger.store.reader import ReceiptEntry, School
from scripts.bench.mutations import mutated
from scripts.bench.verified_school import IssuedRecord, issued_records
from scripts.devchain import Devchain, free_port
from verifier_api.trust import Trust

CONNECTIONS: Final = 32
SECONDS: Final = 60
RECORDS: Final = 8
HOSTILE: Final = 200
WAYS: Final = {"hostile": 10, "genuine": 20, "unit": 35, "digest": 30, "receipt": 5}
"""How many of a hundred questions are of each kind."""
PATIENCE: Final = 120
GOOD: Final = ("TOTAL_PASSED", "CURRENT")


class Shelf:
    """Knows some records. Implements what the public service asks a ledger for."""

    complete = True

    def __init__(self, entries: Sequence[tuple[UUID, tuple[str, ...], bytes]]) -> None:
        self._units = {unit: ReceiptEntry(unit_id=unit, receipt=receipt, final=True) for unit, _, receipt in entries}
        self._files = {digest: self._units[unit] for unit, digests, _ in entries for digest in digests}

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:
        """By the digest of a file."""
        return self._files.get(sha256)

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:
        """By the id of a unit."""
        return self._units.get(unit_id)

    def successor(self, unit_id: UUID) -> UUID | None:  # noqa: ARG002 - a Protocol
        """Nothing is replaced."""
        return None

    def schools(self) -> Sequence[School]:
        """None is asked for."""
        return ()

    def school(self, code: str) -> School:
        """None is asked for."""
        raise LookupError(code)

    def unit_with_short_code(self, key: str) -> UUID | None:  # noqa: ARG002 - a Protocol
        """None is asked for."""
        return None


def serve(trust: Trust, entries: Sequence[tuple[UUID, tuple[str, ...], bytes]], port: int) -> None:
    """The public service over these records, until it is told to end."""
    from scripts.compose import public_side  # noqa: PLC0415 - in the process of the server alone
    from verifier_api.app import create_app  # noqa: PLC0415

    shelf = Shelf(entries)
    with public_side(trust, shelf, workers=2) as side:
        app = create_app(
            verifier=side.verifier,
            reader=shelf,
            registry=side.registry,
            public_url="http://127.0.0.1:8000",
            at_once=side.at_once,
        )
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", server_header=False, access_log=False)


class Load:
    """What was asked and answered."""

    def __init__(self, records: Sequence[IssuedRecord], hostile: Sequence[bytes]) -> None:
        self._records, self._hostile = records, hostile
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()

    async def connection(self, client: httpx.AsyncClient, until: float, chance: random.Random) -> None:
        """One connection's questions, one after the other."""
        while time.perf_counter() < until:
            (kind,) = chance.choices(list(WAYS), list(WAYS.values()))
            start = time.perf_counter()
            try:
                problem = await self._ask(client, kind, chance)
            except httpx.HTTPError as error:
                problem = type(error).__name__
            self.seconds[kind].append(time.perf_counter() - start)
            if problem:
                self.errors[f"{kind}: {problem}"] += 1

    async def _ask(self, client: httpx.AsyncClient, kind: str, chance: random.Random) -> str:
        record = chance.choice(self._records)
        manifest = record.receipt.manifest
        match kind:
            case "genuine" | "hostile":
                data = record.pdf if kind == "genuine" else chance.choice(self._hostile)
                answer = await client.post("/v1/verify", content=data, headers={"Content-Type": "application/pdf"})
            case "unit":
                answer = await client.get(f"/v1/units/{manifest.id}")
            case "digest":
                answer = await client.get(f"/v1/digests/{manifest.files[0].sha256}")
            case _:
                answer = await client.get(f"/v1/receipts/{manifest.files[0].sha256}")
        if answer.status_code != httpx.codes.OK:
            return f"status {answer.status_code}"
        told = answer.json()
        good = (told.get("conclusion"), told.get("standing")) == GOOD
        if kind in {"genuine", "hostile"}:
            return "" if good is (kind == "genuine") else f"{told['conclusion']} {told['standing']}"
        return "" if kind == "receipt" or told["standing"] == "CURRENT" else told["standing"]


async def _loaded(load: Load, port: int, seconds: int) -> None:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits, trust_env=False) as client:
        await _until_it_answers(client)
        until = time.perf_counter() + seconds
        # Not for secrets: the same questions each time.
        seeds = (random.Random(number) for number in range(CONNECTIONS))  # noqa: S311
        await asyncio.gather(*(load.connection(client, until, seed) for seed in seeds))


async def _until_it_answers(client: httpx.AsyncClient) -> None:
    for _ in range(300):
        try:
            if (await client.get("/healthz")).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise SystemExit("the server does not answer")


def _changed(records: Sequence[IssuedRecord]) -> list[bytes]:
    chance = random.Random(7)  # noqa: S311 - not for secrets
    genuine = {record.pdf for record in records}
    found: list[bytes] = []
    while len(found) < HOSTILE:
        record = chance.choice(records)
        _, data = mutated(record.pdf, record.xml, "pdf", chance)
        if data not in genuine:
            found.append(data)
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=SECONDS)
    asked = parser.parse_args()
    print(f"load before: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
    with tempfile.TemporaryDirectory() as name, Devchain() as chain:
        records = issued_records(Path(name) / "pki", chain, RECORDS)
        load = Load(records, _changed(records))
        entries = [
            (one.unit_id, tuple(file.sha256 for file in one.receipt.manifest.files), one.receipt.to_json())
            for one in records
        ]
        port = free_port()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(records[0].trust, entries, port))
        server.start()
        try:
            start = time.perf_counter()
            asyncio.run(_loaded(load, port, asked.seconds))
            taken = time.perf_counter() - start
        finally:
            server.terminate()
            server.join()
    for kind, seconds in sorted(load.seconds.items()):
        cuts = statistics.quantiles(seconds, n=100)
        print(
            f"{kind:<8} {len(seconds):>6} answers  median {cuts[49] * 1000:7.1f} ms  p99 {cuts[98] * 1000:7.1f} ms  "
            f"longest {max(seconds) * 1000:7.1f} ms"
        )
    every = [one for seconds in load.seconds.values() for one in seconds]
    print(
        f"all      {len(every):>6} answers in {taken:.0f} s over {CONNECTIONS} connections  "
        f"p99 {statistics.quantiles(every, n=100)[98] * 1000:.1f} ms  errors {dict(load.errors) or 'none'}"
    )
    print(f"load after: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
    if load.errors:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
