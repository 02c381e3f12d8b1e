# SPDX-License-Identifier: Apache-2.0

"""Many files in one run: what is asked, how it is told, and that a run which was killed goes on where it was."""

import csv
import datetime as dt
import io
import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from typer import Exit

from ledger.chain.registry import RecallReason
from ledger.paper.moments import VIETNAM
from scripts import campaign, results
from scripts.campaign import Kind, Question
from scripts.commands.judging import Wanted, judge
from scripts.commands.verifying import _beside as beside
from scripts.commands.verifying import _moment as moment
from scripts.commands.verifying import exit_status
from tests.simulators.issuing_world import NOW, TRUST, World
from verifier_api.intake import MAX_FILE_BYTES

BELIEVED = results.believed(TRUST, at=None)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def folder(world, tmp_path):
    """Six files of the world: four good ones, one recalled, one forged."""
    place = tmp_path / "ho-so"
    place.mkdir()
    units = [world.issue() for _ in range(5)]
    world.recall(units[4], reason=RecallReason.WRONG_DATA)
    for number, unit in enumerate(units):
        (place / f"{number}.pdf").write_bytes(unit.pdf)
    (place / "5.pdf").write_bytes(world.forged(units[0]))
    return place


class Counting:
    """The world's verifier, which counts files and may be stopped at one of them."""

    def __init__(self, world, **state):
        self._verifier, self.judged, self.stop_at, self.stop = world.verifier(**state), 0, None, None
        self._lock = threading.Lock()

    def __getattr__(self, name):
        return getattr(self._verifier, name)

    def verify_and_read(self, data, *, receipt=None):
        with self._lock:
            self.judged += 1
            if self.judged == self.stop_at:
                self.stop()
        return self._verifier.verify_and_read(data, receipt=receipt)


def run(verifier, folder, out=None, *, now=NOW, believed=BELIEVED, **wanted):
    asked, nothing = campaign.questions([str(folder)])
    assert not nothing
    return judge(verifier, asked, Wanted("en", results=out, **wanted), believed=believed, now=now)


def lines(path):
    text = path.read_text()
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


def test_a_word_is_a_file_a_folder_a_pattern_an_id_or_a_digest(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deep = folder / "lop" / "9A"
    deep.mkdir(parents=True)
    (deep / "x.XML").write_bytes(b"<x/>")
    (deep / "x.receipt.json").write_bytes(b"{}")
    (deep / "note.txt").write_bytes(b"")
    unit, digest = "A23E4567-e89b-42d3-a456-556642440000", "AB" * 32
    words = [unit, digest, "-", "ho-so/lop", "ho-so/*.pdf", "ho-so/0.pdf", "ho-so/lop/9A/x.receipt.json"]
    asked, nothing = campaign.questions([*words, "ho-so/none*.pdf", "gone.pdf"])
    assert nothing == ["ho-so/none*.pdf", "gone.pdf"]
    assert [(one.kind, one.text) for one in asked] == [
        (Kind.UNIT, unit.lower()),
        (Kind.DIGEST, digest.lower()),
        (Kind.STDIN, "-"),
        (Kind.FILE, "ho-so/lop/9A/x.XML"),
        *((Kind.FILE, f"ho-so/{number}.pdf") for number in range(6)),
        (Kind.RECEIPT, "ho-so/lop/9A/x.receipt.json"),
    ]


def test_no_two_paths_go_by_one_name():
    assert Question(Kind.FILE, "a\nb.pdf").name != Question(Kind.FILE, "a\\nb.pdf").name


def test_whom_to_trust_does_not_come_with_what_is_judged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("trust", "ho-so/an/trust"):
        Path(place).mkdir(parents=True)
        (Path(place) / "trust.json").write_text("{}")
    Path("ho-so/an/1.pdf").write_bytes(b"%PDF")
    asked = campaign.questions(["ho-so"])[0]
    assert beside(asked, ["ho-so"]) == Path("trust")
    (Path("trust") / "trust.json").unlink()
    assert beside(asked, ["ho-so"]) == Path("trust")  # Which is then said to be missing.
    assert beside(campaign.questions(["ho-so/an/1.pdf"])[0], ["ho-so/an/1.pdf"]) == Path("ho-so/an/trust")


def test_an_existing_file_comes_before_what_its_name_could_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ab" * 32).write_bytes(b"%PDF-")
    Path("[a].pdf").write_bytes(b"%PDF-")
    assert [one.kind for one in campaign.questions(["ab" * 32, "[a].pdf"])[0]] == [Kind.FILE, Kind.FILE]


def test_each_question_gets_what_can_be_said_from_it(world, tmp_path):
    unit, verifier = world.issue(), world.verifier()
    receipt = tmp_path / "a.receipt.json"
    receipt.write_bytes(unit.receipt.to_json())
    big = tmp_path / "big.pdf"
    with big.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)

    def code(kind, text, **said):
        question = Question(kind, str(text))
        verdict = campaign.answer(verifier, question, campaign.bring(question, **said)).verdict
        return verdict.worst.code, verdict.conclusion.value, verdict.standing.value

    current = ("INDETERMINATE", "CURRENT")
    assert code(Kind.UNIT, unit.id)[1:] == current
    assert code(Kind.DIGEST, unit.sha256)[1:] == current
    assert code(Kind.RECEIPT, receipt)[1:] == current
    assert code(Kind.STDIN, "-", stdin=io.BytesIO(unit.pdf))[1:] == ("TOTAL_PASSED", "CURRENT")
    assert code(Kind.FILE, big)[0] == "intake.too_large"
    assert code(Kind.STDIN, "-", stdin=io.BytesIO(bytes(MAX_FILE_BYTES + 1)))[0] == "intake.too_large"
    assert code(Kind.FILE, tmp_path / "gone.pdf")[:2] == ("intake.unopened", "INDETERMINATE")
    receipt.write_bytes(b" " * 100_000)
    assert code(Kind.RECEIPT, receipt)[0] == "receipt.malformed"


