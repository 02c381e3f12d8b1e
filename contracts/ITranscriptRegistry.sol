// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Transcript registry
/// @notice The public record of which batches of school records (học bạ) each school has issued, and which single
/// records have since been recalled. It holds school codes, hashes and dates; it never holds a name, an identity
/// number, a mark, a document, or a hash that can be guessed.
/// @dev One registry serves one *authority* (Sở GDĐT), the contract's default admin, who hands over in two steps with
/// a delay (see OpenZeppelin's `AccessControlDefaultAdminRules`). Nothing can be upgraded, paused or destroyed.
/// History only grows: whatever was once true at some time can be asked for at that time, and every change emits one
/// event (what concerns the authority's own role emits OpenZeppelin's, `RoleRevoked` and `RoleGranted` at its end).
///
/// Words:
/// - *school*: the eight ASCII digits of its code, left-aligned in a `bytes32` and padded with zero bytes.
/// - *keys* of a school: its *operator*, the account that acts for it here, and its *seal*, the certificate that it
///   seals its records with. They change together, in *versions* counted from 1.
/// - *entry*: `keccak256(abi.encode(tag, salt, sha256 of the manifest))`, what one record puts on the chain. *Leaf*:
///   the entry's own keccak256, as OpenZeppelin's `StandardMerkleTree` has it. *Root*: that tree's root over one
///   batch.
/// - *school year*: the calendar year in which it begins; 2025 means 2025-2026.
///
/// Times are Unix seconds and block numbers are those of this chain. What happened at a time is what the state was at
/// the end of that second.
///
/// The registry takes entries and hashes them itself. A leaf is thus the hash of 32 bytes and an inner node of the
/// tree that of 64: nobody can pass an inner node, which stands for many records, for a record.
interface ITranscriptRegistry {
    // ── The authority, and the rules it sets ────────────────────────────────────────────────────────────────────────

    /// @notice Who must agree to a recall while its school year is not locked.
    enum RecallPolicy {
        SchoolAlone,
        WithApproval
    }

    /// @notice The authority set who must agree to recalls of unlocked years.
    /// @param policy The policy from now on.
    event RecallPolicySet(RecallPolicy policy);

    /// @notice The authority locked a school year.
    /// @param schoolYear The calendar year in which it begins.
    event SchoolYearLocked(uint16 indexed schoolYear);

    /// @notice No school year this registry knows begins in `schoolYear`. It knows 1975 to 2214, and locks none whose
    /// calendar year has not begun.
    /// @param schoolYear The year that was offered.
    error UnknownSchoolYear(uint16 schoolYear);

    /// @notice `schoolYear` is locked already.
    /// @param schoolYear The calendar year in which it begins.
    /// @param lockedAt When it was locked, in Unix seconds.
    error AlreadyLocked(uint16 schoolYear, uint48 lockedAt);

    /// @notice Sets who must agree to a recall while its school year is not locked. Only the authority may.
    /// @dev A registry begins with `SchoolAlone`. Emits {RecallPolicySet}.
    /// @param policy The policy from now on.
    function setRecallPolicy(RecallPolicy policy) external;

    /// @notice Locks a school year, for good. Only the authority may.
    /// @dev From then on a recall needs the authority's approval, and a batch that is anchored is marked late (a
    /// first issue after re-assessment). Reverts with {UnknownSchoolYear} or {AlreadyLocked}. Emits
    /// {SchoolYearLocked}.
    /// @param schoolYear The calendar year in which it begins.
    function lockSchoolYear(uint16 schoolYear) external;

    /// @notice Who was the authority at `time`.
    /// @param time In Unix seconds.
    /// @return authority The account; zero before the registry was created, and after an authority gave up its role.
    /// @return since Since when, in Unix seconds; asking for the second before it walks back through history.
    function authorityAt(uint48 time) external view returns (address authority, uint48 since);

    /// @notice The recall policy in force at `time`.
    /// @param time In Unix seconds.
    /// @return policy The policy.
    /// @return since Since when, in Unix seconds; 0 for the one that a registry begins with.
    function recallPolicyAt(uint48 time) external view returns (RecallPolicy policy, uint48 since);

    /// @notice When a school year was locked.
    /// @param schoolYear The calendar year in which it begins.
    /// @return In Unix seconds; 0 if it is not locked.
    function lockedAt(uint16 schoolYear) external view returns (uint48);

    // ── Schools ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice How a school stands. Members keep their number for ever.
    enum Standing {
        Unregistered,
        Active,
        Suspended,
        Closed
    }

    /// @notice One version of a school's keys.
    /// @param operator The account that anchors and recalls for the school.
    /// @param since When this version took effect, in Unix seconds.
    /// @param sealCertificate SHA-256 of the DER of the certificate that the school seals its records with.
    /// @param consent SHA-256 of the statement, signed with that seal, in which the school names the operator.
    struct Keys {
        address operator;
        uint48 since;
        bytes32 sealCertificate;
        bytes32 consent;
    }

    /// @notice A school as it stands now.
    /// @param standing How it stands.
    /// @param version The version of its keys, counted from 1.
    /// @param contested Whether its operator stopped the last change of keys that was proposed.
    /// @param keys Its keys.
    /// @param successor The school that acts for it once it is closed, or zero.
    struct School {
        Standing standing;
        uint16 version;
        bool contested;
        Keys keys;
        bytes32 successor;
    }

