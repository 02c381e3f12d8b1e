# SPDX-License-Identifier: Apache-2.0

"""What the chain says: steps 4 and 5 of `verifier_api.verifier`, and of step 6 what stands on chain about who may sign.

Whatever the chain cannot be asked is UNKNOWN. A recall counts from the first block that it is seen in, an anchor once it is deep.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from ledger.chain.errors import ChainError, WrongChain
from ledger.chain.registry import Head, LeafStatus, RegistryReader, Statement
from ledger.errors import Unavailable
from ledger.proof.manifest import ListedUnit, Manifest
from ledger.proof.receipt import Receipt
from ledger.proof.signer_list import SIGNERS_TOPIC
from ledger.unit import Role
from ledger.web.languages import told
from verifier_api import approval, checks
from verifier_api import findings as f
from verifier_api.case import Case
from verifier_api.examination import Examination
from verifier_api.provenance import Issued, known_receipt
from verifier_api.trust import Trust
from verifier_api.verdict import Finding, Outcome, Standing

_WITHDRAWN = frozenset({Standing.RECALLED, Standing.REPLACED})
_WORST_FIRST = (Standing.UNKNOWN, Standing.UNANCHORED, Standing.CURRENT)
"""Of units that nobody has recalled, the one of which least is known speaks for the booklet."""


class OnChain:
    """Asks the pinned registry, now or about an earlier moment; with `registry` None it asks nobody and says so.

    The ledger is asked beside it for what the chain cannot name: the unit behind a leaf.
    """

    def __init__(
        self,
        *,
        trust: Trust,
        issued: Issued,
        registry: RegistryReader | None,
        now: Callable[[], dt.datetime],
        at: dt.datetime | None,
    ) -> None:
        self._trust = trust
        self._issued = issued
        self._registry = registry
        self._now = now
        self._at = at

    @property
    def moment(self) -> dt.datetime:
        """The moment that the question is about."""
        return self._at or self._now()

    def ask(self, case: Case, receipt: Receipt, *, pending: bool, brought: bool) -> None:
        """(4), (5) One reading of the registry, at one block, for anchor and standing.

        `brought` says that the receipt came with the file, and not from the ledger.
        """
        if self._registry is None:
            case.note(f.CHAIN_OFFLINE(), f.STANDING_UNKNOWN())
            return
        manifest = receipt.manifest
        try:
            status = _asked(self._registry, receipt, self._at)
            since = self._anchored_since(self._registry, receipt, status)
            if brought and status.recalled_at is None:
                status = self._recalled_elsewhere(self._registry, receipt, status)
            needed = self._depth_needed(self._registry, status.head)
        except WrongChain:
            case.note(f.CHAIN_WRONG(), f.STANDING_UNKNOWN())
            return
        except ChainError as error:
            case.note(f.CHAIN_UNREACHABLE({"problem": type(error).__name__}), f.STANDING_UNKNOWN())
            return
        case.reached = True
        settings = self._trust.settings.registry
        within = settings.newest_block_within
        # A node that has come past the moment asked about knows all that was recorded by then.
        stale = within is not None and self.moment - status.head.time > dt.timedelta(seconds=within)
        finding, anchored = checks.chain(status, manifest, confirmations=needed, pending=pending, stale=stale)
        case.note(finding if since is None else f.CHAIN_NOT_YET(when=told(since)))
        if not anchored:
            case.standing = Standing.UNKNOWN if stale else Standing.UNANCHORED
            return
        case.status = status
        finding, case.standing = checks.standing(status, final=finding.outcome is Outcome.PASSED)
        if stale and case.standing is Standing.UNANCHORED:
            case.standing = Standing.UNKNOWN
        case.note(finding)
        case.note(*checks.doubts(status))
        if case.standing is Standing.REPLACED:
            case.replaced_by = self._successor(manifest, status)
        if manifest.units and case.standing not in _WITHDRAWN:
            self._ask_units(case, manifest.units)

    def _ask_units(self, case: Case, units: Sequence[ListedUnit]) -> None:
        """(5) A booklet stands as its worst unit stands."""
        standings = set()
        for listed, receipt in zip(units, case.listed, strict=True):
            unit = Case()
            if receipt is not None:
                self.ask(unit, receipt, pending=False, brought=False)
            open_questions = [found.code for found in unit.findings if found.outcome is Outcome.UNKNOWN]
            if unit.standing in _WITHDRAWN:
                case.note(f.STANDING_UNIT_WITHDRAWN({"doubts": open_questions}, unit=listed.id))
            elif unit.standing is not Standing.CURRENT or open_questions:
                case.note(f.STANDING_UNIT_UNKNOWN({"findings": open_questions}, unit=listed.id))
                # What was anchored with a stolen key is on the chain and yet not to be relied on.
                unit.standing = Standing.UNKNOWN if unit.standing is Standing.CURRENT else unit.standing
            standings.add(unit.standing)
        if standings == {Standing.CURRENT}:
            case.note(f.STANDING_UNITS_CURRENT(count=len(units)))
        # A withdrawn unit withdraws the booklet, whether or not something took that unit's place: the booklet still lists it.
        standings.add(case.standing)
        case.standing = (
            Standing.RECALLED if _WITHDRAWN & standings else next(worst for worst in _WORST_FIRST if worst in standings)
        )

    def _anchored_since(self, registry: RegistryReader, receipt: Receipt, status: LeafStatus) -> dt.datetime | None:
        """When what was not anchored at the moment asked about came to be; None if it was, is not yet, or no moment was asked."""
        if self._at is None or status.anchored_at is not None:
            return None
        today = _asked(registry, receipt, None)
        return today.anchored_at if today.included else None

    def _depth_needed(self, registry: RegistryReader, head: Head) -> int:
        """How deep a block must be today to stand for good."""
        rule = self._trust.settings.registry.confirmations
        return rule if rule != "finalized" else head.number - registry.settled_block(rule) + 1

    def _recalled_elsewhere(self, registry: RegistryReader, receipt: Receipt, status: LeafStatus) -> LeafStatus:
        """`status`, with the recall of the unit under the leaf that the ledger knows for it, if there is one.

        A recall names a batch and an entry. Whoever anchors a recalled unit once more, in another batch or under another salt,
        gets something that nobody recalled; so a recall of either counts. Where no ledger can be asked, the receipt is all
        there is to go by.
        """
        known = known_receipt(self._issued, receipt.manifest.id)
        same = known is not None and (known.leaf, known.root) == (receipt.leaf, receipt.root)
        if known is None or same or known.manifest.school != receipt.manifest.school:
            return status
        other = _asked(registry, known, self._at)
        if not other.included or other.recalled_at is None:
            return status
        return replace(
            status,
            recalled_at=other.recalled_at,
            reason=other.reason,
            recall_doubtful=other.recall_doubtful,
            replacement=other.replacement,
        )

    def _successor(self, manifest: Manifest, status: LeafStatus) -> UUID | None:
        """The unit that replaces this one, if the ledger knows it and it is the one that the chain names."""
        try:
            successor = self._issued.successor(manifest.id)
        except Unavailable:
            return None
        receipt = None if successor is None else known_receipt(self._issued, successor)
        if receipt is None or status.replacement is None:
            return None
        same_school = receipt.manifest.school == status.replacement[0]
        return successor if same_school and receipt.entry_bytes == status.replacement[1] else None

    def seals(self, case: Case, manifest: Manifest, examination: Examination) -> frozenset[bytes] | None:
        """The school's registered seal when it anchored, and when it sealed: a new seal may have come between the two.

        The second is asked only when the first is not the one in the manifest, and only for a time that a trusted time-stamp
        proves. None when the chain could not be asked.
        """
        if case.status is None or self._registry is None:
            return None
        seals = {case.status.seal_certificate}
        listed = (bytes.fromhex(s.cert_sha256) for s in manifest.signers if s.role == Role.SEAL.value)
        sealed = (s.timestamped_at for s in examination.signatures if s.field == Role.SEAL.value)
        at = next(sealed, None)
        if at is not None and seals.isdisjoint(listed):
            try:
                seals.add(self._registry.seal_at(school=manifest.school, at=at))
            except ChainError as error:
                case.note(f.CHAIN_UNREACHABLE({"problem": type(error).__name__}))
                return None
        return frozenset(seals)

    def signer_list(self, case: Case) -> Iterator[Finding]:
        """(6) Whether the list beside the trust settings is the authority's newest; one inside them is taken as it is."""
        signer_list, digest = self._trust.signer_list, self._trust.signer_list_sha256
        if signer_list is None or digest is None:
            return
        if self._registry is None:
            yield f.SIGNATURES_LIST_OFFLINE()
            return
        try:
            # Whoever did not answer a moment ago is not waited for once more.
            newest = self._newest_list(self._registry, self._at) if case.reached else None
            since = None
            if case.reached and self._at is not None and getattr(newest, "digest", None) != digest:
                since = self._newest_list(self._registry, None)
        except ChainError:
            case.reached, newest = False, None
        if not case.reached:
            yield f.SIGNATURES_LIST_UNCONFIRMED()
            return
        if since is not None and since.digest == digest:
            # Lines are only added and ended: the list of today still says who was approved then.
            yield f.SIGNATURES_LIST_SINCE({"published": digest.hex()}, when=told(since.published_at))
            return
        yield approval.published(digest=digest, issued_at=signer_list.issued_at, newest=newest)

    @staticmethod
    def _newest_list(registry: RegistryReader, at: dt.datetime | None) -> Statement | None:
        return registry.statement_at(publisher=None, topic=SIGNERS_TOPIC, at=at)


def _asked(registry: RegistryReader, receipt: Receipt, at: dt.datetime | None) -> LeafStatus:
    return registry.status_of(
        school=receipt.manifest.school,
        root=receipt.root_bytes,
        entry=receipt.entry_bytes,
        proof=receipt.proof_bytes,
        at=at,
    )
