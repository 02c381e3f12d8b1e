# SPDX-License-Identifier: Apache-2.0

"""What each act costs on the registry, in gas, beside what peers pay: `python -m scripts.bench.bench_gas [--check]`.

The figures are those of receipts on a chain of one's own (anvil, cancun rules), with fixed keys, so that they are the same on
every machine: docs/gas.md is written from them, and CI refuses it once it is stale. A change that costs gas shows in its diff.

Peers were measured on the same kind of chain, each contract as its project publishes it: OpenAttestation's DocumentStore 3.0.0,
TrustVC's document-store 1.0.3, EAS. They keep less: OpenAttestation stores neither time nor who; EAS' timestamp has no issuer.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data

from ledger.chain import abi
from ledger.chain.registry import RecallReason, Replacement, Wallet
from ledger.chain.web3_node import Web3Node
from ledger.proof.merkle import keccak
from scripts import generated
from scripts.deploy import deploy
from scripts.devchain import ROOT, Devchain

PAGE = ROOT / "docs" / "gas.md"
MANY = 100
SCHOOL_YEAR = 2025
LEAVES = 45
DEADLINE = 4_000_000_000
"""In 2096, in Unix seconds; the same bytes in every run."""
SIGNED_BATCH = "(bytes32,uint16,bytes32,uint32,uint48,bytes)"


@dataclass(frozen=True)
class Act:
    """One thing that somebody does on the chain, and its cost."""

    name: str
    gas: int
    target: int | None
    """At most this much, as was asked for; None where nothing was."""
    peers: str

    @property
    def row(self) -> str:
        """The act as a line of the table."""
        target = "" if self.target is None else f"{self.target:,}"
        over = (
            "" if self.target is None or self.gas <= self.target else f" (+{100 * self.gas / self.target - 100:.1f} %)"
        )
        return f"| {self.name} | {self.gas:,}{over} | {target} | {self.peers} |"


class Bench:
    """A registry with `MANY` schools, and the price of whatever is sent to it."""

    def __init__(self, node: str, authority: Wallet, operator: Wallet) -> None:
        self._node = Web3Node(node)
        self.authority, self.operator = authority, operator
        self.deployment = deploy(self._node, authority)
        self.deploying = self._gas_of_creation()
        self.keys = [Account.from_key(keccak(b"school %d" % number)) for number in range(MANY)]
        self.registering, *_ = [self.send(authority, self._registration(number)) for number in range(MANY)]

    def send(self, wallet: Wallet, data: bytes) -> int:
        """Send a call to the registry and return the gas that it used."""
        unsigned = self._node.prepare(
            sender=wallet.address,
            nonce=self._node.nonce(wallet.address),
            to=self.deployment.address,
            data=data,
        )
        sent = self._node.broadcast(wallet.sign(unsigned).raw)
        while (receipt := self._node.receipt(sent)) is None:
            pass
        if not receipt.status:
            raise RuntimeError("a measured call was undone")
        return receipt.gas_used

    def call(self, function: str, *arguments: object) -> int:
        """Let school 0 do something."""
        return self.send(self.operator, abi.call(function, school(0), *arguments))

    def signed(self, number: int, root: bytes) -> tuple[object, ...]:
        """A batch that the operator of a school has signed for somebody else to send."""
        message = {
            "school": school(number),
            "schoolYear": SCHOOL_YEAR,
            "root": root,
            "leafCount": LEAVES,
            "deadline": DEADLINE,
        }
        fields = [("school", "bytes32"), ("schoolYear", "uint16"), ("root", "bytes32"), ("leafCount", "uint32")]
        typed = encode_typed_data(
            domain_data={
                "name": "hocba TranscriptRegistry",
                "version": "1",
                "chainId": self.deployment.chain_id,
                "verifyingContract": self.deployment.address,
            },
            message_types={"AnchorBatch": [{"name": n, "type": t} for n, t in [*fields, ("deadline", "uint48")]]},
            message_data=message,
        )
        key = self.keys[number]
        return (*message.values(), bytes(key.sign_message(typed).signature))

    def _registration(self, number: int) -> bytes:
        operator = self.operator.address if number == 0 else self.keys[number].address
        return abi.call("registerSchool", school(number), operator, keccak(b"seal"), keccak(b"consent"))

    def _gas_of_creation(self) -> int:
        receipt = self._node.receipt(bytes.fromhex(self.deployment.transaction.removeprefix("0x")))
        if receipt is None:
            raise RuntimeError("the deployment has no receipt")
        return receipt.gas_used


def school(number: int) -> bytes:
    """The word of a school's code."""
    return abi.school_word(f"79{number:06d}")


def relayed(function: str, *arguments: object, types: Sequence[str]) -> bytes:
    """The data of a call that carries signatures."""
    return keccak(f"{function}({','.join(types)})".encode())[: abi.SELECTOR_BYTES] + encode(types, arguments)