    /// @notice New keys that the authority proposed without the present operator's consent.
    /// @param operator The new operator; zero if nothing is proposed.
    /// @param effectiveFrom When the change can be completed, in Unix seconds.
    /// @param contested Whether the operator stopped an earlier proposal, so that it cannot stop this one.
    /// @param sealCertificate SHA-256 of the DER of the new seal certificate.
    /// @param consent SHA-256 of the statement in which the new seal names the new operator.
    struct Proposal {
        address operator;
        uint48 effectiveFrom;
        bool contested;
        bytes32 sealCertificate;
        bytes32 consent;
    }

    /// @notice The authority registered a school; its keys have version 1.
    /// @param school The school's code.
    /// @param operator The account that may act for it.
    /// @param sealCertificate SHA-256 of the certificate that the school seals with.
    /// @param consent SHA-256 of the statement in which the seal names the operator.
    event SchoolRegistered(bytes32 indexed school, address indexed operator, bytes32 sealCertificate, bytes32 consent);

    /// @notice A school has new keys, in force at once.
    /// @param school The school's code.
    /// @param operator The account that may act for it.
    /// @param version The version of the new keys.
    /// @param sealCertificate SHA-256 of the certificate that the school seals with.
    /// @param consent SHA-256 of the statement in which the seal names the operator.
    /// @param byConsent Whether the operator before signed the change; otherwise it was proposed and waited.
    event KeysChanged(
        bytes32 indexed school,
        address indexed operator,
        uint16 version,
        bytes32 sealCertificate,
        bytes32 consent,
        bool byConsent
    );

    /// @notice The authority proposed new keys for a school whose operator has not consented.
    /// @dev Watch for this event: until the change is completed, from `effectiveFrom` on, the operator can stop it
    /// with {objectToKeys}, unless it stopped one before.
    /// @param school The school's code.
    /// @param operator The account that would act for it.
    /// @param sealCertificate SHA-256 of the certificate that it would seal with.
    /// @param consent SHA-256 of the statement in which that seal names that operator.
    /// @param effectiveFrom When the change can be completed, in Unix seconds.
    event KeysProposed(
        bytes32 indexed school, address indexed operator, bytes32 sealCertificate, bytes32 consent, uint48 effectiveFrom
    );

    /// @notice The operator of a school stopped a proposed change of its keys.
    /// @param school The school's code.
    /// @param operator The operator that objected.
    event KeysObjected(bytes32 indexed school, address indexed operator);

    /// @notice The authority withdrew a change of keys that it had proposed.
    /// @param school The school's code.
    event KeysWithdrawn(bytes32 indexed school);

    /// @notice The authority suspended a school.
    /// @param school The school's code.
    event SchoolSuspended(bytes32 indexed school);

    /// @notice The authority lifted a school's suspension.
    /// @param school The school's code.
    event SchoolReinstated(bytes32 indexed school);

    /// @notice The authority closed a school, for good.
    /// @param school The school's code.
    /// @param successor The school that acts for it from now on, or zero.
    event SchoolClosed(bytes32 indexed school, bytes32 indexed successor);

    /// @notice The authority named a closed school's successor.
    /// @param school The school's code.
    /// @param successor The school that acts for it from now on.
    event SuccessorNamed(bytes32 indexed school, bytes32 indexed successor);

    /// @notice The authority reported since when an operator's key was in wrong hands.
    /// @param school The school's code.
    /// @param version The version of the school's keys that the operator belongs to.
    /// @param since The first second that is in doubt; 0 withdraws an earlier report.
    event CompromiseReported(bytes32 indexed school, uint16 indexed version, uint48 since);

    /// @notice `school` is not eight ASCII digits followed by 24 zero bytes.
    /// @param school The code that was offered.
    error MalformedSchoolCode(bytes32 school);

    /// @notice `school` is registered already.
    /// @param school The school's code.
    /// @param operator Its operator.
    error AlreadyRegistered(bytes32 school, address operator);

    /// @notice `school` is not registered.
    /// @param school The code that was offered.
    error UnknownSchool(bytes32 school);

    /// @notice Keys lack their operator, seal or consent. A zero would stand for "none", and nobody could be held to
    /// it.
    /// @param school The school's code.
    error IncompleteKeys(bytes32 school);

    /// @notice `school` does not stand as it must for this.
    /// @param school The school's code.
    /// @param standing How it stands.
    error WrongStanding(bytes32 school, Standing standing);

    /// @notice `caller` may not act for `school`, which may be the successor of the one that was named.
    /// @param school The school's code.
    /// @param caller The account that tried.
    /// @param operator The account that may.
    error NotOperator(bytes32 school, address caller, address operator);

    /// @notice The present operator of `school` did not sign this change, or this objection.
    /// @param school The school's code.
    /// @param operator The present operator.
    error ConsentMissing(bytes32 school, address operator);

    /// @notice A change of the keys of `school` is proposed already, and must be completed, stopped or withdrawn
    /// first.
    /// @param school The school's code.
    /// @param effectiveFrom When it can be completed, in Unix seconds.
    error AlreadyProposed(bytes32 school, uint48 effectiveFrom);

    /// @notice No change of the keys of `school` is proposed.
    /// @param school The school's code.
    error NothingProposed(bytes32 school);

    /// @notice It is too early: to complete a proposed change, or to act for a school that was closed.
    /// @param school The school's code.
    /// @param effectiveFrom From when it is possible, in Unix seconds.
    error StillWaiting(bytes32 school, uint48 effectiveFrom);

