# SPDX-License-Identifier: Apache-2.0

"""A key's quota for the day: taken before the work, all of it or nothing, and given back where we could not do the work.

What an outage of ours spoils costs the asker nothing: a ledger or chain that could not be asked, a server that was too busy, a
job that broke or whose process ended. What the asker spoils is paid for: an archive that is refused, a job that is cancelled.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from verifier_api import findings, problems
from verifier_api.bulk_store import Allowance, BulkStore, KeyHolder
from verifier_api.problems import Refusal
from verifier_api.verdict import Verdict

_OUTAGES: Final = frozenset(
    kind.code
    for kind in (
        findings.BYTES_NO_LEDGER,
        findings.BYTES_LEDGER_BEHIND,
        findings.CHAIN_UNREACHABLE,
        findings.CHAIN_WRONG,
        findings.CHAIN_STALE,
    )
)
_ASKERS_OWN: Final = frozenset({problems.ARCHIVE_REFUSED})
"""What is refused after the quota was taken, and is not our fault."""


class Quota:
    """Takes and gives back. Safe to share between threads, as the store is."""

    def __init__(self, store: BulkStore) -> None:
        self._store = store

    def take(self, holder: KeyHolder, count: int) -> Allowance:
        """Takes `count` of the day's quota. Raises `Refusal`."""
        allowance = self._store.take(holder, count)
        if not allowance.granted:
            headers = {**rate_fields(allowance), "Retry-After": str(allowance.resets_in)}
            values = {"limit": allowance.per_day, "left": allowance.left, "seconds": allowance.resets_in}
            raise Refusal(problems.QUOTA, headers=headers, **values)
        return allowance

    def give_back(self, taken: Allowance, count: int) -> None:
        """Gives `count` back to the day that it was taken from."""
        if count:
            self._store.give_back(taken, count)

    @contextmanager
    def unless_done(self, taken: Allowance) -> Iterator[None]:
        """Gives everything back if what is done inside ends with an exception that is not the asker's own fault."""
        try:
            yield
        except Refusal as refusal:
            if refusal.problem not in _ASKERS_OWN:
                self.give_back(taken, taken.count)
            raise
        except BaseException:
            self.give_back(taken, taken.count)
            raise


def spoiled(verdict: Verdict) -> bool:
    """Whether an outage of ours, and not the file, is why the verdict says so little."""
    return any(found.code in _OUTAGES for found in verdict.findings)


def rate_fields(allowance: Allowance) -> dict[str, str]:
    """What is left, in the fields of draft-ietf-httpapi-ratelimit-headers."""
    return {
        "RateLimit-Policy": f'"day";q={allowance.per_day};w=86400',
        "RateLimit": f'"day";r={allowance.left};t={allowance.resets_in}',
    }
