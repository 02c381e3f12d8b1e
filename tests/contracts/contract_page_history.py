# SPDX-License-Identifier: Apache-2.0

"""The small history of one registry that docs/contract.md reads: the same accounts, times and bytes in every run.

anvil begins at a fixed second and every transaction below names its own, so addresses, block numbers and times on the page are the
real ones. School 79000401 (Lê Lợi) issues three records, recalls one and replaces it; then its operator's key turns out to have been
stolen before that. School 79000402 changes its keys with consent, and is merged into the first. In July the authority hands over to a
new account, which locks the school year.
"""

import hashlib
import json
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eth_account import Account
from eth_account.messages import encode_typed_data
from web3 import Web3

from ledger.chain import abi
from ledger.chain.registry import RecallReason
from ledger.proof.leaf import entry_hash, leaf_hash
from ledger.proof.manifest import IssuedFile, Manifest, ManifestSigner
from ledger.proof.merkle import MerkleTree, keccak
from ledger.proof.receipt import Receipt
from scripts.deploy import HAND_OVER_DELAY
from scripts.devchain import DEV_MNEMONIC, Devchain

CHAIN_ID = 31337
BEGINNING = "2026-05-18T00:00:00"
SCHOOL, MERGED_SCHOOL = abi.school_word("79000401"), abi.school_word("79000402")
NOBODY_ELSE = bytes(32)
SCHOOL_YEAR = 2025
GAS = 10_000_000


def second(when: str) -> int:
    """The Unix time of a moment written in UTC, such as 2026-05-18T01:00:00."""
    return int(datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp())


def digest(of: str) -> bytes:
    """Stands for the SHA-256 of a file that this history has no need of."""
    return hashlib.sha256(of.encode()).digest()


def manifest(number: int, *, replaces: Manifest | None = None) -> Manifest:
    """The manifest of the `number`th record that the school issued."""
    return Manifest(
        id=UUID(f"5e2f4c1a-7b3d-4c6e-8f90-{number:012d}"),
        school="79000401",
        year="2025-2026",
        level="THCS",
        profile="thcs",
        record_sha256=digest(f"record {number}").hex(),
        files=(
            IssuedFile(role="pdf", sha256=digest(f"pdf {number}").hex(), size=180_000 + number),
            IssuedFile(role="xml", sha256=digest(f"xml {number}").hex(), size=24_000 + number),
        ),
        signers=(
            ManifestSigner(role="GVCN", cert_sha256=digest("teacher").hex()),
            ManifestSigner(role="CBQL", cert_sha256=digest("principal").hex()),
            ManifestSigner(role="KY_PHAT_HANH", cert_sha256=digest("seal 1").hex()),
        ),
        replaces=replaces.id if replaces else None,
    )


@dataclass(frozen=True)
class Issued:
    """One batch as it was issued: manifests, and the salt of each."""

    manifests: tuple[Manifest, ...]

    def salt(self, i: int) -> bytes:
        return keccak(b"salt of " + self.manifests[i].canonical())

    def entry(self, i: int) -> bytes:
        return entry_hash(salt=self.salt(i), manifest_sha256=self.manifests[i].sha256())

    def leaf(self, i: int) -> bytes:
        return leaf_hash(salt=self.salt(i), manifest_sha256=self.manifests[i].sha256())

    @property
    def tree(self) -> MerkleTree:
        return MerkleTree([self.leaf(i) for i in range(len(self.manifests))])

    def receipt(self, i: int, *, registry: str) -> Receipt:
        return Receipt.of(
            manifest=self.manifests[i],
            salt=self.salt(i),
            proof=self.tree.proof(self.leaf(i)),
            root=self.tree.root,
            chain_id=CHAIN_ID,
            registry=registry,
        )


FIRST_BATCH = Issued(tuple(manifest(number) for number in (1, 2, 3)))
RECALLED = 0
"""Which record of the first batch was recalled, counted from 0."""
SECOND_BATCH = Issued((manifest(4, replaces=FIRST_BATCH.manifests[RECALLED]),))

TYPES = {
    "AnchorBatch": "bytes32 school,uint16 schoolYear,bytes32 root,uint32 leafCount,uint48 deadline",
    "ChangeKeys": "bytes32 school,address operator,bytes32 sealCertificate,bytes32 consent,uint16 version,uint48 deadline",
}


