# SPDX-License-Identifier: Apache-2.0

"""The manifest of a booklet: it lists units, each once, and a unit lists none."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from ledger.proof.errors import MalformedManifest
from ledger.proof.manifest import IssuedFile, ListedUnit, Manifest, ManifestSigner
from ledger.unit import BOOKLET, MOET, Role, UnitKind, profile_of

OWN, FIRST, SECOND = (UUID(int=number, version=4) for number in (1, 2, 3))
UNITS = (ListedUnit(id=FIRST, manifest_sha256="1a" * 32), ListedUnit(id=SECOND, manifest_sha256="2b" * 32))


def manifest(**changes):
    values = {
        "kind": "booklet",
        "id": OWN,
        "school": "79000501",
        "year": "2025-2026",
        "level": "THCS",
        "profile": BOOKLET.name,
        "record_sha256": "cc" * 32,
        "files": (IssuedFile(role="pdf", sha256="dd" * 32, size=9),),
        "signers": (ManifestSigner(role="KY_PHAT_HANH", cert_sha256="ee" * 32),),
        "units": UNITS,
    }
    return Manifest(**{**values, **changes})


def test_a_booklet_is_read_as_it_was_written():
    assert Manifest.parse(manifest().canonical()) == manifest()
    assert b'"units":[{"id":"00000000-0000-4000-8000-000000000002","manifest_sha256":"1a1a' in manifest().canonical()


def test_another_order_of_units_is_another_manifest():
    assert manifest(units=UNITS[::-1]).sha256() != manifest().sha256()


def test_the_manifest_of_a_unit_says_nothing_of_units():
    assert b"units" not in manifest(kind="unit", units=None).canonical()


@pytest.mark.parametrize(
    "changes",
    [
        {"units": None},
        {"units": ()},
        {"kind": "unit"},
        {"units": (UNITS[0], UNITS[0])},
        {"units": (UNITS[0], ListedUnit(id=FIRST, manifest_sha256="3c" * 32))},
        {"units": (ListedUnit(id=OWN, manifest_sha256="3c" * 32),)},
        {"units": tuple(ListedUnit(id=UUID(int=n, version=4), manifest_sha256="3c" * 32) for n in range(10, 27))},
    ],
    ids=["no units", "an empty list", "a unit with units", "twice", "twice, otherwise", "itself", "seventeen"],
)
def test_what_is_no_booklet_is_refused(changes):
    with pytest.raises(ValidationError):
        manifest(**changes)


def test_an_unknown_member_of_a_listed_unit_is_refused():
    spoilt = manifest().canonical().replace(b'"manifest_sha256":"1a', b'"marks":1,"manifest_sha256":"1a')
    with pytest.raises(MalformedManifest):
        Manifest.parse(spoilt)


def test_a_unit_does_not_pass_by_a_booklets_lighter_profile():
    assert profile_of(UnitKind.UNIT, BOOKLET.name) is None
    assert profile_of(UnitKind.BOOKLET, MOET.name) is None
    assert profile_of(UnitKind.BOOKLET, BOOKLET.name) is BOOKLET
    assert profile_of(UnitKind.UNIT, MOET.name) is MOET


def test_a_booklet_needs_the_schools_seal():
    assert not BOOKLET.complete([Role.PRINCIPAL])
    assert BOOKLET.complete([Role.SEAL])
    assert BOOKLET.complete([Role.PRINCIPAL, Role.SEAL])
    assert not BOOKLET.complete([Role.HOMEROOM, Role.SEAL])