    /// @notice The operator stopped an earlier change; this one cannot be stopped again.
    /// @param school The school's code.
    error AlreadyContested(bytes32 school);

    /// @notice `successor` cannot act for `school`: it is the same, unknown or closed.
    /// @param school The school's code.
    /// @param successor The code that was offered.
    error UnusableSuccessor(bytes32 school, bytes32 successor);

    /// @notice `school` has a successor that is not closed.
    /// @param school The school's code.
    /// @param successor Its successor.
    error AlreadySucceeded(bytes32 school, bytes32 successor);

    /// @notice `school` never had keys of this version.
    /// @param school The school's code.
    /// @param version The version that was named.
    error UnknownVersion(bytes32 school, uint16 version);

    /// @notice A compromise was reported for a time that has not come.
    /// @param since The time that was offered, in Unix seconds.
    error InTheFuture(uint48 since);

    /// @notice A signature was offered after its deadline, or a proposal was left until after its last day.
    /// @param deadline The deadline, in Unix seconds.
    error Expired(uint48 deadline);

    /// @notice Registers a school, for good. Only the authority may.
    /// @dev Reverts with {MalformedSchoolCode}, {IncompleteKeys} or {AlreadyRegistered}. Emits {SchoolRegistered}.
    /// @param school The school's code.
    /// @param operator The account that will act for it.
    /// @param sealCertificate SHA-256 of the DER of the certificate that it seals with.
    /// @param consent SHA-256 of the statement in which that seal names that operator.
    function registerSchool(bytes32 school, address operator, bytes32 sealCertificate, bytes32 consent) external;

    /// @notice Gives a school new keys at once, with the present operator's consent. Only the authority may.
    /// @dev The operator signs the EIP-712 type `ChangeKeys(bytes32 school,address operator,bytes32 sealCertificate,
    /// bytes32 consent,uint16 version,uint48 deadline)`, where `version` is that of the new keys, so that a consent
    /// serves once. Reverts with {UnknownSchool}, {WrongStanding} (closed), {IncompleteKeys}, {AlreadyProposed},
    /// {Expired}, {ConsentMissing}, or {NotEnoughGas} if the operator is a contract. Emits {KeysChanged}.
    /// @param school The school's code.
    /// @param operator The account that will act for it.
    /// @param sealCertificate SHA-256 of the DER of the certificate that it will seal with.
    /// @param consent SHA-256 of the statement in which that seal names that operator.
    /// @param deadline Until when the consent serves, in Unix seconds.
    /// @param signature The present operator's: 65 bytes, or what its contract takes (ERC-1271).
    function changeKeys(
        bytes32 school,
        address operator,
        bytes32 sealCertificate,
        bytes32 consent,
        uint48 deadline,
        bytes calldata signature
    ) external;

    /// @notice Proposes new keys for a school whose operator cannot or will not consent. Only the authority may.
    /// @dev It can be completed after 72 hours, or after 14 days if the operator stopped the proposal before. Reverts
    /// with {UnknownSchool}, {WrongStanding} (closed), {IncompleteKeys} or {AlreadyProposed}. Emits {KeysProposed}.
    /// @param school The school's code.
    /// @param operator The account that would act for it.
    /// @param sealCertificate SHA-256 of the DER of the certificate that it would seal with.
    /// @param consent SHA-256 of the statement in which that seal names that operator.
    function proposeKeys(bytes32 school, address operator, bytes32 sealCertificate, bytes32 consent) external;

    /// @notice Stops a proposed change of keys. Only the present operator may, itself or by its signature, and once
    /// until the keys have changed.
    /// @dev Once, because whoever stole the operator's key can object as well: an insider at the authority is slowed
    /// down by weeks in public, and a thief cannot keep the school for ever. Reverts with {NothingProposed},
    /// {ConsentMissing}, {AlreadyContested}, or {NotEnoughGas} if the operator is a contract. Emits {KeysObjected}.
    /// @param school The school's code.
    /// @param signature Empty if the operator calls. Else the operator's, over the EIP-712 type `ObjectToKeys(
    /// bytes32 school,uint48 effectiveFrom)` with the proposal's `effectiveFrom`: a school need not hold gas to
    /// object.
    function objectToKeys(bytes32 school, bytes calldata signature) external;

    /// @notice Withdraws a proposed change of keys. Only the authority may.
    /// @dev Reverts with {NothingProposed}. Emits {KeysWithdrawn}.
    /// @param school The school's code.
    function withdrawKeys(bytes32 school) external;

    /// @notice Gives a school its proposed keys once the waiting time is over. Only the authority may, within 14
    /// days.
    /// @dev Within 14 days, so that nobody is surprised by a proposal that was forgotten. Reverts with
    /// {NothingProposed}, {StillWaiting}, {Expired} or {WrongStanding} (closed). Emits {KeysChanged}.
    /// @param school The school's code.
    function completeKeys(bytes32 school) external;

    /// @notice Suspends a school: it can neither anchor, recall nor publish. Only the authority may.
    /// @dev Reverts with {UnknownSchool}, or {WrongStanding} unless it is active. Emits {SchoolSuspended}.
    /// @param school The school's code.
    function suspendSchool(bytes32 school) external;

    /// @notice Lifts a suspension. Only the authority may.
    /// @dev Reverts with {UnknownSchool}, or {WrongStanding} unless it is suspended. Emits {SchoolReinstated}.
    /// @param school The school's code.
    function reinstateSchool(bytes32 school) external;

