# SPDX-License-Identifier: Apache-2.0

"""Signing rounds and batches under any history that can be thought of."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.batch import LEGAL_MOVES, OPEN_STATES, BatchState, Sighting, Step, next_step
from ledger.unit import Role, SigningProfile

CONFIRMATIONS = 4


@st.composite
def profiles(draw: st.DrawFn) -> SigningProfile:
    order = tuple(draw(st.permutations(list(Role)))[: draw(st.integers(1, len(Role)))])
    required = draw(st.sets(st.sampled_from(order), min_size=1))
    return SigningProfile(name="any", order=order, required=frozenset(required))


assigned_at_each_sitting = st.lists(st.frozensets(st.sampled_from(Role)), min_size=5, max_size=5)


@given(profiles(), assigned_at_each_sitting)
def test_whoever_is_waited_for_signs_and_then_it_is_complete(profile, assignments):
    """However the optional signers are assigned from sitting to sitting, nothing gets stuck and nothing is signed twice."""
    signed: list[Role] = []
    for assigned in assignments:
        role = profile.next_role(signed, assigned=assigned)
        if role is None:
            break
        assert role not in signed
        assert role in profile.required | assigned
        signed.append(role)
    if profile.next_role(signed, assigned=frozenset()) is None:
        assert profile.complete(signed)
    assert signed == [role for role in profile.order if role in signed]


@given(profiles(), st.lists(st.sampled_from(Role), max_size=4), st.frozensets(st.sampled_from(Role)))
def test_a_complete_unit_waits_for_none_of_the_demanded(profile, signed, assigned):
    roles = [role for role in signed if role in profile.order]
    following = profile.next_role(roles, assigned=assigned)
    if profile.complete(roles):
        assert following not in profile.required
    if following is not None:
        assert not profile.complete(roles) or following in assigned


class BatchOnAChain(RuleBasedStateMachine):
    """One worker that does what `next_step` says, and a chain that does what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.state = BatchState.SEALED
        self.head = 10
        self.known = False
        self.block: int | None = None
        self.succeeds = True
        self.deepest = 0

    @property
    def sighting(self) -> Sighting | None:
        return None if self.block is None else Sighting(self.block, succeeded=self.succeeds)

    @rule(blocks=st.integers(1, 6), succeeds=st.booleans())
    def mine(self, blocks: int, *, succeeds: bool) -> None:
        if self.known and self.block is None:
            self.block, self.succeeds = self.head + 1, succeeds
        self.head += blocks

    @rule(depth=st.integers(1, CONFIRMATIONS - 1))
    def reorg(self, depth: int) -> None:
        """Shorter than what is called final: that is the assumption behind the number."""
        if self.block is not None and self.block > self.head - depth:
            self.block = None
        self.head += 1

    @rule()
    def drop(self) -> None:
        self.known = self.known and self.block is not None

    @rule()
    def work(self) -> None:
        """One pass, cut short like any pass may be."""
        step = next_step(self.state, sighting=self.sighting, settled=self.head - CONFIRMATIONS + 1)
        match step:
            case Step.PREPARE:
                self.move(BatchState.PREPARED)
            case Step.BROADCAST:
                self.known = True
                if self.state is BatchState.PREPARED:
                    self.move(BatchState.SENT)
            case Step.NOTE_MINED:
                self.move(BatchState.MINED)
            case Step.NOTE_REORG:
                self.move(BatchState.PREPARED)
            case Step.NOTE_FINAL:
                self.move(BatchState.FINAL)
            case Step.NOTE_FAILED:
                self.move(BatchState.FAILED)
            case Step.WAIT:
                pass

    def move(self, new: BatchState) -> None:
        assert (self.state, new) in LEGAL_MOVES
        self.state = new

    @invariant()
    def an_end_is_what_the_chain_says_for_good(self) -> None:
        if self.state in OPEN_STATES:
            return
        assert self.block is not None
        assert self.succeeds == (self.state is BatchState.FINAL)

    @invariant()
    def nothing_is_on_the_chain_that_was_not_prepared(self) -> None:
        assert self.state is not BatchState.SEALED or not self.known

    def teardown(self) -> None:
        """Left alone, with a chain that goes on, every batch comes to an end."""
        for _ in range(20):
            self.work()
            self.mine(1, succeeds=True)
        assert self.state in {BatchState.FINAL, BatchState.FAILED}


TestBatchOnAChain = BatchOnAChain.TestCase
TestBatchOnAChain.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
