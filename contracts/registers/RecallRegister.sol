// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {BatchRegister} from "./BatchRegister.sol";
import {Histories} from "./Histories.sol";
import {Words} from "./Words.sol";

/// @title The recalls
/// @notice Which records were recalled, by whom, why, with whose approval, and what took their place.
abstract contract RecallRegister is BatchRegister {
    using Histories for uint48[];
    using Words for uint256;

    /// @dev By school, root *and* entry: whether a recall needs approval depends on the year of the batch, so a
    /// recall in one batch must say nothing about another batch that holds the same entry.
    mapping(bytes32 record => uint256 word) private _recalls;

    mapping(bytes32 record => bytes32 entry) private _replacements;

    mapping(bytes32 record => AnnulledRecall[] recalls) private _annulled;

    mapping(bytes32 record => uint48[] times) private _annulledAt;

    mapping(bytes32 approval => uint48 time) private _approvals;

    /// @inheritdoc ITranscriptRegistry
    function approveRecalls(bytes32 school, RecallRequest[] calldata requests) external onlyRole(DEFAULT_ADMIN_ROLE) {
        for (uint256 i = 0; i < requests.length; ++i) {
            RecallRequest calldata request = requests[i];
            _requireRequest(school, request.root, request.entry, request.reason);
            _requireYear(school, request.root);
            _approve(school, request);
            emit RecallApproved(
                school, request.root, request.entry, request.reason, request.replacement.root, request.replacement.entry
            );
        }
    }

    /// @inheritdoc ITranscriptRegistry
    function approveAnnulment(bytes32 school, bytes32 root, bytes32 entry) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireRecalled(school, entry, _recordOf(school, root, entry));
        _approve(school, _annulmentOf(root, entry));
        emit AnnulmentApproved(school, root, entry);
    }

    /// @inheritdoc ITranscriptRegistry
    function withdrawApproval(bytes32 school, RecallRequest calldata request) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _useApproval(school, request);
        emit ApprovalWithdrawn(
            school, request.root, request.entry, request.reason, request.replacement.root, request.replacement.entry
        );
    }

    /// @inheritdoc ITranscriptRegistry
    function recall(bytes32 school, bytes32 root, bytes32 entry, RecallReason reason, Replacement calldata replacement)
        external
    {
        (Recaller by, uint16 version) = _requireRecaller(school);
        _recall(school, root, entry, reason, replacement, by, version);
    }

    /// @inheritdoc ITranscriptRegistry
    function recallMany(bytes32 school, RecallRequest[] calldata requests) external {
        (Recaller by, uint16 version) = _requireRecaller(school);
        for (uint256 i = 0; i < requests.length; ++i) {
            RecallRequest calldata request = requests[i];
            _recall(school, request.root, request.entry, request.reason, request.replacement, by, version);
        }
    }

    /// @inheritdoc ITranscriptRegistry
    function addReplacement(bytes32 school, bytes32 root, bytes32 entry, Replacement calldata replacement) external {
        (Recaller by, uint16 version) = _requireRecaller(school);
        bytes32 record = _recordOf(school, root, entry);
        _requireRecalled(school, entry, record);
        bytes32 present = _replacements[record];
        if (present != 0) revert AlreadyReplaced(school, entry, present);
        RecallRequest memory request = RecallRequest(root, entry, _recalls[record].toRecall().reason, replacement);
        if (by != Recaller.Authority && _needsApproval(_requireYear(school, root))) _useApproval(school, request);

        _recalls[record] |= _replacing(school, entry, replacement, by, version);
        _replacements[record] = replacement.entry;
        emit LeafReplaced(school, root, entry, replacement.root, replacement.entry);
    }

    /// @inheritdoc ITranscriptRegistry
    function annulRecall(bytes32 school, bytes32 root, bytes32 entry) external {
        (Recaller by,) = _requireRecaller(school);
        bytes32 record = _recordOf(school, root, entry);
        _requireRecalled(school, entry, record);
        Recall memory made = _recalls[record].toRecall();
        if (made.recalledAt == block.timestamp) revert TooSoon(school, entry);
        if (by != Recaller.Authority) _useApproval(school, _annulmentOf(root, entry));
        else if (made.by != Recaller.Authority) revert SuccessorMissing(school);

        _annulled[record].push(AnnulledRecall(made, _replacements[record]));
        _annulledAt[record].push(_now());
        delete _recalls[record];
        delete _replacements[record];
        emit RecallAnnulled(school, root, entry);
    }

    /// @inheritdoc ITranscriptRegistry
    function approvedAt(bytes32 school, RecallRequest calldata request) external view returns (uint48) {
        return _approvals[_approvalOf(school, request)];
    }

    /// @inheritdoc ITranscriptRegistry
    function annulments(bytes32 school, bytes32 root, bytes32 entry) external view returns (uint256) {
        return _annulled[_recordOf(school, root, entry)].length;
    }

    /// @inheritdoc ITranscriptRegistry
    function annulledRecall(bytes32 school, bytes32 root, bytes32 entry, uint256 index)
        external
        view
        returns (AnnulledRecall memory annulled, uint48 annulledAt)
    {
        bytes32 record = _recordOf(school, root, entry);
        return (_annulled[record][index], _annulledAt[record][index]);
    }

    /// @dev The recall of a record as it stood at `time`, and the entry that had replaced it by then.
    function _recallAt(bytes32 school, bytes32 root, bytes32 entry, uint48 time)
        internal
        view
        returns (Recall memory made, bytes32 replacementEntry)
    {
        bytes32 record = _recordOf(school, root, entry);
        uint256 i = _annulledAt[record].countUntil(time);
        if (i < _annulled[record].length) {
            (made, replacementEntry) = (_annulled[record][i].recall, _annulled[record][i].replacementEntry);
        } else {
            (made, replacementEntry) = (_recalls[record].toRecall(), _replacements[record]);
        }
        if (made.recalledAt > time) delete made;
        if (made.recalledAt == 0 || made.replacedAt > time) {
            made.replacedAt = 0;
            made.replacerVersion = 0;
            made.replacer = Recaller.Nobody;
            made.replacedBySuccessor = false;
            replacementEntry = 0;
        }
    }

    function _approve(bytes32 school, RecallRequest memory request) private {
        bytes32 approval = _approvalOf(school, request);
        if (_approvals[approval] != 0) revert AlreadyApproved(school, request.entry, _approvals[approval]);
        _approvals[approval] = _now();
    }

    /// @dev Returns when the authority approved `request`, which it thereby did once; reverts if it did not.
    function _useApproval(bytes32 school, RecallRequest memory request) private returns (uint48 time) {
        bytes32 approval = _approvalOf(school, request);
        time = _approvals[approval];
        if (time == 0) revert ApprovalMissing(school, request.root, request.entry);
        delete _approvals[approval];
    }

    function _recall(
        bytes32 school,
        bytes32 root,
        bytes32 entry,
        RecallReason reason,
        Replacement calldata replacement,
        Recaller by,
        uint16 version
    ) private {
        _requireRequest(school, root, entry, reason);
        uint16 schoolYear = _requireYear(school, root);
        bytes32 record = _recordOf(school, root, entry);
        uint48 recalledAt = _recalls[record].time();
        if (recalledAt != 0) revert AlreadyRecalled(school, entry, recalledAt);
        uint48 approved = 0;
        if (by != Recaller.Authority && _needsApproval(schoolYear)) {
            approved = _useApproval(school, RecallRequest(root, entry, reason, replacement));
        }
        uint256 word = Words.recallNow(approved, version, reason, by);
        if (replacement.root != 0 || replacement.entry != 0) {
            word |= _replacing(school, entry, replacement, by, version);
            _replacements[record] = replacement.entry;
        }
        _recalls[record] = word;
        emit LeafRecalled(school, root, entry, reason, replacement.root, replacement.entry);
    }

    /// @dev Who calls, and with which version of its keys; reverts unless that is who may recall for `school`.
    function _requireRecaller(bytes32 school) private view returns (Recaller by, uint16 version) {
        if (_actingOf(school).standing != Standing.Closed) return (Recaller.School, _requireOperator(school));
        bytes32 successor = _requireRepresentative(school);
        if (successor != 0) return (Recaller.Successor, _requireOperator(successor));
        _checkRole(DEFAULT_ADMIN_ROLE);
        return (Recaller.Authority, _authorityCount());
    }

    /// @dev Returns what a recall's word says of its replacement; reverts if `replacement` cannot take the place of
    /// `entry`.
    function _replacing(
        bytes32 school,
        bytes32 entry,
        Replacement calldata replacement,
        Recaller replacer,
        uint16 version
    ) private view returns (uint256) {
        if (replacement.root == 0 || replacement.entry == 0) {
            revert IncompleteReplacement(replacement.root, replacement.entry);
        }
        bytes32 issuer = school;
        if (_batchOf(school, replacement.root) == 0) {
            issuer = _successorOf(school);
            if (_batchOf(issuer, replacement.root) == 0) revert NotAnchored(school, replacement.root);
        }
        bool recalled = _recalls[_recordOf(issuer, replacement.root, replacement.entry)] != 0;
        if (recalled || replacement.entry == entry) revert ReplacementRecalled(issuer, replacement.entry);
        return Words.replacedNow(version, replacer, issuer != school);
    }

    /// @dev Returns the school year of a batch that the school anchored.
    function _requireYear(bytes32 school, bytes32 root) private view returns (uint16 schoolYear) {
        schoolYear = _batchOf(school, root).schoolYear();
        if (schoolYear == 0) revert NotAnchored(school, root);
    }

    function _requireRecalled(bytes32 school, bytes32 entry, bytes32 record) private view {
        if (_recalls[record] == 0) revert NotRecalled(school, entry);
    }

    /// @dev An approval is for just these words, and for none of the recalls that come after an annulment.
    function _approvalOf(bytes32 school, RecallRequest memory request) private view returns (bytes32) {
        bytes32 record = _recordOf(school, request.root, request.entry);
        return keccak256(abi.encode(record, _annulled[record].length, request.reason, request.replacement));
    }

    function _requireRequest(bytes32 school, bytes32 root, bytes32 entry, RecallReason reason) private pure {
        if (entry == 0) revert MissingEntry(school, root);
        if (reason == RecallReason.None) revert MissingReason(school, entry);
    }

    function _recordOf(bytes32 school, bytes32 root, bytes32 entry) private pure returns (bytes32) {
        return keccak256(abi.encode(school, root, entry));
    }

    /// @dev An annulment is approved as a recall without reason would be, which there is not.
    function _annulmentOf(bytes32 root, bytes32 entry) private pure returns (RecallRequest memory) {
        return RecallRequest(root, entry, RecallReason.None, Replacement(0, 0));
    }
}