def measured(bench: Bench, relayer: Wallet) -> list[Act]:
    """Do everything once, or twice where the first time costs more, and return what it cost."""

    def word(name: str) -> bytes:
        return keccak(name.encode())

    def recall(entry: str, replacement: Replacement | None = None) -> int:
        data = abi.recall_call(
            school=school(0).rstrip(b"\0").decode(),
            root=word("batch"),
            entry=word(entry),
            reason=RecallReason.WRONG_DATA,
            replacement=replacement,
        )
        return bench.send(bench.operator, data)

    def anchor_many(name: str, numbers: Sequence[int]) -> int:
        batches = [bench.signed(number, word(f"{name} {place}")) for place, number in enumerate(numbers)]
        return bench.send(relayer, relayed("anchorMany", batches, types=[f"{SIGNED_BATCH}[]"])) // len(numbers)

    def publish(digest: str) -> int:
        return bench.call("publish", word("hocba.journal.v1"), word(digest))

    anchor = bench.call("anchor", SCHOOL_YEAR, word("batch"), LEAVES)
    bench.call("anchor", SCHOOL_YEAR, word("later"), LEAVES)
    requests = [(word("batch"), word(f"one of many {place}"), 1, abi.NO_REPLACEMENT) for place in range(MANY)]
    return [
        Act("`anchor`", anchor, 52_000, "OpenAttestation `issue` 47,886; EAS `timestamp` 45,869; TrustVC 48,997"),
        Act(
            "`anchorBySig`",
            bench.send(relayer, relayed("anchorBySig", bench.signed(1, word("signed")), types=[SIGNED_BATCH])),
            68_000,
            "EAS `attest` 202,552",
        ),
        Act(
            f"`anchorMany`, each of {MANY}, as many schools",
            anchor_many("schools", range(MANY)[1:]),
            34_000,
            "OpenAttestation `bulkIssue` 24,452 (no signature, no school)",
        ),
        Act(f"`anchorMany`, each of {MANY}, one school", anchor_many("school", [1] * MANY), 34_000, ""),
        Act(
            "`recall`",
            recall("first"),
            56_000,
            "OpenAttestation `revoke` 47,980; TrustVC 53,257 with proof; EAS 62,032",
        ),
        Act(
            "`recall` with replacement",
            recall("second", Replacement(word("later"), word("its replacement"))),
            80_000,
            "none has it",
        ),
        Act(
            f"`recallMany`, each of {MANY}",
            bench.call("recallMany", requests) // MANY,
            30_000,
            "OpenAttestation `bulkRevoke` 24,466; TrustVC 29,154",
        ),
        Act("`publish`, the first of a topic", publish("first"), None, ""),
        Act("`publish`, as a rule", publish("second"), 52_000, "EAS `timestamp` 45,869 (no issuer, no order)"),
        Act("`publish`, every fifth", max(publish(f"another {place}") for place in range(4)), None, ""),
        Act("`registerSchool`", bench.registering, None, "EAS schema 94,171"),
        Act("creating the registry", bench.deploying, None, "OpenAttestation 1,106,212; EAS 4,799,484"),
    ]


def page() -> str:
    """The page of figures."""
    with Devchain() as chain:
        bench = Bench(chain.url, chain.wallet(0), chain.wallet(1))
        acts = measured(bench, chain.wallet(2))
    rows = "\n".join(act.row for act in acts)
    return f"""# What the registry costs

Gas of whole transactions, measured by `python -m scripts.bench.bench_gas`, which writes this page; CI refuses it once it is
stale. Peers were measured on the same kind of chain. One batch holds a class or a whole school: 45 records anchored with one
`anchor` cost about {acts[0].gas // LEAVES:,} each.

| act | gas | asked for at most | peers |
|---|---:|---:|---|
{rows}

Where it goes, and why it stays:

- Every act of a school reads one word of the school (2,100: may it act, who is its operator) and writes one fresh word
  (22,100). Times and block numbers are in state, so that nobody needs an archive of events to answer.
- `recall` also reads the batch (its year) and the rule (policy and locks), 4,200 together: without them a stolen key could
  recall records of a locked year. 21,000 and 1,700 of calldata are the transaction's own. The linear search among some sixty
  functions that Solidity makes costs about 1,000; the older compiler pipeline saves half of that and comes within a few
  hundred bytes of the limit of contract size.
- A replacement is a second fresh word, and two reads (4,200) make sure that it was really anchored and is not recalled itself.
- `anchorMany` pays 2,500 a batch for calldata and 3,100 to recover the signature. With a hundred different schools each
  batch reads another school's word; one school's batches share it.
- `publish` keeps the whole digest (one fresh word) and its time (a fifth of one) with the count: history and the newest
  statement at any time can be read from state. With the digest cut to 26 bytes it would fit one word; a shortened digest is
  not worth it.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with `--check` compare it; return the exit status."""
    return generated.run(
        arguments, module="scripts.bench.bench_gas", summary=str(__doc__).split("\n")[0], default=PAGE, make=page
    )


if __name__ == "__main__":
    sys.exit(main())
