# SPDX-License-Identifier: Apache-2.0

"""The registry contract's calls, answers and errors as bytes; pure.

The ABI is read from `TranscriptRegistry.json` beside this file, which `scripts/contract_artifact.py` makes from the source and
checks in every test run. A custom error is looked up by the first four bytes of its hash, in whichever way the node reported
it, so that `Rejected` has the same name and values over every kind of node.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import EncodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger.chain import words
from ledger.chain.errors import Malformed, Rejected
from ledger.chain.registry import (
    SCHOOL_CODE_DIGITS,
    WORD_BYTES,
    Head,
    LeafStatus,
    Recaller,
    RecallReason,
    RecallRequest,
    RegistryEvent,
    Replacement,
    SchoolKeys,
    SchoolOnChain,
    SchoolStanding,
    SignedBatch,
    Statement,
)

ARTIFACT: Final[Mapping[str, Any]] = json.loads(
    files("ledger.chain").joinpath("TranscriptRegistry.json").read_text(encoding="utf-8")
)
"""ABI, bytecode, runtime code hash, compiler and settings of the registry contract."""

SELECTOR_BYTES = 4
ZERO_WORD = bytes(WORD_BYTES)
ZERO_ADDRESS = "0x" + "00" * 20
NO_REPLACEMENT = (ZERO_WORD, ZERO_WORD)
LAST_SECOND = 2**48 - 1
"""The latest time that the contract can be asked about: what is newest then is newest now."""


@dataclass(frozen=True)
class _Signature:
    """One function or error of the ABI."""

    name: str
    names: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @cached_property
    def selector(self) -> bytes:
        return keccak(text=f"{self.name}({','.join(self.inputs)})")[:SELECTOR_BYTES]


def _signature(entry: Mapping[str, Any]) -> _Signature:
    return _Signature(
        name=entry["name"],
        names=tuple(field["name"] for field in entry["inputs"]),
        inputs=tuple(collapse_if_tuple(field) for field in entry["inputs"]),
        outputs=tuple(collapse_if_tuple(field) for field in entry.get("outputs", ())),
    )


_FUNCTIONS: Final = {entry["name"]: _signature(entry) for entry in ARTIFACT["abi"] if entry["type"] == "function"}
_ERRORS: Final = {
    _signature(entry).selector: _signature(entry) for entry in ARTIFACT["abi"] if entry["type"] == "error"
}
_CONSTRUCTOR: Final = next(
    tuple(collapse_if_tuple(field) for field in entry["inputs"])
    for entry in ARTIFACT["abi"]
    if entry["type"] == "constructor"
)


@dataclass(frozen=True, slots=True)
class _Event:
    """One event of the ABI: its parameters in their order, and which of them are topics."""

    name: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...]

    @property
    def topic(self) -> bytes:
        return keccak(text=f"{self.name}({','.join(self.types)})")


_EVENTS: Final = {
    event.topic: event
    for event in (
        _Event(
            name=entry["name"],
            names=tuple(field["name"] for field in entry["inputs"]),
            types=tuple(collapse_if_tuple(field) for field in entry["inputs"]),
            indexed=tuple(field["indexed"] for field in entry["inputs"]),
        )
        for entry in ARTIFACT["abi"]
        if entry["type"] == "event"
    )
}


_STATUS: Final = next(entry["outputs"][0]["components"] for entry in ARTIFACT["abi"] if entry.get("name") == "statusOf")
_STATUS_FIELDS: Final = tuple(field["name"] for field in _STATUS)
_STATUS_READERS: Final = words.readers([field["type"] for field in _STATUS])


def school_word(code: str) -> bytes:
    """Return the eight digits of a school code as the contract keeps them."""
    if len(code) != SCHOOL_CODE_DIGITS or not (code.isascii() and code.isdigit()):
        raise Malformed(f"Mã trường “{code}” phải gồm 8 chữ số.", f"School code '{code}' must be eight digits.")
    return code.encode("ascii").ljust(WORD_BYTES, b"\0")


def creation(*, authority: str, hand_over_delay: int) -> bytes:
    """Return the data of a transaction that creates the registry. `hand_over_delay` is in seconds."""
    return bytes.fromhex(ARTIFACT["bytecode"][2:]) + _encoded("constructor", _CONSTRUCTOR, (authority, hand_over_delay))


def call(function: str, *arguments: object) -> bytes:
    """Return the data of a call to `function`; school codes among the arguments are words already."""
    signature = _FUNCTIONS[function]
    return signature.selector + _encoded(function, signature.inputs, arguments)


def recall_call(
    *,
    school: str,
    root: bytes,
    entry: bytes,
    reason: RecallReason,
    replacement: Replacement | None,
) -> bytes:
    """Return the data of a call to `recall`."""
    replacing = NO_REPLACEMENT if replacement is None else (replacement.root, replacement.entry)
    return call("recall", school_word(school), root, entry, int(reason), replacing)


def signed_anchor_call(batch: SignedBatch) -> bytes:
    """Return the data of a call to `anchorBySig`."""
    school, deadline = school_word(batch.school), _second(batch.deadline)
    fields = (school, batch.school_year, batch.root, batch.leaf_count, deadline)
    # The signature alone may have any length; what is checked of the others is checked without it.
    _require_words("anchorBySig", fields)
    signature = _FUNCTIONS["anchorBySig"]
    return signature.selector + encode(signature.inputs, [(*fields, batch.signature)])


def approval_call(*, school: str, request: RecallRequest) -> bytes:
    """Return the data of a call to `approveRecalls` for one recall."""
    replacing = NO_REPLACEMENT if request.replacement is None else (request.replacement.root, request.replacement.entry)
    asked = (request.root, request.entry, int(request.reason), replacing)
    return call("approveRecalls", school_word(school), [asked])


def status_call(*, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None) -> bytes:
    """Return the data of a call to `statusOf`, or to `statusAt` for an aware time `at`."""
    asked = (school_word(school), root, entry, list(proof))
    return call("statusOf", *asked) if at is None else call("statusAt", *asked, _second(at))


def seal_call(*, school: str, at: datetime) -> bytes:
    """Return the data of a call to `sealAt`."""
    return call("sealAt", school_word(school), _second(at))


def seal_certificate(answer: bytes) -> bytes:
    """Read what `sealAt` returned. Raises an eth_abi error when it is nothing of the kind."""
    (digest,) = decode(_FUNCTIONS["sealAt"].outputs, answer)
    return _digest(digest)


def publisher_word(publisher: str | None) -> bytes:
    """Return a school's code as the contract keeps it, or zero for the authority."""
    return ZERO_WORD if publisher is None else school_word(publisher)


