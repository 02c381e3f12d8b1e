// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {IRegistry} from "./Deployment.sol";
import {Memories} from "./Memories.sol";
import {VM} from "./Vm.sol";

/// @title What the actors draw from a seed, and what they may do
/// @notice Everything here reads what is remembered, and never asks the registry.
abstract contract Draws is Memories {
    uint256 internal constant _KEYS = 6;
    uint48 internal constant _REPRESENTATIVE_WAITS = 72 hours;

    address public authority = address(0xA0);
    address internal _nextAuthority = address(0xA9);

    /// @dev The optimizer takes the block's time for constant within a call, cheat codes or not.
    uint48 internal _time;
    uint48 internal _height;

    constructor(IRegistry registry) Memories(registry) {
        _time = uint48(block.timestamp);
        _height = uint48(block.number);
    }

    function _operatorOf(bytes32 school) internal view returns (address) {
        return _operators[school][_schools[school].version];
    }

    function _isActive(bytes32 school) internal view returns (bool) {
        return _schools[school].standing == ITranscriptRegistry.Standing.Active;
    }

    function _mayAnchor(bytes32 school, bytes32 root) internal view returns (bool) {
        return _isActive(school) && _batches[school][root].anchoredAt == 0;
    }

    /// @dev Who may recall for a school, if anybody may.
    function _recallerOf(bytes32 school) internal view returns (address) {
        SchoolMemory storage kept = _schools[school];
        if (kept.standing != ITranscriptRegistry.Standing.Closed) return _operatorOf(school);
        return kept.successor == 0 ? authority : _operatorOf(kept.successor);
    }

    /// @dev Whether anybody may recall for a school now.
    function _mayAct(bytes32 school) internal view returns (bool) {
        SchoolMemory storage kept = _schools[school];
        if (kept.standing != ITranscriptRegistry.Standing.Closed) return _isActive(school);
        return _time >= kept.standingSince + _REPRESENTATIVE_WAITS && (kept.successor == 0 || _isActive(kept.successor));
    }

    /// @dev The right one three times out of four, else anybody, who may happen to be the right one.
    function _caller(uint256 seed, address right) internal view returns (address caller, bool isRight) {
        uint256 which = _pick(seed, "caller", 4 + _KEYS);
        address[4] memory others = [authority, _nextAuthority, address(0xBAD), address(0x9E1A)];
        caller = _rightly(seed, "caller") ? right : which < 4 ? others[which] : VM.addr(which - 3);
        isRight = caller == right;
    }

    /// @dev An annulment ends what was approved before it.
    function _approvalOf(bytes32 school, ITranscriptRegistry.RecallRequest memory asked)
        internal
        view
        returns (bytes32)
    {
        bytes32 record = _recordOf(school, asked.root, asked.entry);
        uint256 ended = _recalls[record].length - (_isRecalled(record) ? 1 : 0);
        return keccak256(abi.encode(record, ended, asked.reason, asked.replacement));
    }

    function _batch(uint256 seed, string memory salt)
        internal
        view
        returns (ITranscriptRegistry.SignedBatch memory batch)
    {
        batch.school = _school(seed);
        batch.schoolYear = _year(seed);
        batch.root = _root(seed, salt);
        batch.leafCount = 7;
        batch.deadline = _rightly(seed, "deadline") ? _time : _time - 1;
    }

    function _request(uint256 seed)
        internal
        view
        returns (bytes32 school, ITranscriptRegistry.RecallRequest memory asked)
    {
        school = _school(seed);
        asked.root = _anchoredRoot(seed, "root", school);
        asked.entry = entryAt(_pick(seed, "entry", _ENTRIES));
        asked.reason = ITranscriptRegistry.RecallReason(1 + _pick(seed, "reason", 6));
        if (_pick(seed, "replacement", 2) == 0) return (school, asked);
        asked.replacement.root = _anchoredRoot(seed, "replacement root", school);
        asked.replacement.entry = entryAt(_pick(seed, "replacement entry", _ENTRIES));
    }

    /// @dev About a record that is recalled, if there is one, and what might take its place.
    function _recalledRequest(uint256 seed)
        internal
        view
        returns (bytes32 school, ITranscriptRegistry.RecallRequest memory asked)
    {
        (school, asked) = _request(seed);
        uint256 records = _SCHOOLS * _ROOTS * _ENTRIES;
        uint256 first = _pick(seed, "record", records);
        for (uint256 i = first; i < first + records; ++i) {
            bytes32 one = schoolAt(i % _SCHOOLS);
            (bytes32 root, bytes32 entry) = (rootAt(i / _SCHOOLS % _ROOTS), entryAt(i % records / _SCHOOLS / _ROOTS));
            bytes32 record = _recordOf(one, root, entry);
            if (!_isRecalled(record)) continue;
            (school, asked.root, asked.entry, asked.reason) = (one, root, entry, _standing(record).reason);
            asked.replacement.root = _anchoredRoot(seed, "replacement root", school);
            asked.replacement.entry = entryAt((i % records / _SCHOOLS / _ROOTS + 1) % _ENTRIES);
            return (school, asked);
        }
    }

    /// @dev A root that the school has anchored, if there is one; another school's every fourth time.
    function _anchoredRoot(uint256 seed, string memory salt, bytes32 school) internal view returns (bytes32 root) {
        uint256 first = _pick(seed, salt, _ROOTS);
        for (uint256 i = 0; i < _ROOTS && _rightly(seed, salt); ++i) {
            root = rootAt((first + i) % _ROOTS);
            if (_batches[school][root].anchoredAt != 0) return root;
        }
        return rootAt(first);
    }

    function _school(uint256 seed) internal pure returns (bytes32) {
        return schoolAt(_pick(seed, "school", _SCHOOLS));
    }

    function _root(uint256 seed, string memory salt) internal pure returns (bytes32) {
        return rootAt(_pick(seed, salt, _ROOTS));
    }

    function _year(uint256 seed) internal pure returns (uint16) {
        return uint16(2024 + _pick(seed, "year", 4));
    }

    function _keyAt(uint256 seed, string memory salt) internal pure returns (uint256) {
        return 1 + _pick(seed, salt, _KEYS);
    }

    function _rightly(uint256 seed, string memory salt) internal pure returns (bool) {
        return _pick(seed, string.concat("rightly ", salt), 4) != 0;
    }

    /// @dev Fuzzers love the same few numbers; each draw gets a number of its own.
    function _pick(uint256 seed, string memory salt, uint256 choices) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt))) % choices;
    }
}