    /// @notice Closes a school, for good. Only the authority may.
    /// @dev The school can act no more at once. Whoever takes its place, its successor or the authority, can recall
    /// for it from 72 hours later on, so that closing is no way round the wait for new keys; each such recall tells
    /// who made it. Reverts with {UnknownSchool}, {WrongStanding} if it is closed, or {UnusableSuccessor}. Emits
    /// {SchoolClosed}.
    /// @param school The school's code.
    /// @param successor The school that acts for it from then on, or zero.
    function closeSchool(bytes32 school, bytes32 successor) external;

    /// @notice Names the successor of a closed school that has none, or whose successor is closed itself. Only the
    /// authority may.
    /// @dev It can recall for the school from 72 hours later on. Reverts with {UnknownSchool}, {WrongStanding} unless
    /// it is closed, {AlreadySucceeded} or {UnusableSuccessor}. Emits {SuccessorNamed}.
    /// @param school The school's code.
    /// @param successor The school that acts for it from then on.
    function nameSuccessor(bytes32 school, bytes32 successor) external;

    /// @notice Reports since when an operator's key was in wrong hands. Only the authority may.
    /// @dev What that operator anchored, recalled or named as a replacement from then on reads as doubtful. The
    /// report is kept with its own time, and later reports stand beside it: nothing is back-dated silently, and the
    /// newest is the one that counts. It speaks of one version: where the same account acts in other versions or for
    /// other schools, each needs a report. Reverts with {UnknownSchool}, {UnknownVersion} or {InTheFuture}. Emits
    /// {CompromiseReported}.
    /// @param school The school's code.
    /// @param version The version of the school's keys that the operator belongs to.
    /// @param since The first second that is in doubt; 0 withdraws an earlier report.
    function reportCompromise(bytes32 school, uint16 version, uint48 since) external;

    /// @notice A school as it stands now.
    /// @param school The school's code.
    /// @return The school; all zero when it is not registered.
    function schoolOf(bytes32 school) external view returns (School memory);

    /// @notice The change of keys that is proposed for a school.
    /// @param school The school's code.
    /// @return The proposal; all zero when there is none.
    function proposalOf(bytes32 school) external view returns (Proposal memory);

    /// @notice One version of a school's keys.
    /// @param school The school's code.
    /// @param version The version, counted from 1.
    /// @return The keys; all zero when the school never had this version.
    function keysOf(bytes32 school, uint16 version) external view returns (Keys memory);

    /// @notice The account that was named to act for a school at `time`, whether the school might act then or not.
    /// @param school The school's code.
    /// @param time In Unix seconds.
    /// @return The operator; zero before the school was registered.
    function operatorAt(bytes32 school, uint48 time) external view returns (address);

    /// @notice The certificate that a school sealed with at `time`.
    /// @param school The school's code.
    /// @param time In Unix seconds.
    /// @return SHA-256 of its DER; zero before the school was registered.
    function sealAt(bytes32 school, uint48 time) external view returns (bytes32);

    /// @notice How a school stood at `time`.
    /// @param school The school's code.
    /// @param time In Unix seconds.
    /// @return standing How it stood.
    /// @return successor Who acted for it, if it was closed and had a successor; otherwise zero.
    /// @return since Since when, in Unix seconds; asking for the second before it walks back through history.
    function standingAt(bytes32 school, uint48 time)
        external
        view
        returns (Standing standing, bytes32 successor, uint48 since);

    /// @notice What was reported by `time` about a key in wrong hands.
    /// @param school The school's code.
    /// @param version The version of the school's keys.
    /// @param time In Unix seconds.
    /// @return since The first second that is in doubt, or 0 for no doubt.
    /// @return recordedAt When that was reported, in Unix seconds; 0 if nothing was.
    function compromiseAt(bytes32 school, uint16 version, uint48 time)
        external
        view
        returns (uint48 since, uint48 recordedAt);

    // ── Batches ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice A batch that a school's operator signed for somebody else to send.
    /// @param school The school's code.
    /// @param schoolYear The calendar year in which the batch's school year begins.
    /// @param root The Merkle root over the batch's leaves.
    /// @param leafCount How many leaves the batch holds.
    /// @param deadline Until when the signature serves, in Unix seconds.
    /// @param signature The operator's, over the EIP-712 type `AnchorBatch(bytes32 school,uint16 schoolYear, bytes32
    /// root,uint32 leafCount,uint48 deadline)`: 65 bytes, or what its contract takes (ERC-1271).
    struct SignedBatch {
        bytes32 school;
        uint16 schoolYear;
        bytes32 root;
        uint32 leafCount;
        uint48 deadline;
        bytes signature;
    }

    /// @notice A school anchored a batch.
    /// @param school The school's code.
    /// @param root The Merkle root over the batch's leaves.
    /// @param schoolYear The calendar year in which the batch's school year begins.
    /// @param leafCount How many leaves the batch holds.
    event BatchAnchored(bytes32 indexed school, bytes32 indexed root, uint16 schoolYear, uint32 leafCount);

    /// @notice One batch among many was refused, and the others were not held up by it. It says nothing about the
    /// school: anybody can offer anything.
    /// @param school The code that was offered.
    /// @param root The root that was offered.
    /// @param index The place among those offered, counted from 0.
    /// @param reason The error that {anchorBySig} reverts with for this batch, ABI-encoded.
    event BatchRefused(bytes32 indexed school, bytes32 indexed root, uint256 index, bytes reason);

