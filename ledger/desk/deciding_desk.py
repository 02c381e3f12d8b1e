# SPDX-License-Identifier: Apache-2.0

"""What the desk decides with: recalls, consents, locks, amendments and transfers. It stores; chain keys carry elsewhere.

The desk holds no key of any chain account. A decision made here goes to the chain with the next `hocba anchor` of the school, or
the next `hocba carry` of the authority, and the pages say so.
"""

from dataclasses import dataclass

from ledger.deciding import Decisions
from ledger.store.errands import Errands
from ledger.store.journal_store import Journal
from ledger.store.school_years import SchoolYears
from ledger.store.transfers import Transfers
from ledger.transferring import Transferring


@dataclass(frozen=True)
class DecidingDesk:
    """The parts that deciding needs, and where its pages read how a decision stands."""

    decisions: Decisions
    errands: Errands
    journal: Journal
    years: SchoolYears
    transfers: Transfers
    transferring: Transferring
