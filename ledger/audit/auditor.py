# SPDX-License-Identifier: Apache-2.0

"""The audit as a whole.

One line is enough, which is how every crash test ends::

    assert not wrong(audit(ledger.engine, chain=chain))

The parts run one after the other over one state of the ledger, each in constant memory; what they find is told as it is found.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import Engine

from ledger.audit import findings
from ledger.audit.batch_part import check_batches
from ledger.audit.chain_part import OnChain, check_chain
from ledger.audit.class_part import check_classes, check_pupils, check_schools
from ledger.audit.errand_part import check_acts, check_attempts, check_carried, check_recalls
from ledger.audit.file_part import KeptFiles, check_files
from ledger.audit.findings import Finding, Severity
from ledger.audit.journal_part import check_journal, vouching
from ledger.audit.pages import Pages, Unwatched, Watcher
from ledger.audit.transfer_part import check_transfers
from ledger.audit.unit_part import check_units
from ledger.chain.errors import ChainError
from ledger.chain.registry import Finality, RegistryHistory
from ledger.store.sessions import reading

DEFAULT_FINALITY: Finality = 1
"""A root counts as soon as it is in a block; whoever composes the audit passes what the trust settings say."""


def audit(
    engine: Engine,
    *,
    chain: RegistryHistory | None = None,
    finality: Finality = DEFAULT_FINALITY,
    files: KeptFiles | None = None,
    first_block: int = 0,
    published: Collection[bytes] = (),
    watcher: Watcher | None = None,
) -> Iterator[Finding]:
    """Everything that is wrong with a ledger, or worth knowing.

    Without `chain` and `files` it says what the database shows by itself: rows against manifests, receipts, trees and journal.
    With `chain` all of that is compared with the registry too, from `first_block` on; with `files` every byte is read.
    `published` are digests of statements that are kept outside of the ledger. Raises `Unavailable` when the database cannot be
    asked.

    `engine` should be one for reading (`open_for_reading`): it is kept in one transaction until the iterator ends.
    """
    asked = None
    if chain is not None:
        try:
            # Before the ledger is read: what the chain has by now, the ledger had decided before.
            asked = OnChain(chain, finality, chain.head().number, first_block, published)
        except ChainError as error:
            yield findings.CHAIN_UNREACHABLE("chain", found=error.en)
    with reading(engine) as session:
        pages = Pages(session, watcher or Unwatched())
        vouched = vouching(pages)
        yield from check_journal(pages, vouched)
        yield from check_schools(pages, vouched)
        yield from check_classes(pages, vouched)
        yield from check_pupils(pages)
        yield from check_units(pages, vouched)
        yield from check_batches(pages, vouched)
        yield from check_recalls(pages, vouched)
        yield from check_acts(pages, vouched)
        yield from check_transfers(pages, vouched)
        yield from check_attempts(pages)
        yield from check_carried(pages)
        if asked is not None:
            yield from check_chain(pages, asked)
        if files is not None:
            yield from check_files(pages, files)


def wrong(found: Iterator[Finding]) -> list[Finding]:
    """Those of `found` that somebody has to look at."""
    return [finding for finding in found if finding.severity is not Severity.INFO]
