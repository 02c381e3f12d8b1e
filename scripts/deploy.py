# SPDX-License-Identifier: Apache-2.0

"""Putting a registry on a chain, once, and writing down where it is.

The result is `contracts/deployments/<chain-id>.json`: address, chain id, block, runtime code hash, compiler and settings. From
it comes the pin that every reader must be given; nobody needs to believe the file, as compiling the source gives the same
code hash.

    python -m scripts.deploy --rpc http://127.0.0.1:8545 --keystore authority.json --out contracts/deployments/31337.json

The account that pays is the authority (Sở GDĐT), unless `--authority` names another one.
"""

import argparse
import getpass
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ledger.chain import abi
from ledger.chain.errors import ChainError, Malformed, Rejected, Unreachable, WrongChain
from ledger.chain.registry import RegistryPin, TransactionReceipt, Wallet
from ledger.chain.wallet import KeyWallet
from ledger.chain.web3_node import Web3Node

HAND_OVER_DELAY = 3 * 24 * 3600
"""Seconds that a hand-over of the authority's role waits, so that a theft can be seen and cancelled over a weekend."""
MINING_SECONDS = 120.0
"""How long a deployment waits to be mined."""
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a registry is and what it was built from."""

    chain_id: int
    address: str
    """With EIP-55 checksum."""
    authority: str
    hand_over_delay: int
    """In seconds."""
    block: int
    """The block that created it: where a replay of its events begins."""
    transaction: str
    code_hash: str
    """keccak256 of the runtime code."""
    compiler: str
    settings: Mapping[str, Any]

    @property
    def pin(self) -> RegistryPin:
        """What a reader must be given to believe this registry."""
        return RegistryPin(chain_id=self.chain_id, address=self.address, code_hash=self.code_hash)


def deploy(
    node: str | Web3Node,
    wallet: Wallet,
    *,
    authority: str | None = None,
    hand_over_delay: int = HAND_OVER_DELAY,
    sleep: Callable[[float], None] = time.sleep,
) -> Deployment:
    """Create a registry and return where it is. `wallet` pays; `authority` None makes its account the authority.

    Not repeatable: a second call makes a second registry. `sleep` is how it waits between two looks for the receipt.
    """
    chain = Web3Node(node) if isinstance(node, str) else node
    master = authority or wallet.address
    transaction = chain.prepare(
        sender=wallet.address,
        nonce=chain.nonce(wallet.address),
        to=None,
        data=abi.creation(authority=master, hand_over_delay=hand_over_delay),
    )
    signed = wallet.sign(transaction)
    receipt = _mined(chain, chain.broadcast(signed.raw), sleep)
    if not receipt.status or receipt.contract_address is None:
        raise Rejected("", {"transaction": signed.hash})
    code_hash = chain.code_hash(receipt.contract_address)
    if code_hash != abi.ARTIFACT["runtimeCodeHash"]:
        raise WrongChain("code hash", expected=abi.ARTIFACT["runtimeCodeHash"], found=code_hash)
    return Deployment(
        chain_id=transaction.chain_id,
        address=receipt.contract_address,
        authority=master,
        hand_over_delay=hand_over_delay,
        block=receipt.block_number,
        transaction="0x" + signed.hash.hex(),
        code_hash=code_hash,
        compiler=abi.ARTIFACT["compiler"],
        settings=abi.ARTIFACT["settings"],
    )


def write_deployment(deployment: Deployment, path: Path) -> None:
    """Write `contracts/deployments/<chain-id>.json`, or a file of the same form elsewhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(deployment), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_deployment(path: Path) -> Deployment:
    """Read what `write_deployment` wrote."""
    try:
        deployment = Deployment(**json.loads(path.read_text(encoding="utf-8")))
        _ = deployment.pin
    except (OSError, ValueError, TypeError, AttributeError, ChainError) as error:
        raise Malformed(
            f"Tệp triển khai {path} không đọc được. Hãy khôi phục tệp, hoặc triển khai lại bằng scripts.deploy.",
            f"The deployment file {path} cannot be read. Restore it, or deploy again with scripts.deploy.",
        ) from error
    return deployment


def _mined(chain: Web3Node, transaction_hash: bytes, sleep: Callable[[float], None]) -> TransactionReceipt:
    for _ in range(int(MINING_SECONDS / POLL_SECONDS)):
        receipt = chain.receipt(transaction_hash)
        if receipt is not None:
            return receipt
        sleep(POLL_SECONDS)
    raise Unreachable(chain.name, f"transaction 0x{transaction_hash.hex()} was sent but not mined yet")


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy a registry and write its file; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.deploy", description=__doc__.split("\n")[0])
    parser.add_argument("--rpc", required=True, metavar="URL", help="the chain's node")
    parser.add_argument("--keystore", required=True, type=Path, help="keystore v3 file of the account that pays")
    parser.add_argument(
        "--authority", metavar="ADDRESS", help="the authority's account, if another than the one that pays"
    )
    parser.add_argument("--hand-over-delay", type=int, default=HAND_OVER_DELAY, metavar="SECONDS")
    parser.add_argument("--out", type=Path, help="default: contracts/deployments/<chain-id>.json")
    asked = parser.parse_args(arguments)
    try:
        wallet = KeyWallet.from_keystore(asked.keystore, password=getpass.getpass(f"{asked.keystore}: "))
        deployment = deploy(asked.rpc, wallet, authority=asked.authority, hand_over_delay=asked.hand_over_delay)
    except ChainError as error:
        sys.stderr.write(f"{error.vi}\n{error.en}\n")
        return 1
    path = asked.out or Path("contracts") / "deployments" / f"{deployment.chain_id}.json"
    write_deployment(deployment, path)
    sys.stdout.write(f"{deployment.address} -> {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