def test_the_exit_status_tells_the_worst(world, folder, capsys):
    assert exit_status(run(world.verifier(), folder)) == 1
    (folder / "4.pdf").unlink()
    (folder / "5.pdf").unlink()
    assert exit_status(run(world.verifier(), folder)) == 0
    (folder / "6.pdf").write_bytes(world.issue(depth=1).pdf)
    assert exit_status(run(world.verifier(), folder)) == 2
    told = capsys.readouterr()
    assert "4 of 5 files are genuine and current." in told.out
    assert "hocba verify" in told.err


@pytest.mark.parametrize("form", [results.JsonLines("en"), results.Csv("en")], ids=["json", "csv"])
def test_machines_get_one_line_a_file_and_nothing_else(world, folder, capsys, form):
    run(world.verifier(), folder, form=form)
    told = capsys.readouterr().out
    rows = (
        [json.loads(line) for line in told.splitlines()] if not form.head else list(csv.DictReader(io.StringIO(told)))
    )
    assert [Path(row["file"]).name for row in rows] == [f"{number}.pdf" for number in range(6)]
    assert [row["standing"] for row in rows][-2:] == ["RECALLED", "UNKNOWN"]
    if form.head:
        assert set(rows[0]) == set(results.COLUMNS)
        assert rows[5]["code"] == "bytes.altered"


def test_what_an_earlier_moment_was_like_is_told_with_its_time(world, folder, capsys):
    then = NOW - dt.timedelta(days=2)
    tally = judge(
        world.verifier(at=then), campaign.questions([str(folder)])[0], Wanted("en"), believed=BELIEVED, now=NOW, at=then
    )
    assert tally.good == 5
    assert "at 31/05/2026 10:04 (+07:00), not today" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_killed_run_loses_the_file_in_hand_and_the_next_goes_on(world, folder, tmp_path, suffix):
    out = tmp_path / f"out.{suffix}"
    child = os.fork()
    if child == 0:
        verifier = Counting(world)
        verifier.stop_at, verifier.stop = 5, lambda: os.kill(os.getpid(), signal.SIGKILL)
        run(verifier, folder, out)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    had = len(lines(out))
    assert had >= 2
    with out.open("a") as file:  # What a power cut leaves of a line.
        file.write('{"file": "half' if suffix == "jsonl" else "half,TOTAL_PASSED,")
    verifier = Counting(world)
    tally = run(verifier, folder, out)
    assert (verifier.judged, tally.kept) == (6 - had, had)
    assert (tally.all, tally.good, tally.bad) == (6, 4, 2)
    assert [Path(row["file"]).name for row in lines(out)] == [f"{number}.pdf" for number in range(6)]


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@pytest.mark.parametrize("change", ["bytes", "receipt", "trust", "day", "moment"])
def test_nothing_is_taken_over_that_answers_another_question(world, folder, tmp_path, change, suffix):
    out = tmp_path / f"out.{suffix}"
    run(world.verifier(), folder, out)
    again = {}
    if change == "bytes":
        (folder / "1.pdf").write_bytes(b"%PDF- something else")
    elif change == "receipt":
        (folder / "1.receipt.json").write_bytes(b"{}")
    elif change == "trust":
        again["believed"] = results.believed(
            replace(TRUST, settings=TRUST.settings.model_copy(update={"signers": None})), at=None
        )
    elif change == "day":
        again["now"] = NOW + dt.timedelta(days=1, seconds=1)
    else:
        again["believed"] = results.believed(TRUST, at=NOW - dt.timedelta(days=2))
    verifier = Counting(world)
    run(verifier, folder, out, **again)
    assert verifier.judged == (1 if change in {"bytes", "receipt"} else 6)
    assert len(lines(out)) == 6
    assert {row["conclusion"] for row in lines(out) if row["file"].endswith("1.pdf")} == {
        "TOTAL_FAILED" if change == "bytes" else "TOTAL_PASSED"
    }