    /// @notice The zero root was offered. It is what an empty slot reads as, so it can never stand for a batch.
    /// @param school The school that offered it.
    error MissingRoot(bytes32 school);

    /// @notice A batch without leaves was offered.
    /// @param school The school that offered it.
    /// @param root The root that came with it.
    error EmptyBatch(bytes32 school, bytes32 root);

    /// @notice `school` has anchored `root` already.
    /// @param school The school's code.
    /// @param root The root that was offered a second time.
    /// @param anchoredAt When it was anchored, in Unix seconds.
    error AlreadyAnchored(bytes32 school, bytes32 root, uint48 anchoredAt);

    /// @notice The operator of `school` did not sign this batch.
    /// @param school The school's code.
    /// @param root The root that was offered.
    /// @param operator The account whose signature is needed.
    error SignatureInvalid(bytes32 school, bytes32 root, address operator);

    /// @notice Too little gas is left to give a contract that signs its full allowance. Send more gas.
    /// @param left What is left, in units of gas.
    /// @param needed What must be left.
    error NotEnoughGas(uint256 left, uint256 needed);

    /// @notice Anchors one batch of a school's records, for good. Only the school's operator may.
    /// @dev A root is anchored once *per school*: nobody can block a school by taking its root first. A second call
    /// with the same root is refused rather than ignored, so that a worker which resends after a crash learns that
    /// its first transaction was the one that counted. Reverts with {UnknownSchool}, {WrongStanding} (unless active),
    /// {NotOperator}, {MissingRoot}, {UnknownSchoolYear}, {EmptyBatch} or {AlreadyAnchored}. Emits {BatchAnchored}.
    /// @param school The school's code.
    /// @param schoolYear The calendar year in which the batch's school year begins.
    /// @param root The Merkle root over the batch's leaves.
    /// @param leafCount How many leaves the batch holds. The school's word; the registry cannot count.
    function anchor(bytes32 school, uint16 schoolYear, bytes32 root, uint32 leafCount) external;

    /// @notice Anchors one batch that the school's operator signed. Anybody may send it.
    /// @dev It needs no nonce, as a root is anchored once; it serves as long as the signer is the school's operator,
    /// until the deadline. A contract that signs gets 100,000 gas for its answer. Reverts as {anchor} does, but with
    /// {Expired} or {SignatureInvalid} instead of {NotOperator}; or {NotEnoughGas}. Emits {BatchAnchored}.
    /// @param batch The batch and the signature.
    function anchorBySig(SignedBatch calldata batch) external;

    /// @notice Anchors many signed batches in one transaction. Anybody may send it.
    /// @dev A batch that is refused is reported and does not sink the rest. Reverts with {NotEnoughGas} only, or when
    /// gas runs out altogether: allow 130,000 more than was estimated for each operator that is a contract, as it may
    /// spend more when it is asked in earnest. Emits {BatchAnchored} or {BatchRefused} for each.
    /// @param batches The batches and their signatures.
    /// @return anchored How many of them were anchored.
    function anchorMany(SignedBatch[] calldata batches) external returns (uint256 anchored);

    // ── Recalls and replacements ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Why a record was recalled.
    /// @dev `None` is what an empty slot reads as; it is refused as a reason. Members keep their number for ever.
    enum RecallReason {
        None,
        WrongData,
        CivilStatusChange,
        Reassessment,
        IssuedInError,
        Fraud,
        Other
    }

    /// @notice Who acted: the school that issued the record, its successor once it was closed, or the authority for a
    /// closed school without successor.
    enum Recaller {
        Nobody,
        School,
        Successor,
        Authority
    }

    /// @notice The record that takes the place of a recalled one; all zero when none does.
    /// @param root The root of the batch that the new record was issued in, anchored by the same school or its
    /// successor.
    /// @param entry The new record's entry.
    struct Replacement {
        bytes32 root;
        bytes32 entry;
    }

    /// @notice One recall, as it is asked for, approved or made.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    /// @param reason Why; anything but `None`.
    /// @param replacement The record that takes its place, or zeros.
    struct RecallRequest {
        bytes32 root;
        bytes32 entry;
        RecallReason reason;
        Replacement replacement;
    }

    /// @notice One recall, as it was made.
    /// @param recalledAt When, in Unix seconds; 0 if the record is not recalled.
    /// @param recalledInBlock The number of the block.
    /// @param approvedAt When the authority approved it, in Unix seconds; 0 if it did not need to.
    /// @param replacedAt When its replacement was named, in Unix seconds; 0 if none was.
    /// @param version The version of the keys of the school that recalled; for the authority, the number of the
    /// change of its role that made it so, from 1 (a hand-over is two: laid down, taken up).
    /// @param replacerVersion The same of whoever named the replacement; 0 if nobody did.
    /// @param reason Why.
    /// @param by Who recalled.
    /// @param replacer Who named the replacement.
    /// @param replacedBySuccessor Whether the replacement is a record of the school's successor.
    struct Recall {
        uint48 recalledAt;
        uint48 recalledInBlock;
        uint48 approvedAt;
        uint48 replacedAt;
        uint16 version;
        uint16 replacerVersion;
        RecallReason reason;
        Recaller by;
        Recaller replacer;
        bool replacedBySuccessor;
    }

    /// @notice A recall that was annulled.
    /// @param recall The recall as it was.
    /// @param replacementEntry The entry of the record that took the recalled one's place, or zero.
    struct AnnulledRecall {
        Recall recall;
        bytes32 replacementEntry;
    }

