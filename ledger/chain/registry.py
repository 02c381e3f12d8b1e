# SPDX-License-Identifier: Apache-2.0

"""The registry contract as the rest of the program sees it: values and Protocols, without a chain library.

Reading and sending are two Protocols, as a verifier must be able to read and nothing else. A third, `Wallet`, is where a
chain key is; it signs what it is given and decides nothing.

Everything about one leaf comes in one value, `LeafStatus`, read at one block, so that no answer mixes two states of the
chain. Times are aware and UTC. The promises themselves stand in contracts/ITranscriptRegistry.sol.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal, NamedTuple, Protocol

from ledger.chain.errors import Malformed

SCHOOL_CODE_DIGITS = 8
ADDRESS_HEX_DIGITS = 40
WORD_BYTES = 32
MOST_KEY_VERSIONS = 50
"""Of one school's keys; each costs a node two questions."""


Finality = int | Literal["finalized"]
"""When a block stands for good: once so many blocks deep, its own counted as the first, or as the chain itself declares."""


class RecallReason(IntEnum):
    """Why a record was recalled; the contract's numbers. Its 0, "no reason", is `None` here."""

    WRONG_DATA = 1
    CIVIL_STATUS_CHANGE = 2
    REASSESSMENT = 3
    ISSUED_IN_ERROR = 4
    FRAUD = 5
    OTHER = 6


class Recaller(IntEnum):
    """Who recalled a record; the contract's numbers. Its 0, "nobody", is `None` here."""

    SCHOOL = 1
    SUCCESSOR = 2
    AUTHORITY = 3


class SchoolStanding(IntEnum):
    """How a school stands; the contract's numbers."""

    UNREGISTERED = 0
    ACTIVE = 1
    SUSPENDED = 2
    CLOSED = 3


@dataclass(frozen=True, slots=True)
class RegistryPin:
    """Which registry is believed: three facts that a node must confirm before anything it says counts."""

    chain_id: int
    """The EIP-155 chain id."""
    address: str
    """The contract's address, 0x and 40 hex digits, in any case."""
    code_hash: str
    """keccak256 of the runtime code, 0x and 64 hex digits."""

    def __post_init__(self) -> None:
        if self.chain_id <= 0:
            raise Malformed(f"Mã chuỗi {self.chain_id} không hợp lệ.", f"{self.chain_id} is not a chain id.")
        object.__setattr__(self, "address", _hex(self.address, ADDRESS_HEX_DIGITS))
        object.__setattr__(self, "code_hash", _hex(self.code_hash, 2 * WORD_BYTES))


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """How far the chain had come when it was asked."""

    number: int
    time: datetime
    """The block's own time, aware, UTC."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A record that takes a recalled one's place, as it is named to the registry."""

    root: bytes
    """The root of the batch that it was issued in."""
    entry: bytes


