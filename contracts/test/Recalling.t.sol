// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Stage} from "./Stage.sol";
import {VM} from "./Vm.sol";

/// @title Recalls, approvals and what readers are told, for every input
contract RecallingTest is Stage {
    bytes32 private constant _ROOT = keccak256("root");
    bytes32 private constant _ENTRY = keccak256("entry");
    bytes32 private constant _NEW_ENTRY = keccak256("new entry");

    function setUp() public override {
        super.setUp();
        _anchor(_ROOT);
        _warp(_BEGIN + 1000);
    }

    function test_fuzz_recallStaysOnceMade(bytes32 entry, uint8 reason, uint8 second, uint32 later) external {
        VM.assume(entry != 0);
        ITranscriptRegistry.RecallReason why = ITranscriptRegistry.RecallReason(1 + reason % 6);
        VM.prank(_operator);
        _registry.recall(_SCHOOL, _ROOT, entry, why, _none);
        _warp(_BEGIN + 1000 + later);
        ITranscriptRegistry.RecallReason again = ITranscriptRegistry.RecallReason(1 + second % 6);
        VM.expectRevert(
            abi.encodeWithSelector(ITranscriptRegistry.AlreadyRecalled.selector, _SCHOOL, entry, _BEGIN + 1000)
        );
        VM.prank(_operator);
        _registry.recall(_SCHOOL, _ROOT, entry, again, _none);
        ITranscriptRegistry.LeafStatus memory told = _status(_SCHOOL, _ROOT, entry);
        require(told.reason == why && told.recalledAt == _BEGIN + 1000, "the recall changed");
        require(told.recaller == _operator, "wrong recaller");
    }

    function test_fuzz_nobodyElseRecalls(address caller, bytes32 entry, uint8 reason) external {
        VM.assume(caller != _operator);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.NotOperator.selector, _SCHOOL, caller, _operator));
        VM.prank(caller);
        _registry.recall(_SCHOOL, _ROOT, entry, ITranscriptRegistry.RecallReason(reason % 7), _none);
    }

    function test_fuzz_recallTouchesNoOtherRecord(bytes32 entry, bytes32 root) external {
        VM.assume(entry != _ENTRY || root != _ROOT);
        _recall(_ROOT, _ENTRY);
        require(_status(_SCHOOL, root, entry).recalledAt == 0, "another record was recalled");
        require(_status(_HEIR, _ROOT, _ENTRY).recalledAt == 0, "another school's record was recalled");
    }

    function test_fuzz_approvalIsForJustTheseWords(
        bytes32 entry,
        uint8 reason,
        bytes32 replacementRoot,
        bytes32 replacementEntry
    ) external {
        VM.assume(entry != 0);
        ITranscriptRegistry.RecallRequest memory approved = _request(_ENTRY, 5, _ROOT, _NEW_ENTRY);
        _lock();
        _approve(approved);
        ITranscriptRegistry.RecallRequest memory asked =
            _request(entry, 1 + reason % 6, replacementRoot, replacementEntry);
        VM.assume(keccak256(abi.encode(asked)) != keccak256(abi.encode(approved)));
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ApprovalMissing.selector, _SCHOOL, _ROOT, entry));
        _make(asked);
        _make(approved);
        require(_status(_SCHOOL, _ROOT, _ENTRY).approvedAt == _BEGIN + 1000, "not approved");
    }

    function test_fuzz_approvalServesOnce(uint8 reason, uint32 later) external {
        ITranscriptRegistry.RecallRequest memory asked = _request(_ENTRY, 1 + reason % 6, 0, 0);
        _lock();
        _approve(asked);
        _warp(_BEGIN + 1000 + later);
        _make(asked);
        require(_registry.approvedAt(_SCHOOL, asked) == 0, "still approved");
        _annul(1);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ApprovalMissing.selector, _SCHOOL, _ROOT, _ENTRY));
        _make(asked);
    }

    function test_fuzz_approvalDiesWithAnAnnulment(uint8 reason, bool withReplacement) external {
        ITranscriptRegistry.RecallRequest memory asked = _request(
            _ENTRY, 1 + reason % 6, withReplacement ? _ROOT : bytes32(0), withReplacement ? _NEW_ENTRY : bytes32(0)
        );
        _recall(_ROOT, _ENTRY);
        _approve(asked);
        _annul(1);
        require(_registry.approvedAt(_SCHOOL, asked) == 0, "still approved");
        _lock();
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ApprovalMissing.selector, _SCHOOL, _ROOT, _ENTRY));
        _make(asked);
    }

    function test_fuzz_annulledRecallsAreKept(uint8[4] calldata reasons, uint16[4] calldata waits) external {
        uint48[4] memory made;
        uint48[4] memory ended;
        uint48 time = _BEGIN + 1000;
        for (uint256 i = 0; i < 4; ++i) {
            _warp(time);
            made[i] = time;
            _make(_request(_ENTRY, 1 + reasons[i] % 6, 0, 0));
            time += 1 + uint48(waits[i]);
            _warp(time);
            _annul(0);
            ended[i] = time;
        }
        require(_registry.annulments(_SCHOOL, _ROOT, _ENTRY) == 4, "one is missing");
        for (uint256 i = 0; i < 4; ++i) {
            (ITranscriptRegistry.AnnulledRecall memory kept, uint48 annulledAt) =
                _registry.annulledRecall(_SCHOOL, _ROOT, _ENTRY, i);
            require(kept.recall.recalledAt == made[i] && annulledAt == ended[i], "wrong times");
            require(uint8(kept.recall.reason) == 1 + reasons[i] % 6, "wrong reason");
            require(_registry.statusAt(_SCHOOL, _ROOT, _ENTRY, _noProof, ended[i] - 1).recalledAt == made[i], "forgot");
        }
        require(_status(_SCHOOL, _ROOT, _ENTRY).recalledAt == 0, "still recalled");
    }

    function test_fuzz_representativeWaits(uint32 waited, bool withSuccessor) external {
        VM.prank(_AUTHORITY);
        _registry.closeSchool(_SCHOOL, withSuccessor ? _HEIR : bytes32(0));
        uint48 from = _BEGIN + 1000 + _WAIT;
        waited = waited % uint32(2 * _WAIT);
        _warp(_BEGIN + 1000 + waited);
        if (waited < _WAIT) {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.StillWaiting.selector, _SCHOOL, from));
        }
        VM.prank(withSuccessor ? _heirOperator : _AUTHORITY);
        _registry.recall(_SCHOOL, _ROOT, _ENTRY, ITranscriptRegistry.RecallReason.Fraud, _none);
        bool recalled = _status(_SCHOOL, _ROOT, _ENTRY).recalledAt != 0;
        require(recalled == (waited >= _WAIT), "wrong second");
    }

    function test_fuzz_onlyARightPathIncludes(bytes32[5] calldata path, uint256 wrong, bytes32 entry) external {
        bytes32[] memory proof = new bytes32[](path.length);
        bytes32 root = keccak256(abi.encodePacked(entry));
        for (uint256 i = 0; i < path.length; ++i) {
            proof[i] = path[i];
            root = Hashes.commutativeKeccak256(root, path[i]);
        }
        _anchor(root);
        require(_registry.statusOf(_SCHOOL, root, entry, proof).included, "the right path does not include");
        require(!_registry.statusOf(_OTHER_SCHOOL, root, entry, proof).included, "includes for another school");
        require(!_registry.statusOf(_SCHOOL, root, bytes32(uint256(entry) ^ 1), proof).included, "includes another");
        proof[wrong % path.length] ^= bytes32(uint256(1) << (wrong >> 248));
        require(!_registry.statusOf(_SCHOOL, root, entry, proof).included, "a wrong path includes");
    }

    /// @dev The attack is to show an inner node, and the path from it upwards.
    function test_fuzz_innerNodeIsNoEntry(bytes32[4] calldata leaves) external {
        bytes32 left = Hashes.commutativeKeccak256(leaves[0], leaves[1]);
        bytes32 right = Hashes.commutativeKeccak256(leaves[2], leaves[3]);
        bytes32 root = Hashes.commutativeKeccak256(left, right);
        _anchor(root);
        bytes32[] memory proof = new bytes32[](1);
        (proof[0]) = right;
        require(!_registry.statusOf(_SCHOOL, root, left, proof).included, "an inner node passed");
        require(!_registry.statusOf(_SCHOOL, root, root, _noProof).included, "the root passed");
    }

    /// @dev A node may answer calls with a clock that is behind its own state.
    function test_fuzz_statusDoesNotHangOnTheNodesClock(uint32 behind) external {
        _recall(_ROOT, _ENTRY);
        _warp(_BEGIN + 1000 - behind % 2000);
        ITranscriptRegistry.LeafStatus memory told = _status(_SCHOOL, _ROOT, _ENTRY);
        require(told.anchoredAt == _BEGIN && told.recalledAt == _BEGIN + 1000, "a record or its recall is not seen");
        require(told.standing == ITranscriptRegistry.Standing.Active, "the school is not seen");
    }

    function test_fuzz_doubtBeginsWithItsSecond(uint32 anchored, uint32 since) external {
        _warp(_BEGIN + anchored);
        _anchor(_NEW_ENTRY);
        _warp(_BEGIN + uint48(type(uint32).max));
        VM.prank(_AUTHORITY);
        _registry.reportCompromise(_SCHOOL, 1, _BEGIN + since);
        ITranscriptRegistry.LeafStatus memory told = _status(_SCHOOL, _NEW_ENTRY, 0);
        require(told.anchorDoubtful == (anchored >= since), "wrong second");
        require(told.compromisedSince == _BEGIN + since, "not told");
        uint48 before = _BEGIN + uint48(type(uint32).max) - 1;
        told = _registry.statusAt(_SCHOOL, _NEW_ENTRY, 0, _noProof, before);
        require(!told.anchorDoubtful && told.compromisedSince == 0, "known before it was reported");
    }

    function _request(bytes32 entry, uint8 reason, bytes32 replacementRoot, bytes32 replacementEntry)
        private
        pure
        returns (ITranscriptRegistry.RecallRequest memory)
    {
        return ITranscriptRegistry.RecallRequest(
            _ROOT,
            entry,
            ITranscriptRegistry.RecallReason(reason),
            ITranscriptRegistry.Replacement(replacementRoot, replacementEntry)
        );
    }

    function _lock() private {
        VM.prank(_AUTHORITY);
        _registry.lockSchoolYear(2025);
    }

    function _approve(ITranscriptRegistry.RecallRequest memory request) private {
        ITranscriptRegistry.RecallRequest[] memory requests = new ITranscriptRegistry.RecallRequest[](1);
        requests[0] = request;
        VM.prank(_AUTHORITY);
        _registry.approveRecalls(_SCHOOL, requests);
    }

    function _make(ITranscriptRegistry.RecallRequest memory request) private {
        VM.prank(_operator);
        _registry.recall(_SCHOOL, request.root, request.entry, request.reason, request.replacement);
    }

    function _annul(uint48 later) private {
        _warp(_time + later);
        VM.prank(_AUTHORITY);
        _registry.approveAnnulment(_SCHOOL, _ROOT, _ENTRY);
        VM.prank(_operator);
        _registry.annulRecall(_SCHOOL, _ROOT, _ENTRY);
    }
}
