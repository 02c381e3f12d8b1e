# SPDX-License-Identifier: Apache-2.0

"""Renewing that dies, at whatever statement, file or timestamp: every paper still verifies, no file is lost, none done twice."""

import functools
import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.errors import UnknownFile
from ledger.jobs.job import ALREADY, DONE
from ledger.retimestamping import NotRenewed, Renewed, Retimestamping
from ledger.store.database import migrate
from ledger.store.errand_writer import NewLeaf
from ledger.store.files import FolderFiles
from ledger.store.reader import NewFile, School
from ledger.store.tables import FileRole
from ledger.unit import MOET, Slot, UnitState
from scripts.deeds import Renewing
from signer.errors import TimestampUnavailable
from tests.simulators.aging_pki import Years, now
from tests.simulators.databases import copy_folder
from tests.simulators.hands import Killed
from tests.simulators.kept_paper import DeskRenewer, KeptPaper, world
from tests.simulators.mortality import Fate, MortalFiles, mortal_statements
from tests.simulators.school_ledger import Draft, SchoolLedger, digest, new_file

WHEN, WITHIN = 2.9, timedelta(days=180)


@functools.cache
def papers() -> tuple[KeptPaper, ...]:
    years = Years()
    return KeptPaper.issued(0, years), KeptPaper.issued(1, years)


@functools.cache
def renewals() -> dict[str, bytes]:
    """Shared by all renewers, so that the same file is renewed to the same bytes and judged once."""
    return {}


@dataclass
class Archive:
    """A ledger with its files on disk, as one process sees it."""

    folder: Path
    fate: Fate = field(default_factory=Fate)

    @classmethod
    def issued(cls, folder: Path) -> "Archive":
        """Both papers, anchored, by a version that did not note ends yet."""
        archive = cls(folder)
        ledger, code, kept = archive.ledger, world.CODE, papers()
        migrate(ledger.engine)
        seal = kept[0].years.people["KY_PHAT_HANH"].certificate_sha256.hex()
        ledger.writer.register_school(School(code, "Trường", "Sở", MOET.name, "0x" + "11" * 20, seal))
        drafts = [
            Draft(one.paper.unit_id, f"{n:010d}", n, one.paper.record_sha256, digest("source", n))
            for n, one in enumerate(kept, 1)
        ]
        ledger.import_class(drafts, school_code=code, school_year=world.YEAR)
        for one in kept:
            archive._issue(one)
        leaves = [
            NewLeaf(one.paper.unit_id, hashlib.sha256(one.receipt.to_json()).digest(), one.receipt.to_json())
            for one in kept
        ]
        ledger.errand_writer.seal_batch(
            school_code=code, school_year=world.YEAR, root=kept[0].receipt.root_bytes, leaves=leaves
        )
        with ledger.engine.begin() as connection:
            connection.execute(text("UPDATE batch SET state = 'final'"))
            connection.execute(text("UPDATE unit SET state = 'anchored'"))
        return archive

    def _issue(self, one: KeptPaper) -> None:
        ledger, unit = self.ledger, self.ledger.reader.unit(one.paper.unit_id)
        ledger.opened(unit)
        for role, certificate in one.paper.signers:
            unit = ledger.reader.unit(unit.id)
            last = role is world.SEAL
            ledger.writer.add_signature(
                unit.id,
                slot=Slot(role),
                position=len(unit.signatures),
                cert_sha256=certificate,
                signed_at=now(),
                replaced={kind: unit.file(kind).sha256 for kind in FileRole},
                pdf=new_file("pdf", unit.id, role),
                xml=self.kept(one.paper.xml) if last else new_file("xml", unit.id, role),
            )
        unit = ledger.reader.unit(unit.id)
        ledger.writer.issue(
            unit.id,
            manifest=one.receipt.manifest.canonical(),
            replaced={kind: unit.file(kind).sha256 for kind in FileRole},
            pdf=self.kept(one.paper.pdf),
            xml=self.kept(one.paper.xml),
        )

    def kept(self, data: bytes) -> NewFile:
        return NewFile(self.files.put(data), len(data))

    def copied(self, folder: Path, fate: Fate | None = None) -> "Archive":
        self.ledger.engine.dispose()
        copy_folder(self.folder, folder, database="ledger.db")
        return Archive(folder, fate or Fate())

    def reopened(self, fate: Fate | None = None) -> "Archive":
        return Archive(self.folder, fate or Fate())

    @cached_property
    def ledger(self) -> SchoolLedger:
        self.folder.mkdir(exist_ok=True)
        ledger = SchoolLedger(self.folder / "ledger.db", self.fate)
        mortal_statements(ledger.engine, self.fate)
        return ledger

    @cached_property
    def files(self) -> FolderFiles:
        return MortalFiles(self.folder / "files", self.fate)

    def run(self, **renewer) -> list[Renewed | NotRenewed]:
        """What the command does, one day in the third year."""
        years = papers()[0].years
        keeping = Retimestamping(self.ledger.reader, self.ledger.writer, self.files)
        desk = DeskRenewer(years, self.fate, made=renewals(), **renewer)
        with years.at(WHEN):
            until = desk.lasting_until()
            looked = [one for one in keeping.look(keeping.unlooked()) if isinstance(one, NotRenewed)]
            due = keeping.due(ending_before=now() + WITHIN, lasting_until=until)
            return [*looked, *keeping.renew(desk, due.papers)]

    def units(self):
        return [self.ledger.reader.unit(one.paper.unit_id) for one in papers()]

    def assert_whole(self) -> None:
        """Whatever happened: both papers verify, in the form that was issued and in the newest, and are found by either."""
        for one, unit in zip(papers(), self.units(), strict=True):
            newest = self.files.get(unit.file(FileRole.PDF).sha256)
            assert unit.state is UnitState.ANCHORED
            assert unit.manifest == one.receipt.manifest.canonical()
            assert newest.startswith(one.paper.pdf)
            for data in (one.paper.pdf, newest):
                entry = self.ledger.reader.receipt_of_file(hashlib.sha256(data).hexdigest())
                assert (entry.unit_id, entry.final, entry.renewed) == (unit.id, True, data != one.paper.pdf)
                assert self.files.get(hashlib.sha256(data).hexdigest()) == data
                assert conclusion(one.paper.unit_id, data, self) is world.PASSED


