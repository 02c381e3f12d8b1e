# SPDX-License-Identifier: Apache-2.0

"""A released template draws what it drew: a unit that was signed years ago is printed again to the last byte.

The table holds, for each template, the SHA-256 of a fixed paper with its streams unpacked (so that a new zlib changes
nothing). A row is never changed: when one no longer matches, a template, one of its parts, a font or the typesetter has
changed, and papers signed before could not be printed again. A new look is a new template, with a row of its own.
"""

import hashlib
import io
from pathlib import Path

import pikepdf
import pytest
from paper_sample import FORMS, confirmation, crowded_unit, print_out, unit

from ledger.paper import render
from ledger.paper.errors import TypesettingFailed
from ledger.paper.typesetter import TEMPLATES
from ledger.record.subjects import Level

DRAWN = {
    ("unit_thcs_v1.typ", "usual"): "90fdfcd8356db982431d0dd994c43859becfe197adfe980b2648e8d2a25717d5",
    ("unit_thcs_v1.typ", "crowded"): "5dbc8af01c9898ce3d6feedaa309eb96bd8242a05df6a598e946a35bdd59dd3d",
    ("unit_primary_v1.typ", "usual"): "a02eac85930e4f9dc6773493e1970bea9afa3825aef381a6d1334ac6908a2129",
    ("unit_secondary_v2.typ", "usual"): "f84ca8e73cfa4cf05d9f9a293c9f323ab94f2ec214b1525c227fa4c3de93be8e",
    ("unit_secondary_v2.typ", "upper"): "de3fe41543d06dfcc7f23d6736d44a7c28cfd0c8e505e0e471477fa04b68a52f",
    ("booklet_v1.typ", "usual"): "3b6ce965d6bfc2423b175128722953f99f83bfa4a9c370ddf31250a3bf736adc",
    ("confirmation_v1.typ", "usual"): "0a31cdd7662e4cf9bf0df24ea17cbd39695da6d388ec9a22fe6772cdd4b9481e",
}

CONTENTS = {
    ("unit_thcs_v1.typ", "usual"): unit,
    ("unit_thcs_v1.typ", "crowded"): crowded_unit,
    ("unit_primary_v1.typ", "usual"): FORMS["primary"],
    ("unit_secondary_v2.typ", "usual"): unit,
    ("unit_secondary_v2.typ", "upper"): FORMS["upper-secondary"],
    ("booklet_v1.typ", "usual"): FORMS["booklet"],
    ("confirmation_v1.typ", "usual"): confirmation,
}


def unpacked(pdf):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(
            out,
            deterministic_id=True,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            preserve_pdfa=True,
        )
    return out.getvalue()


@pytest.mark.parametrize("drawn", DRAWN, ids="-".join)
def test_a_released_template_draws_what_it_drew(drawn):
    paper = print_out(CONTENTS[drawn](), template=drawn[0])
    assert hashlib.sha256(unpacked(paper)).hexdigest() == DRAWN[drawn]


def test_every_template_of_a_paper_has_its_row():
    papers = {path.name for path in Path(TEMPLATES).glob("*.typ")} - {"stamp_v1.typ", "parts_v2.typ", "parts_v3.typ"}
    assert papers == {template for template, _ in DRAWN}
    assert set(render.TEMPLATES.values()) | {render.BOOKLET, render.UNIT_THCS_V1, render.CONFIRMATION} == papers


def test_every_level_has_a_form():
    assert set(render.TEMPLATES) == set(Level)


def test_the_newest_template_is_used_unless_another_is_named():
    assert print_out(unit()) == print_out(unit(), template=render.TEMPLATES[Level.THCS])
    assert print_out(unit()) != print_out(unit(), template=render.UNIT_THCS_V1)


def test_an_unknown_template_is_refused():
    with pytest.raises(TypesettingFailed):
        print_out(unit(), template="unit_thcs_v0.typ")
