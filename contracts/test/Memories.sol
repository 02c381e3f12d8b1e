// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {IRegistry} from "./Deployment.sol";

/// @title What the registry must remember
/// @notice Kept beside the registry by whoever calls it, and compared with it afterwards.
abstract contract Memories {
    struct BatchMemory {
        uint48 anchoredAt;
        uint48 anchoredInBlock;
        uint32 leafCount;
        uint16 schoolYear;
        uint16 version;
    }

    struct RecallMemory {
        uint48 recalledAt;
        uint48 endedAt;
        ITranscriptRegistry.RecallReason reason;
        address recaller;
        bytes32 replacementRoot;
        bytes32 replacementEntry;
    }

    struct SchoolMemory {
        ITranscriptRegistry.Standing standing;
        uint48 standingSince;
        bytes32 successor;
        /// @dev Private keys, the operator's and that of the proposed one; 0 if nothing is proposed.
        uint256 key;
        uint256 proposedKey;
        uint48 effectiveFrom;
        bool contested;
        uint16 version;
    }

    uint256 internal constant _SCHOOLS = 4;
    uint256 internal constant _ROOTS = 3;
    uint256 internal constant _ENTRIES = 2;

    IRegistry public immutable REGISTRY;

    /// @notice The first promise that was seen broken; empty if none was.
    string public flaw;

    /// @notice How often each act succeeded.
    mapping(string act => uint256 count) public successes;

    mapping(bytes32 school => SchoolMemory memory_) internal _schools;
    mapping(bytes32 school => mapping(uint16 version => address operator)) internal _operators;
    mapping(bytes32 school => mapping(bytes32 root => BatchMemory memory_)) internal _batches;
    mapping(bytes32 record => RecallMemory[] recalls) internal _recalls;
    mapping(uint16 schoolYear => uint48 time) internal _locks;
    mapping(bytes32 approval => bool given) internal _approvals;
    ITranscriptRegistry.RecallPolicy internal _policy;

    constructor(IRegistry registry) {
        REGISTRY = registry;
    }

    /// @notice What the registry says about a school otherwise than it is remembered here; empty if it agrees.
    /// @param index Which school.
    function disagreement(uint256 index) external view returns (string memory) {
        bytes32 school = schoolAt(index);
        if (!_schoolAgrees(school)) return "the registry tells a school's keys or standing otherwise";
        for (uint256 i = 0; i < _ROOTS * _ENTRIES; ++i) {
            (bytes32 root, bytes32 entry) = (rootAt(i % _ROOTS), entryAt(i / _ROOTS));
            ITranscriptRegistry.LeafStatus memory told = REGISTRY.statusOf(school, root, entry, new bytes32[](0));
            if (!_batchAgrees(school, root, told)) return "a root's school, time, block, year or keys changed";
            if (!_recallsAgree(school, root, entry, told)) return "a recall vanished, changed or came about";
        }
        for (uint16 year = 2024; year < 2028; ++year) {
            if (REGISTRY.lockedAt(year) != _locks[year]) return "a lock vanished or came about";
        }
        return "";
    }

    /// @notice Whether every chain of replacements ends.
    function replacementsEnd() external view returns (bool) {
        for (uint256 s = 0; s < _SCHOOLS; ++s) {
            for (uint256 r = 0; r < _ROOTS; ++r) {
                for (uint256 e = 0; e < _ENTRIES; ++e) {
                    if (!_chainEnds(schoolAt(s), rootAt(r), entryAt(e))) return false;
                }
            }
        }
        return true;
    }

    function schoolAt(uint256 index) public pure returns (bytes32) {
        return [bytes32("79000401"), bytes32("79000402"), bytes32("79000403"), bytes32("79000404")][index];
    }

    function rootAt(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode("root", index));
    }

    function entryAt(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode("entry", index));
    }

    function _recordOf(bytes32 school, bytes32 root, bytes32 entry) internal pure returns (bytes32) {
        return keccak256(abi.encode(school, root, entry));
    }

    /// @dev The recall that stands, in storage; reverts if the record is not recalled.
    function _standing(bytes32 record) internal view returns (RecallMemory storage) {
        return _recalls[record][_recalls[record].length - 1];
    }

    function _isRecalled(bytes32 record) internal view returns (bool) {
        return _recalls[record].length != 0 && _standing(record).endedAt == 0;
    }

    function _schoolAgrees(bytes32 school) private view returns (bool) {
        SchoolMemory storage kept = _schools[school];
        ITranscriptRegistry.School memory told = REGISTRY.schoolOf(school);
        (,, uint48 since) = REGISTRY.standingAt(school, type(uint48).max);
        for (uint16 version = 1; version <= kept.version; ++version) {
            if (REGISTRY.keysOf(school, version).operator != _operators[school][version]) return false;
        }
        return told.standing == kept.standing && told.successor == kept.successor && since == kept.standingSince
            && told.version == kept.version && told.contested == kept.contested
            && told.keys.operator == _operators[school][kept.version]
            && REGISTRY.proposalOf(school).effectiveFrom == kept.effectiveFrom;
    }

    function _batchAgrees(bytes32 school, bytes32 root, ITranscriptRegistry.LeafStatus memory told)
        private
        view
        returns (bool)
    {
        BatchMemory storage kept = _batches[school][root];
        return told.anchoredAt == kept.anchoredAt && told.anchoredInBlock == kept.anchoredInBlock
            && told.leafCount == kept.leafCount && told.schoolYear == kept.schoolYear && told.version == kept.version
            && told.anchoredBy == _operators[school][kept.version] && told.lockedAt == _locks[kept.schoolYear];
    }

    function _recallsAgree(bytes32 school, bytes32 root, bytes32 entry, ITranscriptRegistry.LeafStatus memory told)
        private
        view
        returns (bool)
    {
        RecallMemory[] storage kept = _recalls[_recordOf(school, root, entry)];
        uint256 annulled = REGISTRY.annulments(school, root, entry);
        bool standing = kept.length != 0 && kept[kept.length - 1].endedAt == 0;
        if (kept.length != annulled + (standing ? 1 : 0)) return false;
        for (uint256 i = 0; i < annulled; ++i) {
            (ITranscriptRegistry.AnnulledRecall memory one, uint48 endedAt) =
                REGISTRY.annulledRecall(school, root, entry, i);
            if (
                one.recall.recalledAt != kept[i].recalledAt || one.recall.reason != kept[i].reason
                    || one.replacementEntry != kept[i].replacementEntry || endedAt != kept[i].endedAt
            ) return false;
        }
        if (!standing) return told.recalledAt == 0 && told.recaller == address(0) && told.replacementEntry == 0;
        RecallMemory storage last = kept[annulled];
        return told.recalledAt == last.recalledAt && told.reason == last.reason && told.recaller == last.recaller
            && told.replacementEntry == last.replacementEntry;
    }

    function _chainEnds(bytes32 school, bytes32 root, bytes32 entry) private view returns (bool) {
        for (uint256 steps = 0; steps <= _SCHOOLS * _ROOTS * _ENTRIES; ++steps) {
            bytes32 record = _recordOf(school, root, entry);
            if (!_isRecalled(record) || _standing(record).replacementEntry == 0) return true;
            school = REGISTRY.statusOf(school, root, entry, new bytes32[](0)).replacementSchool;
            (root, entry) = (_standing(record).replacementRoot, _standing(record).replacementEntry);
        }
        return false;
    }
}
