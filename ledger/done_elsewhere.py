# SPDX-License-Identifier: Apache-2.0

"""What somebody did by hand, with another tool: the year is locked already, the recall approved. The act then ends as done.

The contract says so when it is asked whether it would take the transaction. That may be in a block that a reorganisation takes
back, so it is waited for: the newest block at the time when it was first seen has to be one that stands.
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
    """Ends acts that others have done. What it has seen it keeps in memory: after a restart it waits anew, and loses nothing."""

    def __init__(self, writer: ErrandWriter, sender: RegistrySender, *, finality: Finality) -> None:
        self._writer = writer
        self._sender = sender
        self._finality = finality
        self._seen: dict[int, tuple[Mapping[str, object], int]] = {}

    def ended(self, errand: Errand, refusal: Rejected) -> bool:
        """Whether `refusal` says that the errand is done, and it has ended so.

        Raises `LostRace` while that is in no block yet that stands: the errand is another's doing, and the next pass looks again.
        """
        if not isinstance(errand, Act) or DONE.get(refusal.name) is not errand.kind:
            return False
        seen = self._seen.get(errand.id)
        if seen is None or seen[0] != refusal.values:
            seen = self._seen[errand.id] = (refusal.values, self._sender.settled_block(1))
        if seen[1] > self._sender.settled_block(self._finality):
            raise LostRace(f"việc trên chuỗi/act {errand.id}", errand.state)
        self._writer.found_done(errand)
        return True
