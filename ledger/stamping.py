# SPDX-License-Identifier: Apache-2.0

"""Stamping: a time-stamp token over the root of each batch, a second witness of time that needs no chain.

The intent is the batch itself: whatever is sealed and has no token wants one. So a run that dies between the authority's
answer and the row costs a token and nothing else, the next run asks again, and of two that ask at once the first to store is
kept. A token is kept only when it is over the very root; that it holds is looked at by whoever fetches it
(`signer.root_tokens`).

No batch waits for its token: anchoring neither looks for one nor is told that one came, and a receipt is handed out with whatever
token its batch has by then.

Who asks the time-stamping authority comes in as a `RootStamper`; nothing here holds a connection.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.errors import LostRace
from ledger.proof.errors import MalformedToken
from ledger.proof.root_token import RootToken, token_over
from ledger.store.errand_writer import ErrandWriter
from ledger.store.errands import Batch, Errands


@dataclass(frozen=True)
class Stamped:
    """A batch whose token is stored."""

    batch: Batch
    token: RootToken


@dataclass(frozen=True)
class Unstamped:
    """Why there is no token, in words for people."""

    vi: str
    en: str


class RootStamper(Protocol):
    """Whoever asks the time-stamping authority, and looks into its answer."""

    def stamp(self, root: bytes) -> bytes | Unstamped:
        """A token over SHA-256 of `root` (DER), or why there is none."""


class Stamping:
    """Fetches what is missing. Guarantees that a row holds only a token over its own root, and that one is never replaced.

    Does not guarantee that every batch ever gets one: that takes an authority that answers.
    """

    def __init__(self, errands: Errands, writer: ErrandWriter) -> None:
        self._errands = errands
        self._writer = writer

    def waiting(self, school_code: str | None = None) -> list[Batch]:
        """The batches without a token, oldest first; of one school, if it is named."""
        return self._errands.unstamped(school_code)

    def stamp(self, stamper: RootStamper, batches: Sequence[Batch]) -> Iterator[Stamped | Unstamped]:
        """Stamps each, and yields it as it is stored; the first that gets no token ends it, as the next ones would wait as long.

        A batch that somebody else stamped meanwhile is passed over.
        """
        for batch in batches:
            answer = stamper.stamp(batch.root)
            if isinstance(answer, Unstamped):
                yield answer
                return
            try:
                token = token_over(batch.root, answer)
                self._writer.keep_token(batch, token)
            except MalformedToken as error:
                yield Unstamped(
                    f"Máy chủ dấu thời gian trả về dấu không dùng được ({error}).",
                    f"The time-stamping authority gave a token that cannot be used ({error}).",
                )
                return
            except LostRace:
                continue
            yield Stamped(batch, token)