class History:
    """Writes one transaction after the other, each in a block of its own at a second of its own."""

    def __init__(self, chain: Devchain) -> None:
        self._url = chain.url
        Account.enable_unaudited_hdwallet_features()
        paths = [f"m/44'/60'/0'/0/{i}" for i in range(10)]
        self._keys = [Account.from_mnemonic(DEV_MNEMONIC, account_path=path) for path in paths]
        self._abi = Web3().eth.contract(abi=abi.ARTIFACT["abi"])
        self.registry = ""

    def account(self, number: int) -> str:
        return str(self._keys[number].address)

    def write(self) -> None:
        """Let everything happen, in order."""
        authority, operator, merged_operator, new_operator, merged_new_operator, heir, relayer = range(7)
        data = "0x" + abi.creation(authority=self.account(authority), hand_over_delay=HAND_OVER_DELAY).hex()
        self.registry = self._send("2026-05-18T01:00:00", authority, data)["contractAddress"]
        keys = (self.account(operator), digest("seal 1"), digest("consent 1"))
        self._do("2026-05-18T02:00:00", authority, "registerSchool", SCHOOL, *keys)
        keys = (self.account(merged_operator), digest("seal of 402"), digest("consent of 402"))
        self._do("2026-05-18T02:05:00", authority, "registerSchool", MERGED_SCHOOL, *keys)
        signers = keccak(b"hocba.signers.v1")
        self._do("2026-05-20T02:00:00", authority, "publish", NOBODY_ELSE, signers, digest("signers of May"))

        words = (SCHOOL, SCHOOL_YEAR, FIRST_BATCH.tree.root, 3, second("2026-05-30T00:00:00"))
        batch = (*words, self._signature(operator, "AnchorBatch", *words))
        self._do("2026-05-29T09:00:00", relayer, "anchorMany", [batch])
        root = SECOND_BATCH.tree.root
        self._do("2026-06-08T01:30:00", operator, "anchor", SCHOOL, SCHOOL_YEAR, root, 1)
        recalled = (SCHOOL, FIRST_BATCH.tree.root, FIRST_BATCH.entry(RECALLED))
        replacement = (root, SECOND_BATCH.entry(0))
        self._do("2026-06-08T02:00:00", operator, "recall", *recalled, int(RecallReason.WRONG_DATA), replacement)

        keys = (self.account(new_operator), digest("seal 2"), digest("consent 2"))
        self._do("2026-06-09T02:00:00", authority, "proposeKeys", SCHOOL, *keys)
        self._do("2026-06-12T02:00:00", authority, "completeKeys", SCHOOL)
        self._do("2026-06-12T02:30:00", authority, "reportCompromise", SCHOOL, 1, second("2026-06-06T00:00:00"))

        keys = (self.account(merged_new_operator), digest("seal of 402"), digest("new consent of 402"))
        deadline = second("2026-06-16T00:00:00")
        consent = self._signature(merged_operator, "ChangeKeys", MERGED_SCHOOL, *keys, 2, deadline)
        self._do("2026-06-15T02:00:00", authority, "changeKeys", MERGED_SCHOOL, *keys, deadline, consent)
        self._do("2026-06-30T02:00:00", authority, "publish", NOBODY_ELSE, signers, digest("signers of June"))
        self._do("2026-07-01T02:00:00", authority, "setRecallPolicy", 1)
        self._do("2026-07-06T02:00:00", authority, "closeSchool", MERGED_SCHOOL, SCHOOL)
        self._do("2026-07-20T02:00:00", authority, "beginDefaultAdminTransfer", self.account(heir))
        self._do("2026-07-23T02:00:01", heir, "acceptDefaultAdminTransfer")
        self._do("2026-08-15T02:00:00", heir, "lockSchoolYear", SCHOOL_YEAR)

    def _do(self, when: str, sender: int, function: str, *arguments: object) -> None:
        self._send(when, sender, self._abi.encode_abi(function, args=arguments), to=self.registry)

    def _send(self, when: str, sender: int, data: str, **to: str) -> dict[str, str]:
        self._ask("evm_setNextBlockTimestamp", second(when))
        transaction = {"from": self.account(sender), "data": data, "gas": hex(GAS), **to}
        receipt: dict[str, str] = self._ask("eth_sendTransactionSync", transaction)
        if receipt["status"] != "0x1":
            raise AssertionError(f"the registry refused what was to happen at {when}")
        return receipt

    def _signature(self, signer: int, name: str, *values: object) -> bytes:
        """The account's EIP-712 signature for this registry."""
        fields = [dict(zip(("type", "name"), each.split(), strict=True)) for each in TYPES[name].split(",")]
        message = {field["name"]: value for field, value in zip(fields, values, strict=True)}
        domain = {"name": "hocba TranscriptRegistry", "version": "1", "chainId": CHAIN_ID}
        domain["verifyingContract"] = self.registry
        typed = encode_typed_data(domain_data=domain, message_types={name: fields}, message_data=message)
        return bytes(self._keys[signer].sign_message(typed).signature)

    def _ask(self, method: str, *parameters: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            told = json.load(answer)
        if "error" in told:
            raise AssertionError(f"{method}: {told['error']}")
        return told["result"]