_conclusions = {}


def conclusion(unit_id, data, archive):
    """The verdict by way of this ledger; a file whose entry is the same is judged once."""
    key = (unit_id, hashlib.sha256(data).hexdigest())
    if key not in _conclusions:
        kept = next(one for one in papers() if one.paper.unit_id == unit_id)
        reader = archive.reopened().ledger.reader
        _conclusions[key] = kept.verdict(WHEN + 0.01, file=data, issued=reader).conclusion
    return _conclusions[key]


@pytest.fixture(scope="module")
def anchored(tmp_path_factory) -> Archive:
    return Archive.issued(tmp_path_factory.mktemp("anchored") / "home")


def twice(archive) -> list[int]:
    """How many document timestamps each paper has."""
    return [archive.files.get(unit.file(FileRole.PDF).sha256).count(b"/DocTimeStamp") for unit in archive.units()]


@pytest.mark.slow
def test_dying_anywhere_loses_nothing_and_the_next_run_does_the_rest(anchored, tmp_path):
    folders = (tmp_path / str(number) for number in itertools.count())
    steps = Fate()
    anchored.copied(next(folders), steps).run()
    assert len(steps.log) > 20
    for step in range(1, len(steps.log) + 1):
        dying = anchored.copied(next(folders), Fate(dies_at=step))
        with pytest.raises(Killed):
            dying.run()
        archive = dying.reopened()
        archive.assert_whole()
        done = twice(archive).count(2)
        answers = archive.run()
        assert len(answers) == 2 - done, steps.log[step - 1]
        assert all(isinstance(answer, Renewed) for answer in answers)
        archive.assert_whole()
        assert twice(archive) == [2, 2]
        assert archive.run() == []


def test_what_fails_for_one_paper_is_named_and_the_other_is_renewed(anchored, tmp_path):
    archive = anchored.copied(tmp_path / "home")
    first = papers()[0].paper
    error = TimestampUnavailable("Máy chủ không trả lời.", "The authority did not answer.")
    answers = archive.run(fails={hashlib.sha256(first.pdf).hexdigest(): error})
    failed, renewed = sorted(answers, key=lambda one: isinstance(one, Renewed))
    assert (failed.unit_id, failed.vi) == (first.unit_id, error.vi)
    assert renewed.unit_id == papers()[1].paper.unit_id
    archive.assert_whole()
    (again,) = archive.run()
    assert (again.unit_id, twice(archive)) == (first.unit_id, [2, 2])