def test_what_could_not_be_found_out_is_asked_again(world, folder, tmp_path):
    out = tmp_path / "out.jsonl"
    world.chain_down = True
    run(world.verifier(), folder, out)
    world.chain_down = False
    verifier = Counting(world)
    tally = run(verifier, folder, out)
    assert (verifier.judged, tally.good, len(lines(out))) == (5, 4, 6)  # The forged one never got as far as the chain.


def test_a_file_that_holds_something_else_is_left_alone(world, folder, tmp_path):
    for name, text in {"a.jsonl": "dear diary\n", "b.csv": "a,b\n1,2\n", "c.jsonl": '{"x": 1}\n', "d.csv": "x"}.items():
        out = tmp_path / name
        out.write_text(text)
        with pytest.raises(results.NotResults):
            run(world.verifier(), folder, out)
        assert out.read_text() == text


def test_two_runs_do_not_write_to_one_file(tmp_path):
    out = tmp_path / "out.jsonl"
    with (
        results.Results(out, results.JsonLines("vi"), believed="", now=NOW),
        pytest.raises(results.InUse),
    ):
        results.Results(out, results.JsonLines("vi"), believed="", now=NOW)
    results.Results(out, results.JsonLines("vi"), believed="", now=NOW).close()


def test_files_are_not_begun_far_ahead_of_the_answers_taken():
    begun = []
    ends = campaign.in_order(begun.append, range(1_000), jobs=2)
    for _ in range(10):
        next(ends)
    assert len(begun) <= 10 + 2 * campaign.AHEAD_PER_JOB
    ends.close()
    assert list(campaign.in_order(lambda one: one * one, range(50), jobs=3)) == [one * one for one in range(50)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31/12/2025", "2025-12-31T16:59:59+00:00"),
        ("2025-12-31", "2025-12-31T16:59:59+00:00"),
        ("2025-12-31T08:00", "2025-12-31T01:00:00+00:00"),
        ("2025-12-31T08:00:30.5+02:00", "2025-12-31T06:00:30+00:00"),
        ("2025-12-31T08:00Z", "2025-12-31T08:00:00+00:00"),
    ],
)
def test_a_moment_is_vietnams_unless_it_says_otherwise(text, expected):
    assert moment(text, "en").astimezone(dt.UTC).isoformat() == expected


def test_today_is_now_and_the_future_is_refused(capsys):
    now = dt.datetime.now(dt.UTC)
    assert moment(str(now.astimezone(VIETNAM).date()), "en") - now < dt.timedelta(minutes=1)
    for text in ("2999-01-01T00:00", "2999-01-01", "01/01/2999", "yesterday", "31/02/2026", "1/2"):
        with pytest.raises(Exit) as refused:
            moment(text, "en")
        assert refused.value.exit_code == 3
    assert moment("", "en") is None


def test_with_a_file_of_results_the_table_holds_what_is_not_good(world, folder, tmp_path, capsys):
    run(world.verifier(), folder, tmp_path / "out.jsonl")
    shown = capsys.readouterr().out
    assert ("bytes.altered" in shown, "✗ not valid" in shown, shown.count("✓ genuine")) == (
        True,
        True,
        1,
    )  # The recalled one.
