# SPDX-License-Identifier: Apache-2.0

"""The same bytes are looked into once; whatever else a verdict rests on is asked anew, and nothing stale is believed."""

import datetime as dt
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ledger.chain.registry import RecallReason
from ledger.web.languages import told
from tests.simulators.issuing_world import NOW, TRUST, World
from verifier_api import examined
from verifier_api.errors import VerifierError
from verifier_api.examination import ClaimedLine, Examination, FileKind
from verifier_api.examined import KeptExaminations, Remembering
from verifier_api.intake import Exhausted
from verifier_api.judgements import RevocationKnown, SignatureJudgement
from verifier_api.root_tokens import asked
from verifier_api.trust import Anchors
from verifier_api.verdict import Check, Outcome, Standing
from verifier_api.verifier import Verifier

ROOT = Path(examined.__file__).parents[1]
EARLIER = NOW - dt.timedelta(days=3)


class Office:
    """Somebody who judges a world's files over and over, and keeps what was seen."""

    def __init__(self, path, *, believed="anchors", now=EARLIER):
        self.world, self.examined = World(), []
        self.kept = KeptExaminations(path, believed=believed, now=lambda: now)

    def verify(self, data):
        verifier = Verifier.live(
            trust=TRUST, issued=self.world, registry=self.world, examiner=Remembering(self, self.kept), now=lambda: NOW
        )
        return verifier.verify_and_read(data)

    def examine(self, data):
        self.examined.append(data)
        return self.world.verifier()._examiner.examine(data)

    def stands(self):
        return True


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path / "seen")
    yield office
    office.kept.close()


def test_the_same_bytes_are_looked_into_once_and_the_verdict_says_so(office):
    unit = office.world.issue()
    (first, record), (second, again) = office.verify(unit.pdf), office.verify(unit.pdf)
    assert office.examined == [unit.pdf]
    assert first.good
    assert second.good
    assert again == record is not None
    assert second.finding(Check.INTAKE).code == "intake.seen_before"
    assert told(EARLIER) in second.finding(Check.INTAKE).vi
    rest = [[found for found in one.findings if found.check is not Check.INTAKE] for one in (first, second)]
    assert rest[0] == rest[1]
    assert first.signatures == second.signatures


def test_a_recall_since_then_shows(office):
    unit = office.world.issue()
    assert office.verify(unit.pdf)[0].good
    office.world.recall(unit, reason=RecallReason.FRAUD)
    verdict, record = office.verify(unit.pdf)
    assert (verdict.standing, record, len(office.examined)) == (Standing.RECALLED, None, 1)


def test_what_the_chain_cannot_say_now_is_not_known_although_the_file_is(office):
    unit = office.world.issue()
    assert office.verify(unit.pdf)[0].good
    office.world.chain_down = True
    assert office.verify(unit.pdf)[0].standing is Standing.UNKNOWN


def test_other_bytes_are_examined(office):
    unit = office.world.issue()
    office.verify(unit.pdf)
    assert not office.verify(office.world.forged(unit))[0].good
    assert len(office.examined) == 2


def test_by_other_roots_or_newer_revocation_data_it_is_examined_anew(tmp_path):
    one, other = Office(tmp_path / "seen"), Office(tmp_path / "seen", believed="other anchors")
    unit = one.world.issue()
    other.world = one.world
    one.verify(unit.pdf)
    other.verify(unit.pdf)
    assert len(other.examined) == 1


def test_by_another_version_of_the_program_it_is_examined_anew(tmp_path, monkeypatch):
    one = Office(tmp_path / "seen")
    unit = one.world.issue()
    one.verify(unit.pdf)
    monkeypatch.setattr(examined, "program", lambda: "newer")
    newer = Office(tmp_path / "seen")
    newer.world = one.world
    newer.verify(unit.pdf)
    assert len(newer.examined) == 1


def test_the_program_is_all_that_looks_into_files():
    names = {str(source.relative_to(ROOT)) for source in examined.sources()}
    assert {
        "verifier_api/signatures.py",
        "verifier_api/findings/kind.py",
        "ledger/record/xml/parsing.py",
        "ledger/proof/manifest.py",
        "ledger/unit.py",
    } <= names


