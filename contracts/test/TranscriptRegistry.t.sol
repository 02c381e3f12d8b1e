// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {TranscriptRegistry} from "../TranscriptRegistry.sol";

/// @notice The part of the test runner's cheat codes that is used here; forge and Hardhat both have it.
interface Vm {
    /// @notice Makes `sender` the caller of the next call.
    /// @param sender The account.
    function prank(address sender) external;

    /// @notice Sets the time of the block.
    /// @param time In Unix seconds.
    function warp(uint256 time) external;

    /// @notice Sets the number of the block.
    /// @param number The number.
    function roll(uint256 number) external;

    /// @notice Expects the next call to revert with exactly these bytes.
    /// @param revertData The encoded error.
    function expectRevert(bytes calldata revertData) external;

    /// @notice Gives up a fuzz run whose inputs are of no use.
    /// @param condition Whether they are.
    function assume(bool condition) external pure;
}

/// @title Random calls by two schools, their authority and a stranger
/// @notice Keeps beside the registry what its promises say must be there.
contract Actors {
    struct Memory {
        uint48 anchoredAt;
        uint48 anchoredInBlock;
        uint32 leafCount;
        uint16 schoolYear;
        uint48 recalledAt;
        ITranscriptRegistry.RecallReason reason;
    }

    Vm private constant _VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant _LEAVES = 4;
    uint256 private constant _SCHOOLS = 2;

    TranscriptRegistry public immutable REGISTRY;

    /// @notice Set when a call succeeded that must not have.
    bool public wrongActorSucceeded;

    /// @notice How many recalls were seen to succeed.
    uint256 public recalls;

    mapping(bytes32 school => mapping(bytes32 leaf => Memory kept)) private _kept;

    constructor(TranscriptRegistry registry) {
        REGISTRY = registry;
    }

    function anchor(uint256 school, uint256 caller, uint256 leaf, uint16 schoolYear, uint32 leafCount) external {
        (bytes32 code, address operator) = schoolAt(school);
        address sender = _callerAt(caller, operator);
        bytes32 root = leafAt(leaf);
        _VM.prank(sender);
        try REGISTRY.anchor(code, schoolYear, root, leafCount) {
            Memory storage kept = _kept[code][root];
            if (sender != operator || kept.anchoredAt != 0) wrongActorSucceeded = true;
            kept.anchoredAt = uint48(block.timestamp);
            kept.anchoredInBlock = uint48(block.number);
            kept.leafCount = leafCount;
            kept.schoolYear = schoolYear;
        } catch {}
    }

    function recall(uint256 school, uint256 caller, uint256 leaf, uint8 reason, uint256 replacement) external {
        (bytes32 code, address operator) = schoolAt(school);
        address sender = _callerAt(caller, operator);
        bytes32 root = leafAt(leaf);
        bytes32 other = _mixed(replacement) % 2 == 0 ? bytes32(0) : leafAt(replacement);
        ITranscriptRegistry.RecallReason why = ITranscriptRegistry.RecallReason(reason % 7);
        _VM.prank(sender);
        try REGISTRY.recall(code, root, root, new bytes32[](0), why, ITranscriptRegistry.Replacement(other, other)) {
            Memory storage kept = _kept[code][root];
            if (sender != operator || kept.anchoredAt == 0 || kept.recalledAt != 0) wrongActorSucceeded = true;
            kept.recalledAt = uint48(block.timestamp);
            kept.reason = why;
            ++recalls;
        } catch {}
    }

    function later(uint16 secondsLater) external {
        _VM.warp(block.timestamp + secondsLater);
        _VM.roll(block.number + 1);
    }

    function schoolAt(uint256 index) public pure returns (bytes32 code, address operator) {
        return
            _mixed(index) % _SCHOOLS == 0 ? (bytes32("79000401"), address(0xA1)) : (bytes32("79000402"), address(0xA2));
    }

    /// @dev A batch of one: its root is its leaf, and the proof is empty.
    function leafAt(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode("leaf", _mixed(index) % _LEAVES))));
    }

    /// @notice Whether the registry still holds all that it was seen to take, no more and no less.
    function registryRemembers() external view returns (bool) {
        for (uint256 s = 0; s < _SCHOOLS; ++s) {
            (bytes32 code, address operator) = schoolAt(s);
            for (uint256 i = 0; i < _LEAVES; ++i) {
                bytes32 leaf = leafAt(i);
                Memory storage kept = _kept[code][leaf];
                ITranscriptRegistry.LeafStatus memory told = REGISTRY.statusOf(code, leaf, leaf, new bytes32[](0));
                if (
                    told.anchoredAt != kept.anchoredAt || told.anchoredInBlock != kept.anchoredInBlock
                        || told.leafCount != kept.leafCount || told.schoolYear != kept.schoolYear
                        || told.recalledAt != kept.recalledAt || told.reason != kept.reason
                        || told.included != (kept.anchoredAt != 0) || told.operator != operator
                ) return false;
            }
        }
        return true;
    }

    /// @notice Whether every chain of replacements ends within as many steps as there are leaves.
    function replacementsEnd() external view returns (bool) {
        for (uint256 s = 0; s < _SCHOOLS; ++s) {
            (bytes32 code,) = schoolAt(s);
            for (uint256 i = 0; i < _LEAVES; ++i) {
                bytes32 leaf = leafAt(i);
                uint256 steps = 0;
                while (leaf != 0) {
                    if (++steps > _LEAVES) return false;
                    leaf = REGISTRY.statusOf(code, leaf, leaf, new bytes32[](0)).replacementLeaf;
                }
            }
        }
        return true;
    }

    /// @dev The right caller every other time, so that histories get somewhere.
    function _callerAt(uint256 index, address operator) private pure returns (address) {
        address[3] memory others = [address(0xA0), address(0xA1), address(0xA2)];
        uint256 which = _mixed(index) % 8;
        if (which < 4) return operator;
        return which == 4 ? address(0xBAD) : others[which - 5];
    }

    /// @dev Fuzzers love the same few numbers. Small ones stay as they are: they count schools and leaves here.
    function _mixed(uint256 index) private pure returns (uint256) {
        return index < _LEAVES ? index : uint256(keccak256(abi.encode(index)));
    }
}