def statement_call(*, publisher: str | None, topic: bytes, at: datetime | None) -> bytes:
    """Return the data of a call to `statementAt`; without `at` it asks for the newest of all."""
    return call("statementAt", publisher_word(publisher), topic, LAST_SECOND if at is None else _second(at))


def newest_statement(answer: bytes) -> Statement | None:
    """Read what `statementAt` returned. Raises an eth_abi or value error when it is nothing of the kind."""
    digest, published_at = decode(_FUNCTIONS["statementAt"].outputs, answer)
    return Statement(digest, datetime.fromtimestamp(published_at, UTC)) if digest != ZERO_WORD else None


def leaf_status(answer: bytes, head: Head) -> LeafStatus:
    """Read what `statusOf` returned at `head`. Raises a value error when it is nothing of the kind."""
    told: dict[str, Any] = dict(zip(_STATUS_FIELDS, words.read(_STATUS_READERS, answer), strict=True))
    return LeafStatus(
        included=told["included"],
        anchored_at=_time(told["anchoredAt"]),
        anchored_in_block=told["anchoredInBlock"] or None,
        leaf_count=told["leafCount"],
        school_year=told["schoolYear"],
        locked_at=_time(told["lockedAt"]),
        late=told["late"],
        version=told["version"],
        anchored_by=_account(told["anchoredBy"]),
        seal_certificate=_digest(told["sealCertificate"]),
        anchor_doubtful=told["anchorDoubtful"],
        compromised_since=_time(told["compromisedSince"]),
        compromise_recorded_at=_time(told["compromiseRecordedAt"]),
        recalled_at=_time(told["recalledAt"]),
        recalled_in_block=told["recalledInBlock"] or None,
        approved_at=_time(told["approvedAt"]),
        reason=RecallReason(told["reason"]) if told["reason"] else None,
        recalled_by=Recaller(told["recalledBy"]) if told["recalledBy"] else None,
        recaller=_account(told["recaller"]),
        recall_doubtful=told["recallDoubtful"],
        replaced_at=_time(told["replacedAt"]),
        replaced_by=Recaller(told["replacedBy"]) if told["replacedBy"] else None,
        replacer=_account(told["replacer"]),
        replacement_doubtful=told["replacementDoubtful"],
        replacement=(_code(told["replacementSchool"]), told["replacementEntry"]) if told["replacedAt"] else None,
        standing=SchoolStanding(told["standing"]),
        successor=_code(told["successor"]),
        head=head,
    )


