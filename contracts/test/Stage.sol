// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Deployment, IRegistry} from "./Deployment.sol";
import {Signing} from "./Signing.sol";
import {VM} from "./Vm.sol";

/// @title A registry with an authority and three schools
abstract contract Stage {
    /// @dev The first day of June 2026, when school years up to 2026 may be locked.
    uint48 internal constant _BEGIN = 1_780_272_000;
    uint48 internal constant _HAND_OVER_DELAY = 3 days;
    uint48 internal constant _WAIT = 72 hours;

    address internal constant _AUTHORITY = address(0xA0);
    address internal constant _STRANGER = address(0xBAD);
    address internal constant _RELAYER = address(0x9E1A);
    bytes32 internal constant _SCHOOL = "79000401";
    bytes32 internal constant _OTHER_SCHOOL = "79000402";
    bytes32 internal constant _HEIR = "79000403";

    /// @dev Private keys.
    uint256 internal constant _OPERATOR_KEY = 0xA1;
    uint256 internal constant _OTHER_KEY = 0xA2;
    uint256 internal constant _HEIR_KEY = 0xA3;
    uint256 internal constant _NEW_KEY = 0xA4;

    /// @dev The time of the block. The optimizer takes `block.timestamp` for constant within a call, cheat codes or not.
    uint48 internal _time = _BEGIN;

    IRegistry internal _registry;
    address internal _operator = VM.addr(_OPERATOR_KEY);
    address internal _otherOperator = VM.addr(_OTHER_KEY);
    address internal _heirOperator = VM.addr(_HEIR_KEY);

    ITranscriptRegistry.Replacement internal _none;
    bytes32[] internal _noProof;

    function setUp() public virtual {
        VM.warp(_BEGIN);
        _registry = Deployment.registry(_AUTHORITY, _HAND_OVER_DELAY);
        _register(_SCHOOL, _operator);
        _register(_OTHER_SCHOOL, _otherOperator);
        _register(_HEIR, _heirOperator);
    }

    function _warp(uint48 time) internal {
        _time = time;
        VM.warp(time);
    }

    function _register(bytes32 school, address operator) internal {
        VM.prank(_AUTHORITY);
        _registry.registerSchool(school, operator, keccak256(abi.encode("seal", school)), keccak256("consent"));
    }

    function _anchor(bytes32 root) internal {
        VM.prank(_operator);
        _registry.anchor(_SCHOOL, 2025, root, 1);
    }

    function _recall(bytes32 root, bytes32 entry) internal {
        VM.prank(_operator);
        _registry.recall(_SCHOOL, root, entry, ITranscriptRegistry.RecallReason.Fraud, _none);
    }

    function _status(bytes32 school, bytes32 root, bytes32 entry)
        internal
        view
        returns (ITranscriptRegistry.LeafStatus memory)
    {
        return _registry.statusOf(school, root, entry, _noProof);
    }

    function _batch(bytes32 school, bytes32 root, uint48 deadline)
        internal
        pure
        returns (ITranscriptRegistry.SignedBatch memory)
    {
        return ITranscriptRegistry.SignedBatch(school, 2025, root, 1, deadline, "");
    }

    function _signed(uint256 key, ITranscriptRegistry.SignedBatch memory batch)
        internal
        view
        returns (ITranscriptRegistry.SignedBatch memory)
    {
        return Signing.batch(address(_registry), key, batch);
    }

    /// @dev A private key that is one.
    function _key(uint256 seed) internal pure returns (uint256) {
        return 1 + seed % (0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 - 1);
    }
}
