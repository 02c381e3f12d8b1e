# SPDX-License-Identifier: Apache-2.0

"""The contract's log is enough: from the events of a random history alone, everything it can be asked is rebuilt, for any time.

An auditor with nothing but a node thus knows what the registry knows. The one thing the log leaves out is the delay of
hand-overs that the registry is created with, an argument of its creation; each hand-over tells from when it can be accepted.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from registry_histories import histories
from registry_twins import Twins
from simulators.registry_replay import Replay

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def rebuilt(twins: Twins) -> None:
    twins.compare(lambda time: Replay(logged for logged in twins.log if logged.time <= time))


def is_rebuilt(told) -> None:
    delay, acts = told
    twins = Twins(hand_over_delay=delay)
    for act in acts:
        twins.do(act)
    rebuilt(twins)


def test_the_log_alone_tells_everything():
    @QUICK
    @given(told=histories(steps=60))
    def agrees(told):
        is_rebuilt(told)

    agrees()


@pytest.mark.slow
def test_the_log_alone_tells_everything_of_many_histories():
    @settings(QUICK, max_examples=150)
    @given(told=histories(steps=70))
    def agrees(told):
        is_rebuilt(told)

    agrees()
