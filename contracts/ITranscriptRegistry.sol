// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Transcript registry
/// @notice The public record of which batches of school records (học bạ) each school has issued, and which single
/// records have since been recalled. It holds school codes, hashes and dates; it never holds a name, an identity
/// number, a mark, a document, or a hash that can be guessed.
/// @dev Append-only: nothing here can be moved, overwritten or deleted, nothing can be paused, and every change of
/// state emits exactly one event. One registry serves one authority (Sở GDĐT), which is the contract's default admin;
/// it hands over in two steps with a delay (see OpenZeppelin's `AccessControlDefaultAdminRules`).
///
/// Words:
/// - *school*: the eight ASCII digits of its code, left-aligned in a `bytes32` and padded with zero bytes.
/// - *leaf*: what one record (or booklet) becomes in a batch, a double keccak256 hash as OpenZeppelin's
///   `StandardMerkleTree` makes it; *root*: the tree's root over all leaves of one batch.
/// - *school year*: the calendar year in which it begins; 2025 means 2025-2026.
///
/// Times are Unix seconds and block numbers are those of this chain, both as the block that made the change has them.
///
/// WARNING: The registry receives leaf *hashes*, so it cannot tell a leaf from an inner node of the same tree. A
/// reader must compute the leaf from the record's manifest, as `ledger/proof/leaf.py` does: a leaf hashes 32 bytes and
/// an inner node hashes 64, so that no manifest leads to an inner node.
interface ITranscriptRegistry {
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

    /// @notice A school as it is registered; all zero when it is not.
    /// @param operator The account that anchors and recalls for the school.
    /// @param registeredAt When the authority registered the school, in Unix seconds.
    /// @param registeredInBlock The number of the block of the registration.
    /// @param sealCertificate SHA-256 of the DER of the certificate that the school seals its records with.
    struct School {
        address operator;
        uint48 registeredAt;
        uint48 registeredInBlock;
        bytes32 sealCertificate;
    }

    /// @notice The record that takes the place of a recalled one; all zero when none does.
    /// @param root The root of the batch that the new record was issued in, anchored by the same school.
    /// @param leaf The new record's leaf.
    struct Replacement {
        bytes32 root;
        bytes32 leaf;
    }

    /// @notice Everything the registry knows about one leaf, read in one call, hence at one block.
    /// @param anchoredAt When the batch was anchored, in Unix seconds; 0 if the school never anchored this root.
    /// @param anchoredInBlock The number of the block that anchored the batch, or 0.
    /// @param leafCount How many leaves the school said the batch holds, or 0.
    /// @param schoolYear The calendar year in which the batch's school year begins, or 0.
    /// @param included Whether the root is anchored *and* the proof leads from the leaf to it.
    /// @param recalledAt When the school recalled this leaf, in Unix seconds; 0 if it did not. A recall counts for the
    /// leaf in every batch of the school, and is told even when `included` is false.
    /// @param reason Why it was recalled; `None` if it was not.
    /// @param replacementRoot The root of the replacement's batch, or 0.
    /// @param replacementLeaf The replacement's leaf, or 0. It has not been proven to be in the replacement's batch;
    /// the replacement's own receipt does that.
    /// @param sealCertificate SHA-256 of the school's seal certificate; 0 if the school is unknown.
    /// @param operator The account that may act for the school; zero if the school is unknown.
    struct LeafStatus {
        uint48 anchoredAt;
        uint48 anchoredInBlock;
        uint32 leafCount;
        uint16 schoolYear;
        bool included;
        uint48 recalledAt;
        RecallReason reason;
        bytes32 replacementRoot;
        bytes32 replacementLeaf;
        bytes32 sealCertificate;
        address operator;
    }

    /// @notice The authority registered a school.
    /// @param school The school's code.
    /// @param operator The account that may act for it.
    /// @param sealCertificate SHA-256 of the certificate that the school seals with.
    event SchoolRegistered(bytes32 indexed school, address indexed operator, bytes32 sealCertificate);

    /// @notice A school anchored a batch.
    /// @param school The school's code.
    /// @param root The Merkle root over the batch's leaves.
    /// @param schoolYear The calendar year in which the batch's school year begins.
    /// @param leafCount How many leaves the batch holds.
    event BatchAnchored(bytes32 indexed school, bytes32 indexed root, uint16 schoolYear, uint32 leafCount);

    /// @notice A school recalled one record.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param leaf The record's leaf.
    /// @param reason Why.
    /// @param replacementRoot The root of the batch that holds the replacement, or 0.
    /// @param replacementLeaf The replacement's leaf, or 0.
    event LeafRecalled(
        bytes32 indexed school,
        bytes32 indexed root,
        bytes32 indexed leaf,
        RecallReason reason,
        bytes32 replacementRoot,
        bytes32 replacementLeaf
    );

    /// @notice `school` is not eight ASCII digits followed by 24 zero bytes.
    /// @param school The code that was offered.
    error MalformedSchoolCode(bytes32 school);

    /// @notice `school` is registered already.
    /// @param school The school's code.
    /// @param operator The operator it was registered with.
    error AlreadyRegistered(bytes32 school, address operator);

    /// @notice A school was to be registered without an operator, and nobody could ever act for it.
    /// @param school The school's code.
    error MissingOperator(bytes32 school);

    /// @notice A school was to be registered without a seal, and no record of its could ever be checked.
    /// @param school The school's code.
    error MissingSealCertificate(bytes32 school);

    /// @notice `school` is not registered.
    /// @param school The code that was offered.
    error UnknownSchool(bytes32 school);

