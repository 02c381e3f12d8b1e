# SPDX-License-Identifier: Apache-2.0

"""One admission campaign, as an office runs it: `python -m scripts.bench.bench_campaign [--files 10000] [--records 200]`.

`hocba verify FOLDER --examined … --out …` with two worker processes, as a process of its own, over real signed records and a node
on this machine:

* files seen for the first time, everything looked into;
* ten thousand files whose very bytes were looked into before: digest, receipt, chain, standing and signer list are asked anew;
* the same with the run killed half way, and then run again.

There are `--records` different records, each under many names, because signing ten thousand would take an hour; every name is
read, hashed, parsed for and asked about by itself. Target: 10,000 files that were seen before in two minutes on two processors,
memory flat.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from asn1crypto import pem

from scripts.bench.verified_school import IssuedRecord, issued_records
from scripts.devchain import Devchain
from verifier_api.trust import TRUST_FILE

FILES: Final = 10_000
RECORDS: Final = 200
TARGET_SECONDS: Final = 120
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--records", type=int, default=RECORDS)
    asked = parser.parse_args()
    print(f"load before: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
    with tempfile.TemporaryDirectory() as name, Devchain() as chain:
        folder = Path(name)
        records = issued_records(folder / "pki", chain, asked.records)
        _write_trust(folder / "trust", records[0])
        _write(folder / "first", records, len(records))
        _write(folder / "campaign", records, asked.files)
        _told("first time", _run(folder, "first", len(records)), len(records))
        _told("seen before", _run(folder, "campaign", asked.files), asked.files, target=TARGET_SECONDS)
        (folder / "campaign.jsonl").unlink()
        killed = _run(folder, "campaign", asked.files, kill_after=asked.files // 2)
        _told("killed half way", killed, asked.files // 2)
        _told("and run again", _run(folder, "campaign", asked.files), asked.files)
    print(f"load after: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


def _write(folder: Path, records: Sequence[IssuedRecord], files: int) -> None:
    folder.mkdir()
    for number in range(files):
        record, path = records[number % len(records)], folder / f"{number:06d}.pdf"
        path.write_bytes(record.pdf)
        path.with_suffix(".receipt.json").write_bytes(record.receipt.to_json())


def _write_trust(folder: Path, record: IssuedRecord) -> None:
    folder.mkdir()
    for name, ders in record.trust.anchors.roots.items():
        (root,) = ders
        (folder / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", root))
    (folder / TRUST_FILE).write_text(record.trust.settings.model_dump_json(exclude_none=True), encoding="utf-8")


def _run(folder: Path, name: str, files: int, *, kill_after: int | None = None) -> tuple[float, float, float]:
    """One run; wall seconds, processor seconds, and the most memory that any process of it had, in MB."""
    results = folder / f"{name}.jsonl"
    words = [sys.executable, "-m", "scripts", "verify", str(folder / name), "--trust", str(folder / "trust")]
    words += ["--examined", str(folder / "seen.db"), "--out", str(results), "--jobs", "2"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(
        words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while kill_after is not None and process.poll() is None and _lines(results) < kill_after:
            time.sleep(0.05)
        if kill_after is not None:
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if kill_after is None:
        _check(results, status, files)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, spent, after.ru_maxrss * _PEAK_UNIT / 1e6


def _lines(results: Path) -> int:
    return results.read_bytes().count(b"\n") if results.exists() else 0


def _check(results: Path, status: int, files: int) -> None:
    conclusions = Counter(json.loads(line)["conclusion"] for line in results.read_text("utf-8").splitlines())
    if status or conclusions != {"TOTAL_PASSED": files}:
        raise SystemExit(f"not what was to be measured: exit status {status}, {conclusions}")


def _told(name: str, figures: tuple[float, float, float], files: int, *, target: int | None = None) -> None:
    seconds, spent, peak = figures
    told = f"{name:<16} {files:>7,} files  {seconds:7.1f} s  {seconds / files * 1000:6.1f} ms a file"
    print(
        f"{told}  processor {spent / files * 1000:6.1f} ms a file  largest process so far {peak:.0f} MB"
        + ("" if target is None else f"  target {target} s"),
        flush=True,
    )


if __name__ == "__main__":
    main()
