# SPDX-License-Identifier: Apache-2.0

"""Whether the authority approved those who signed, and whether the list that says so is the one it published. Pure.

Part of step 6 of `verifier_api.verifier`.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.chain.registry import Statement
from ledger.proof.signer_list import ApprovedSigner
from ledger.web.languages import told
from verifier_api import findings as f
from verifier_api import roles
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Trust
from verifier_api.verdict import Finding


@dataclass(frozen=True)
class Approvals:
    """The authority's list, asked about the signatures of one school's file."""

    trust: Trust
    school: str
    existed_by: dt.datetime | None
    """When anchor or time-stamp token prove that the signatures existed; None when neither could be had."""
    list_in_force: bool = True
    """Whether the list is known to be the authority's newest. Who is missing on an old one may stand on the new one."""

    def findings(self, judgements: Sequence[SignatureJudgement]) -> Iterator[Finding]:
        """Each signer stands on the list for this school, role and subject when it signed, under the hierarchy it belongs to.

        A time-stamp proves when that was. An XML signature may have none: it was made at the latest when it was anchored or
        stamped, and says itself when. Who is listed at one of these times and not at the other may have signed in time, or
        after leaving; nobody can know.
        """
        if self.trust.signers is None:
            yield f.SIGNATURES_NO_LIST()
            return
        # Of a broken signature neither signer nor time is known; it has been complained of already.
        sound = [judgement for judgement in judgements if _sound(judgement)]
        all_listed = len(sound) == len(judgements)
        for judgement in sound:
            approving = self._approving(judgement)
            all_listed = all_listed and all(approving)
            if all(approving):
                continue
            details, words = {"field": judgement.field}, roles.words(judgement.field)
            if any(approving) or None in self._times(judgement):
                yield f.SIGNATURES_INDETERMINATE({**details, "reason": "when it was made"}, role=words)
            elif not self.list_in_force:
                yield f.SIGNATURES_INDETERMINATE({**details, "reason": "the list may not be the newest"}, role=words)
            elif any(self._covering(judgement, at) for at in self._times(judgement)):
                yield f.SIGNATURES_OTHER_HIERARCHY({**details, "hierarchy": judgement.hierarchy}, role=words)
            else:
                yield f.SIGNATURES_NOT_LISTED(details, role=words)
        if all_listed:
            yield f.SIGNATURES_LISTED()

    def delegated_by(self, judgement: SignatureJudgement) -> str | None:
        """SHA-256 of the principal's certificate on whose behalf a deputy signed; None for whoever signed in their own right."""
        approving = self._approving(judgement) if _sound(judgement) else []
        if not approving or not all(approving):
            return None
        if all(any(line.delegated_by is None for line in lines) for lines in approving):
            return None
        return next(line.delegated_by for lines in approving for line in lines if line.delegated_by is not None)

    def _times(self, judgement: SignatureJudgement) -> list[dt.datetime | None]:
        proven = judgement.timestamped_at
        return [judgement.claimed_at, self.existed_by] if proven is None else [proven]

    def _approving(self, judgement: SignatureJudgement) -> list[list[ApprovedSigner]]:
        """For each time at which it may have been made, the lines that approve a signature."""
        root = judgement.issuer_root_sha256
        return [
            [
                line
                for line in self._covering(judgement, at)
                # Without a root it has been complained of already: there is nothing to compare.
                if line.hierarchy is None or root is None or self.trust.belongs(root.hex(), line.hierarchy)
            ]
            for at in self._times(judgement)
        ]

    def _covering(self, judgement: SignatureJudgement, at: dt.datetime | None) -> list[ApprovedSigner]:
        """The lines that allow a signature at that time, whatever hierarchy they name."""
        slot = roles.slot_of(judgement.field)
        if at is None or slot is None:
            return []
        cert_sha256 = judgement.cert_sha256.hex()
        return [
            line
            for line in self.trust.lines_of(cert_sha256)
            if line.covers(cert_sha256=cert_sha256, role=slot.role, subject=slot.subject, school=self.school, at=at)
        ]


def published(*, digest: bytes, issued_at: dt.datetime, newest: Statement | None) -> Finding:
    """What the chain's newest statement says of a list with this SHA-256.

    Lines are only ever added and ended, so the newest list is the one to be believed, about old signatures too.
    """
    if newest is None or (newest.digest != digest and newest.published_at < issued_at):
        return f.SIGNATURES_LIST_UNPUBLISHED()
    details = {"published": newest.digest.hex()}
    if newest.digest != digest:
        return f.SIGNATURES_LIST_SUPERSEDED(details, when=told(newest.published_at))
    return f.SIGNATURES_LIST_PUBLISHED(details, when=told(newest.published_at))


def _sound(judgement: SignatureJudgement) -> bool:
    return judgement.intact and judgement.valid
