# SPDX-License-Identifier: Apache-2.0

"""Verifying, beside stock pyHanko and beside what must be fast: `python -m scripts.bench.bench_verify [--rounds 15]`.

* A cold file with three B-LTA signatures, chain read from a node on this machine, everything checked; and stock pyHanko judging
  the same three signatures by the same roots (`ades_lta_validation`), each in a process of its own, in turns. Processor time,
  ours with that of the process that hands the file on. Target: at most 0.6.
* One reading of the chain (`statusOf` at the newest block) from Python, and through web3. Target: under 1 ms.
* A known digest and a known unit id over HTTP, one uvicorn worker, 32 connections of `wrk` on the same processors, as many
  different records as a batch has; proof recomputed each time, chain state at most 20 s old. Target: 5,000 a second, p99 under
  20 ms. `--seconds` says for how long.

The last part needs `wrk` (Debian has it) and says so when it is not there.
"""

import argparse
import asyncio
import functools
import io
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from ledger.chain import abi
from ledger.chain.registry import RegistryPin, RegistryReader
from ledger.chain.web3_node import Web3Node
from ledger.chain.web3_registry import Web3Registry
from ledger.store.database import open_for_reading
from ledger.store.reader import Reader
from scripts.devchain import Devchain, free_port

ROUNDS: Final = 15
SECONDS: Final = 10
CONNECTIONS: Final = 32
UNITS: Final = 315
TARGETS: Final = {"ratio": 0.6, "chain ms": 1.0, "requests": 5_000, "p99 ms": 20.0}
OUTCOMES: Final = {"judged": "OK OK OK", "verified": "TOTAL_PASSED"}


@dataclass(frozen=True)
class Timed:
    """What a worker's function returned, and the processor time it took."""

    value: Any
    seconds: float


def timed(work: Callable[[bytes], Any], data: bytes) -> Timed:
    """Runs in a worker: `work` on `data`, by the processor's clock."""
    start = time.process_time()
    value = work(data)
    return Timed(value, time.process_time() - start)


def stock(pdf: bytes, *, roots: tuple[bytes, ...]) -> str:
    """The three signatures as pyHanko's own validation for long-term archives judges them; nothing of ours is loaded."""
    trusted = [x509.Certificate.load(root) for root in roots]
    policy = CertValidationPolicySpec(SimpleTrustManager.build(trusted), CertRevTrustPolicy(REQUIRE_REVINFO))
    specification = SignatureValidationSpec(
        policy,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=LocalKnowledge(known_certs=trusted),
    )

    async def judged() -> list[str]:
        found = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
        rules = PdfSignatureValidationSpec(specification)
        return [(await ades_lta_validation(one, rules)).ades_subindic.standard_name for one in found]

    return " ".join(asyncio.run(judged()))