@pytest.mark.parametrize("doubtful", [{"outcome": Outcome.UNKNOWN, "trusted": False}, {"outcome": Outcome.FAILED}])
def test_what_another_day_may_change_is_not_kept(office, doubtful):
    unit = office.world.issue()
    seen = office.world.seen[unit.pdf]
    office.world.seen[unit.pdf] = replace(
        seen, signatures=(*seen.signatures[:2], replace(seen.signatures[2], **doubtful))
    )
    assert not office.verify(unit.pdf)[0].good  # The computer's clock stood still, say.
    office.world.seen[unit.pdf] = seen
    assert office.verify(unit.pdf)[0].good
    assert len(office.examined) == 2


def test_tokens_are_looked_into_as_of_today(office):
    row = asked(bytes(32), [b"token"])
    for _ in range(2):
        Remembering(office, office.kept).examine(row)
    assert len(office.examined) == 2


def test_where_nothing_can_be_kept_files_are_judged_all_the_same(office):
    unit = office.world.issue()
    office.kept._database.execute("PRAGMA query_only = ON")
    assert all(office.verify(unit.pdf)[0].good for _ in range(2))
    office.kept._database.execute("PRAGMA query_only = OFF")
    office.kept._database.execute("DROP TABLE examination")
    assert office.verify(unit.pdf)[0].good
    assert len(office.examined) == 3


def test_what_could_not_be_finished_is_not_kept(office):
    for _ in range(2):
        with pytest.raises(Exhausted):
            Remembering(office, office.kept).examine(b"%PDF bomb")
    assert len(office.examined) == 2


@pytest.mark.parametrize("spoilt", [b"", b"not compressed", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_torn_entry_is_examined_again(office, tmp_path, spoilt):
    unit = office.world.issue()
    office.verify(unit.pdf)
    with sqlite3.connect(tmp_path / "seen") as database:
        database.execute("UPDATE examination SET seen = ?", (spoilt,))
    assert office.verify(unit.pdf)[0].good
    assert len(office.examined) == 2


def test_it_is_its_owners_alone(office, tmp_path):
    assert stat.S_IMODE((tmp_path / "seen").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"%PDF-1.7 somebody's", "sqlite"])
def test_a_file_that_is_something_else_is_left_alone(tmp_path, content):
    path = tmp_path / "theirs"
    if content == "sqlite":
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE theirs (x)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(VerifierError, match="theirs"):
        KeptExaminations(path, believed="", now=lambda: NOW)
    assert path.read_bytes() == before


@pytest.mark.parametrize("change", ["roots", "intermediates", "crls", "ocsps"])
def test_all_that_is_believed_is_in_the_digest_of_the_anchors(change):
    anchors = Anchors(roots={"a": (b"1",)})
    other = {"a": (b"2",)} if change == "roots" else (b"1",)
    assert replace(anchors, **{change: other}).sha256() != anchors.sha256()


def test_a_list_moved_from_one_kind_to_another_is_another_set():
    digests = {Anchors(roots={}, **{kind: (b"1",)}).sha256() for kind in ("intermediates", "crls", "ocsps")}
    assert len(digests) == 3


def moments():
    return st.datetimes(
        min_value=dt.datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis wants it so
        timezones=st.just(dt.UTC),
    )


JUDGEMENTS = st.builds(
    SignatureJudgement,
    claimed_at=st.none() | moments(),
    timestamped_at=st.none() | moments(),
    revoked_at=st.none() | moments(),
    certificate_ends=st.none() | moments(),
    known=st.none() | st.builds(RevocationKnown, as_of=moments(), until=st.none() | moments()),
)


@settings(max_examples=50)
@given(
    st.builds(
        Examination,
        kind=st.sampled_from(FileKind),
        signatures=st.lists(JUDGEMENTS, max_size=2).map(tuple),
        timestamps=st.lists(JUDGEMENTS, max_size=1).map(tuple),
        record=st.none() | st.binary(max_size=99),
        claimed_units=st.none() | st.lists(st.tuples(st.uuids(), st.text(max_size=5)), max_size=2).map(tuple),
        claimed_lines=st.none() | st.lists(st.builds(ClaimedLine), max_size=2).map(tuple),
        seen_at=st.none(),
    )
)
def test_what_was_seen_comes_back_as_it_was(seen):
    adapter = TypeAdapter(Examination)
    assert adapter.validate_json(adapter.dump_json(seen)) == seen
