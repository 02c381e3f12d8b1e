// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Stage} from "./Stage.sol";
import {VM} from "./Vm.sol";

/// @title What is refused for what is missing in it, and what answers say of the registry itself
contract RefusalsTest is Stage {
    bytes32 private constant _ROOT = keccak256("root");
    bytes32 private constant _ENTRY = keccak256("entry");
    bytes32 private constant _NEW_ENTRY = keccak256("new entry");

    function setUp() public override {
        super.setUp();
        _anchor(_ROOT);
    }

    function test_aBatchWithoutRootOrLeavesIsRefused() external {
        _refused(abi.encodeWithSelector(ITranscriptRegistry.MissingRoot.selector, _SCHOOL));
        _registry.anchor(_SCHOOL, 2025, 0, 1);
        _refused(abi.encodeWithSelector(ITranscriptRegistry.EmptyBatch.selector, _SCHOOL, _NEW_ENTRY));
        _registry.anchor(_SCHOOL, 2025, _NEW_ENTRY, 0);
    }

    function test_aRecallWithoutEntryReasonOrHalfAReplacementIsRefused() external {
        ITranscriptRegistry.RecallReason why = ITranscriptRegistry.RecallReason.Fraud;
        _refused(abi.encodeWithSelector(ITranscriptRegistry.MissingEntry.selector, _SCHOOL, _ROOT));
        _registry.recall(_SCHOOL, _ROOT, 0, why, _none);
        _refused(abi.encodeWithSelector(ITranscriptRegistry.MissingReason.selector, _SCHOOL, _ENTRY));
        _registry.recall(_SCHOOL, _ROOT, _ENTRY, ITranscriptRegistry.RecallReason.None, _none);
        _refused(abi.encodeWithSelector(ITranscriptRegistry.IncompleteReplacement.selector, bytes32(0), _NEW_ENTRY));
        _registry.recall(_SCHOOL, _ROOT, _ENTRY, why, ITranscriptRegistry.Replacement(0, _NEW_ENTRY));
        _refused(abi.encodeWithSelector(ITranscriptRegistry.IncompleteReplacement.selector, _ROOT, bytes32(0)));
        _registry.recall(_SCHOOL, _ROOT, _ENTRY, why, ITranscriptRegistry.Replacement(_ROOT, 0));
        require(_status(_SCHOOL, _ROOT, _ENTRY).recalledAt == 0, "a refused recall left something behind");
    }

    function test_theAuthorityAloneAnnulsWhatItRecalledAloneAndNothingElse() external {
        _recall(_ROOT, _ENTRY);
        VM.prank(_AUTHORITY);
        _registry.closeSchool(_SCHOOL, 0);
        _warp(_BEGIN + 72 hours);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.SuccessorMissing.selector, _SCHOOL));
        VM.prank(_AUTHORITY);
        _registry.annulRecall(_SCHOOL, _ROOT, _ENTRY);
        VM.prank(_AUTHORITY);
        _registry.recall(_SCHOOL, _ROOT, _NEW_ENTRY, ITranscriptRegistry.RecallReason.Other, _none);
        _warp(_BEGIN + 73 hours);
        VM.prank(_AUTHORITY);
        _registry.annulRecall(_SCHOOL, _ROOT, _NEW_ENTRY);
        require(_status(_SCHOOL, _ROOT, _ENTRY).recalledAt == _BEGIN, "the school's recall is gone");
        require(_status(_SCHOOL, _ROOT, _NEW_ENTRY).recalledAt == 0, "the authority's recall stayed");
    }

    function test_aRecallDoesNotShowBeforeItsTime() external {
        _warp(_BEGIN + 100);
        _recall(_ROOT, _ENTRY);
        require(_registry.statusAt(_SCHOOL, _ROOT, _ENTRY, _noProof, _BEGIN + 99).recalledAt == 0, "recalled early");
        require(
            _registry.statusAt(_SCHOOL, _ROOT, _ENTRY, _noProof, _BEGIN + 100).recalledAt == _BEGIN + 100,
            "not recalled"
        );
    }

    function test_aCompromiseIsReportedOfKeysThatThereWere() external {
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.UnknownSchool.selector, bytes32("79000499")));
        VM.prank(_AUTHORITY);
        _registry.reportCompromise("79000499", 1, _BEGIN);
        for (uint16 version = 0; version < 4; version += 2) {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.UnknownVersion.selector, _SCHOOL, version));
            VM.prank(_AUTHORITY);
            _registry.reportCompromise(_SCHOOL, version, _BEGIN);
        }
    }

    function test_aCompromiseIsNotReportedForTheFuture() external {
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.InTheFuture.selector, _BEGIN + 1));
        VM.prank(_AUTHORITY);
        _registry.reportCompromise(_SCHOOL, 1, _BEGIN + 1);
    }

    function test_whoActedAndWhichSealItHadIsToldForAnySecond() external view {
        require(_registry.operatorAt(_SCHOOL, _BEGIN) == _operator, "another operator");
        require(_registry.operatorAt(_SCHOOL, _BEGIN - 1) == address(0), "an operator before there was one");
        require(_registry.sealAt(_SCHOOL, _BEGIN) == keccak256(abi.encode("seal", _SCHOOL)), "another seal");
        require(_registry.sealAt(_SCHOOL, _BEGIN - 1) == 0, "a seal before there was one");
    }

    function test_keysHaveOperatorSealAndConsent() external {
        _proposalRefused(address(0), "seal", "consent");
        _proposalRefused(_operator, 0, "consent");
        _proposalRefused(_operator, "seal", 0);
        require(_registry.proposalOf(_SCHOOL).effectiveFrom == 0, "a refused proposal was kept");
        VM.prank(_AUTHORITY);
        _registry.proposeKeys(_SCHOOL, _operator, "seal", "consent");
        require(_registry.proposalOf(_SCHOOL).effectiveFrom == _BEGIN + 72 hours, "the proposal is not told");
    }

    function test_aStatementSaysSomething() external {
        _refused(abi.encodeWithSelector(ITranscriptRegistry.MissingDigest.selector, _SCHOOL, bytes32("topic")));
        _registry.publish(_SCHOOL, "topic", 0);
        require(_registry.statementCount(_SCHOOL, "topic") == 0, "a refused statement was kept");
    }

    function test_theDomainThatOperatorsSignForNamesThisChainAndRegistry() external view {
        (bool answered, bytes memory told) = address(_registry).staticcall(abi.encodeWithSignature("eip712Domain()"));
        require(answered, "no domain");
        (bytes1 fields, string memory name, string memory version, uint256 chain, address registry,,) =
            abi.decode(told, (bytes1, string, string, uint256, address, bytes32, uint256[]));
        require(fields == hex"0f" && chain == block.chainid && registry == address(_registry), "another domain");
        require(keccak256(bytes(name)) == keccak256("hocba TranscriptRegistry"), "another name");
        require(keccak256(bytes(version)) == keccak256("1"), "another version");
    }

    /// @dev The school's operator is about to do something that reverts with `refusal`.
    function _refused(bytes memory refusal) private {
        VM.expectRevert(refusal);
        VM.prank(_operator);
    }

    function _proposalRefused(address operator, bytes32 seal, bytes32 consent) private {
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.IncompleteKeys.selector, _SCHOOL));
        VM.prank(_AUTHORITY);
        _registry.proposeKeys(_SCHOOL, operator, seal, consent);
    }
}
