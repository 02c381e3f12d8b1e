# SPDX-License-Identifier: Apache-2.0

"""The journal: each entry binds the one before, and no change of what was written goes unseen."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal import BEGINNING, Deed, Entry, breaks

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def written(count):
    """So many entries, each with its hash, as a ledger stores them."""
    told, previous = [], BEGINNING
    for seq in range(1, count + 1):
        detail = {"manifest": f"{seq:064x}", "listed": ["a", "b"], "n": seq, "nothing": None}
        entry = Entry(seq, NOON, "hocba", Deed.UNIT_ISSUED, f"unit {seq}", "lý do", detail, previous)
        previous = entry.digest()
        told.append((entry, previous))
    return told


def test_what_was_written_follows():
    assert list(breaks(written(5))) == []
    assert list(breaks([])) == []


CHANGES = {
    "when": {"at": NOON + timedelta(microseconds=1)},
    "who": {"who": "somebody"},
    "what": {"deed": Deed.UNIT_RECALLED},
    "to what": {"subject": "unit 9"},
    "why": {"why": "lý do khác"},
    "what it says": {"detail": {"manifest": "0" * 64}},
    "what went before": {"previous": b"\x01" * 32},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_entry_is_seen(change):
    told = written(4)
    told[1] = (replace(told[1][0], **change), told[1][1])
    assert {found.seq for found in breaks(told)} == {2}


def test_a_changed_entry_with_a_hash_made_to_fit_is_seen_at_the_next():
    told = written(4)
    forged = replace(told[1][0], why="khác")
    told[1] = (forged, forged.digest())
    assert [found.seq for found in breaks(told)] == [3]


@given(st.integers(1, 6), st.data())
def test_an_entry_that_is_missing_or_out_of_order_is_seen(count, data):
    told = written(count + 1)
    gone = data.draw(st.integers(0, count - 1))
    assert list(breaks(told[:gone] + told[gone + 1 :]))
    swapped = list(told)
    swapped[gone], swapped[gone + 1] = swapped[gone + 1], swapped[gone]
    assert list(breaks(swapped))


def test_the_hash_does_not_depend_on_the_zone_or_the_order_of_the_details():
    (entry, stored), *_ = written(1)
    hanoi = replace(entry, at=entry.at.astimezone(timezone(timedelta(hours=7))))
    turned = replace(hanoi, detail=dict(reversed(entry.detail.items())))
    assert turned.digest() == stored


def test_the_first_entry_of_a_format_has_this_hash_for_ever():
    """Computed by hand from the format's description; a change of it would disown every head that was published."""
    entry = Entry(1, NOON, "hocba", Deed.SCHOOL_REGISTERED, "school 79000501", "", {"seal": "ab"}, BEGINNING)

    text = (
        '{"at":"2026-06-01T12:00:00.000000+00:00","deed":"school-registered","detail":{"seal":"ab"},'
        '"format":"hocba-journal/1","previous":"'
        + "00" * 32
        + '","seq":1,"subject":"school 79000501","who":"hocba","why":""}'
    )
    assert entry.digest() == hashlib.sha256(text.encode()).digest()


def test_values_that_the_database_holds_never_change():
    assert {deed.value for deed in Deed} >= {
        "unit-issued",
        "batch-sealed",
        "batch-final",
        "unit-recalled",
        "year-locked",
    }
