# SPDX-License-Identifier: Apache-2.0

"""Files changed by chance, through the real verifier with its worker processes: `python -m scripts.bench.fuzz --minutes 480`.

A genuine record, its XML, its receipt, its id and its short code are mutated (`mutations`) and asked about. It stops at the first

* exception that leaves the verifier;
* TOTAL_PASSED for bytes that were not issued, or by a receipt that says anything but what ours says;
* answer that took longer than the examiner's bound.

The seed of each question is its number, counted from `--seed`; `--seed N --minutes 0` asks number N alone, so a finding can be
made again (over another record, as each run signs its own). Times, conclusions and memory are printed at the end;
`tests/integration/test_hostile_mutations.py` asks a few questions in the suite.
"""

import argparse
import functools
import logging
import os
import random
import re
import resource
import statistics
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from ledger import short_code
from ledger.chain.registry import RegistryReader
from ledger.chain.web3_registry import Web3Registry
from ledger.errors import MistypedCode
from ledger.proof.errors import MalformedReceipt
from ledger.proof.receipt import Receipt
from ledger.store.reader import ReceiptEntry
from scripts.bench.mutations import mutated
from scripts.bench.verified_school import issued_record, now
from scripts.devchain import Devchain
from verifier_api.examination import Examination, Examiner, examine
from verifier_api.intake import ALARM_GRACE_SECONDS, EXAMINATION_SECONDS, IsolatedExaminer
from verifier_api.problems import Refusal
from verifier_api.serving import unit_id
from verifier_api.trust import Trust
from verifier_api.verdict import Check, Conclusion, Outcome
from verifier_api.verifier import Issued, Verifier

KINDS: Final = ("pdf", "pdf", "pdf", "xml", "xml", "receipt", "receipt", "code")
LONGEST_SECONDS: Final = EXAMINATION_SECONDS + ALARM_GRACE_SECONDS


class Fooled(Exception):
    """The verifier said what it must not, or took too long to say anything."""


class _NoLedger:
    """Knows no receipt at all, so that only the one that is brought can speak for a file. Implements `Issued`."""

    complete = False

    def receipt_of_file(self, sha256: str) -> ReceiptEntry | None:  # noqa: ARG002 - a Protocol
        return None

    def receipt_of_unit(self, unit_id: UUID) -> ReceiptEntry | None:  # noqa: ARG002
        return None

    def successor(self, unit_id: UUID) -> UUID | None:  # noqa: ARG002
        return None


@dataclass
class Fuzzing:
    """A genuine record, and who is asked about what becomes of it."""

    pdf: bytes
    xml: bytes
    receipt: Receipt
    trust: Trust
    issued: Issued
    registry: RegistryReader
    examiner: Examiner
    seen: Counter[str] = field(default_factory=Counter)
    """Conclusions by kind, and what a worker's bound ended."""
    clean: list[str] = field(default_factory=list)
    """Changed PDF whose signatures and revisions were found in order: only their bytes told. Names and seeds."""
    seconds: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    """What each question cost the processes below this one in processor time: on a busy machine a file is not slow, but waits."""

    def ask(self, seed: int) -> None:
        """One question. Raises `Fooled`; whatever else leaves it is a finding, too."""
        # Not for secrets: the same seed must make the same file.
        chance = random.Random(seed)  # noqa: S311
        kind = chance.choice(KINDS)
        start, before = time.perf_counter(), _worked()
        {"pdf": self._file, "xml": self._file, "receipt": self._receipt, "code": self._code}[kind](kind, chance, seed)
        spent = time.perf_counter() - start
        self.seconds.append(spent)
        self.worked.append(max(0.0, _worked() - before))
        if spent > LONGEST_SECONDS:
            raise Fooled(f"{kind} {seed}: {spent:.1f} s")

    def _file(self, kind: str, chance: random.Random, seed: int) -> None:
        data, other = (self.pdf, self.xml) if kind == "pdf" else (self.xml, self.pdf)
        name, changed = mutated(data, other, kind, chance)
        brought = self.receipt.to_json() if chance.random() < 0.5 else None  # noqa: PLR2004 - half of them
        self._judge_file(kind, name, changed, brought=brought, seed=seed)

    def _judge_file(self, kind: str, name: str, changed: bytes, *, brought: bytes | None, seed: int) -> None:
        examined = _Watched(self.examiner)
        verifier = self._verifier(self.issued, examined)
        verdict = verifier.verify(changed, receipt=brought)
        self.seen[f"{kind} {verdict.conclusion.value}"] += 1
        intake = verdict.finding(Check.INTAKE)
        if intake is not None and intake.code == "intake.exhausted":
            self.seen[f"{kind} intake.exhausted"] += 1
        if verdict.conclusion is Conclusion.TOTAL_PASSED:
            raise Fooled(f"{kind} {name}, seed {seed}, passed")
        if examined.last is not None and kind == "pdf" and _in_order(examined.last):
            self.clean.append(f"{name} {seed}")

    def _receipt(self, kind: str, chance: random.Random, seed: int) -> None:
        name, changed = mutated(self.receipt.to_json(), self.pdf[:512], kind, chance)
        verdict = self._verifier(_NoLedger(), self.examiner).verify(self.xml, receipt=changed)
        self.seen[f"{kind} {verdict.conclusion.value}"] += 1
        if verdict.conclusion is Conclusion.TOTAL_PASSED and not self._says_the_same(changed):
            raise Fooled(f"{kind} {name}, seed {seed}, passed")

    def _says_the_same(self, receipt: bytes) -> bool:
        """Blanks may differ, and the time-stamps, which no root binds; and where the root was to be found is only a hint."""
        try:
            parsed = Receipt.parse(receipt)
        except MalformedReceipt:
            return False
        bound = ("manifest", "salt", "leaf", "proof", "root")
        return all(getattr(parsed, name) == getattr(self.receipt, name) for name in bound)

    def _code(self, kind: str, chance: random.Random, seed: int) -> None:
        """A QR code's payload or a typed code: refused, or it names a unit, and of ours only ours."""
        ours = self.receipt.manifest.id
        text = chance.choice((str(ours), short_code.short_code(ours))).encode()
        _, changed = mutated(text, self.xml[:512], "receipt", chance)
        told = changed.decode("utf-8", "replace")
        try:
            named: object = unit_id(told)
        except Refusal:
            try:
                named = short_code.canonical(told)
            except MistypedCode:
                self.seen[f"{kind} refused"] += 1
                return
        self.seen[f"{kind} taken"] += 1
        if isinstance(named, UUID):
            verdict = self._verifier(self.issued, self.examiner).unit(named)
            if verdict.conclusion is Conclusion.TOTAL_PASSED or (verdict.school is not None and named != ours):
                raise Fooled(f"{kind} seed {seed}: {told!r}")

    def _verifier(self, issued: Issued, examiner: Examiner) -> Verifier:
        return Verifier.live(trust=self.trust, issued=issued, registry=self.registry, examiner=examiner, now=now)


