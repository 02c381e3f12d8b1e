// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Deployment, IRegistry} from "./Deployment.sol";
import {VM} from "./Vm.sol";

/// @notice What halmos lends to a test.
interface ISymbolic {
    /// @notice A call of any of a contract's functions, with arguments that stand for all there are.
    /// @param contractName The contract.
    /// @return data The call.
    function createCalldata(string calldata contractName) external pure returns (bytes memory data);
}

/// @title Proofs
/// @notice What no call of anybody can do, for every caller, every function and every argument at once.
/// @dev halmos runs these (`python -m scripts.contract_audit`): it does not try values, it solves for one that breaks the
/// claim. Lists in the arguments are tried empty and with one element, loops up to nine rounds.
contract ProofsTest {
    ISymbolic private constant _SYMBOLIC = ISymbolic(0xF3993A62377BCd56AE39D773740A5390411E8BC9);

    address private constant _AUTHORITY = address(0xA1);
    address private constant _OPERATOR = address(0x0B);
    bytes32 private constant _SCHOOL = "79000401";
    uint48 private constant _BEGIN = 1_800_000_000;

    IRegistry private _registry;

    function setUp() external {
        VM.warp(_BEGIN);
        _registry = Deployment.registry(_AUTHORITY, 3 days);
        VM.prank(_AUTHORITY);
        _registry.registerSchool(_SCHOOL, _OPERATOR, "seal", "consent");
    }

    function check_onlyTheAuthorityLocks(address caller, uint16 schoolYear) external {
        VM.assume(caller != _AUTHORITY);
        _anything(caller);
        assert(_registry.lockedAt(schoolYear) == 0);
    }

    function check_noRootIsEverOverwritten(address caller, bytes32 root, uint16 schoolYear, uint32 leafCount) external {
        VM.prank(_OPERATOR);
        _registry.anchor(_SCHOOL, schoolYear, root, leafCount);
        VM.warp(_BEGIN + 1 days);
        _anything(caller);
        ITranscriptRegistry.LeafStatus memory told = _registry.statusOf(_SCHOOL, root, "any", new bytes32[](0));
        assert(told.anchoredAt == _BEGIN && told.anchoredBy == _OPERATOR);
        assert(told.schoolYear == schoolYear && told.leafCount == leafCount);
    }

    function _anything(address caller) private {
        bytes memory data = _SYMBOLIC.createCalldata("TranscriptRegistry");
        VM.prank(caller);
        (bool done,) = address(_registry).call(data);
        // Whether the call succeeds is all one: what matters is what it leaves behind.
        done;
    }
}
