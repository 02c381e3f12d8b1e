# SPDX-License-Identifier: Apache-2.0

"""What somebody did by hand, with another tool: the year is locked already, the recall approved. The act then ends as done.

The contract says so when it is asked whether it would take the transaction. That may be in a block that a reorganisation takes
back, so it is waited for. It stands once the newest block of the time when it was first seen does; or once everything does that
our account has on the chain: only the authority locks and approves, and whoever is the authority now has done it, or has taken
office since. The first needs no quiet account, and the second no process that runs for as long as the chain takes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.batch import ActKind
from ledger.chain.errors import Rejected
from ledger.chain.registry import Finality, RegistrySender
from ledger.errors import LostRace
from ledger.store.errand_writer import ErrandWriter
from ledger.store.errands import Act, Errand

DONE: Final[Mapping[str, ActKind]] = MappingProxyType(
    {"AlreadyLocked": ActKind.LOCK, "AlreadyApproved": ActKind.APPROVE}
)
"""What the contract says of an act that was done before, in just these words."""


class DoneElsewhere:
    """Ends acts that others have done, with the key of `address` or before it was the authority's.

    What it has seen it keeps in memory: after a restart it waits anew, and loses nothing.
    """

    def __init__(self, writer: ErrandWriter, sender: RegistrySender, *, address: str, finality: Finality) -> None:
        self._writer = writer
        self._sender = sender
        self._address = address
        self._finality = finality
        self._seen: dict[int, tuple[Mapping[str, object], int]] = {}

    def ended(self, errand: Errand, refusal: Rejected) -> bool:
        """Whether `refusal` says that the errand is done, and it has ended so.

        Raises `LostRace` while that is in no block yet that stands: the errand is another's doing, and the next pass looks again.
        """
        if not isinstance(errand, Act) or DONE.get(refusal.name) is not errand.kind:
            return False
        seen = self._seen.get(errand.id)
        again = seen is not None and seen[0] == refusal.values
        if seen is None or not again:
            seen = self._seen[errand.id] = (refusal.values, self._sender.settled_block(1))
        settled = self._sender.settled_block(self._finality)
        # Not at the first look: of several nodes, those that show the lock and those that are asked here may differ for a moment.
        if seen[1] > settled and not (again and self._all_settled(settled)):
            raise LostRace(f"việc trên chuỗi/act {errand.id}", errand.state)
        self._writer.found_done(errand)
        return True

    def _all_settled(self, settled: int) -> bool:
        """Whether all that the account has on the chain is in blocks that stand."""
        newest = self._sender.used(self._address, block=self._sender.settled_block(1))
        return settled >= 0 and self._sender.used(self._address, block=settled) >= newest
