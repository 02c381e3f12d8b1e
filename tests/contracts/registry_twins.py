# SPDX-License-Identifier: Apache-2.0

"""The reference model and the contract, side by side: they are told the same, and must answer the same.

`Twins.do` carries out one act on both and compares the events, or the error with its values. `Twins.compare` asks the contract
everything it can be asked, at every second that matters, and compares the answers with somebody's who knows the same past: the
model, or a replay of the contract's own log.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from eth_abi.abi import encode
from local_evm import Contract, LocalEvm, words
from registry_cast import (
    AUTHORITY,
    CONTRACT_SIGNER,
    CONTRACT_SIGNER_CODE,
    GENESIS,
    NAMES,
    ROOTS,
    SCHOOLS,
    TOPICS,
    TREES,
    YEARS,
    Flawed,
    proof_of,
    signature_bytes,
)
from simulators.registry_conditions import Call, Event, Refused, Signed, SignedBatch
from simulators.registry_facts import (
    ZERO,
    AnnulledRecall,
    Keys,
    LeafStatus,
    Proposal,
    RecallPolicy,
    RecallRequest,
    Record,
    School,
    Standing,
)
from simulators.registry_model import RegistryModel
from simulators.registry_replay import Logged

from scripts.contract_artifact import compile_contract

FAR_FUTURE = 2**48 - 1
PANIC_INDEX = Refused("Panic", code=0x32)


@dataclass(frozen=True)
class Act:
    """One call, by the name of its function in the ABI."""

    function: str
    sender: str
    time: int
    block: int
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        told = ", ".join(readable(each) for each in self.arguments)
        return f"\n  +{self.time - GENESIS} s, block {self.block}: {NAMES[self.sender]} {self.function}({told})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - what Hypothesis prints examples with
        printer.text(repr(self))


def readable(value: object) -> str:
    """A value by its name in the cast, if it has one."""
    if isinstance(value, tuple | list):
        return f"({', '.join(readable(each) for each in value)})"
    if isinstance(value, bytes | str):
        return NAMES.get(value, repr(value))
    return repr(value)


@cache
def compiled() -> Mapping[str, Any]:
    """The registry of this checkout, compiled once per session: the committed artifact may be stale."""
    return compile_contract()


class Answers(Protocol):
    """Whoever knows a past, as `registry_past.Past` does."""

    def authority(self) -> tuple[str, int]: ...
    def pending_authority(self) -> tuple[str, int]: ...
    def policy(self) -> tuple[RecallPolicy, int]: ...
    def locked_at(self, year: int) -> int: ...
    def keys(self, school: bytes, version: int) -> Keys: ...
    def version(self, school: bytes) -> int: ...
    def operator(self, school: bytes) -> str: ...
    def seal(self, school: bytes) -> bytes: ...
    def standing(self, school: bytes) -> tuple[Standing, bytes, int]: ...
    def school(self, school: bytes) -> School: ...
    def proposal(self, school: bytes) -> Proposal: ...
    def compromise(self, school: bytes, version: int) -> tuple[int, int]: ...
    def annulments(self, record: Record) -> int: ...
    def annulled_recall(self, record: Record, index: int) -> tuple[AnnulledRecall, int]: ...
    def approved_at(self, school: bytes, request: RecallRequest) -> int: ...
    def statements(self, publisher: bytes, topic: bytes) -> list[tuple[bytes, int]]: ...
    def newest_statement(self, publisher: bytes, topic: bytes) -> tuple[bytes, int]: ...
    def status(self, record: Record, proof: Sequence[bytes]) -> LeafStatus: ...


class Twins:
    """A registry twice: as the model has it, and as the contract has it in an EVM of its own."""

    def __init__(self, *, hand_over_delay: int, artifact: Mapping[str, Any] | None = None) -> None:
        artifact = artifact or compiled()
        self.evm = LocalEvm(time=GENESIS, block=1)
        self.evm.put(CONTRACT_SIGNER, CONTRACT_SIGNER_CODE)
        creation = bytes.fromhex(artifact["bytecode"][2:])
        creation += encode(["address", "uint48"], [AUTHORITY, hand_over_delay])
        address, logs = self.evm.create(AUTHORITY, creation)
        self.contract = Contract(self.evm, artifact["abi"], address)
        self.model = RegistryModel(Call(AUTHORITY, GENESIS, 1), AUTHORITY, hand_over_delay)
        self.log = [Logged(GENESIS, 1, event) for event in self.contract.events(logs)]
        self.asked: set[tuple[bytes, RecallRequest]] = set()
        self.now = GENESIS
        self._records: list[Record] = []

    def do(self, act: Act) -> tuple[Event, ...] | Refused:
        """Carries out one act on both, and returns what both made of it."""
        self.now = act.time
        self.evm.at(time=act.time, block=act.block)
        expected = outcome(
            lambda: self.model.carry_out(act.function, Call(act.sender, act.time, act.block), *act.arguments)
        )
        told = outcome(lambda: self.contract.act(act.sender, act.function, *self._in_bytes(act.arguments)))
        assert told == expected, f"{act}\n the contract: {told!r}\n the model:    {expected!r}"
        if not isinstance(told, Refused):
            self.log += [Logged(act.time, act.block, event) for event in told]
        self.asked |= set(requests_in(act))
        return told

    def compare(self, past: Callable[[int], Answers]) -> None:
        """Asks the contract everything, at the beginning and end of every second that something happened in."""
        self._records = self.records()
        for time in self.times:
            self._compare_at(time, past(time))
        self._compare_now(past(self.now))

    @property
    def times(self) -> list[int]:
        happened = {logged.time for logged in self.log}
        beside = {second + distance for second in happened for distance in (-1, 0, 1)}
        return sorted(beside | {0, self.now, self.now + 1, FAR_FUTURE})

    def records(self) -> list[Record]:
        """Every record that could be meant, and some that could not."""
        batches = sorted({(each.school, each.root) for each in self._batches()})
        meant = {Record(school, root, entry) for school, root in batches for entry in TREES[root][1]}
        named = {Record(school, request.root, request.entry) for school, request in self.asked}
        return sorted(meant | named | {Record(SCHOOLS[0], ROOTS[0], ZERO), Record(ZERO, ZERO, ZERO)})

    def _batches(self) -> Iterator[Record]:
        for logged in self.log:
            if logged.event.name == "BatchAnchored":
                yield Record(logged.event.values["school"], logged.event.values["root"], ZERO)

    def _compare_at(self, time: int, told: Answers) -> None:
        self._same("authorityAt", (time,), told.authority())
        self._same("recallPolicyAt", (time,), told.policy())
        for school in SCHOOLS:
            self._same("operatorAt", (school, time), told.operator(school))
            self._same("sealAt", (school, time), told.seal(school))
            self._same("standingAt", (school, time), told.standing(school))
            for version in range(told.version(school) + 2):
                self._same("compromiseAt", (school, version, time), told.compromise(school, version))
        for publisher in (ZERO, *SCHOOLS):
            for topic in TOPICS:
                self._same("statementAt", (publisher, topic, time), told.newest_statement(publisher, topic))
        for record in self._records:
            proof = proof_of(record)
            self._same("statusAt", (*record, 5 * 32, time, len(proof), *proof), told.status(record, proof))

    def _compare_now(self, told: Answers) -> None:
        self._same("defaultAdmin", (), told.authority()[0])
        self._same("owner", (), told.authority()[0])
        self._same("pendingDefaultAdmin", (), told.pending_authority())
        for year in (*YEARS, 2027, 1974, 1975, 2214, 2215):
            self._same("lockedAt", (year,), told.locked_at(year))
        for school in (*SCHOOLS, ZERO):
            self._same("schoolOf", (school,), told.school(school))
            self._same("proposalOf", (school,), told.proposal(school))
            for version in range(told.version(school) + 2):
                self._same("keysOf", (school, version), told.keys(school, version))
        for publisher in (ZERO, *SCHOOLS):
            for topic in TOPICS:
                self._compare_statements(publisher, topic, told.statements(publisher, topic))
        for record in self._records:
            self._compare_record(record, told)
        for school, request in self.asked:
            words_of_it = (school, request.root, request.entry, request.reason, *request.replacement)
            self._same("approvedAt", words_of_it, told.approved_at(school, request))

    def _compare_statements(self, publisher: bytes, topic: bytes, told: Sequence[tuple[bytes, int]]) -> None:
        self._same("statementCount", (publisher, topic), len(told))
        for index, statement in enumerate(told):
            self._same("statement", (publisher, topic, index), statement)
        assert outcome(lambda: self.contract.told("statement", publisher, topic, len(told))) == PANIC_INDEX

    def _compare_record(self, record: Record, told: Answers) -> None:
        for proof in (proof_of(record), (*proof_of(record), ZERO)):
            self._same("statusOf", (*record, 4 * 32, len(proof), *proof), told.status(record, proof))
        count = told.annulments(record)
        self._same("annulments", record, count)
        for index in range(count):
            self._same("annulledRecall", (*record, index), told.annulled_recall(record, index))
        assert outcome(lambda: self.contract.told("annulledRecall", *record, count)) == PANIC_INDEX

    def _same(self, function: str, question: Sequence[Any], expected: Any) -> None:
        answer = self.contract.ask(function, *question)
        if answer != words([expected]):
            told = self.contract.decoded(function, answer)
            msg = f"{function}{readable(tuple(question))}\n the contract: {told}\n expected:     {expected}"
            raise AssertionError(msg)

    def _in_bytes(self, arguments: Iterable[Any]) -> list[Any]:
        return [self._bytes_of(each) for each in arguments]

    def _bytes_of(self, value: Any) -> Any:
        match value:
            case Signed() | Flawed():
                return signature_bytes(value, self.contract.address)
            case SignedBatch():
                return tuple(self._in_bytes(value))
            case [SignedBatch(), *_]:
                return self._in_bytes(value)
            case _:
                return value


def requests_in(act: Act) -> Iterator[tuple[bytes, RecallRequest]]:
    """What approvals an act could be about."""
    match act.function, act.arguments:
        case (("approveRecalls" | "recallMany"), (school, requests)):
            yield from ((school, request) for request in requests)
        case "withdrawApproval", (school, request):
            yield school, request
        case "recall", (school, *request):
            yield school, RecallRequest(*request)
        case (("approveAnnulment" | "annulRecall"), (school, root, entry)):
            yield school, RecallRequest(root, entry)


def outcome(act: Callable[[], Any]) -> Any:
    """What an act returns, or how it was refused."""
    try:
        return act()
    except Refused as refused:
        return refused
