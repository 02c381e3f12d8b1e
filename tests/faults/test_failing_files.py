# SPDX-License-Identifier: Apache-2.0

"""A file store that is full, read-only or about to die, at whichever call: nothing half done, and the next try ends the same."""

import os
from dataclasses import replace

import pytest

from ledger.errors import CannotRead, CannotStore
from tests.simulators.failing_files import Ailment, FailingFiles
from tests.simulators.school_office import Office, corrected, counted, only

LATER_IDS = 1000
SHEET = only(0, 1)


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    return Office.opened(tmp_path_factory.mktemp("registered"))


@pytest.fixture(scope="module")
def drafts(registered, tmp_path_factory):
    office = registered.copied(tmp_path_factory.mktemp("drafts") / "office").reopened(new_id=counted())
    office.take_in(SHEET)
    return office


DEEDS = {
    "import": ("registered", lambda office: office.take_in(SHEET)),
    "import of a corrected sheet": ("drafts", lambda office: office.take_in(corrected(1, sheet=SHEET))),
    "preparing": ("drafts", lambda office: office.prepared(office.units()[0])),
}


def on_failing_files(office, **state):
    return replace(office.reopened(new_id=counted(LATER_IDS)), files=FailingFiles(office.folder / "files", **state))


@pytest.mark.parametrize("ailment", Ailment)
@pytest.mark.parametrize("deed", DEEDS)
def test_whichever_call_fails_nothing_is_half_done_and_the_next_try_ends_the_same(deed, ailment, request, tmp_path):
    name, do = DEEDS[deed]
    start = request.getfixturevalue(name)
    before = start.everything()
    whole = on_failing_files(start.copied(tmp_path / "whole"))
    do(whole)
    after = whole.everything()
    assert before != after
    failures = 0
    here = start.copied(tmp_path / "here")
    for call in range(1, len(whole.files.calls) + 1):
        office = on_failing_files(here, ailment=ailment, from_call=call)
        if ailment is not Ailment.BROKEN and "put" not in whole.files.calls[call - 1 :]:
            continue
        with pytest.raises((CannotStore, CannotRead), match=os.strerror(ailment.value)) as caught:
            do(office)
        assert ("hãy" in caught.value.vi, "then run this again" in caught.value.en) == (True, True)
        office.ledger.engine.dispose()
        failures += 1
        assert here.everything() == before
        here.assert_whole()
    assert failures
    office = on_failing_files(here)
    do(office)
    office.assert_whole()
    assert office.everything() == after


def test_what_a_full_store_took_is_used_when_there_is_room_again(drafts, tmp_path):
    """Files that no row names are not lost work: the same bytes are found under the same digest."""
    office = on_failing_files(drafts.copied(tmp_path / "office"), ailment=Ailment.FULL, from_call=3)
    with pytest.raises(CannotStore):
        office.prepared(office.units()[0])
    assert office.files.calls.count("put") == 2
    kept = set(office.files.digests())
    office.files.ailment = None
    office.prepared(office.units()[0])
    named = {file.sha256 for file in office.units()[0].files}
    assert named & kept
    assert named <= set(office.files.digests())
    office.assert_whole()