@dataclass(frozen=True, slots=True)
class LeafStatus:
    """Everything the registry knows about one record, all of it at block `head` (the contract's `LeafStatus`)."""

    included: bool
    """Whether the root is anchored and the proof leads from the entry's leaf to it."""
    anchored_at: datetime | None
    """When the batch was anchored; None if this school never anchored this root."""
    anchored_in_block: int | None
    leaf_count: int
    school_year: int
    """The calendar year in which the batch's school year begins; 0 if the root is not anchored."""
    locked_at: datetime | None
    """When that school year was locked; None if it is not."""
    late: bool
    """Whether the batch was anchored after that."""
    version: int
    """The version of the school's keys that anchored it; 0 if none did."""
    anchored_by: str
    """The operator that anchored it, with EIP-55 checksum; empty if nobody did."""
    seal_certificate: bytes
    """SHA-256 of the school's seal certificate when the batch was anchored; empty if it was not."""
    anchor_doubtful: bool
    """Whether the operator's key is reported to have been in wrong hands when it anchored."""
    compromised_since: datetime | None
    """Since when it is reported to have been; None if it is not."""
    compromise_recorded_at: datetime | None
    """When that was reported: it may lie years after what it casts doubt on."""
    recalled_at: datetime | None
    """When the record was recalled; None if it is not. Told even when `included` is false."""
    recalled_in_block: int | None
    approved_at: datetime | None
    """When the authority approved the recall; None if it did not need to."""
    reason: RecallReason | None
    recalled_by: Recaller | None
    recaller: str
    """The account that recalled, with EIP-55 checksum; empty if nobody did."""
    recall_doubtful: bool
    """Whether that account's key is reported to have been in wrong hands when it recalled."""
    replaced_at: datetime | None
    """When a replacement was named; None if none was."""
    replaced_by: Recaller | None
    replacer: str
    """The account that named it, with EIP-55 checksum; empty if nobody did."""
    replacement_doubtful: bool
    """Whether that account's key is reported to have been in wrong hands when it named the replacement."""
    replacement: tuple[str, bytes] | None
    """Code of the school and entry of the record that takes its place. Only that record's own receipt proves its batch."""
    standing: SchoolStanding
    """How the school stands."""
    successor: str
    """The code of the school that acts for it once it is closed; empty for none."""
    head: Head


@dataclass(frozen=True, slots=True)
class SchoolOnChain:
    """A school as it stands on the chain, with the newest version of its keys."""

    code: str
    standing: SchoolStanding
    version: int
    """The version of its keys, counted from 1."""
    operator: str
    """The account that acts for it, with EIP-55 checksum."""
    seal_certificate: bytes
    """SHA-256 of its seal certificate."""
    consent: bytes
    """SHA-256 of the statement in which the seal names the operator."""
    since: datetime
    """When this version of the keys took effect."""
    successor: str
    """The code of the school that acts for it once it is closed; empty for none."""


@dataclass(frozen=True, slots=True)
class SchoolKeys:
    """One version of a school's keys, and what was reported about it."""

    version: int
    """Counted from 1."""
    operator: str
    """The account that acted for the school, with EIP-55 checksum."""
    seal_certificate: bytes
    """SHA-256 of the certificate that it sealed with."""
    since: datetime
    """When this version took effect. It was in force until the next one did."""
    compromised_since: datetime | None
    """Since when the operator's key is reported to have been in wrong hands; None if it is not, or no longer."""
    compromise_recorded_at: datetime | None
    """When the newest report about it was made, be it one that withdrew another; None if there never was one."""


class Statement(NamedTuple):
    """A digest that the authority or a school published on the chain."""

    digest: bytes
    """SHA-256 of what was published."""
    published_at: datetime
    """The time of the block, aware, UTC."""


