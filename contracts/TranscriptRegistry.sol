// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {ITranscriptRegistry} from "./ITranscriptRegistry.sol";

/// @title Transcript registry
/// @notice The public record of which batches of school records each school has issued and which single records it
/// has recalled. Every promise is written in {ITranscriptRegistry}.
contract TranscriptRegistry is ITranscriptRegistry, AccessControlDefaultAdminRules {
    /// @dev One storage slot, so that anchoring writes once.
    struct Batch {
        uint48 anchoredAt;
        uint48 anchoredInBlock;
        uint32 leafCount;
        uint16 schoolYear;
    }

    /// @dev The first two fields share a slot; the replacement's two slots are written only when there is one.
    struct Recall {
        uint48 recalledAt;
        RecallReason reason;
        Replacement replacement;
    }

    uint256 private constant _SCHOOL_CODE_DIGITS = 8;

    mapping(bytes32 school => School registration) private _schools;

    mapping(bytes32 school => mapping(bytes32 root => Batch batch)) private _batches;

    /// @dev Kept by school and leaf, not by root: the same leaf anchored in a second batch is recalled there as well,
    /// so that a second receipt cannot bring a recalled record back.
    mapping(bytes32 school => mapping(bytes32 leaf => Recall recall)) private _recalls;

    /// @notice Creates an empty registry.
    /// @param authority The account of the authority (Sở GDĐT), the contract's default admin.
    /// @param handOverDelay How long a hand-over of the authority's role waits, in seconds.
    constructor(address authority, uint48 handOverDelay) AccessControlDefaultAdminRules(handOverDelay, authority) {}

    /// @inheritdoc ITranscriptRegistry
    function registerSchool(bytes32 school, address operator, bytes32 sealCertificate)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        if (!_isSchoolCode(school)) revert MalformedSchoolCode(school);
        if (operator == address(0)) revert MissingOperator(school);
        if (sealCertificate == 0) revert MissingSealCertificate(school);
        address registered = _schools[school].operator;
        if (registered != address(0)) revert AlreadyRegistered(school, registered);

        _schools[school] = School({
            operator: operator,
            registeredAt: uint48(block.timestamp),
            registeredInBlock: uint48(block.number),
            sealCertificate: sealCertificate
        });
        emit SchoolRegistered(school, operator, sealCertificate);
    }

    /// @inheritdoc ITranscriptRegistry
    function anchor(bytes32 school, uint16 schoolYear, bytes32 root, uint32 leafCount) external {
        _requireOperator(school);
        if (root == 0) revert MissingRoot(school);
        if (schoolYear == 0) revert MissingSchoolYear(school, root);
        if (leafCount == 0) revert EmptyBatch(school, root);
        uint48 anchoredAt = _batches[school][root].anchoredAt;
        if (anchoredAt != 0) revert AlreadyAnchored(school, root, anchoredAt);

        _batches[school][root] = Batch({
            anchoredAt: uint48(block.timestamp),
            anchoredInBlock: uint48(block.number),
            leafCount: leafCount,
            schoolYear: schoolYear
        });
        emit BatchAnchored(school, root, schoolYear, leafCount);
    }

    /// @inheritdoc ITranscriptRegistry
    function recall(
        bytes32 school,
        bytes32 root,
        bytes32 leaf,
        bytes32[] calldata proof,
        RecallReason reason,
        Replacement calldata replacement
    ) external {
        _requireOperator(school);
        _requireAnchored(school, root);
        if (!MerkleProof.verifyCalldata(proof, root, leaf)) revert NotIncluded(school, root, leaf);
        if (reason == RecallReason.None) revert MissingReason(school, leaf);
        Recall storage kept = _recalls[school][leaf];
        if (kept.recalledAt != 0) revert AlreadyRecalled(school, leaf, kept.recalledAt);

        kept.recalledAt = uint48(block.timestamp);
        kept.reason = reason;
        if (replacement.root != 0 || replacement.leaf != 0) {
            _requireReplaceable(school, replacement);
            kept.replacement = replacement;
        }
        emit LeafRecalled(school, root, leaf, reason, replacement.root, replacement.leaf);
    }

    /// @inheritdoc ITranscriptRegistry
    function statusOf(bytes32 school, bytes32 root, bytes32 leaf, bytes32[] calldata proof)
        external
        view
        returns (LeafStatus memory)
    {
        School storage registration = _schools[school];
        Batch storage batch = _batches[school][root];
        Recall storage recalled = _recalls[school][leaf];
        return LeafStatus({
            anchoredAt: batch.anchoredAt,
            anchoredInBlock: batch.anchoredInBlock,
            leafCount: batch.leafCount,
            schoolYear: batch.schoolYear,
            included: batch.anchoredAt != 0 && MerkleProof.verifyCalldata(proof, root, leaf),
            recalledAt: recalled.recalledAt,
            reason: recalled.reason,
            replacementRoot: recalled.replacement.root,
            replacementLeaf: recalled.replacement.leaf,
            sealCertificate: registration.sealCertificate,
            operator: registration.operator
        });
    }

    /// @inheritdoc ITranscriptRegistry
    function schoolOf(bytes32 school) external view returns (School memory) {
        return _schools[school];
    }

    function _requireOperator(bytes32 school) private view {
        address operator = _schools[school].operator;
        if (operator == address(0)) revert UnknownSchool(school);
        if (operator != msg.sender) revert NotOperator(school, msg.sender, operator);
    }

    function _requireAnchored(bytes32 school, bytes32 root) private view {
        if (_batches[school][root].anchoredAt == 0) revert NotAnchored(school, root);
    }

    /// @dev The recall in progress is stored before this is asked, so a leaf that would replace itself is refused too.
    function _requireReplaceable(bytes32 school, Replacement calldata replacement) private view {
        if (replacement.root == 0 || replacement.leaf == 0) {
            revert IncompleteReplacement(replacement.root, replacement.leaf);
        }
        _requireAnchored(school, replacement.root);
        if (_recalls[school][replacement.leaf].recalledAt != 0) {
            revert ReplacementRecalled(school, replacement.leaf);
        }
    }

    function _isSchoolCode(bytes32 school) private pure returns (bool) {
        for (uint256 i = 0; i < _SCHOOL_CODE_DIGITS; ++i) {
            if (school[i] < "0" || school[i] > "9") return false;
        }
        return school << (8 * _SCHOOL_CODE_DIGITS) == 0;
    }
}
