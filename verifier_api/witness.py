# SPDX-License-Identifier: Apache-2.0

"""The second witness of time: what the tokens over a root say, as one finding.

Tokens stand outside of leaf and root, so anybody can put one into a receipt, or take one out. A token that holds proves that
the root, and with it the manifest and the files, existed by then; a token that does not hold proves nothing, about the record
neither. So its finding is a check of its own (`time`), which never turns a verdict red or green, and of several tokens the
best speaks: the earliest of those that hold.

The tokens of one root are the same for a whole batch, and looking into one takes a worker 30 ms. So what was found is
remembered for a while, by root and tokens; it is the same for everybody, and names nobody.
"""

import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.proof.receipt import MAX_TOKENS, Receipt
from ledger.web.languages import told
from verifier_api import findings as f
from verifier_api.examination import Examiner
from verifier_api.intake import Exhausted
from verifier_api.root_tokens import TokenJudgement, asked
from verifier_api.verdict import Finding, Outcome

REMEMBERED_FOR: Final = dt.timedelta(hours=1)
"""Certificates end, and a service runs for months."""
MOST_REMEMBERED: Final = 4_096
"""Batches; some 2 MB, and 20 MB if each was somebody's who brought eight bad tokens."""
CLOCK_SKEW: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Testimony:
    """What the tokens of one receipt come to."""

    finding: Finding
    stamped_at: dt.datetime | None = None
    """By when the root existed, if a token that holds says so."""


_Judged = Sequence[TokenJudgement]


class Witness:
    """Has tokens looked into. Safe to share between threads; never raises because of a token."""

    def __init__(self, examiner: Examiner, *, now: Callable[[], dt.datetime]) -> None:
        self._examiner = examiner
        self._now = now
        self._lock = threading.Lock()
        self._remembered: OrderedDict[bytes, tuple[dt.datetime, _Judged]] = OrderedDict()

    def hear(self, receipt: Receipt, *others: Receipt | None, moment: dt.datetime) -> Testimony:
        """What the tokens of `receipt` prove, and those of `others` that are about the same root.

        A token from after `moment`, the moment that the question is about, had not been made by then.
        """
        alike = [other for other in others if other is not None and other.root == receipt.root]
        tokens = tuple(dict.fromkeys(token for one in (*alike, receipt) for token in one.tokens))[:MAX_TOKENS]
        if not tokens:
            return Testimony(f.TIME_NO_TOKEN())
        try:
            judged = self._judged(receipt.root_bytes, tokens)
        except Exhausted:
            return Testimony(f.TIME_INDETERMINATE({"reason": "not examined within the limits"}))
        return _concluded(judged, latest=moment + CLOCK_SKEW)

    def _judged(self, root: bytes, tokens: tuple[bytes, ...]) -> _Judged:
        row, now = asked(root, tokens), self._now()
        question = hashlib.sha256(row).digest()  # Tokens that somebody brought are not to lie here for an hour.
        with self._lock:
            since, known = self._remembered.get(question, (now, None))
        if known is not None and dt.timedelta(0) <= now - since <= REMEMBERED_FOR:
            return known
        judged = self._examiner.examine(row).tokens
        with self._lock:
            self._remembered[question] = now, judged
            self._remembered.move_to_end(question)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return judged


def _concluded(judged: _Judged, *, latest: dt.datetime) -> Testimony:
    """One finding about all tokens."""
    details = {
        "tokens": [
            {
                "outcome": one.outcome.value,
                "sub_indication": one.sub_indication,
                "stamped_at": None if one.stamped_at is None else one.stamped_at.isoformat(timespec="seconds"),
                "authority": one.authority,
                "reason": one.reason,
            }
            for one in judged
        ]
    }
    held = [(one.stamped_at, one.authority) for one in judged if one.outcome is Outcome.PASSED and one.stamped_at]
    if by_then := [each for each in held if each[0] <= latest]:
        when, authority = min(by_then)
        return Testimony(f.TIME_STAMPED(details, when=told(when), authority=authority), when)
    if held:
        return Testimony(f.TIME_LATER(details, when=told(min(held)[0])))
    if any(one.outcome is Outcome.UNKNOWN for one in judged):
        return Testimony(f.TIME_INDETERMINATE(details))
    return Testimony(f.TIME_NOT_OF_ROOT(details))