@dataclass
class _Watched:
    """Remembers what was seen last."""

    examiner: Examiner
    last: Examination | None = None

    def examine(self, data: bytes) -> Examination:
        self.last = self.examiner.examine(data)
        return self.last

    def stands(self) -> bool:
        return self.examiner.stands()


class _Complaints(logging.Handler):
    """What the verifier logs meanwhile, with the question that it was about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seed = 0
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"{record.getMessage()} (seed {self.seed})")


def _in_order(seen: Examination) -> bool:
    judged = (*seen.signatures, *seen.timestamps)
    return seen.changed_after is None and bool(judged) and all(one.outcome is Outcome.PASSED for one in judged)


def _told_of_children(about: str) -> list[str]:
    """What the kernel says about each living child."""
    told = []
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            with suppress(OSError):  # It ended meanwhile.
                told.append(Path(f"/proc/{pid}/{about}").read_text())
    return told


def _peak_of_workers() -> int:
    """The largest resident set of a living worker, MB."""
    found = (re.search(r"VmHWM:\s+(\d+) kB", told) for told in _told_of_children("status"))
    return max((int(one.group(1)) // 1000 for one in found if one), default=0)


def _worked() -> float:
    """Seconds of processor time of all living children: the 14th and 15th field, in ticks (proc(5))."""
    ticks = sum(sum(map(int, told.rpartition(")")[2].split()[11:13])) for told in _told_of_children("stat"))
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Devchain() as chain:
        record = issued_record(Path(folder), chain)
        worker = functools.partial(examine, anchors=record.trust.anchors)
        with IsolatedExaminer(worker, workers=1) as examiner:
            fuzzing = Fuzzing(
                pdf=record.pdf,
                xml=record.xml,
                receipt=record.receipt,
                trust=record.trust,
                issued=record,
                registry=Web3Registry(chain.url, record.trust.pin),
                examiner=examiner,
            )
            complaints = _Complaints()
            logging.getLogger("verifier_api").addHandler(complaints)
            until, seed, peak, began = time.monotonic() + 60 * asked.minutes, asked.seed, 0, time.monotonic()
            while True:
                complaints.seed = seed
                fuzzing.ask(seed)
                seed += 1
                peak = max(peak, _peak_of_workers())
                if time.monotonic() >= until:
                    break
    times = sorted(fuzzing.seconds)
    slowest = asked.seed + fuzzing.seconds.index(times[-1])
    print(
        f"{len(times)} questions in {time.monotonic() - began:.0f} s, seeds {asked.seed} to {seed - 1}; nobody was fooled"
    )
    for name, count in sorted(fuzzing.seen.items()):
        print(f"  {name:32} {count:7}")
    for told in complaints.told:
        print(f"  the verifier logged: {told}")
    print(f"  in order, but other bytes        {len(fuzzing.clean):7}   {', '.join(fuzzing.clean[:8])}")
    print(
        f"  seconds: median {statistics.median(times):.3f}, p99 {times[int(len(times) * 0.99)]:.3f}, longest {times[-1]:.3f}"
        f" (seed {slowest}); "
        f"bound {LONGEST_SECONDS:.0f}"
    )
    worked = fuzzing.worked
    print(
        f"  seconds of processor time: median {statistics.median(worked):.2f}, longest {max(worked):.2f}"
        f" (seed {asked.seed + worked.index(max(worked))})"
    )
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    print(f"  peak memory, MB: a worker {peak}, this process {mine}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
