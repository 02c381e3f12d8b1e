# SPDX-License-Identifier: Apache-2.0

"""Which paths a history went: what a comparison has not tried once, it has not compared.

The names are what a test of random histories counts, and what it asks for by name at its end.
"""

from collections.abc import Iterator

from simulators.registry_facts import (
    NOBODY,
    ZERO,
    ApprovalGiven,
    AuthorityTaken,
    BatchAnchored,
    CompromiseReported,
    KeysTaken,
    ProposalEnded,
    RecallAnnulled,
    Recaller,
    RecallMade,
    RecallRequest,
    Record,
    ReplacementNamed,
    StandingTaken,
)
from simulators.registry_model import RegistryModel
from simulators.registry_past import Past

PATHS = {
    "a recall that was approved",
    "a recall by the successor",
    "a recall by the authority",
    "a record that was recalled twice",
    "a replacement named with the recall",
    "a replacement named later",
    "a replacement of the successor",
    "an annulment",
    "an annulment of a recall with a replacement",
    "an annulment by the authority alone",
    "an annulment that closed an approval",
    "keys changed twice",
    "an objection",
    "a second successor",
    "a compromise that was withdrawn",
    "an anchor in doubt",
    "a recall in doubt",
    "a replacement in doubt",
    "a batch that came late",
    "a hand-over",
    "an authority that gave up",
}


def paths_of(model: RegistryModel) -> set[str]:
    """The paths that a history went."""
    past = model.past()
    return {*_recalls(past), *_annulments(past), *_schools(past), *_statuses(past)}


def _recalls(past: Past) -> Iterator[str]:
    made = past.all(RecallMade)
    named = past.all(ReplacementNamed)
    times = {(each.record, each.time) for each in made}
    tests = {
        "a recall that was approved": any(each.approved_at for each in made),
        "a recall by the successor": any(each.actor.by == Recaller.SUCCESSOR for each in made),
        "a recall by the authority": any(each.actor.by == Recaller.AUTHORITY for each in made),
        "a record that was recalled twice": len(made) > len({each.record for each in made}),
        "a replacement named with the recall": any((each.record, each.time) in times for each in named),
        "a replacement named later": any((each.record, each.time) not in times for each in named),
        "a replacement of the successor": any(each.replacement.school != each.record.school for each in named),
    }
    yield from (name for name, holds in tests.items() if holds)


def _annulments(past: Past) -> Iterator[str]:
    for place, fact in enumerate(past.facts):
        if not isinstance(fact, RecallAnnulled):
            continue
        before = Past(past.facts[:place])
        made, named = before.recall(fact.record) or (None, None)
        yield "an annulment"
        if named:
            yield "an annulment of a recall with a replacement"
        if made and made.actor.by == Recaller.AUTHORITY:
            yield "an annulment by the authority alone"
        requests = {each.request for each in before.all(ApprovalGiven, school=fact.record.school)}
        about = {each for each in requests if Record(fact.record.school, each.root, each.entry) == fact.record}
        if any(before.approved_at(fact.record.school, each) for each in about - {RecallRequest(*fact.record[1:])}):
            yield "an annulment that closed an approval"


def _schools(past: Past) -> Iterator[str]:
    standings = past.all(StandingTaken)
    authorities = past.all(AuthorityTaken)
    tests = {
        "keys changed twice": any(each.version > 2 for each in past.all(KeysTaken)),
        "an objection": any(each.contested for each in past.all(ProposalEnded)),
        "a second successor": any(
            each.successor != ZERO and before.successor not in {ZERO, each.successor} and before.school == each.school
            for place, each in enumerate(standings)
            for before in standings[:place]
        ),
        "a compromise that was withdrawn": any(each.since == 0 for each in past.all(CompromiseReported)),
        "a hand-over": len(authorities) > 1 and any(each.account != NOBODY for each in authorities[1:]),
        "an authority that gave up": authorities[-1].account == NOBODY,
    }
    yield from (name for name, holds in tests.items() if holds)


def _statuses(past: Past) -> Iterator[str]:
    recalled = {each.record for each in past.all(RecallMade)}
    anchored = {Record(each.school, each.root, ZERO) for each in past.all(BatchAnchored)}
    for record in recalled | anchored:
        status = past.status(record, ())
        tests = {
            "an anchor in doubt": status.anchor_doubtful,
            "a recall in doubt": status.recall_doubtful,
            "a replacement in doubt": status.replacement_doubtful,
            "a batch that came late": status.late,
        }
        yield from (name for name, holds in tests.items() if holds)
