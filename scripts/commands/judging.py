# SPDX-License-Identifier: Apache-2.0

"""One run of `hocba verify`: every question is asked, and each answer goes where it was wanted, in memory that stays flat.

The order of writing is what a kill relies on: a unit's marks first, then the line with its verdict.
"""

import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ledger.web.languages import told
from scripts import campaign, combinations, marks
from scripts.campaign import Answer, Question
from scripts.combinations import Combination
from scripts.commands.terminal import track
from scripts.commands.verdict_table import Tally, VerdictTable
from scripts.results import Csv, Form, JsonLines, Kept, Results
from verifier_api.verdict import Language


@dataclass(frozen=True)
class Wanted:
    """Where the answers are to go."""

    lang: Language
    form: Form | None = None
    """How they are printed for machines; None for a table."""
    results: Path | None = None
    """The file of results, which a later run goes on with; they are not printed then."""
    marks: Path | None = None
    averages: Path | None = None
    combinations: Mapping[str, Combination] = field(default_factory=dict)
    excel: bool = False
    jobs: int = 1


def judge(
    verifier: campaign.Answers,
    asked: Sequence[Question],
    wanted: Wanted,
    *,
    believed: str,
    now: dt.datetime,
    at: dt.datetime | None = None,
    receipt: bytes | None = None,
) -> Tally:
    """Asks `verifier` everything and tells it; `believed` is the digest of what its verdicts rest on (`results.believed`)."""
    tally = Tally()
    with ExitStack() as stack:
        kept = written = None
        if wanted.results is not None:
            form = Csv(wanted.lang) if wanted.results.suffix.lower() == ".csv" else JsonLines(wanted.lang)
            kept = stack.enter_context(Results(wanted.results, form, believed=believed, now=now))
        if wanted.marks is not None:
            passed = frozenset() if kept is None else kept.passed()
            written = stack.enter_context(marks.Marks(wanted.marks, excel=wanted.excel, kept=passed))
        outlets = _Outlets(wanted, kept, written)
        work = partial(_end, verifier=verifier, receipt=receipt, outlets=outlets)
        ends = campaign.in_order(work, asked, jobs=wanted.jobs)
        several = len(asked) > 1
        outlets.begin()
        for end in track(ends, total=len(asked), label="hocba verify") if several else ends:
            tally.add(end) if isinstance(end, Kept) else tally.count(end.verdict)
            if isinstance(end, Answer):
                outlets.take(end)
        outlets.end()
    if wanted.marks is not None and wanted.averages is not None:
        rows: Iterator[dict[str, str]] = (row for _, row in marks.read(wanted.marks))
        combinations.write(wanted.averages, rows, wanted.combinations, excel=wanted.excel)
    if wanted.form is None:
        tally.tell(wanted.lang, when="" if at is None else told(at))
    return tally


@dataclass
class _Outlets:
    """Where the answers of one run go."""

    wanted: Wanted
    kept: Results | None
    written: marks.Marks | None

    def __post_init__(self) -> None:
        self._table = VerdictTable(self.wanted.lang)

    def found(self, question: Question, evidence: str) -> Kept | None:
        """What an earlier run found, unless its marks are wanted now and were not then."""
        earlier = None if self.kept is None else self.kept.found(question, evidence)
        if earlier is not None and earlier.good and self.written is not None and earlier.unit not in self.written.units:
            return None
        return earlier

    def begin(self) -> None:
        """What stands before the first answer."""
        if self.wanted.form is not None and self.kept is None:
            sys.stdout.write(self.wanted.form.head)

    def take(self, answer: Answer) -> None:
        """One answer, to everywhere."""
        if self.written is not None:
            self.written.add(answer)
        if self.kept is not None:
            self.kept.add(answer)
        elif self.wanted.form is not None:
            sys.stdout.write(self.wanted.form.line(answer))
            sys.stdout.flush()
        if self.wanted.form is None and (self.kept is None or not answer.verdict.good):
            self._table.add(answer.question.name, answer.verdict)

    def end(self) -> None:
        """After the last one: what an earlier run passed and this one did not loses its marks."""
        self._table.turn()
        if self.written is not None and self.kept is not None:
            self.written.keep(self.kept.passed())


def _end(question: Question, *, verifier: campaign.Answers, receipt: bytes | None, outlets: _Outlets) -> Answer | Kept:
    """What becomes of one question: found by an earlier run, or judged now."""
    brought = campaign.bring(question, receipt=receipt)
    return outlets.found(question, brought.digest) or campaign.answer(verifier, question, brought)
