# SPDX-License-Identifier: Apache-2.0

"""Sixty mutations of a genuine record through the real worker and verifier: nobody is fooled, nothing falls over.

Always the same ones; `python -m scripts.bench.fuzz --minutes 480` goes on where these end.
"""

import functools
import random

import attacked_school as world
import pytest

from scripts.bench.fuzz import Fooled, Fuzzing
from scripts.bench.mutations import MUTATIONS, WORDS, mutated
from verifier_api.examination import examine
from verifier_api.intake import IsolatedExaminer, UnsafeInProcessExaminer

QUESTIONS = 60


def fuzzing(examiner, **changes):
    paper, receipt, trust = world.genuine(), world.genuine_receipt(), world.trusting()
    parts = {
        "pdf": paper.pdf,
        "xml": paper.xml,
        "receipt": receipt,
        "trust": trust,
        "issued": world.Shelf(receipt),
        "registry": world.chain().registry,
        "examiner": examiner,
    }
    return Fuzzing(**{**parts, **changes})


def test_nobody_is_fooled_by_sixty_mutations():
    trust = world.trusting()
    with IsolatedExaminer(functools.partial(examine, anchors=trust.anchors), workers=1) as examiner:
        asked = fuzzing(examiner)
        for seed in range(QUESTIONS):
            asked.ask(seed)
    assert len(asked.seconds) == QUESTIONS
    assert {name.partition(" ")[0] for name in asked.seen} == {"pdf", "xml", "receipt", "code"}


class Gullible:
    """Looks into the genuine file, whatever it is shown."""

    def examine(self, data):  # noqa: ARG002 - that is the point
        return world.examiner(world.trusting()).examine(world.genuine().pdf)


def test_whoever_is_fooled_is_told():
    paper = world.genuine()
    asked = fuzzing(Gullible())
    for seed in range(12):
        asked.ask(seed)
    # Its digest betrays a changed file even where nothing else does; a worker that sees nothing is noticed by this.
    assert asked.clean
    unchanged = fuzzing(UnsafeInProcessExaminer(functools.partial(examine, anchors=world.trusting().anchors)))
    with pytest.raises(Fooled, match="passed"):
        unchanged._judge_file("pdf", "nothing", paper.pdf, brought=None, seed=0)


@pytest.mark.parametrize("kind", WORDS)
def test_a_mutation_is_made_again_from_its_seed_and_changes_something(kind):
    data, other = b"0123456789" * 40, b"abcdefghij" * 40
    names = set()
    for seed in range(300):
        name, changed = mutated(data, other, kind, random.Random(seed))
        assert (name, changed) == mutated(data, other, kind, random.Random(seed))
        assert changed not in (data, other)
        names |= set(name.split("+"))
    assert names == {mutation.__name__ for mutation in MUTATIONS}
