// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {SchoolRegister} from "./SchoolRegister.sol";
import {Words} from "./Words.sol";

/// @title The batches
/// @notice Which roots each school has anchored, when, and with which version of its keys.
abstract contract BatchRegister is SchoolRegister {
    using Words for uint256;

    bytes32 private constant _ANCHOR_BATCH_TYPE =
        keccak256("AnchorBatch(bytes32 school,uint16 schoolYear,bytes32 root,uint32 leafCount,uint48 deadline)");

    mapping(bytes32 school => mapping(bytes32 root => uint256 word)) private _batches;

    /// @inheritdoc ITranscriptRegistry
    function anchor(bytes32 school, uint16 schoolYear, bytes32 root, uint32 leafCount) external {
        uint16 version = _requireOperator(school);
        bytes memory refusal = _refusal(school, schoolYear, root, leafCount);
        if (refusal.length != 0) LowLevelCall.bubbleRevert(refusal);
        _keep(school, schoolYear, root, leafCount, version);
    }

    /// @inheritdoc ITranscriptRegistry
    function anchorBySig(SignedBatch calldata batch) external {
        bytes memory refusal = _anchorSigned(batch, _domainSeparator());
        if (refusal.length != 0) LowLevelCall.bubbleRevert(refusal);
    }

    /// @inheritdoc ITranscriptRegistry
    function anchorMany(SignedBatch[] calldata batches) external returns (uint256 anchored) {
        bytes32 domain = _domainSeparator();
        for (uint256 i = 0; i < batches.length; ++i) {
            bytes memory refusal = _anchorSigned(batches[i], domain);
            if (refusal.length == 0) ++anchored;
            else emit BatchRefused(batches[i].school, batches[i].root, i, refusal);
        }
    }

    /// @dev The word of a batch, or 0 if the school never anchored the root.
    function _batchOf(bytes32 school, bytes32 root) internal view returns (uint256) {
        return _batches[school][root];
    }

    /// @dev Anchors a signed batch, or changes nothing and says why: an encoded error. The signature is looked at
    /// last, as a contract that signs costs the most.
    function _anchorSigned(SignedBatch calldata batch, bytes32 domain) private returns (bytes memory refusal) {
        bytes32 school = batch.school;
        uint16 schoolYear = batch.schoolYear;
        bytes32 root = batch.root;
        uint32 leafCount = batch.leafCount;
        uint48 deadline = batch.deadline;
        Acting storage acting = _actingOf(school);
        if (acting.standing != Standing.Active) return _standingRefusal(school, acting.standing);
        address operator = acting.operator;
        uint16 version = acting.version;
        refusal = _refusal(school, schoolYear, root, leafCount);
        if (refusal.length != 0) return refusal;
        if (block.timestamp > deadline) return abi.encodeWithSelector(Expired.selector, deadline);
        bytes32 signed = keccak256(abi.encode(_ANCHOR_BATCH_TYPE, school, schoolYear, root, leafCount, deadline));
        if (!_isSignedBy(operator, domain, signed, batch.signature)) {
            return abi.encodeWithSelector(SignatureInvalid.selector, school, root, operator);
        }
        _keep(school, schoolYear, root, leafCount, version);
    }

    function _keep(bytes32 school, uint16 schoolYear, bytes32 root, uint32 leafCount, uint16 version) private {
        _batches[school][root] = Words.batchNow(leafCount, schoolYear, version);
        emit BatchAnchored(school, root, schoolYear, leafCount);
    }

    /// @dev Why nobody may anchor this for the school: an encoded error, or nothing.
    function _refusal(bytes32 school, uint16 schoolYear, bytes32 root, uint32 leafCount)
        private
        view
        returns (bytes memory refusal)
    {
        uint48 anchoredAt = _batches[school][root].time();
        if (root == 0) refusal = abi.encodeWithSelector(MissingRoot.selector, school);
        else if (!_isSchoolYear(schoolYear)) refusal = abi.encodeWithSelector(UnknownSchoolYear.selector, schoolYear);
        else if (leafCount == 0) refusal = abi.encodeWithSelector(EmptyBatch.selector, school, root);
        else if (anchoredAt != 0) refusal = abi.encodeWithSelector(AlreadyAnchored.selector, school, root, anchoredAt);
    }
}
