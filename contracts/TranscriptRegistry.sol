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
        return statusAt(school, root, entry, proof, _now());
    }

    /// @inheritdoc ITranscriptRegistry
    function statusAt(bytes32 school, bytes32 root, bytes32 entry, bytes32[] calldata proof, uint48 time)
        public
        view
        returns (LeafStatus memory status)
    {
        (status.standing, status.successor) = standingAt(school, time);
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
        status.anchoredBy = keys.operator;
        status.sealCertificate = keys.sealCertificate;
        (status.compromisedSince, status.compromiseRecordedAt) = compromiseAt(school, batch.version, time);
        status.anchorDoubtful = status.compromisedSince != 0 && batch.anchoredAt >= status.compromisedSince;
    }

    function _tellRecall(LeafStatus memory status, bytes32 school, Recall memory made, uint48 time) private view {
        status.recalledAt = made.recalledAt;
        status.recalledInBlock = made.recalledInBlock;
        status.approvedAt = made.approvedAt;
        status.reason = made.reason;
        status.recalledBy = made.by;
        status.replacedAt = made.replacedAt;
        if (made.replacedAt != 0) status.replacementSchool = school;
        if (made.replacedBySuccessor) (, status.replacementSchool) = standingAt(school, made.replacedAt);
        if (made.by == Recaller.Authority) {
            status.recaller = authorityAt(made.recalledAt);
            return;
        }
        bytes32 actor = school;
        if (made.by == Recaller.Successor) (, actor) = standingAt(school, made.recalledAt);
        status.recaller = keysOf(actor, made.version).operator;
        (uint48 since,) = compromiseAt(actor, made.version, time);
        status.recallDoubtful = since != 0 && made.recalledAt >= since;
    }
}
