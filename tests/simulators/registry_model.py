# SPDX-License-Identifier: Apache-2.0

"""The reference model of the registry contract: its rules, written from the text of contracts/ITranscriptRegistry.sol.

A call either adds facts to the journal and returns the events that the contract emits, or raises `Refused` with the name and
the values of the contract's error and adds nothing. Where a call breaks several rules at once, the text leaves open which error
is told; the model then asks in the contract's order, so that the two can be compared.

Schools, roots, entries and digests are words of 32 bytes, times are Unix seconds. Accounts are strings that are only ever
compared. A signature is the value `Signed`: who signed which words; whether bytes are such a signature is for others to find
out. Gas is unknown here, hence `NotEnoughGas` too. Example::

    registry = RegistryModel(Call(deployer, now, block), authority, hand_over_delay=86400)
    registry.register_school(Call(authority, now, block), school, operator, seal, consent)  # -> (Event("SchoolRegistered", ...),)
    registry.past(now - 1).operator(school)  # as if nothing had happened since
    registry.past().status(Record(school, root, entry), proof)

`past(time)` answers every question (`registry_facts.Past`); without a time it tells how things stand now.
"""

from collections.abc import Sequence

from simulators.registry_conditions import (
    ADMIN_ROLE,
    SCHOOL_YEARS,
    Call,
    Conditions,
    Refused,
    Signed,
    SignedBatch,
    in_words,
    key_words,
    mutation,
    require,
    require_keys,
    require_request,
)
from simulators.registry_facts import (
    NOBODY,
    ZERO,
    AuthorityTaken,
    CompromiseReported,
    DelayScheduled,
    HandOverScheduled,
    KeysProposed,
    PolicySet,
    Proposal,
    ProposalEnded,
    RecallAnnulled,
    Recaller,
    RecallPolicy,
    RecallRequest,
    Record,
    Replacement,
    Standing,
    StandingTaken,
    StatementPublished,
    YearLocked,
)

PROPOSAL_WAITS = 72 * 3600
CONTESTED_PROPOSAL_WAITS = 14 * 24 * 3600
PROPOSAL_STAYS = 14 * 24 * 3600
DELAY_INCREASE_WAITS = 5 * 24 * 3600
SECONDS_IN_YEAR = 31_556_952
"""On average; a year has begun, give or take a day or two, when so many of them have passed since 1970."""


