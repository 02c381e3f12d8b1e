// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";

/// @dev One anchored batch; `version` is that of the keys whose operator anchored it.
struct Batch {
    uint48 anchoredAt;
    uint48 anchoredInBlock;
    uint32 leafCount;
    uint16 schoolYear;
    uint16 version;
}

/// @title Words
/// @notice A batch and a recall, each packed into one storage word.
/// @dev Solidity would pack the same structs, but writes them field by field: a thousand units of gas for every
/// recall. The first 48 bits are the time of the act, which is never 0: a word that is 0 was never written.
library Words {
    /// @dev The second of the act, or 0 if there was none; the same place in both kinds of word.
    function time(uint256 word) internal pure returns (uint48) {
        return uint48(word);
    }

    /// @dev The word of a batch that is anchored in this block.
    function batchNow(uint32 leafCount, uint16 year, uint16 version) internal view returns (uint256) {
        return uint256(uint48(block.timestamp)) | (uint256(uint48(block.number)) << 48) | (uint256(leafCount) << 96)
            | (uint256(year) << 128) | (uint256(version) << 144);
    }

    function toBatch(uint256 word) internal pure returns (Batch memory) {
        return Batch({
            anchoredAt: uint48(word),
            anchoredInBlock: uint48(word >> 48),
            leafCount: uint32(word >> 96),
            schoolYear: schoolYear(word),
            version: uint16(word >> 144)
        });
    }

    /// @dev The school year of a batch's word.
    function schoolYear(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 128);
    }

    /// @dev The word of a recall that is made in this block, without a replacement.
    function recallNow(
        uint48 approvedAt,
        uint16 version,
        ITranscriptRegistry.RecallReason reason,
        ITranscriptRegistry.Recaller by
    ) internal view returns (uint256) {
        return uint256(uint48(block.timestamp)) | (uint256(uint48(block.number)) << 48) | (uint256(approvedAt) << 96)
            | (uint256(version) << 192) | (uint256(reason) << 224) | (uint256(by) << 232);
    }

    /// @dev What is added to a recall's word when its replacement is named in this block.
    function replacedNow(uint16 version, ITranscriptRegistry.Recaller replacer, bool bySuccessor)
        internal
        view
        returns (uint256)
    {
        return (uint256(uint48(block.timestamp)) << 144) | (uint256(version) << 208) | (uint256(replacer) << 240)
            | (bySuccessor ? 1 << 248 : 0);
    }

    function toRecall(uint256 word) internal pure returns (ITranscriptRegistry.Recall memory) {
        return ITranscriptRegistry.Recall({
            recalledAt: uint48(word),
            recalledInBlock: uint48(word >> 48),
            approvedAt: uint48(word >> 96),
            replacedAt: uint48(word >> 144),
            version: uint16(word >> 192),
            replacerVersion: uint16(word >> 208),
            reason: ITranscriptRegistry.RecallReason(uint8(word >> 224)),
            by: ITranscriptRegistry.Recaller(uint8(word >> 232)),
            replacer: ITranscriptRegistry.Recaller(uint8(word >> 240)),
            replacedBySuccessor: word >> 248 != 0
        });
    }
}