def school_on_chain(answer: bytes, code: str) -> SchoolOnChain | None:
    """Read what `schoolOf` returned for `code`. Raises an eth_abi or value error when it is nothing of the kind."""
    (fields,) = decode(_FUNCTIONS["schoolOf"].outputs, answer)
    standing, version, _contested, (operator, since, seal, consent), successor = fields
    if not version:
        return None
    return SchoolOnChain(
        code=code,
        standing=SchoolStanding(standing),
        version=version,
        operator=to_checksum_address(operator),
        seal_certificate=seal,
        consent=consent,
        since=datetime.fromtimestamp(since, UTC),
        successor=_code(successor),
    )


def compromise_call(code: str, version: int) -> bytes:
    """Return the data of a call to `compromiseAt` for the newest report about one version of a school's keys."""
    return call("compromiseAt", school_word(code), version, LAST_SECOND)


def school_keys(version: int, keys: bytes, compromise: bytes) -> SchoolKeys:
    """Read what `keysOf` and `compromiseAt` returned. Raises an eth_abi or value error when it is nothing of the kind."""
    ((operator, since, seal, _consent),) = decode(_FUNCTIONS["keysOf"].outputs, keys)
    doubtful_since, recorded_at = decode(_FUNCTIONS["compromiseAt"].outputs, compromise)
    return SchoolKeys(
        version=version,
        operator=to_checksum_address(operator),
        seal_certificate=seal,
        since=datetime.fromtimestamp(since, UTC),
        compromised_since=_time(doubtful_since),
        compromise_recorded_at=_time(recorded_at),
    )


def event_topics(*names: str) -> list[bytes]:
    """Return the first topics of the events of these names: what a node is asked for."""
    return [topic for topic, event in _EVENTS.items() if event.name in names]


def event(topics: Sequence[bytes], data: bytes, block: int) -> RegistryEvent:
    """Read one log of the registry. Raises an eth_abi error or `LookupError` when it is none of its events."""
    told = _EVENTS[topics[0]]
    loose = iter(decode([kind for kind, topic in zip(told.types, told.indexed, strict=True) if not topic], data))
    words = iter(topics[1:])
    values = {
        name: decode([kind], next(words))[0] if topic else next(loose)
        for name, kind, topic in zip(told.names, told.types, told.indexed, strict=True)
    }
    return RegistryEvent(name=told.name, block=block, values=values)


def rejection(revert_data: bytes) -> Rejected:
    """Name the custom error in what a reverted call returned; an unknown one becomes a `Rejected` without a name."""
    signature = _ERRORS.get(revert_data[:SELECTOR_BYTES])
    if signature is None:
        return Rejected("", {"data": revert_data} if revert_data else {})
    values = decode(signature.inputs, revert_data[SELECTOR_BYTES:])
    return Rejected(signature.name, dict(zip(signature.names, values, strict=True)))


def _require_words(name: str, values: Sequence[object]) -> None:
    """Refuses short bytes: eth_abi pads them with zeros, and a truncated root would be anchored for good."""
    if any(len(value) != WORD_BYTES for value in _byte_strings(values)):
        raise Malformed(
            f"Tham số của {name} phải là các giá trị 32 byte. Hãy kiểm tra lại.",
            f"{name} takes words of 32 bytes. Check it.",
        )


def _encoded(name: str, types: Sequence[str], values: Sequence[object]) -> bytes:
    _require_words(name, values)
    try:
        return encode(types, values)
    except EncodingError as error:
        raise Malformed(
            f"Tham số của {name} không hợp lệ: {error}. Hãy kiểm tra lại.",
            f"{name} cannot take this: {error}. Check it.",
        ) from error


def _byte_strings(values: Iterable[object]) -> Iterator[bytes]:
    for value in values:
        if isinstance(value, bytes):
            yield value
        elif isinstance(value, list | tuple):
            yield from _byte_strings(value)


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _second(moment: datetime) -> int:
    """The second that has `moment` in it. A fraction is cut off, so that nothing later than `moment` is told."""
    return max(0, int(moment.timestamp()))


@lru_cache(maxsize=4096)
def _account(address: str) -> str:
    return "" if address == ZERO_ADDRESS else to_checksum_address(address)


def _digest(word: bytes) -> bytes:
    return b"" if word == ZERO_WORD else word


def _code(word: bytes) -> str:
    return word.rstrip(b"\0").decode("ascii")