    /// @notice The authority approved a recall, or the naming of a replacement for a record that is recalled already.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    /// @param reason Why.
    /// @param replacementRoot The root of the batch that holds the replacement, or 0.
    /// @param replacementEntry The replacement's entry, or 0.
    event RecallApproved(
        bytes32 indexed school,
        bytes32 indexed root,
        bytes32 indexed entry,
        RecallReason reason,
        bytes32 replacementRoot,
        bytes32 replacementEntry
    );

    /// @notice The authority approved that a recall be annulled.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    event AnnulmentApproved(bytes32 indexed school, bytes32 indexed root, bytes32 indexed entry);

    /// @notice The authority took back an approval that was not used.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    /// @param reason The reason that was approved; `None` for an annulment.
    /// @param replacementRoot The root of the batch that holds the replacement, or 0.
    /// @param replacementEntry The replacement's entry, or 0.
    event ApprovalWithdrawn(
        bytes32 indexed school,
        bytes32 indexed root,
        bytes32 indexed entry,
        RecallReason reason,
        bytes32 replacementRoot,
        bytes32 replacementEntry
    );

    /// @notice A record was recalled.
    /// @param school The school that issued it.
    /// @param root The root of the batch that it was issued in.
    /// @param entry The record's entry.
    /// @param reason Why.
    /// @param replacementRoot The root of the batch that holds the replacement, or 0.
    /// @param replacementEntry The replacement's entry, or 0.
    event LeafRecalled(
        bytes32 indexed school,
        bytes32 indexed root,
        bytes32 indexed entry,
        RecallReason reason,
        bytes32 replacementRoot,
        bytes32 replacementEntry
    );

    /// @notice A record that was recalled before has got its replacement.
    /// @param school The school that issued the recalled record.
    /// @param root The root of the batch that the recalled record was issued in.
    /// @param entry The recalled record's entry.
    /// @param replacementRoot The root of the batch that holds the replacement.
    /// @param replacementEntry The replacement's entry.
    event LeafReplaced(
        bytes32 indexed school,
        bytes32 indexed root,
        bytes32 indexed entry,
        bytes32 replacementRoot,
        bytes32 replacementEntry
    );

    /// @notice A recall was annulled: school and authority agree that it should never have been made.
    /// @param school The school that issued the record.
    /// @param root The root of the batch that it was issued in.
    /// @param entry The record's entry.
    event RecallAnnulled(bytes32 indexed school, bytes32 indexed root, bytes32 indexed entry);

    /// @notice `school` never anchored `root`, nor did a successor of its where one may stand in.
    /// @param school The school's code.
    /// @param root The root that was named.
    error NotAnchored(bytes32 school, bytes32 root);

    /// @notice No entry was named.
    /// @param school The school's code.
    /// @param root The root that came with it.
    error MissingEntry(bytes32 school, bytes32 root);

    /// @notice A recall gave `None` as its reason.
    /// @param school The school's code.
    /// @param entry The record's entry.
    error MissingReason(bytes32 school, bytes32 entry);

    /// @notice The record is recalled already.
    /// @param school The school's code.
    /// @param entry The record's entry.
    /// @param recalledAt When it was recalled, in Unix seconds.
    error AlreadyRecalled(bytes32 school, bytes32 entry, uint48 recalledAt);

    /// @notice The record is not recalled.
    /// @param school The school's code.
    /// @param entry The record's entry.
    error NotRecalled(bytes32 school, bytes32 entry);

    /// @notice The authority must approve this first, in just these words.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    error ApprovalMissing(bytes32 school, bytes32 root, bytes32 entry);

    /// @notice The authority has approved this already.
    /// @param school The school's code.
    /// @param entry The record's entry.
    /// @param approvedAt When, in Unix seconds.
    error AlreadyApproved(bytes32 school, bytes32 entry, uint48 approvedAt);

    /// @notice A replacement has a root and no entry, or an entry and no root, or neither where one is needed.
    /// @param root The replacement's root.
    /// @param entry The replacement's entry.
    error IncompleteReplacement(bytes32 root, bytes32 entry);

    /// @notice A replacement is the recalled record itself, or one that is recalled.
    /// @dev Refusing both keeps the replacements of batch and record free of circles. A school that anchors one
    /// record in several batches can still send a reader who looks at records alone round and round: follow a dozen
    /// steps at most.
    /// @param school The school that issued the replacement.
    /// @param entry The replacement's entry.
    error ReplacementRecalled(bytes32 school, bytes32 entry);

    /// @notice The recalled record has a replacement already; it is named once and stays.
    /// @param school The school's code.
    /// @param entry The recalled record's entry.
    /// @param replacementEntry The replacement's entry.
    error AlreadyReplaced(bytes32 school, bytes32 entry, bytes32 replacementEntry);

    /// @notice Only a school can do this, and `school` is closed and has no successor. Name one first.
    /// @param school The school's code.
    error SuccessorMissing(bytes32 school);

    /// @notice A recall cannot be annulled within the second that made it: no time would remember it.
    /// @param school The school's code.
    /// @param entry The record's entry.
    error TooSoon(bytes32 school, bytes32 entry);

