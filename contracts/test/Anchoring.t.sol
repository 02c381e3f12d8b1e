// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Stage} from "./Stage.sol";
import {VM} from "./Vm.sol";
import {GreedyWallet, KeyWallet, TalkativeWallet, TerseWallet} from "./Wallets.sol";

/// @title Anchoring, for every input
contract AnchoringTest is Stage {
    function test_fuzz_anchorKeepsWhatItWasGiven(bytes32 root, uint16 year, uint32 count, uint32 later, uint32 height)
        external
    {
        year = 1975 + year % 240;
        VM.assume(root != 0 && count != 0);
        _warp(_BEGIN + later);
        VM.roll(height);
        VM.prank(_operator);
        _registry.anchor(_SCHOOL, year, root, count);
        ITranscriptRegistry.LeafStatus memory told = _status(_SCHOOL, root, 0);
        require(told.anchoredAt == _BEGIN + later && told.anchoredInBlock == height, "wrong time");
        require(told.schoolYear == year && told.leafCount == count, "wrong batch");
        require(told.version == 1 && told.anchoredBy == _operator, "wrong keys");
    }

    function test_fuzz_anchorKnowsTheseYearsAndNoOthers(uint16 year, bytes32 root) external {
        VM.assume(root != 0);
        if (year < 1975 || year > 2214) {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.UnknownSchoolYear.selector, year));
        }
        VM.prank(_operator);
        _registry.anchor(_SCHOOL, year, root, 1);
    }

    function test_fuzz_anchorRevertsForEverybodyElse(address caller, bytes32 root) external {
        VM.assume(caller != _operator);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.NotOperator.selector, _SCHOOL, caller, _operator));
        VM.prank(caller);
        _registry.anchor(_SCHOOL, 2025, root, 1);
    }

    function test_fuzz_rootIsAnchoredOnce(bytes32 root, uint16 year, uint32 count, uint32 later) external {
        VM.assume(root != 0 && count != 0);
        _anchor(root);
        _warp(_BEGIN + later);
        bytes memory refusal =
            abi.encodeWithSelector(ITranscriptRegistry.AlreadyAnchored.selector, _SCHOOL, root, _BEGIN);
        VM.expectRevert(refusal);
        VM.prank(_operator);
        _registry.anchor(_SCHOOL, 1975 + year % 240, root, count);
        VM.expectRevert(refusal);
        _registry.anchorBySig(_signed(_OPERATOR_KEY, _batch(_SCHOOL, root, type(uint48).max)));
        require(_status(_SCHOOL, root, 0).anchoredAt == _BEGIN, "the time has moved");
    }

    function test_fuzz_noSchoolStopsAnother(bytes32 root, bool signed, bool suspended) external {
        VM.assume(root != 0);
        VM.prank(_otherOperator);
        _registry.anchor(_OTHER_SCHOOL, 1999, root, 7);
        if (suspended) {
            VM.prank(_AUTHORITY);
            _registry.suspendSchool(_OTHER_SCHOOL);
        }
        if (signed) _registry.anchorBySig(_signed(_OPERATOR_KEY, _batch(_SCHOOL, root, _BEGIN)));
        else _anchor(root);
        require(_status(_SCHOOL, root, 0).leafCount == 1, "the other school got in between");
        require(_status(_OTHER_SCHOOL, root, 0).leafCount == 7, "the other school lost its own");
    }

    function test_fuzz_signatureServesWhoeverSendsIt(address sender, bytes32 root, uint48 deadline) external {
        VM.assume(root != 0 && deadline >= _BEGIN);
        VM.prank(sender);
        _registry.anchorBySig(_signed(_OPERATOR_KEY, _batch(_SCHOOL, root, deadline)));
        require(_status(_SCHOOL, root, 0).anchoredBy == _operator, "not anchored");
    }

    function test_fuzz_signatureEndsWithItsDeadline(bytes32 root, uint48 deadline) external {
        VM.assume(root != 0 && deadline < _BEGIN);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.Expired.selector, deadline));
        _registry.anchorBySig(_signed(_OPERATOR_KEY, _batch(_SCHOOL, root, deadline)));
    }

    function test_fuzz_everybodyElsesSignatureIsRefused(uint256 seed, bytes32 root) external {
        uint256 key = _key(seed);
        VM.assume(root != 0 && key != _OPERATOR_KEY);
        _expectInvalid(root);
        _registry.anchorBySig(_signed(key, _batch(_SCHOOL, root, _BEGIN)));
    }

    function test_fuzz_alteredBatchIsRefused(bytes32 root, uint16 year, uint32 count, uint48 deadline) external {
        ITranscriptRegistry.SignedBatch memory batch = _signed(_OPERATOR_KEY, _batch(_SCHOOL, "root", _BEGIN));
        year = 1975 + year % 240;
        deadline = _BEGIN + deadline % 1000;
        VM.assume(root != 0 && count != 0 && (root != "root" || year != 2025 || count != 1 || deadline != _BEGIN));
        (batch.root, batch.schoolYear, batch.leafCount, batch.deadline) = (root, year, count, deadline);
        _expectInvalid(root);
        _registry.anchorBySig(batch);
    }

    function test_fuzz_anyBytesForASignatureAreRefused(bytes32 root, bytes calldata signature) external {
        VM.assume(root != 0);
        ITranscriptRegistry.SignedBatch memory batch = _batch(_SCHOOL, root, _BEGIN);
        batch.signature = signature;
        _expectInvalid(root);
        _registry.anchorBySig(batch);
    }

    function test_fuzz_flippedBitOfASignatureIsRefused(bytes32 root, uint16 bit) external {
        VM.assume(root != 0);
        ITranscriptRegistry.SignedBatch memory batch = _signed(_OPERATOR_KEY, _batch(_SCHOOL, root, _BEGIN));
        bit = bit % (65 * 8);
        batch.signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        _expectInvalid(root);
        _registry.anchorBySig(batch);
    }

    function test_fuzz_suspendedSchoolNeverAnchors(bytes32 root, bool closed, address caller) external {
        VM.assume(root != 0);
        VM.prank(_AUTHORITY);
        if (closed) _registry.closeSchool(_SCHOOL, 0);
        else _registry.suspendSchool(_SCHOOL);
        bytes memory refusal = abi.encodeWithSelector(
            ITranscriptRegistry.WrongStanding.selector,
            _SCHOOL,
            closed ? ITranscriptRegistry.Standing.Closed : ITranscriptRegistry.Standing.Suspended
        );
        VM.expectRevert(refusal);
        VM.prank(caller);
        _registry.anchor(_SCHOOL, 2025, root, 1);
        VM.expectRevert(refusal);
        VM.prank(_operator);
        _registry.anchor(_SCHOOL, 2025, root, 1);
        VM.expectRevert(refusal);
        VM.prank(caller);
        _registry.anchorBySig(_signed(_OPERATOR_KEY, _batch(_SCHOOL, root, _BEGIN)));
        ITranscriptRegistry.SignedBatch[] memory batches = new ITranscriptRegistry.SignedBatch[](1);
        batches[0] = _signed(_OPERATOR_KEY, _batch(_SCHOOL, root, _BEGIN));
        require(_registry.anchorMany(batches) == 0, "anchored all the same");
        require(_status(_SCHOOL, root, 0).anchoredAt == 0, "anchored all the same");
    }

    /// @dev Each of six batches is good or bad as its bit says; the bad ones must not touch the good.
    function test_fuzz_badBatchesSinkNoGoodOnes(bytes32 salt, uint8 good, uint16 gasToSpare) external {
        _useWallets();
        ITranscriptRegistry.SignedBatch[] memory batches = new ITranscriptRegistry.SignedBatch[](6);
        uint256 expected = 0;
        for (uint256 i = 0; i < 6; ++i) {
            bool fine = good >> i & 1 == 1;
            if (fine) ++expected;
            bytes32 school = i < 2 ? _SCHOOL : i < 4 ? _OTHER_SCHOOL : _HEIR;
            // The other school's wallet asks for a key, the heir's spends what it gets unless it is good.
            uint256 key = fine ? (school == _SCHOOL ? _OPERATOR_KEY : _NEW_KEY) : 0xBAD;
            if (school == _HEIR) VM.etch(_heirOperator, (good & 48 == 48) ? _talkative() : _greedy());
            batches[i] = _signed(key, _batch(school, keccak256(abi.encode(salt, i)), _BEGIN));
        }
        if (good & 48 != 48) expected -= (good >> 4 & 1) + (good >> 5 & 1);
        uint256 anchored = _registry.anchorMany{gas: 1_500_000 + uint256(gasToSpare) * 10}(batches);
        require(anchored == expected, "wrong count");
        for (uint256 i = 0; i < 6; ++i) {
            bool stands = _status(batches[i].school, batches[i].root, 0).anchoredAt != 0;
            bool fine = good >> i & 1 == 1 && (i < 4 || good & 48 == 48);
            require(stands == fine, "one sank another");
        }
    }

    /// @dev What such a wallet leaves out must not be filled in from our memory, where roots pass as well.
    function test_fuzz_tooShortAnAnswerIsRefused(bytes4 head) external {
        VM.assume(head != 0);
        VM.etch(_operator, address(new TerseWallet()).code);
        ITranscriptRegistry.SignedBatch memory batch = _batch(_SCHOOL, bytes32(head), _BEGIN);
        _expectInvalid(batch.root);
        _registry.anchorBySig(batch);
    }

    /// @dev However much gas there is, a wallet is heard in full or all of it is undone.
    function test_fuzz_noWalletIsRefusedUnheard(bytes32 salt, uint32 gasLimit) external {
        _useWallets();
        ITranscriptRegistry.SignedBatch[] memory batches = new ITranscriptRegistry.SignedBatch[](2);
        batches[0] = _signed(_OPERATOR_KEY, _batch(_SCHOOL, keccak256(abi.encode(salt)), _BEGIN));
        batches[1] = _signed(_NEW_KEY, _batch(_OTHER_SCHOOL, keccak256(abi.encode(salt)), _BEGIN));
        try _registry.anchorMany{gas: 20_000 + gasLimit % 300_000}(batches) returns (uint256 anchored) {
            require(anchored == 2, "a wallet was refused unheard");
        } catch {
            require(_status(_SCHOOL, batches[0].root, 0).anchoredAt == 0, "half of it stands");
        }
    }

    /// @dev The other school's operator becomes a wallet that asks for the new key.
    function _useWallets() private {
        VM.etch(_otherOperator, address(new KeyWallet(VM.addr(_NEW_KEY))).code);
    }

    function _greedy() private returns (bytes memory) {
        return address(new GreedyWallet()).code;
    }

    function _talkative() private returns (bytes memory) {
        return address(new TalkativeWallet()).code;
    }

    function _expectInvalid(bytes32 root) private {
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.SignatureInvalid.selector, _SCHOOL, root, _operator));
    }
}
