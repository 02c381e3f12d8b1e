# SPDX-License-Identifier: Apache-2.0

"""A registry with two schools on some chain, who may do what there, and short ways to say what happens."""

from dataclasses import dataclass, field

from ledger.chain.registry import TransactionReceipt, UnsignedTransaction, Wallet
from ledger.chain.web3_node import Web3Node
from ledger.chain.web3_registry import Web3Registry
from ledger.proof.leaf import entry_hash
from ledger.proof.merkle import MerkleTree, keccak
from scripts.deploy import Deployment, deploy

SCHOOL = "79000401"
OTHER_SCHOOL = "79000402"
LOOKS_FOR_A_RECEIPT = 2000
SEAL = bytes.fromhex("5ea1" * 16)
CONSENT = bytes.fromhex("c05e" * 16)


def never(_seconds: float) -> None:
    """Stand where a wait would be; each look for a receipt takes its time."""


@dataclass(frozen=True)
class Batch:
    name: str
    size: int = 5
    entries: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        words = [f"{self.name} {i}".encode().ljust(32, b"\0") for i in range(self.size)]
        object.__setattr__(self, "entries", [entry_hash(salt=word, manifest_sha256=word) for word in words])

    @property
    def leaves(self) -> list[bytes]:
        return [keccak(entry) for entry in self.entries]

    @property
    def tree(self) -> MerkleTree:
        return MerkleTree(self.leaves)

    @property
    def root(self) -> bytes:
        return self.tree.root

    def proof(self, i: int) -> tuple[bytes, ...]:
        return self.tree.proof(self.leaves[i])


@dataclass(frozen=True)
class Scene:
    """A registry, who may do what, and short ways to say what happens."""

    registry: Web3Registry
    deployment: Deployment
    authority: Wallet
    operator: Wallet
    other_operator: Wallet
    stranger: Wallet

    def send(self, wallet: Wallet, transaction: UnsignedTransaction) -> TransactionReceipt:
        sent = self.registry.broadcast(wallet.sign(transaction).raw)
        # anvil answers first and mines a moment later.
        receipts = (self.registry.receipt(sent) for _ in range(LOOKS_FOR_A_RECEIPT))
        return next(receipt for receipt in receipts if receipt is not None)

    def register(self, *, school=SCHOOL, wallet=None, operator=None, seal=SEAL) -> TransactionReceipt:
        wallet = wallet or self.authority
        return self.send(
            wallet,
            self.registry.prepare_register_school(
                sender=wallet.address,
                nonce=self.registry.nonce(wallet.address),
                school=school,
                operator=operator or self.operator.address,
                seal_certificate=seal,
                consent=CONSENT,
            ),
        )

    def prepare_anchor(self, batch, *, school=SCHOOL, wallet=None, year=2025, size=None, root=None):
        wallet = wallet or self.operator
        return self.registry.prepare_anchor(
            sender=wallet.address,
            nonce=self.registry.nonce(wallet.address),
            school=school,
            school_year=year,
            root=batch.root if root is None else root,
            leaf_count=batch.size if size is None else size,
        )

    def anchor(self, batch, *, wallet=None, **changes) -> TransactionReceipt:
        return self.send(wallet or self.operator, self.prepare_anchor(batch, wallet=wallet, **changes))

    def prepare_recall(self, batch, i, *, school=SCHOOL, wallet=None, reason, replacement=None):
        wallet = wallet or self.operator
        return self.registry.prepare_recall(
            sender=wallet.address,
            nonce=self.registry.nonce(wallet.address),
            school=school,
            root=batch.root,
            entry=batch.entries[i],
            reason=reason,
            replacement=replacement,
        )

    def recall(self, batch, i, *, wallet=None, **changes) -> TransactionReceipt:
        return self.send(wallet or self.operator, self.prepare_recall(batch, i, wallet=wallet, **changes))

    def publish(self, digest, *, topic, publisher=None, wallet=None) -> TransactionReceipt:
        wallet = wallet or self.authority
        return self.send(
            wallet,
            self.registry.prepare_publish(
                sender=wallet.address,
                nonce=self.registry.nonce(wallet.address),
                publisher=publisher,
                topic=topic,
                digest=digest,
            ),
        )

    def status(self, batch, i, *, school=SCHOOL, proof=None, at=None):
        return self.registry.status_of(
            school=school,
            root=batch.root,
            entry=batch.entries[i],
            proof=batch.proof(i) if proof is None else proof,
            at=at,
        )


def scene_on(node, wallets, *, timeout=5.0) -> Scene:
    deployment = deploy(Web3Node(node), wallets[0], sleep=never)
    scene = Scene(Web3Registry(node, deployment.pin, timeout), deployment, *wallets[:4])
    scene.register()
    scene.register(school=OTHER_SCHOOL, operator=scene.other_operator.address)
    return scene