class StockProcess:
    """Stock pyHanko in a process of its own that imports nothing of the verifier."""

    def __init__(self, folder: Path, roots: tuple[bytes, ...], pdf: bytes) -> None:
        (folder / "stock.pdf").write_bytes(pdf)
        for number, root in enumerate(roots):
            (folder / f"stock-{number}.der").write_bytes(root)
        words = [sys.executable, "-m", "scripts.bench.bench_verify", "--stock", str(folder)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def judge(self) -> Timed:
        """One judgement of the file."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the stock process has no pipes")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        seconds, _, value = self._process.stdout.readline().strip().partition(" ")
        return Timed(value, float(seconds))

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


def be_stock(folder: Path) -> None:
    """The process behind `StockProcess`: one line in, one judgement out."""
    pdf = (folder / "stock.pdf").read_bytes()
    roots = tuple(path.read_bytes() for path in sorted(folder.glob("stock-*.der")))
    for _ in sys.stdin:
        told = timed(functools.partial(stock, roots=roots), pdf)
        print(told.seconds, told.value, flush=True)


def cold(folder: Path, chain: Devchain, rounds: int) -> None:
    """The first part, and the chain's reading, which needs the same record."""
    # Imported here, because the process that runs stock pyHanko imports this module, and must not have ours beside it.
    from scripts.bench.verified_school import issued_record, now  # noqa: PLC0415
    from verifier_api.examination import examine  # noqa: PLC0415
    from verifier_api.intake import IsolatedExaminer  # noqa: PLC0415
    from verifier_api.verifier import Verifier  # noqa: PLC0415

    record = issued_record(folder / "pki", chain)
    roots = tuple(root for ders in record.trust.anchors.roots.values() for root in ders)
    registry = Web3Registry(chain.url, record.trust.pin)
    spent: list[float] = []

    class Examiner:
        """Unpacks what the worker timed."""

        def examine(self, data: bytes) -> Any:  # noqa: ANN401 - an Examination
            told = pool.examine(data)
            spent.append(told.seconds)
            return told.value

        def stands(self) -> bool:
            return pool.stands()

    look = functools.partial(timed, functools.partial(examine, anchors=record.trust.anchors))
    peer = StockProcess(folder, roots, record.pdf)
    theirs, ours, walls = [], [], []
    with IsolatedExaminer(look, workers=1) as pool:
        verifier = Verifier.live(trust=record.trust, issued=record, registry=registry, examiner=Examiner(), now=now)
        for number in range(rounds + 2):
            judged = peer.judge()
            wall, start = time.perf_counter(), time.process_time()
            verdict = verifier.verify(record.pdf)
            here = time.process_time() - start
            wall = time.perf_counter() - wall
            outcomes = {"judged": judged.value, "verified": verdict.conclusion.value}
            if outcomes != OUTCOMES:
                raise SystemExit(f"not what was to be measured: {outcomes}, {verdict.findings}")
            if number >= 2:  # noqa: PLR2004 - two to warm up
                theirs.append(judged.seconds * 1000)
                ours.append((here + spent[-1]) * 1000)
                walls.append(wall * 1000)
    peer.close()
    stock_ms, our_ms = statistics.median(theirs), statistics.median(ours)
    print(f"cold file of {len(record.pdf) // 1024} kB, three B-LTA signatures, {rounds} rounds, median processor ms")
    print(
        f"  stock {stock_ms:.1f}   ours, with everything else {our_ms:.1f} (wall {statistics.median(walls):.1f})   "
        f"ratio {our_ms / stock_ms:.3f}   target {TARGETS['ratio']}   "
        f"of ours, the worker {statistics.median(spent[2:]) * 1000:.1f}"
    )
    chain_reads(registry, record, chain.url)


def chain_reads(registry: RegistryReader, record: Any, url: str) -> None:  # noqa: ANN401 - an IssuedRecord
    """`statusOf`, ours and through web3."""
    asked = {
        "school": record.receipt.manifest.school,
        "root": record.receipt.root_bytes,
        "entry": record.receipt.entry_bytes,
        "proof": record.receipt.proof_bytes,
    }
    node, pin = Web3Node(url), record.trust.pin

    def by_web3() -> object:
        return abi.leaf_status(*node.ask(pin.address, abi.status_call(**asked, at=None)))

    def by_us() -> object:
        return registry.status_of(**asked)

    taken: dict[str, list[float]] = {"web3": [], "ours": []}
    for _ in range(300):
        for name, ask in (("web3", by_web3), ("ours", by_us)):
            start = time.perf_counter()
            ask()
            taken[name].append((time.perf_counter() - start) * 1000)
    figures = "   ".join(f"{name} {statistics.median(values):.2f} ms" for name, values in taken.items())
    print(f"one reading of the chain, 300 in turns, median\n  {figures}   target {TARGETS['chain ms']} ms")


def known(folder: Path, chain: Devchain, seconds: int) -> None:
    """The last part."""
    from scripts.bench.bench_audit import fill  # noqa: PLC0415 - see above

    wrk = shutil.which("wrk")
    if wrk is None:
        print("known digests: not measured, there is no wrk here")
        return
    pin = fill(folder, chain, units=UNITS, on_disk=0)
    port = free_port()
    words = [sys.executable, "-m", "scripts.bench.bench_verify", "--serve", str(folder), chain.url, str(port)]
    words += [str(pin.chain_id), pin.address, pin.code_hash]
    with subprocess.Popen(words) as server:
        try:
            for name, paths in (("digest", _digests(folder)), ("unit id", _units(folder))):
                script = folder / "paths.lua"
                listed = ",".join(f'"{path}"' for path in paths)
                script.write_text(
                    f"local paths = {{{listed}}}\nlocal n = 0\n"
                    "request = function() n = n % #paths + 1; return wrk.format('GET', paths[n]) end\n"
                )
                _until_it_answers(port)
                print(f"known {name}, {len(paths)} records, {CONNECTIONS} connections, one worker")
                for length in (2, seconds):  # The first run warms up.
                    told = subprocess.run(
                        [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{length}s", "--latency", "-s", str(script),
                         f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True,
                    ).stdout  # fmt: skip
                print("  " + _figures(told))
        finally:
            server.send_signal(signal.SIGTERM)


def _figures(told: str) -> str:
    """What `wrk` found, on one line."""
    found = {
        name: match.group(1)
        for name, pattern in (
            ("requests/s", r"Requests/sec:\s+(\S+)"),
            ("p50", r"\s50%\s+([\d.]+\w+)"),
            ("p99", r"\s99%\s+([\d.]+\w+)"),
            ("other than 2xx", r"Non-2xx or 3xx responses: (\d+)"),
            ("socket errors", r"Socket errors: (.+)"),
        )
        if (match := re.search(pattern, told)) is not None
    }
    figures = "   ".join(f"{name} {value}" for name, value in found.items())
    return f"{figures}   target {TARGETS['requests']}/s, p99 {TARGETS['p99 ms']} ms"


def _digests(folder: Path) -> list[str]:
    return _asked(folder, lambda unit: f"/v1/digests/{unit.files[0].sha256}")


def _units(folder: Path) -> list[str]:
    return _asked(folder, lambda unit: f"/v1/units/{unit.id}")


def _asked(folder: Path, path: Callable[[Any], str]) -> list[str]:
    from ledger.unit import UnitState  # noqa: PLC0415 - see above
    from scripts.bench.bench_audit import SCHOOL, YEAR  # noqa: PLC0415

    reader = Reader(open_for_reading(f"sqlite:///{folder}/ledger.db"))
    return [path(unit) for unit in reader.units(school_code=SCHOOL, school_year=YEAR, states=[UnitState.ANCHORED])]


def _until_it_answers(port: int) -> None:
    import urllib.request  # noqa: PLC0415 - only here

    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not answer")


def be_server(folder: Path, url: str, port: int, pin: RegistryPin) -> None:
    """The public service as `hocba serve` makes it, over the filled ledger. Its blocks end with the filling, so one is enough."""
    from scripts.compose import public_side  # noqa: PLC0415 - see above
    from verifier_api.app import create_app  # noqa: PLC0415
    from verifier_api.trust import Anchors, RegistrySettings, Trust, TrustSettings  # noqa: PLC0415

    settings = TrustSettings(
        registry=RegistrySettings(chain_id=pin.chain_id, address=pin.address, code_hash=pin.code_hash, confirmations=1),
        rpc=(url,),
        hierarchies={},
        roles={},
        signers=(),
    )
    reader = Reader(open_for_reading(f"sqlite:///{folder}/ledger.db"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    trust = Trust(settings=settings, pin=pin, anchors=Anchors(roots={}))
    with public_side(trust, reader, workers=1) as side:
        app = create_app(
            verifier=side.verifier,
            reader=reader,
            registry=side.registry,
            public_url="http://127.0.0.1:8000",
            at_once=side.at_once,
        )
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", server_header=False, access_log=False)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--only", choices=["cold", "known"])
    parser.add_argument("--stock", help=argparse.SUPPRESS, type=Path)
    parser.add_argument("--serve", help=argparse.SUPPRESS, nargs=6)
    asked = parser.parse_args()
    if asked.stock:
        be_stock(asked.stock)
        return
    if asked.serve:
        folder, url, port, chain_id, address, code_hash = asked.serve
        be_server(Path(folder), url, int(port), RegistryPin(int(chain_id), address, code_hash))
        return
    print(f"load before: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
    with tempfile.TemporaryDirectory() as name, Devchain() as chain:
        if asked.only != "known":
            cold(Path(name), chain, asked.rounds)
        if asked.only != "cold":
            known(Path(name), chain, asked.seconds)
    print(f"load after: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


if __name__ == "__main__":
    main()
