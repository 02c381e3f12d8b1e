# SPDX-License-Identifier: Apache-2.0

"""A contract in an EVM of this process: pyrevm, with revm's own code, at some twenty microseconds per question.

`LocalEvm` is the machine; `Contract` speaks one ABI to a contract in it, in the reference model's words: what it emits are
`Event`s, what it reverts with is `Refused`. Block number and time are whatever the caller says. Slots stay warm from one call
to the next, so nothing here can measure gas.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyrevm
from eth_abi.abi import decode, encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak
from simulators.registry_conditions import Event, Refused

GAS = 2**40
SELECTOR = 4
WORD = 32
PANIC = keccak(text="Panic(uint256)")[:SELECTOR]
ANYBODY = "0x" + "77" * 20
REVERTED = re.compile(r"^Revert \{ gas_used: \d+, output: (0x[0-9a-f]*) \}$")


class Reverted(Exception):
    """A call reverted, with these bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class LocalEvm:
    """One chain, which has no other state than what is called here."""

    def __init__(self, *, time: int, block: int) -> None:
        self._evm = pyrevm.EVM(spec_id="CANCUN", gas_limit=2**63)
        self.at(time=time, block=block)

    def at(self, *, time: int, block: int) -> None:
        """What is called from here on is in this block."""
        self._evm.set_block_env(pyrevm.BlockEnv(number=block, timestamp=time, gas_limit=2**63))

    def create(self, sender: str, creation: bytes) -> tuple[str, Sequence[Any]]:
        """Creates a contract; returns its address and its logs."""
        address = self._evm.deploy(sender, creation, gas=GAS)
        return str(address), self._evm.result.logs

    def put(self, address: str, code: bytes) -> None:
        """Lays code at an address, as if it had always been there."""
        self._evm.insert_account_info(address, pyrevm.AccountInfo(nonce=1, code=code))

    def send(self, sender: str, to: str, data: bytes) -> Sequence[Any]:
        """Carries out a call; returns its logs, or raises `Reverted`."""
        self._call(sender, to, data, static=False)
        return self._evm.result.logs

    def ask(self, to: str, data: bytes) -> bytes:
        """Answers a question, or raises `Reverted`."""
        return self._call(ANYBODY, to, data, static=True)

    def _call(self, sender: str, to: str, data: bytes, *, static: bool) -> bytes:
        try:
            return bytes(self._evm.message_call(sender, to, calldata=data, gas=GAS, is_static=static))
        except RuntimeError as error:
            # pyrevm 0.3.7 tells what a call reverted with in the text of its exception, and nowhere else.
            if (found := REVERTED.match(str(error))) is None:
                raise
            raise Reverted(bytes.fromhex(found[1][2:])) from None


class Contract:
    """A contract, spoken to by the names in its ABI."""

    def __init__(self, evm: LocalEvm, abi: Sequence[Mapping[str, Any]], address: str) -> None:
        self.evm, self.address = evm, address
        self._functions = {each["name"]: each for each in abi if each["type"] == "function"}
        self._selectors = {name: selector(each) for name, each in self._functions.items()}
        self._errors = {selector(each): each for each in abi if each["type"] == "error"}
        self._events = {keccak(text=prototype(each)): each for each in abi if each["type"] == "event"}

    def act(self, sender: str, function: str, *arguments: object) -> tuple[Event, ...]:
        """Calls `function`; returns what it emitted, or raises `Refused`."""
        data = self.call_data(function, arguments)
        try:
            return self.events(self.evm.send(sender, self.address, data))
        except Reverted as reverted:
            raise self.refusal(reverted.data) from None

    def ask(self, function: str, *arguments: object) -> bytes:
        """Asks a view function whose arguments are static words, and returns its answer undecoded."""
        return self.evm.ask(self.address, self._selectors[function] + words(arguments))

    def told(self, function: str, *arguments: object) -> tuple[Any, ...]:
        """Asks any view function and returns its answer decoded; raises `Refused`."""
        try:
            answer = self.evm.ask(self.address, self.call_data(function, arguments))
        except Reverted as reverted:
            raise self.refusal(reverted.data) from None
        return self.decoded(function, answer)

    def decoded(self, function: str, answer: bytes) -> tuple[Any, ...]:
        return decode([collapse_if_tuple(each) for each in self._functions[function]["outputs"]], answer)

    def call_data(self, function: str, arguments: Sequence[object]) -> bytes:
        entry = self._functions[function]
        return self._selectors[function] + encode([collapse_if_tuple(each) for each in entry["inputs"]], arguments)

    def events(self, logs: Sequence[Any]) -> tuple[Event, ...]:
        return tuple(self._event(log) for log in logs)

    def refusal(self, data: bytes) -> Refused:
        """The error in what a call reverted with."""
        if data[:SELECTOR] == PANIC:
            return Refused("Panic", code=int.from_bytes(data[SELECTOR:], "big"))
        entry = self._errors[data[:SELECTOR]]
        values = decode([collapse_if_tuple(each) for each in entry["inputs"]], data[SELECTOR:])
        return Refused(entry["name"], **dict(zip((each["name"] for each in entry["inputs"]), values, strict=True)))

    def _event(self, log: Any) -> Event:
        topics, data = log.data
        entry = self._events[bytes(topics[0])]
        indexed = [each for each in entry["inputs"] if each["indexed"]]
        others = [each for each in entry["inputs"] if not each["indexed"]]
        values: dict[str, Any] = {
            each["name"]: decode([each["type"]], bytes(topic))[0]
            for each, topic in zip(indexed, topics[1:], strict=True)
        }
        decoded = decode([collapse_if_tuple(each) for each in others], bytes(data))
        values.update(zip((each["name"] for each in others), decoded, strict=True))
        if entry["name"] == "BatchRefused":
            values["reason"] = self.refusal(values["reason"])
        return Event(entry["name"], values)


def prototype(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(collapse_if_tuple(each) for each in entry['inputs'])})"


def selector(entry: Mapping[str, Any]) -> bytes:
    return keccak(text=prototype(entry))[:SELECTOR]


def words(values: Sequence[Any]) -> bytes:
    """Static values as the ABI lays them out: numbers, addresses, whole words, and tuples of them, one word each.

    `eth_abi` would do, in ten times the time; a comparison asks some ten thousand questions per history.
    """
    out = bytearray()
    for value in values:
        if isinstance(value, tuple):
            out += words(value)
        elif isinstance(value, bytes):
            assert len(value) == WORD
            out += value
        elif isinstance(value, str):
            out += bytes.fromhex(value[2:]).rjust(WORD, b"\0")
        else:
            out += int(value).to_bytes(WORD, "big")
    return bytes(out)