@dataclass(frozen=True, slots=True)
class UnsignedTransaction:
    """A transaction that lacks nothing but a signature.

    Either `gas_price` is set (legacy fees, zero on a chain without fees) or the two EIP-1559 fields are. All fees are in wei
    per unit of gas.
    """

    chain_id: int
    sender: str
    nonce: int
    to: str | None
    """None creates a contract."""
    data: bytes
    gas: int
    gas_price: int | None = None
    max_fee_per_gas: int | None = None
    max_priority_fee_per_gas: int | None = None

    @property
    def fee(self) -> int:
        """The most that it offers for a unit of gas, in wei."""
        return self.gas_price if self.gas_price is not None else self.max_fee_per_gas or 0

    def outbidding(self, *, fee: int, tip: int | None, percent: int) -> "UnsignedTransaction":
        """Return the same transaction at fees `percent` above those of one that is stuck, rounded up, or at its own if higher.

        Nodes ask for 10 percent more at least, in each of the two fees, before they let a transaction replace one with the same
        nonce (geth's `txpool.pricebump`).
        """

        def above(own: int | None, before: int) -> int | None:
            return None if own is None else max(own, -(-before * (100 + percent) // 100))

        return replace(
            self,
            gas_price=above(self.gas_price, fee),
            max_fee_per_gas=above(self.max_fee_per_gas, fee),
            max_priority_fee_per_gas=above(self.max_priority_fee_per_gas, tip or 0),
        )


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """What is stored before it is sent: the bytes a node takes, and the hash the chain will know them by."""

    raw: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class TransactionReceipt:
    """Where a transaction was mined, and whether the contract carried it out."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    """Tells a re-organised block from the one that was seen before under the same number."""
    status: bool
    """False: mined, paid for, and undone by the contract."""
    gas_used: int
    contract_address: str | None = None
    """What a creating transaction created."""


@dataclass(frozen=True, slots=True)
class TypedMessage:
    """What an EIP-712 signature is made over, as two hashes of 32 bytes."""

    domain: bytes
    """The domain separator: which contract on which chain."""
    content: bytes
    """The hash of the struct."""


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """A batch that a school's operator signed for somebody else to send."""

    school: str
    school_year: int
    """The year in which it begins."""
    root: bytes
    leaf_count: int
    deadline: datetime
    """Until when the signature serves; aware, whole seconds."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """One recall as it is approved: batch, record, reason and replacement."""

    root: bytes
    entry: bytes
    reason: RecallReason
    replacement: Replacement | None = None


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """One change of the registry, as its contract told of it."""

    name: str
    """As contracts/ITranscriptRegistry.sol names it."""
    block: int
    values: Mapping[str, Any]
    """Its parameters by name: words as 32 bytes, numbers as int, accounts as text."""


class RegistryReader(Protocol):
    """Whoever can say what the registry holds. Every method may raise `Unreachable` or `WrongChain`."""

    @property
    def pin(self) -> RegistryPin:
        """Which registry the answers are about."""

    def head(self) -> Head:
        """Return the newest block."""

    def settled_block(self, rule: Finality) -> int:
        """Return the number of the newest block that no reorganisation takes back, by `rule`; -1 if there is none yet."""

    def status_of(
        self, *, school: str, root: bytes, entry: bytes, proof: Sequence[bytes], at: datetime | None = None
    ) -> LeafStatus:
        """Return everything the registry knows about `entry`, at one block. What it does not know is None, 0 or empty.

        `school` is the eight digits, `proof` the siblings from the leaf upwards. The caller has computed `entry` from a manifest
        and its salt (`ledger.proof.leaf`). With `at`, an aware time, the answer is what it would have been at the end of that
        second; nothing that was recorded later shows.
        """

    def seal_at(self, *, school: str, at: datetime) -> bytes:
        """Return the SHA-256 of the certificate with which the school sealed at that time; empty if it had none."""

    def school(self, code: str) -> SchoolOnChain | None:
        """Return the school registered under `code`, or None."""

    def keys_of(self, code: str) -> tuple[SchoolKeys, ...]:
        """Return the versions of a school's keys, oldest first, none if it is not registered.

        Of a school that changed them more than `MOST_KEY_VERSIONS` times, the newest so many.
        """

    def statement_at(self, *, publisher: str | None, topic: bytes, at: datetime | None = None) -> Statement | None:
        """Return the newest statement about `topic`, or None if there is none.

        `publisher` is a school's eight digits, or None for the authority. With `at`, an aware time, it is the one that was the
        newest at the end of that second.
        """


class RegistryHistory(RegistryReader, Protocol):
    """Whoever can also say what happened, for an audit."""

    def events_between(self, first: int, last: int) -> tuple[RegistryEvent, ...]:
        """Return what the registry told of in the blocks from `first` to `last`, both included, in order.

        A node may refuse so many blocks or events at once (`Unreachable`): ask for fewer then. Nothing proves that a node told
        all; the registry's state is what events are compared with.
        """


class Wallet(Protocol):
    """Where a chain key is. It signs what it is given and decides nothing."""

    @property
    def address(self) -> str:
        """The account, with EIP-55 checksum."""

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        """Return the signed bytes. The same transaction gives the same bytes (RFC 6979)."""

    def sign_typed(self, message: TypedMessage) -> bytes:
        """Return the 65 bytes of an EIP-712 signature: r, s, and 27 or 28."""


class RegistrySender(Protocol):
    """Whoever can carry a change to the registry. Signing is not its business; storing is the caller's.

    The `prepare_` methods ask the chain whether the change would be carried out, and raise `Rejected` with the contract's own
    error if not. `sender` is the account that will sign; `nonce` is the caller's choice, so that a change which was prepared
    twice is still made once.
    """

    def nonce(self, address: str) -> int:
        """Return the account's next free number, transactions that wait in the node included."""

    def prepare_register_school(
        self, *, sender: str, nonce: int, school: str, operator: str, seal_certificate: bytes, consent: bytes
    ) -> UnsignedTransaction:
        """Prepare the registration of a school by the authority. `consent` is the SHA-256 of the school's own statement."""

    def prepare_anchor(
        self, *, sender: str, nonce: int, school: str, school_year: int, root: bytes, leaf_count: int
    ) -> UnsignedTransaction:
        """Prepare the anchoring of a batch by the school's operator. `school_year` is the year in which it begins."""

    def prepare_recall(
        self,
        *,
        sender: str,
        nonce: int,
        school: str,
        root: bytes,
        entry: bytes,
        reason: RecallReason,
        replacement: Replacement | None = None,
    ) -> UnsignedTransaction:
        """Prepare a recall by the school's operator. `replacement` is the record that takes its place."""

    def prepare_publish(
        self, *, sender: str, nonce: int, publisher: str | None, topic: bytes, digest: bytes
    ) -> UnsignedTransaction:
        """Prepare the publication of a statement by the authority (`publisher` None) or by a school's operator."""

    def prepare_signed_anchor(self, *, sender: str, nonce: int, batch: SignedBatch) -> UnsignedTransaction:
        """Prepare the anchoring, by anybody, of a batch that the school's operator signed."""

    def prepare_lock(self, *, sender: str, nonce: int, school_year: int) -> UnsignedTransaction:
        """Prepare the locking of a school year by the authority, for good."""

    def prepare_approval(self, *, sender: str, nonce: int, school: str, request: RecallRequest) -> UnsignedTransaction:
        """Prepare the authority's consent to one recall, in just these words."""

    def prepare_replacement(
        self, *, sender: str, nonce: int, school: str, root: bytes, entry: bytes, replacement: Replacement
    ) -> UnsignedTransaction:
        """Prepare the naming, by the school's operator, of what takes a recalled record's place."""

    def prepare_empty(self, *, sender: str, nonce: int) -> UnsignedTransaction:
        """Prepare a transaction of the account to itself, of no value and without a word: it uses its number up."""

    def used(self, address: str, *, block: int) -> int:
        """Return how many of the account's numbers were used up to the end of `block`: the first that was not."""

    def settled_block(self, rule: Finality) -> int:
        """Return the number of the newest block that no reorganisation takes back, by `rule`; -1 if there is none yet."""

    def broadcast(self, raw: bytes) -> bytes:
        """Hand signed bytes to the node and return the transaction's hash. Safe to repeat.

        A node that has the transaction already, waiting or mined, is a success. Raises `NonceTaken`, `Underpriced`,
        `OutOfFunds` or `Unsendable` when the node refuses; after `Unreachable` it is unknown whether the node has it.
        """

    def receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        """Return where the transaction was mined, or None while it was not, or is no longer after a re-organisation."""


class Registry(RegistryReader, RegistrySender, Protocol):
    """Whoever can be asked and told."""


def _hex(text: str, digits: int) -> str:
    """Return `text` in lower case, after checking that it is 0x and `digits` hexadecimal digits."""
    body = text[2:].lower()
    if text[:2] != "0x" or len(body) != digits or set(body) - set("0123456789abcdef"):
        raise Malformed(
            f"“{text}” phải là 0x và {digits} chữ số thập lục phân.", f"'{text}' must be 0x and {digits} hex digits."
        )
    return "0x" + body