class RegistryModel(Conditions):
    """One registry."""

    def __init__(self, call: Call, authority: str, hand_over_delay: int) -> None:
        super().__init__()
        self._note(call, DelayScheduled, delay=hand_over_delay, after=call.time - 1)
        self._hand_over(call, authority)

    # The authority.

    @mutation
    def set_recall_policy(self, call: Call, policy: int) -> None:
        self._require_authority(call)
        self._note(call, PolicySet, policy=RecallPolicy(policy))
        self._tell("RecallPolicySet", policy=policy)

    @mutation
    def lock_school_year(self, call: Call, year: int) -> None:
        self._require_authority(call)
        begun = (year - 1970) * SECONDS_IN_YEAR <= call.time
        require(year in SCHOOL_YEARS and begun, "UnknownSchoolYear", schoolYear=year)
        locked_at = self.past().locked_at(year)
        require(not locked_at, "AlreadyLocked", schoolYear=year, lockedAt=locked_at)
        self._note(call, YearLocked, year=year)
        self._tell("SchoolYearLocked", schoolYear=year)

    @mutation
    def begin_default_admin_transfer(self, call: Call, account: str) -> None:
        self._require_authority(call)
        after = call.time + self.past().hand_over_delay(call.time)
        self._schedule_hand_over(call, account, after)
        self._tell("DefaultAdminTransferScheduled", newAdmin=account, acceptSchedule=after)

    @mutation
    def cancel_default_admin_transfer(self, call: Call) -> None:
        self._require_authority(call)
        self._schedule_hand_over(call, NOBODY, 0)

    @mutation
    def accept_default_admin_transfer(self, call: Call) -> None:
        account, after = self.past().pending_authority()
        require(call.sender == account, "AccessControlInvalidDefaultAdmin", defaultAdmin=call.sender)
        require(0 < after < call.time, "AccessControlEnforcedDefaultAdminDelay", schedule=after)
        self._tell("RoleRevoked", role=ADMIN_ROLE, account=self.past().authority()[0], sender=call.sender)
        self._note(call, HandOverScheduled, account=NOBODY, after=0)
        self._hand_over(call, account)

    @mutation
    def renounce_role(self, call: Call, role: bytes, account: str) -> None:
        """Of the roles only the authority's is told of here; nobody ever has another."""
        holds = role == ADMIN_ROLE and account == self.past().authority()[0]
        if holds:
            heir, after = self.past().pending_authority()
            scheduled = heir == NOBODY and 0 < after < call.time
            require(scheduled, "AccessControlEnforcedDefaultAdminDelay", schedule=after)
        require(account == call.sender, "AccessControlBadConfirmation")
        if holds:
            self._note(call, HandOverScheduled, account=NOBODY, after=0)
            self._note(call, AuthorityTaken, account=NOBODY)
            self._tell("RoleRevoked", role=ADMIN_ROLE, account=account, sender=account)

    @mutation
    def change_default_admin_delay(self, call: Call, delay: int) -> None:
        self._require_authority(call)
        present = self.past().hand_over_delay(call.time)
        after = call.time + (min(delay, DELAY_INCREASE_WAITS) if delay > present else present - delay)
        self._schedule_delay(call, delay, after)
        self._tell("DefaultAdminDelayChangeScheduled", newDelay=delay, effectSchedule=after)

    @mutation
    def rollback_default_admin_delay(self, call: Call) -> None:
        self._require_authority(call)
        self._schedule_delay(call, 0, 0)

    # Schools.

    @mutation
    def register_school(self, call: Call, school: bytes, operator: str, seal: bytes, consent: bytes) -> None:
        self._require_authority(call)
        digits = school[:8]
        well_formed = all(ord("0") <= byte <= ord("9") for byte in digits) and school[8:] == bytes(24)
        require(well_formed, "MalformedSchoolCode", school=school)
        require_keys(school, operator, seal, consent)
        present = self.past().school(school)
        require(present.version == 0, "AlreadyRegistered", school=school, operator=present.keys.operator)
        self._note(call, StandingTaken, school=school, standing=Standing.ACTIVE)
        self._take_keys(call, school, operator, seal, consent)
        self._tell("SchoolRegistered", school=school, operator=operator, sealCertificate=seal, consent=consent)

    @mutation
    def change_keys(  # noqa: PLR0917 - as the contract takes them
        self, call: Call, school: bytes, operator: str, seal: bytes, consent: bytes, deadline: int, signature: object
    ) -> None:
        self._require_changeable(call, school, operator, seal, consent)
        require(call.time <= deadline, "Expired", deadline=deadline)
        present = self.past().school(school)
        words = key_words(school, operator, seal, consent, present.version + 1, deadline)
        consented = signature == Signed(present.keys.operator, words)
        require(consented, "ConsentMissing", school=school, operator=present.keys.operator)
        self._change_keys(call, school, operator, seal, consent, by_consent=True)

    @mutation
    def propose_keys(self, call: Call, school: bytes, operator: str, seal: bytes, consent: bytes) -> None:
        self._require_changeable(call, school, operator, seal, consent)
        contested = self.past().contested(school)
        effective_from = call.time + (CONTESTED_PROPOSAL_WAITS if contested else PROPOSAL_WAITS)
        proposal = Proposal(operator, effective_from, contested, seal, consent)
        self._note(call, KeysProposed, school=school, proposal=proposal)
        values = {"operator": operator, "sealCertificate": seal, "consent": consent}
        self._tell("KeysProposed", school=school, **values, effectiveFrom=effective_from)

    @mutation
    def object_to_keys(self, call: Call, school: bytes, signature: object) -> None:
        proposal = self._require_proposed(school)
        operator = self.past().operator(school)
        signed = signature == Signed(operator, ("ObjectToKeys", school, proposal.effective_from))
        require(signed or call.sender == operator, "ConsentMissing", school=school, operator=operator)
        require(not self.past().contested(school), "AlreadyContested", school=school)
        self._note(call, ProposalEnded, school=school, contested=True)
        self._tell("KeysObjected", school=school, operator=operator)

    @mutation
    def withdraw_keys(self, call: Call, school: bytes) -> None:
        self._require_authority(call)
        self._require_proposed(school)
        self._note(call, ProposalEnded, school=school, contested=False)
        self._tell("KeysWithdrawn", school=school)

    @mutation
    def complete_keys(self, call: Call, school: bytes) -> None:
        self._require_authority(call)
        proposal = self._require_proposed(school)
        self._require_standing(school, Standing.ACTIVE, Standing.SUSPENDED)
        waited = call.time >= proposal.effective_from
        require(waited, "StillWaiting", school=school, effectiveFrom=proposal.effective_from)
        last_day = proposal.effective_from + PROPOSAL_STAYS
        require(call.time <= last_day, "Expired", deadline=last_day)
        self._note(call, ProposalEnded, school=school, contested=False)
        self._change_keys(
            call, school, proposal.operator, proposal.seal_certificate, proposal.consent, by_consent=False
        )

    @mutation
    def suspend_school(self, call: Call, school: bytes) -> None:
        self._require_authority(call)
        self._require_standing(school, Standing.ACTIVE)
        self._note(call, StandingTaken, school=school, standing=Standing.SUSPENDED)
        self._tell("SchoolSuspended", school=school)

    @mutation
    def reinstate_school(self, call: Call, school: bytes) -> None:
        self._require_authority(call)
        self._require_standing(school, Standing.SUSPENDED)
        self._note(call, StandingTaken, school=school, standing=Standing.ACTIVE)
        self._tell("SchoolReinstated", school=school)

    @mutation
    def close_school(self, call: Call, school: bytes, successor: bytes) -> None:
        self._require_authority(call)
        self._require_standing(school, Standing.ACTIVE, Standing.SUSPENDED)
        if successor != ZERO:
            self._require_successor(school, successor)
        self._note(call, StandingTaken, school=school, standing=Standing.CLOSED, successor=successor)
        self._tell("SchoolClosed", school=school, successor=successor)

    @mutation
    def name_successor(self, call: Call, school: bytes, successor: bytes) -> None:
        self._require_authority(call)
        self._require_standing(school, Standing.CLOSED)
        _, present, _ = self.past().standing(school)
        succeeded = present != ZERO and self.past().standing(present)[0] != Standing.CLOSED
        require(not succeeded, "AlreadySucceeded", school=school, successor=present)
        self._require_successor(school, successor)
        self._note(call, StandingTaken, school=school, standing=Standing.CLOSED, successor=successor)
        self._tell("SuccessorNamed", school=school, successor=successor)

    @mutation
    def report_compromise(self, call: Call, school: bytes, version: int, since: int) -> None:
        self._require_authority(call)
        versions = self.past().version(school)
        require(versions > 0, "UnknownSchool", school=school)
        require(1 <= version <= versions, "UnknownVersion", school=school, version=version)
        require(since <= call.time, "InTheFuture", since=since)
        self._note(call, CompromiseReported, school=school, version=version, since=since)
        self._tell("CompromiseReported", school=school, version=version, since=since)

    # Batches.

    @mutation
    def anchor(self, call: Call, school: bytes, year: int, root: bytes, leaf_count: int) -> None:
        self._require_operator(call, school)
        self._require_batch(school, year, root, leaf_count)
        self._anchor(call, school, year, root, leaf_count)

    @mutation
    def anchor_by_sig(self, call: Call, batch: SignedBatch) -> None:
        self._anchor_signed(call, batch)

    @mutation
    def anchor_many(self, call: Call, batches: Sequence[SignedBatch]) -> None:
        for index, batch in enumerate(batches):
            try:
                self._anchor_signed(call, batch)
            except Refused as reason:
                self._tell("BatchRefused", school=batch.school, root=batch.root, index=index, reason=reason)

    # Recalls.

    @mutation
    def approve_recalls(self, call: Call, school: bytes, requests: Sequence[RecallRequest]) -> None:
        self._require_authority(call)
        for request in requests:
            require_request(school, request)
            require(self.past().batch(school, request.root), "NotAnchored", school=school, root=request.root)
            self._approve(call, school, request)
            self._tell("RecallApproved", **in_words(school, request))

    @mutation
    def approve_annulment(self, call: Call, school: bytes, root: bytes, entry: bytes) -> None:
        self._require_authority(call)
        self._require_recalled(Record(school, root, entry))
        self._approve(call, school, RecallRequest(root, entry))
        self._tell("AnnulmentApproved", school=school, root=root, entry=entry)

    @mutation
    def withdraw_approval(self, call: Call, school: bytes, request: RecallRequest) -> None:
        self._require_authority(call)
        self._use_approval(call, school, request)
        self._tell("ApprovalWithdrawn", **in_words(school, request))

    @mutation
    def recall(  # noqa: PLR0917 - as the contract takes them
        self, call: Call, school: bytes, root: bytes, entry: bytes, reason: int, replacement: Replacement
    ) -> None:
        actor = self._require_recaller(call, school)
        self._recall(call, actor, school, RecallRequest(root, entry, reason, replacement))

    @mutation
    def recall_many(self, call: Call, school: bytes, requests: Sequence[RecallRequest]) -> None:
        actor = self._require_recaller(call, school)
        for request in requests:
            self._recall(call, actor, school, request)

    @mutation
    def add_replacement(self, call: Call, school: bytes, root: bytes, entry: bytes, replacement: Replacement) -> None:
        actor = self._require_recaller(call, school)
        record = Record(school, root, entry)
        made, named = self._require_recalled(record)
        if named:
            present = named.replacement.entry
            raise Refused("AlreadyReplaced", school=school, entry=entry, replacementEntry=present)
        self._use_approval_if_needed(call, actor, school, RecallRequest(root, entry, made.reason, replacement))
        self._replace(call, actor, record, replacement)
        words = {"replacementRoot": replacement.root, "replacementEntry": replacement.entry}
        self._tell("LeafReplaced", school=school, root=root, entry=entry, **words)

    @mutation
    def annul_recall(self, call: Call, school: bytes, root: bytes, entry: bytes) -> None:
        actor = self._require_recaller(call, school)
        record = Record(school, root, entry)
        made, _ = self._require_recalled(record)
        require(made.time != call.time, "TooSoon", school=school, entry=entry)
        if actor.by != Recaller.AUTHORITY:
            self._use_approval(call, school, RecallRequest(root, entry))
        else:
            require(made.actor.by == Recaller.AUTHORITY, "SuccessorMissing", school=school)
        self._note(call, RecallAnnulled, record=record)
        self._tell("RecallAnnulled", school=school, root=root, entry=entry)

    # Statements.

    @mutation
    def publish(self, call: Call, publisher: bytes, topic: bytes, digest: bytes) -> None:
        if publisher == ZERO:
            self._require_authority(call)
        else:
            self._require_operator(call, publisher)
        require(digest != ZERO, "MissingDigest", publisher=publisher, topic=topic)
        self._note(call, StatementPublished, publisher=publisher, topic=topic, digest=digest)
        self._tell("StatementPublished", publisher=publisher, topic=topic, digest=digest)