    /// @notice Approves recalls, in just these words: batch, record, reason and replacement. Only the authority may.
    /// @dev For a record that is recalled already, it approves the naming of the replacement, with the recall's
    /// reason. An approval serves once. All of them stand or none: reverts with {NotAnchored}, {MissingEntry},
    /// {MissingReason} or {AlreadyApproved}. Emits {RecallApproved} for each.
    /// @param school The school's code.
    /// @param requests What is approved.
    function approveRecalls(bytes32 school, RecallRequest[] calldata requests) external;

    /// @notice Approves that a recall be annulled. Only the authority may.
    /// @dev Reverts with {NotRecalled} or {AlreadyApproved}. Emits {AnnulmentApproved}.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    function approveAnnulment(bytes32 school, bytes32 root, bytes32 entry) external;

    /// @notice Takes back an approval that was not used. Only the authority may.
    /// @dev Reverts with {ApprovalMissing}. Emits {ApprovalWithdrawn}.
    /// @param school The school's code.
    /// @param request What was approved; reason `None` and no replacement for an annulment.
    function withdrawApproval(bytes32 school, RecallRequest calldata request) external;

    /// @notice Recalls one record. The operator of the school that issued it may; once the school is closed, its
    /// successor's operator; without a successor, the authority.
    /// @dev The authority must have approved it if the batch's school year is locked, or if its policy says so.
    /// Whether the entry is in the batch is not asked: a recall of a record that does not exist recalls nothing. It
    /// speaks of the record in this batch; in another batch that holds it too, it must be recalled as well. Reverts
    /// with {UnknownSchool}, {WrongStanding} (suspended, or its successor is not active), {StillWaiting},
    /// {NotOperator}, {MissingEntry}, {MissingReason}, {NotAnchored}, {AlreadyRecalled}, {ApprovalMissing},
    /// {IncompleteReplacement}, {ReplacementRecalled}, or OpenZeppelin's `AccessControlUnauthorizedAccount`. Emits
    /// {LeafRecalled}.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    /// @param reason Why; anything but `None`.
    /// @param replacement The record that takes its place, or zeros.
    function recall(bytes32 school, bytes32 root, bytes32 entry, RecallReason reason, Replacement calldata replacement)
        external;

    /// @notice Recalls many records of one school, all or none. Who may, and when it reverts, is as for {recall}.
    /// @dev Emits {LeafRecalled} for each.
    /// @param school The school's code.
    /// @param requests What is recalled.
    function recallMany(bytes32 school, RecallRequest[] calldata requests) external;

    /// @notice Names the replacement of a record that was recalled without one, for good. Who may, and whether it
    /// needs approval, is as for {recall}.
    /// @dev Reverts as {recall} does about caller, approval and replacement, or with {NotRecalled} or
    /// {AlreadyReplaced}. Emits {LeafReplaced}.
    /// @param school The school's code.
    /// @param root The root of the batch that the recalled record was issued in.
    /// @param entry The recalled record's entry.
    /// @param replacement The record that takes its place.
    function addReplacement(bytes32 school, bytes32 root, bytes32 entry, Replacement calldata replacement) external;

    /// @notice Annuls a recall that a stolen key made. The operator of the school may, or of its successor, with the
    /// authority's approval; the authority alone can annul only what it recalled alone.
    /// @dev The recall stays on record as annulled. Reverts as {recall} does about the caller, or with {NotRecalled},
    /// {TooSoon}, {SuccessorMissing} or {ApprovalMissing}. Emits {RecallAnnulled}.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    function annulRecall(bytes32 school, bytes32 root, bytes32 entry) external;

    /// @notice When the authority approved what has not been done yet.
    /// @param school The school's code.
    /// @param request What was approved; reason `None` and no replacement for an annulment.
    /// @return In Unix seconds; 0 if it was not approved, was withdrawn, has served, or a recall was annulled since.
    function approvedAt(bytes32 school, RecallRequest calldata request) external view returns (uint48);

    /// @notice How often recalls of one record were annulled.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    /// @return The number of annulled recalls.
    function annulments(bytes32 school, bytes32 root, bytes32 entry) external view returns (uint256);

    /// @notice One recall that was annulled.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param entry The record's entry.
    /// @param index Which of them, counted from 0; reverts with Solidity's panic 0x32 if there are not so many.
    /// @return annulled The recall as it was.
    /// @return annulledAt When it was annulled, in Unix seconds.
    function annulledRecall(bytes32 school, bytes32 root, bytes32 entry, uint256 index)
        external
        view
        returns (AnnulledRecall memory annulled, uint48 annulledAt);

    // ── Statements ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The authority or a school published a statement.
    /// @param publisher The school's code, or zero for the authority.
    /// @param topic What it is about.
    /// @param digest SHA-256 of the statement.
    event StatementPublished(bytes32 indexed publisher, bytes32 indexed topic, bytes32 digest);

    /// @notice The zero digest was offered.
    /// @param publisher The school's code, or zero for the authority.
    /// @param topic What it was about.
    error MissingDigest(bytes32 publisher, bytes32 topic);

    /// @notice Publishes a statement: a key list, a dated signer list, a consent, the head of a journal. The
    /// authority may, and the operator of an active school for its school.
    /// @dev Reverts with {MissingDigest}, {UnknownSchool}, {WrongStanding}, {NotOperator} or OpenZeppelin's
    /// `AccessControlUnauthorizedAccount`. Emits {StatementPublished}.
    /// @param publisher The school's code, or zero for the authority.
    /// @param topic What it is about: keccak256 of a name that docs/contract.md lists.
    /// @param digest SHA-256 of the statement.
    function publish(bytes32 publisher, bytes32 topic, bytes32 digest) external;