def test_a_file_that_is_not_on_disk_is_named_and_the_other_is_renewed(anchored, tmp_path):
    archive = anchored.copied(tmp_path / "home")
    first = papers()[0].paper
    sha256 = hashlib.sha256(first.pdf).hexdigest()
    archive.ledger.writer.note_archive_end(first.unit_id, pdf=sha256, archive_ends=now())
    (archive.folder / "files" / sha256[:2] / sha256).unlink()
    failed, renewed = sorted(archive.run(), key=lambda one: isinstance(one, Renewed))
    assert (failed.unit_id, failed.vi) == (first.unit_id, UnknownFile(sha256).vi)
    assert renewed.unit_id == papers()[1].paper.unit_id


@pytest.mark.parametrize("spoiled", [lambda pdf: pdf[:-1], lambda pdf: pdf + b"\n", lambda _: b"%PDF-1.7"])
def test_what_comes_back_otherwise_than_renewed_is_not_stored(anchored, tmp_path, spoiled):
    archive = anchored.copied(tmp_path / "home")
    before = archive.units()
    answers = archive.run(spoils={hashlib.sha256(o.paper.pdf).hexdigest(): spoiled(o.paper.pdf) for o in papers()})
    assert [type(answer) for answer in answers] == [NotRenewed, NotRenewed]
    assert archive.units() == before


def test_another_papers_renewal_is_not_stored(anchored, tmp_path):
    archive = anchored.copied(tmp_path / "home")
    before = archive.units()
    anchored.copied(tmp_path / "other").run()
    first, second = (hashlib.sha256(one.paper.pdf).hexdigest() for one in papers())
    answers = archive.run(spoils={first: renewals()[second], second: renewals()[first]})
    assert [type(answer) for answer in answers] == [NotRenewed, NotRenewed]
    assert archive.units() == before


def test_a_timestamp_that_gains_nothing_is_not_kept(anchored, tmp_path):
    """The authority says one thing and stamps with its old certificate."""
    archive, years = anchored.copied(tmp_path / "home"), papers()[0].years
    with years.at(1):
        same = years.renewed(papers()[0].paper.pdf, term=0)
    answers = archive.run(spoils={hashlib.sha256(papers()[0].paper.pdf).hexdigest(): same})
    (failed,) = [answer for answer in answers if isinstance(answer, NotRenewed)]
    assert "lâu hơn" in failed.vi
    archive.assert_whole()


def test_two_at_once_renew_each_paper_once(anchored, tmp_path):
    archive = anchored.copied(tmp_path / "home")

    class Overtaken(FolderFiles):
        """Somebody else runs the command while this one has its first renewed file in hand."""

        def put(self, data: bytes) -> str:
            if not hasattr(self, "done"):
                self.done = archive.reopened().run()
            return super().put(data)

    archive.files = Overtaken(archive.folder / "files")
    answers = archive.run()
    assert [type(answer) for answer in answers] == [NotRenewed, NotRenewed]
    assert [type(answer) for answer in archive.files.done] == [Renewed, Renewed]
    archive = archive.reopened()
    archive.assert_whole()
    assert twice(archive) == [2, 2]


def test_what_is_not_near_its_end_or_would_gain_nothing_is_left(anchored, tmp_path):
    archive, years = anchored.copied(tmp_path / "home"), papers()[0].years
    keeping = Retimestamping(archive.ledger.reader, archive.ledger.writer, archive.files)
    with years.at(1):
        list(keeping.look(keeping.unlooked()))
        until = DeskRenewer(years).lasting_until()
        assert keeping.due(ending_before=now() + WITHIN, lasting_until=until).papers == ()
        later = keeping.due(ending_before=now() + timedelta(days=3000), lasting_until=until)
    assert (len(later.papers), len(later.waiting)) == (0, 2)


def test_a_job_renews_each_paper_once_and_finds_it_done_when_asked_again(anchored, tmp_path):
    archive, years = anchored.copied(tmp_path / "home"), papers()[0].years
    reader, writer, files = archive.ledger.reader, archive.ledger.writer, archive.files
    deed = Renewing(reader, writer, files, renewer=lambda: DeskRenewer(years, archive.fate, made=renewals()))
    with years.at(WHEN):
        order = {"before": (now() + WITHIN).isoformat()}
        (part,) = deed.parts(order)
        units = deed.units(order, part)
        assert [deed.do(order, unit) for unit in units] == [DONE, DONE]
        assert [deed.do(order, unit) for unit in units] == [ALREADY, ALREADY]
        assert deed.units(order, part) == []
    archive.assert_whole()
    assert twice(archive) == [2, 2]
