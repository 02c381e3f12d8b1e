// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {ITranscriptRegistry} from "./ITranscriptRegistry.sol";
import {AuthorityRegister} from "./registers/AuthorityRegister.sol";
import {RecallRegister} from "./registers/RecallRegister.sol";
import {StatementRegister} from "./registers/StatementRegister.sol";
import {Batch, Words} from "./registers/Words.sol";

/// @title Transcript registry
/// @notice The public record of which batches of school records each school has issued and which single records it
/// has recalled. Every promise is written in {ITranscriptRegistry}.
contract TranscriptRegistry is RecallRegister, StatementRegister {
    using Words for uint256;

    /// @notice Creates an empty registry.
    /// @param authority The account of the authority (Sở GDĐT), the contract's default admin.
    /// @param handOverDelay How long a hand-over of the authority's role waits, in seconds.
    constructor(address authority, uint48 handOverDelay) AuthorityRegister(authority, handOverDelay) {}

    /// @inheritdoc ITranscriptRegistry
    function statusOf(bytes32 school, bytes32 root, bytes32 entry, bytes32[] calldata proof)
        external
        view
        returns (LeafStatus memory)
    {
        // Not the time of the block: a node may answer calls with a clock that is behind its own state.
        return statusAt(school, root, entry, proof, type(uint48).max);
    }

    /// @inheritdoc ITranscriptRegistry
    function statusAt(bytes32 school, bytes32 root, bytes32 entry, bytes32[] calldata proof, uint48 time)
        public
        view
        returns (LeafStatus memory status)
    {
        (status.standing, status.successor,) = standingAt(school, time);
        _tellBatch(status, school, _batchOf(school, root).toBatch(), time);
        status.included =
            status.anchoredAt != 0 && MerkleProof.verifyCalldata(proof, root, keccak256(abi.encodePacked(entry)));
        (Recall memory made, bytes32 replacementEntry) = _recallAt(school, root, entry, time);
        status.replacementEntry = replacementEntry;
        if (made.recalledAt != 0) _tellRecall(status, school, made, time);
    }

    function _tellBatch(LeafStatus memory status, bytes32 school, Batch memory batch, uint48 time) private view {
        if (batch.anchoredAt == 0 || batch.anchoredAt > time) return;
        Keys memory keys = keysOf(school, batch.version);
        status.anchoredAt = batch.anchoredAt;
        status.anchoredInBlock = batch.anchoredInBlock;
        status.leafCount = batch.leafCount;
        status.schoolYear = batch.schoolYear;
        status.lockedAt = _lockedAtBy(batch.schoolYear, time);
        status.late = status.lockedAt != 0 && batch.anchoredAt > status.lockedAt;
        status.version = batch.version;
        status.anchoredBy = keys.operator;
        status.sealCertificate = keys.sealCertificate;
        (status.compromisedSince, status.compromiseRecordedAt) = compromiseAt(school, batch.version, time);
        status.anchorDoubtful = _isDoubtful(batch.anchoredAt, status.compromisedSince);
    }

    function _tellRecall(LeafStatus memory status, bytes32 school, Recall memory made, uint48 time) private view {
        status.recalledAt = made.recalledAt;
        status.recalledInBlock = made.recalledInBlock;
        status.approvedAt = made.approvedAt;
        status.reason = made.reason;
        status.recalledBy = made.by;
        (status.recaller, status.recallDoubtful) = _actor(school, made.by, made.version, made.recalledAt, time);
        if (made.replacedAt == 0) return;
        status.replacedAt = made.replacedAt;
        status.replacedBy = made.replacer;
        (status.replacer, status.replacementDoubtful) =
            _actor(school, made.replacer, made.replacerVersion, made.replacedAt, time);
        status.replacementSchool = made.replacedBySuccessor ? _successorBefore(school, made.replacedAt) : school;
    }

    /// @dev The account that acted for a school at `actedAt`, and whether its key was reported by `time` as stolen by
    /// then.
    function _actor(bytes32 school, Recaller by, uint16 version, uint48 actedAt, uint48 time)
        private
        view
        returns (address account, bool doubtful)
    {
        if (by == Recaller.Authority) return (_authorityNumber(version), false);
        bytes32 acting = by == Recaller.Successor ? _successorBefore(school, actedAt) : school;
        (uint48 since,) = compromiseAt(acting, version, time);
        return (keysOf(acting, version).operator, _isDoubtful(actedAt, since));
    }

    /// @dev Who acted for a closed school in the second `time`. A successor waits before it may act, so that it was
    /// in its place in the second before; by the end of this one another may have been named.
    function _successorBefore(bytes32 school, uint48 time) private view returns (bytes32 successor) {
        (, successor,) = standingAt(school, time - 1);
    }

    function _isDoubtful(uint48 actedAt, uint48 since) private pure returns (bool) {
        return since != 0 && actedAt >= since;
    }
}