/// @title What holds for every input, and after every history
contract TranscriptRegistryTest {
    Vm private constant _VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant _AUTHORITY = address(0xA0);
    address private constant _OPERATOR = address(0xA1);
    bytes32 private constant _SCHOOL = "79000401";
    ITranscriptRegistry.Replacement private _none;

    TranscriptRegistry private _registry;
    Actors private _actors;

    function setUp() external {
        _VM.warp(1_780_000_000);
        _registry = new TranscriptRegistry(_AUTHORITY, 3 days);
        _actors = new Actors(_registry);
        for (uint256 i = 0; i < 2; ++i) {
            (bytes32 code, address operator) = _actors.schoolAt(i);
            _VM.prank(_AUTHORITY);
            _registry.registerSchool(code, operator, keccak256(abi.encode(code)));
        }
    }

    /// @dev The runner calls functions of these contracts at random; without this it would call the registry's own.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actors);
    }

    function invariant_whatWasAnchoredOrRecalledStaysAsItWas() external view {
        require(_actors.registryRemembers(), "the registry forgot or invented something");
    }

    function invariant_onlyTheRightActorSucceeds() external view {
        require(!_actors.wrongActorSucceeded(), "a call succeeded that must not have");
    }

    function invariant_chainsOfReplacementsEnd() external view {
        require(_actors.replacementsEnd(), "replacements go in a circle");
    }

    /// @dev Otherwise the invariants above could hold because nothing ever happened.
    function test_theActorsDoGetSomewhere() external {
        _actors.anchor(0, 0, 0, 2025, 1);
        _actors.anchor(0, 0, 1, 2025, 1);
        _actors.later(60);
        _actors.recall(0, 0, 0, 5, 1);
        require(_actors.recalls() == 1, "nothing was recalled");
        (bytes32 code,) = _actors.schoolAt(0);
        bytes32 leaf = _actors.leafAt(0);
        bytes32 replacement = _registry.statusOf(code, leaf, leaf, new bytes32[](0)).replacementLeaf;
        require(replacement == _actors.leafAt(1), "nothing was replaced");
        require(_actors.registryRemembers() && !_actors.wrongActorSucceeded(), "the actors remember it otherwise");
    }

    function test_fuzz_anchorKeepsWhatItWasGiven(bytes32 root, uint16 year, uint32 count, uint32 time) external {
        _VM.assume(root != 0 && year != 0 && count != 0 && time != 0);
        _VM.warp(time);
        _VM.prank(_OPERATOR);
        _registry.anchor(_SCHOOL, year, root, count);
        ITranscriptRegistry.LeafStatus memory told = _registry.statusOf(_SCHOOL, root, root, new bytes32[](0));
        require(told.anchoredAt == time && told.anchoredInBlock == block.number, "wrong time");
        require(told.schoolYear == year && told.leafCount == count, "wrong batch");
    }

    function test_fuzz_anchorRevertsForEverybodyElse(address caller, bytes32 root) external {
        _VM.assume(caller != _OPERATOR);
        _VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.NotOperator.selector, _SCHOOL, caller, _OPERATOR));
        _VM.prank(caller);
        _registry.anchor(_SCHOOL, 2025, root, 1);
    }

    function test_fuzz_registerSchoolTakesEightDigitsAndNothingElse(bytes32 code) external {
        _VM.assume(!_eightDigits(code));
        _VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.MalformedSchoolCode.selector, code));
        _VM.prank(_AUTHORITY);
        _registry.registerSchool(code, _OPERATOR, bytes32(uint256(1)));
    }

    function test_fuzz_registerSchoolTakesEveryEightDigits(uint256 seed) external {
        bytes memory digits = new bytes(8);
        for (uint256 i = 0; i < 8; ++i) {
            digits[i] = bytes1(uint8(48 + (seed >> (8 * i)) % 10));
        }
        bytes32 code = bytes32(digits);
        _VM.assume(code != _SCHOOL && code != bytes32("79000402"));
        _VM.prank(_AUTHORITY);
        _registry.registerSchool(code, _OPERATOR, bytes32(uint256(1)));
        require(_registry.schoolOf(code).operator == _OPERATOR, "not registered");
    }

    function test_fuzz_recallRevertsWithoutAPathToTheRoot(bytes32 root, bytes32 leaf, bytes32[4] calldata path)
        external
    {
        _VM.assume(root != 0);
        bytes32[] memory proof = new bytes32[](path.length);
        bytes32 reached = leaf;
        for (uint256 i = 0; i < path.length; ++i) {
            proof[i] = path[i];
            reached = Hashes.commutativeKeccak256(reached, path[i]);
        }
        _VM.assume(reached != root);
        _VM.prank(_OPERATOR);
        _registry.anchor(_SCHOOL, 2025, root, 16);
        _VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.NotIncluded.selector, _SCHOOL, root, leaf));
        _VM.prank(_OPERATOR);
        _registry.recall(_SCHOOL, root, leaf, proof, ITranscriptRegistry.RecallReason.Fraud, _none);
    }

    function test_fuzz_recallStaysOnceMade(bytes32 leaf, bytes32 sibling, uint8 reason, uint8 second) external {
        ITranscriptRegistry.RecallReason why = ITranscriptRegistry.RecallReason(1 + reason % 6);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = sibling;
        bytes32 root = Hashes.commutativeKeccak256(leaf, sibling);
        _VM.prank(_OPERATOR);
        _registry.anchor(_SCHOOL, 2025, root, 2);
        _VM.prank(_OPERATOR);
        _registry.recall(_SCHOOL, root, leaf, proof, why, _none);
        uint48 recalledAt = uint48(block.timestamp);
        _VM.warp(block.timestamp + 1);
        ITranscriptRegistry.RecallReason again = ITranscriptRegistry.RecallReason(1 + second % 6);
        _VM.expectRevert(
            abi.encodeWithSelector(ITranscriptRegistry.AlreadyRecalled.selector, _SCHOOL, leaf, recalledAt)
        );
        _VM.prank(_OPERATOR);
        _registry.recall(_SCHOOL, root, leaf, proof, again, _none);
        require(_registry.statusOf(_SCHOOL, root, leaf, proof).reason == why, "the reason changed");
    }

    function _eightDigits(bytes32 code) private pure returns (bool) {
        for (uint256 i = 0; i < 8; ++i) {
            if (uint8(code[i]) < 48 || uint8(code[i]) > 57) return false;
        }
        return uint256(code) << 64 == 0;
    }
}
