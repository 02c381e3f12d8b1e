# SPDX-License-Identifier: Apache-2.0

"""The contract does what the reference model does, over random histories.

After each act both have emitted the same events, or refused with the same error and the same values; in the end every question
gets the same answer, for every second that something happened in, the one before and the one after.
"""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, event, given, settings
from registry_cast import AUTHORITY, STRANGER
from registry_histories import histories
from registry_paths import PATHS, paths_of
from registry_twins import Act, Twins, compiled
from simulators.registry_conditions import ADMIN_ROLE, Refused

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=220, derandomize=True)
A_FEW = 4
NOW_AND_THEN = 25
"""After so many steps everything is compared once before the end."""


def live(told: tuple[int, list[Act]], compare: Callable[[Twins], None]) -> tuple[Twins, Counter[tuple[str, str]]]:
    """Carries out a history and compares at its end; returns the twins, and how often each function did what."""
    delay, acts = told
    twins, outcomes = Twins(hand_over_delay=delay), Counter[tuple[str, str]]()
    for number, act in enumerate(acts, 1):
        outcome = twins.do(act)
        outcomes[act.function, outcome.name if isinstance(outcome, Refused) else "done"] += 1
        if number == NOW_AND_THEN:
            compare(twins)
    compare(twins)
    return twins, outcomes


def test_the_contract_does_what_the_model_does():
    @QUICK
    @given(told=histories(steps=60))
    def agrees(told):
        twins, _ = live(told, lambda twins: twins.compare(twins.model.past))
        for path in paths_of(twins.model):
            event(path)

    agrees()


@pytest.mark.slow
def test_the_contract_does_what_the_model_does_on_every_path():
    went, outcomes = Counter[str](), Counter[tuple[str, str]]()

    @THOROUGH
    @given(told=histories(steps=70))
    def agrees(told):
        twins, seen = live(told, lambda twins: twins.compare(twins.model.past))
        outcomes.update(seen)
        for path in paths_of(twins.model):
            went[path] += 1
            event(path)

    agrees()
    never = PATHS - {path for path, times in went.items() if times > 1}
    assert not never
    done = sum(times for (_, what), times in outcomes.items() if what == "done")
    assert done > outcomes.total() / 2
    # Chance may leave one or another out; the contract's own tests meet each of them by name.
    never_refused = refusals() - {what for _, what in outcomes}
    assert len(never_refused) < A_FEW, never_refused


def refusals() -> set[str]:
    """Every error of the registry itself that a history can meet; pyrevm has gas for everything."""
    names = {each["name"] for each in compiled()["abi"] if each["type"] == "error"}
    return {each for each in names if not each.startswith(("AccessControl", "ECDSA", "SafeCast"))} - {"NotEnoughGas"}


@pytest.mark.parametrize("function", ["grantRole", "revokeRole"])
@pytest.mark.parametrize("sender", [AUTHORITY, STRANGER])
def test_nobody_is_made_or_unmade_the_authority_but_by_a_hand_over(function, sender):
    twins = Twins(hand_over_delay=0)
    with pytest.raises(Refused) as caught:
        twins.contract.act(sender, function, ADMIN_ROLE, STRANGER if function == "grantRole" else AUTHORITY)
    assert caught.value == Refused("AccessControlEnforcedDefaultAdminRules")
