# SPDX-License-Identifier: Apache-2.0

"""What an audit and an archive are made of: from settings and trust to the ledger for reading, its files, and nodes to be asked.

Nothing here holds a key. An audit reads the ledger as the public verifier does, through an engine that cannot write.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ledger.audit.auditor import audit
from ledger.audit.findings import Finding
from ledger.audit.pages import Watcher
from ledger.chain.quorum import QuorumHistory
from ledger.chain.registry import RegistryHistory
from ledger.chain.web3_registry import Web3Registry
from ledger.store.database import open_for_reading
from ledger.store.files import DIGEST
from scripts.compose import file_store
from scripts.registration import PUBLISHED_FOLDER
from scripts.settings import Settings
from verifier_api.trust import REVOCATIONS, SIGNERS_FILE, TRUST_FILE, Trust

NODE_TIMEOUT = 30.0
"""Seconds that a node may take to tell what happened in some thousand blocks."""


def registry_history(trust: Trust, rpc: Sequence[str] = ()) -> RegistryHistory:
    """Who is asked what happened on the chain: one node, or several of which a majority must agree."""
    nodes = [Web3Registry(url, trust.pin, NODE_TIMEOUT) for url in rpc or trust.settings.rpc]
    if len(nodes) == 1:
        return nodes[0]
    return QuorumHistory(nodes, at_least=len(nodes) // 2 + 1, deadline=2 * NODE_TIMEOUT)


def ledger_audit(
    settings: Settings,
    trust: Trust | None,
    *,
    rpc: Sequence[str] = (),
    files: bool,
    first_block: int = 0,
    watcher: Watcher | None = None,
) -> Iterator[Finding]:
    """What an audit of the ledger of `settings` finds; without `trust` the chain is not asked."""
    return audit(
        open_for_reading(settings.database),
        chain=None if trust is None else registry_history(trust, rpc),
        finality=1 if trust is None else trust.settings.registry.confirmations,
        files=file_store(settings.files) if files else None,
        first_block=first_block,
        published=published_lists(settings.trust),
        watcher=watcher,
    )


def published_lists(trust_folder: Path) -> frozenset[bytes]:
    """Digests of the signer lists that a trust folder keeps because they were published."""
    names = (path.stem for path in (trust_folder / PUBLISHED_FOLDER).glob("*.json"))
    kept = {bytes.fromhex(name) for name in names if DIGEST.fullmatch(name)}
    current = trust_folder / SIGNERS_FILE
    if current.is_file():
        kept.add(hashlib.sha256(current.read_bytes()).digest())
    return frozenset(kept)


def trust_files(trust_folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a trust folder that an archive takes along: settings, certificates, lists, revocations; no secret.

    An address of a node often has a key in it, as a name, a path or a query: of each, the archive has the host alone.
    """
    trust = Trust.load(trust_folder)
    said = json.loads((trust_folder / TRUST_FILE).read_bytes())
    said["rpc"] = [_host(url) for url in trust.settings.rpc]
    yield TRUST_FILE, json.dumps(said, ensure_ascii=False, indent=2).encode() + b"\n"
    named = {file for files in trust.settings.hierarchies.values() for file in files} | {*trust.settings.intermediates}
    for name in sorted(named):
        yield name, (trust_folder / name).read_bytes()
    lists = [trust_folder / SIGNERS_FILE, *sorted((trust_folder / PUBLISHED_FOLDER).glob("*.json"))]
    revocations = sorted((trust_folder / REVOCATIONS).glob("*"))
    for path in (*lists, *revocations):
        if path.is_file():
            yield path.relative_to(trust_folder).as_posix(), path.read_bytes()


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{parts.port}" if parts.port else "")