    /// @notice `caller` may not act for `school`.
    /// @param school The school's code.
    /// @param caller The account that tried.
    /// @param operator The account that may.
    error NotOperator(bytes32 school, address caller, address operator);

    /// @notice The zero root was offered. It is what an empty slot reads as, so it can never stand for a batch.
    /// @param school The school that offered it.
    error MissingRoot(bytes32 school);

    /// @notice A batch without leaves was offered.
    /// @param school The school that offered it.
    /// @param root The root that came with it.
    error EmptyBatch(bytes32 school, bytes32 root);

    /// @notice A batch was offered for school year 0.
    /// @param school The school that offered it.
    /// @param root The root that came with it.
    error MissingSchoolYear(bytes32 school, bytes32 root);

    /// @notice `school` has anchored `root` already.
    /// @param school The school's code.
    /// @param root The root that was offered a second time.
    /// @param anchoredAt When it was anchored, in Unix seconds.
    error AlreadyAnchored(bytes32 school, bytes32 root, uint48 anchoredAt);

    /// @notice `school` never anchored `root`.
    /// @param school The school's code.
    /// @param root The root that was named.
    error NotAnchored(bytes32 school, bytes32 root);

    /// @notice The proof does not lead from `leaf` to `root`.
    /// @param school The school's code.
    /// @param root The root that was named.
    /// @param leaf The leaf that was named.
    error NotIncluded(bytes32 school, bytes32 root, bytes32 leaf);

    /// @notice `school` has recalled `leaf` already; a recall is made once and stays.
    /// @param school The school's code.
    /// @param leaf The leaf that was named.
    /// @param recalledAt When it was recalled, in Unix seconds.
    error AlreadyRecalled(bytes32 school, bytes32 leaf, uint48 recalledAt);

    /// @notice A recall gave `None` as its reason.
    /// @param school The school's code.
    /// @param leaf The leaf that was to be recalled.
    error MissingReason(bytes32 school, bytes32 leaf);

    /// @notice A replacement has a root and no leaf, or a leaf and no root.
    /// @param root The replacement's root.
    /// @param leaf The replacement's leaf.
    error IncompleteReplacement(bytes32 root, bytes32 leaf);

    /// @notice A replacement is the recalled leaf itself, or a leaf that was recalled before.
    /// @dev Refusing both keeps every chain of replacements free of circles, so that a reader who follows it arrives.
    /// @param school The school's code.
    /// @param leaf The replacement's leaf.
    error ReplacementRecalled(bytes32 school, bytes32 leaf);

    /// @notice Registers a school, for good. Only the authority may.
    /// @dev Reverts with {MalformedSchoolCode}, {MissingOperator}, {MissingSealCertificate}, {AlreadyRegistered}, or
    /// OpenZeppelin's `AccessControlUnauthorizedAccount`. Emits {SchoolRegistered}.
    /// @param school The school's code.
    /// @param operator The account that will anchor and recall for the school.
    /// @param sealCertificate SHA-256 of the DER of the certificate that the school seals its records with.
    function registerSchool(bytes32 school, address operator, bytes32 sealCertificate) external;

    /// @notice Anchors one batch of a school's records, for good. Only the school's operator may.
    /// @dev Reverts with {UnknownSchool}, {NotOperator}, {MissingRoot}, {MissingSchoolYear}, {EmptyBatch} or
    /// {AlreadyAnchored}. A root is anchored once *per school*: nobody can block a school by taking its root first. A
    /// second call with the same root is refused rather than ignored, so that a worker which resends after a crash
    /// learns that its first transaction was the one that counted. Emits {BatchAnchored}.
    /// @param school The school's code.
    /// @param schoolYear The calendar year in which the batch's school year begins.
    /// @param root The Merkle root over the batch's leaves.
    /// @param leafCount How many leaves the batch holds. The school's word; the registry cannot count.
    function anchor(bytes32 school, uint16 schoolYear, bytes32 root, uint32 leafCount) external;

    /// @notice Recalls one record that the school issued, for good. Only the school's operator may.
    /// @dev Reverts with {UnknownSchool}, {NotOperator}, {NotAnchored}, {NotIncluded}, {MissingReason},
    /// {AlreadyRecalled}, {IncompleteReplacement}, {ReplacementRecalled}, or {NotAnchored} for the replacement's root.
    /// Emits {LeafRecalled}.
    /// @param school The school's code.
    /// @param root The root of the batch that the record was issued in.
    /// @param leaf The record's leaf.
    /// @param proof The leaf's siblings, from the leaf upwards.
    /// @param reason Why; anything but `None`.
    /// @param replacement The record that takes its place, or zeros.
    function recall(
        bytes32 school,
        bytes32 root,
        bytes32 leaf,
        bytes32[] calldata proof,
        RecallReason reason,
        Replacement calldata replacement
    ) external;

    /// @notice Everything the registry knows about one leaf.
    /// @dev Never reverts for what it does not know: unknown things read as zeros.
    /// @param school The school's code.
    /// @param root The root of the batch that the record is said to be in.
    /// @param leaf The record's leaf, computed by the reader from the record's manifest.
    /// @param proof The leaf's siblings, from the leaf upwards.
    /// @return All of it, at one block.
    function statusOf(bytes32 school, bytes32 root, bytes32 leaf, bytes32[] calldata proof)
        external
        view
        returns (LeafStatus memory);

    /// @notice A school as it is registered.
    /// @param school The school's code.
    /// @return The school; all zero when it is not registered.
    function schoolOf(bytes32 school) external view returns (School memory);
}
