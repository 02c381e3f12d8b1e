# SPDX-License-Identifier: Apache-2.0

"""What jobs do to a class, with real keys and a real time-stamping authority: prepared, sealed, issued, renewed, verified."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import bagit
import pytest

from ledger.errors import UnknownSchool
from ledger.jobs.board import JobBoard
from ledger.jobs.job import ALREADY, DONE, JobState, Outcome, Told
from ledger.store.tables import FileRole
from ledger.unit import Role, Slot, UnitState
from scripts import workday
from scripts.bench.signing_school import signing_school
from scripts.compose import Ledger
from scripts.deeds import Deeds, NoSeal
from scripts.settings import SETTINGS_FILE, Settings
from scripts.sittings import LocalSitting
from signer.errors import SignerError
from tests.simulators.job_home import new_home, work

PUPILS = 2
PLANNED = "2026-05-31T08:00:00+07:00"


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deeds")
    with signing_school(folder, classes=1, pupils=PUPILS) as one:
        home, seal = one.ledger.settings.home, one.pki.identities[Role.SEAL]
        pin = home / "seal.pin"
        pin.write_text(f"{seal.passphrase}\n")
        code = one.classes[0].school_code
        with (home / SETTINGS_FILE).open("a") as settings:
            settings.write(
                f'[schools.{code}]\noperator = "none.json"\nseal = "{seal.pkcs12}"\nseal_pin_file = "seal.pin"\n'
            )
        yield replace(one, ledger=Ledger.open(Settings.load(home)))


def done(school, kind: str, order: dict[str, str]) -> dict[str, Outcome]:
    """A job of this kind, worked off: what became of each unit."""
    settings = school.ledger.settings
    with JobBoard.at(settings.jobs) as board:
        job_id = board.order(kind, order)
        work(settings.home)
        job = board.job(job_id)
        assert job.state is JobState.DONE, job
        return dict(board.outcomes(job_id))


def principal_signs(school) -> None:
    with school.crew() as crew:
        rounds = school.ledger.rounds(school.trust, crew)
        key = school.key(Role.PRINCIPAL)
        sitting = LocalSitting(
            school.ledger, rounds, school.classes[0], Slot(Role.PRINCIPAL), key, assigned=frozenset()
        )
        for step in (sitting.prepare, sitting.sign, sitting.finish):
            list(step()[1])


@pytest.mark.slow
def test_a_class_goes_from_drafts_to_issued_and_verified_records_by_jobs_and_one_signer(school, tmp_path):
    where = school.classes[0]
    order = {"school": where.school_code, "year": where.school_year, "class": where.class_name, "planned": PLANNED}
    assert set(done(school, "prepare", order).values()) == {DONE}
    # Nobody has signed: there is nothing to seal or to issue, and nothing is.
    assert done(school, "seal", order) == done(school, "issue", order) == {}
    principal_signs(school)
    assert list(done(school, "seal", order).values()) == [DONE] * PUPILS
    assert list(done(school, "issue", order).values()) == [DONE] * PUPILS
    issued = workday.units_of(school.ledger, where, UnitState.ISSUED)
    assert [unit.signed_roles for unit in issued] == [(Role.PRINCIPAL, Role.SEAL)] * PUPILS

    # What a worker that died before it could say so is asked for again.
    with Deeds(school.ledger) as deeds:
        for kind in ("prepare", "seal", "issue"):
            assert deeds.by_kind[kind].do(order, str(issued[0].id)) == ALREADY
        assert deeds.by_kind["retimestamp"].do({"before": datetime.now(UTC).isoformat()}, str(issued[0].id)) == ALREADY
        # The authority stamps with the certificate that stands in the file: nothing would be gained.
        ever = (datetime.now(UTC) + timedelta(days=36500)).isoformat()
        refused = deeds.by_kind["retimestamp"].do({"before": ever}, str(issued[0].id))
        assert (refused.told, bool(refused.vi)) == (Told.REFUSED, True)
        assert deeds.by_kind["retimestamp"].units({"before": ever}, "") == []
    assert workday.units_of(school.ledger, where, UnitState.ISSUED) == issued

    (tmp_path / "lop").mkdir()
    pdf = school.ledger.files.get(issued[0].file(FileRole.PDF).sha256)
    (tmp_path / "lop" / "a.pdf").write_bytes(pdf)
    (tmp_path / "b.pdf").write_bytes(pdf[:-100] + os.urandom(100))
    verdicts = done(school, "verify", {"folder": str(tmp_path)})
    assert set(verdicts) == {"b.pdf", "lop/a.pdf"}
    assert verdicts["lop/a.pdf"].detail["unit"] == str(issued[0].id)
    assert verdicts["b.pdf"].detail["unit"] is None


@pytest.mark.slow
def test_every_schools_archive_is_written_once_and_whole(school, tmp_path):
    order = {"folder": str(tmp_path / "out")}
    with Deeds(school.ledger) as deeds:
        deed = deeds.by_kind["export"]
        (code,) = deed.units(order, "")
        assert deed.do(order, code) == DONE
        assert bagit.Bag(str(tmp_path / "out" / code)).is_valid()
        assert deed.do(order, code) == ALREADY
        with pytest.raises(UnknownSchool):
            deed.units({**order, "school": "79000999"}, "")


@pytest.mark.slow
def test_a_seal_that_does_not_open_is_tried_once_and_every_unit_is_told_why(school):
    settings = school.ledger.settings
    code = school.classes[0].school_code
    wrong = settings.home / "wrong.pin"
    wrong.write_text("0000\n")
    schools = {code: settings.schools[code].model_copy(update={"seal_pin_file": wrong})}
    changed = replace(school.ledger, settings=settings.model_copy(update={"schools": schools}))
    with Deeds(changed) as deeds:
        with pytest.raises(SignerError) as first:
            deeds.seal(code)
        wrong.unlink()  # A second try would find no file.
        with pytest.raises(SignerError) as second:
            deeds.seal(code)
    assert second.value is first.value
    nobodys = replace(school.ledger, settings=settings.model_copy(update={"schools": {}}))
    with Deeds(nobodys) as deeds, pytest.raises(NoSeal):
        deeds.seal(code)


def test_two_workers_that_have_the_same_unit_in_hand_do_it_once(tmp_path):
    settings = new_home(tmp_path / "home", pupils=3)
    together, order = threading.Barrier(2), {"year": "2025-2026", "planned": PLANNED}

    def prepare() -> Outcome:
        with Deeds(Ledger.open(settings)) as deeds:
            deed = deeds.by_kind["prepare"]
            (school_code,) = deed.parts(order)
            first = deed.units(order, school_code)[0]
            together.wait(60)
            return deed.do(order, first)

    with ThreadPoolExecutor(2) as threads:
        both = [one.result() for one in [threads.submit(prepare), threads.submit(prepare)]]
    assert sorted(one.told for one in both) == ["already", "done"]
