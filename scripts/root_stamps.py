# SPDX-License-Identifier: Apache-2.0

"""Where `ledger.stamping` meets `signer.root_tokens`: tokens over roots, from the authority that the settings name.

In this process, as there are a few batches a day and not a class of papers; the line to the authority and the revocation data
that was gathered are kept from root to root.
"""

from collections.abc import Sequence

from ledger.stamping import Unstamped
from scripts.crew import utc_now
from signer.errors import SignerError
from signer.root_tokens import stamp
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData


class LocalRootStamper:
    """Asks TSA, CRL and OCSP over the network, each with bounded patience. Implements `ledger.stamping.RootStamper`."""

    def __init__(self, *, tsa: str, roots: Sequence[bytes]) -> None:
        self._timestamper = HttpTimestamper(tsa)
        self._validation_data = ValidationData.online(roots, now=utc_now)

    def stamp(self, root: bytes) -> bytes | Unstamped:
        """A token over SHA-256 of `root`, or why there is none."""
        try:
            return stamp(root, timestamper=self._timestamper, validation_data=self._validation_data)
        except SignerError as error:
            return Unstamped(
                f"Đợt neo {root.hex()[:12]}… chưa có dấu thời gian; việc neo không phải chờ, lần chạy sau sẽ hỏi lại. Lý do: "
                f"{error.vi}",
                f"Batch {root.hex()[:12]}… has no time-stamp yet; its anchor does not wait for that, and the next run asks "
                f"again. The reason: {error.en}",
            )