    /// @notice How many statements were published.
    /// @param publisher The school's code, or zero for the authority.
    /// @param topic What they are about.
    /// @return Their number.
    function statementCount(bytes32 publisher, bytes32 topic) external view returns (uint256);

    /// @notice One statement.
    /// @param publisher The school's code, or zero for the authority.
    /// @param topic What it is about.
    /// @param index Which of them, counted from 0; reverts with Solidity's panic 0x32 if there are not so many.
    /// @return digest SHA-256 of the statement.
    /// @return publishedAt When it was published, in Unix seconds.
    function statement(bytes32 publisher, bytes32 topic, uint256 index)
        external
        view
        returns (bytes32 digest, uint48 publishedAt);

    /// @notice The newest statement at `time`.
    /// @param publisher The school's code, or zero for the authority.
    /// @param topic What it is about.
    /// @param time In Unix seconds.
    /// @return digest SHA-256 of the statement; zero if there was none.
    /// @return publishedAt When it was published, in Unix seconds; 0 if there was none.
    function statementAt(bytes32 publisher, bytes32 topic, uint48 time)
        external
        view
        returns (bytes32 digest, uint48 publishedAt);

    // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Everything the registry knows about one record, read in one call, hence at one block. Whatever is not
    /// known reads as zero.
    /// @param included Whether the school anchored the root *and* the proof leads to it from the entry's leaf. Any
    /// school can anchor any root: take the school from the record's manifest.
    /// @param anchoredAt When the batch was anchored, in Unix seconds; 0 if the school never anchored this root.
    /// @param anchoredInBlock The number of that block.
    /// @param leafCount How many leaves the school said the batch holds.
    /// @param schoolYear The calendar year in which the batch's school year begins. The school's word, too: compare
    /// it with the manifest.
    /// @param lockedAt When that school year was locked, in Unix seconds; 0 if it is not.
    /// @param late Whether the batch was anchored in a later second than that.
    /// @param version The version of the school's keys that anchored it.
    /// @param anchoredBy The operator that anchored it, authorised then or it could not have.
    /// @param sealCertificate SHA-256 of the school's seal certificate when the batch was anchored.
    /// @param anchorDoubtful Whether the operator's key is reported to have been in wrong hands by then.
    /// @param compromisedSince Since when it is reported to have been, in Unix seconds; 0 if it is not.
    /// @param compromiseRecordedAt When that was reported, in Unix seconds.
    /// @param recalledAt When the record was recalled, in Unix seconds; 0 if it is not. It is told even when
    /// `included` is false.
    /// @param recalledInBlock The number of that block.
    /// @param approvedAt When the authority approved the recall, in Unix seconds; 0 if it did not need to.
    /// @param reason Why it was recalled.
    /// @param recalledBy Who acted.
    /// @param recaller The account that acted.
    /// @param recallDoubtful Whether its key, in the version with which it acted, is reported to have been in wrong
    /// hands.
    /// @param replacedAt When the replacement was named, in Unix seconds; 0 if none was.
    /// @param replacedBy Who named it.
    /// @param replacer The account that named it.
    /// @param replacementDoubtful Whether that account's key is reported to have been in wrong hands, likewise.
    /// @param replacementSchool The school that issued the replacement.
    /// @param replacementEntry The replacement's entry. That it is in a batch of that school its own receipt proves.
    /// @param standing How the school stands.
    /// @param successor The school that acts for it once it is closed.
    struct LeafStatus {
        bool included;
        uint48 anchoredAt;
        uint48 anchoredInBlock;
        uint32 leafCount;
        uint16 schoolYear;
        uint48 lockedAt;
        bool late;
        uint16 version;
        address anchoredBy;
        bytes32 sealCertificate;
        bool anchorDoubtful;
        uint48 compromisedSince;
        uint48 compromiseRecordedAt;
        uint48 recalledAt;
        uint48 recalledInBlock;
        uint48 approvedAt;
        RecallReason reason;
        Recaller recalledBy;
        address recaller;
        bool recallDoubtful;
        uint48 replacedAt;
        Recaller replacedBy;
        address replacer;
        bool replacementDoubtful;
        bytes32 replacementSchool;
        bytes32 replacementEntry;
        Standing standing;
        bytes32 successor;
    }

    /// @notice Everything the registry knows about one record now.
    /// @dev Never reverts for what it does not know.
    /// @param school The code of the school that issued it.
    /// @param root The root of the batch that it is said to be in.
    /// @param entry The record's entry, computed by the reader from the record's manifest and salt.
    /// @param proof The leaf's siblings, from the leaf upwards.
    /// @return All of it, at one block.
    function statusOf(bytes32 school, bytes32 root, bytes32 entry, bytes32[] calldata proof)
        external
        view
        returns (LeafStatus memory);

    /// @notice What {statusOf} would have told at the end of an earlier second. A second that is not over can still
    /// change.
    /// @dev Nothing that was recorded later shows, compromises included. Never reverts for what it does not know.
    /// @param school The code of the school that issued it.
    /// @param root The root of the batch that it is said to be in.
    /// @param entry The record's entry, computed by the reader from the record's manifest and salt.
    /// @param proof The leaf's siblings, from the leaf upwards.
    /// @param time In Unix seconds.
    /// @return All of it, as of then.
    function statusAt(bytes32 school, bytes32 root, bytes32 entry, bytes32[] calldata proof, uint48 time)
        external
        view
        returns (LeafStatus memory);
}
