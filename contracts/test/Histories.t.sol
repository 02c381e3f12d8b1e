// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Stage} from "./Stage.sol";
import {VM} from "./Vm.sol";

/// @title Every history, asked at every time
/// @notice The registry finds the value of a time by bisection; here it is found by looking at one after the other.
contract HistoriesTest is Stage {
    uint256 private constant _LENGTH = 13;

    uint48[] private _times;
    bytes32[] private _values;

    function test_fuzz_statements(uint8[_LENGTH] calldata gaps, uint256 count, uint16 offset) external {
        count = count % (_LENGTH + 1);
        for (uint256 i = 0; i < count; ++i) {
            _warp(_time + gaps[i] % 4);
            bytes32 digest = keccak256(abi.encode(i));
            VM.prank(_operator);
            _registry.publish(_SCHOOL, "topic", digest);
            _note(digest);
        }
        uint48 asked = _BEGIN - 2 + offset % 60;
        (bytes32 told, uint48 since) = _registry.statementAt(_SCHOOL, "topic", asked);
        (bytes32 expected, uint48 expectedSince) = _valueAt(asked);
        require(told == expected && since == expectedSince, "wrong statement");
        require(_registry.statementCount(_SCHOOL, "topic") == count, "wrong count");
        for (uint256 i = 0; i < count; ++i) {
            (told, since) = _registry.statement(_SCHOOL, "topic", i);
            require(told == _values[i] && since == _times[i], "wrong place");
        }
    }

    function test_fuzz_policies(uint8[_LENGTH] calldata gaps, uint256 policies, uint16 offset) external {
        for (uint256 i = 0; i < _LENGTH; ++i) {
            _warp(_time + gaps[i] % 4);
            uint256 policy = policies >> i & 1;
            VM.prank(_AUTHORITY);
            _registry.setRecallPolicy(ITranscriptRegistry.RecallPolicy(policy));
            _note(bytes32(policy));
        }
        uint48 asked = _BEGIN - 2 + offset % 60;
        (ITranscriptRegistry.RecallPolicy told, uint48 since) = _registry.recallPolicyAt(asked);
        (bytes32 expected, uint48 expectedSince) = _valueAt(asked);
        require(uint256(told) == uint256(expected) && since == expectedSince, "wrong policy");
    }

    function test_fuzz_compromises(uint8[_LENGTH] calldata gaps, uint8[_LENGTH] calldata backs, uint16 offset)
        external
    {
        for (uint256 i = 0; i < _LENGTH; ++i) {
            _warp(_time + gaps[i] % 4);
            uint48 from = backs[i] == 0 ? 0 : _time - backs[i];
            VM.prank(_AUTHORITY);
            _registry.reportCompromise(_SCHOOL, 1, from);
            _note(bytes32(uint256(from)));
        }
        uint48 asked = _BEGIN - 2 + offset % 60;
        (uint48 told, uint48 recordedAt) = _registry.compromiseAt(_SCHOOL, 1, asked);
        (bytes32 expected, uint48 expectedAt) = _valueAt(asked);
        require(told == uint256(expected) && recordedAt == expectedAt, "wrong report");
    }

    /// @dev Keys, and standing, which changes between active and suspended.
    function test_fuzz_keysAndStandings(uint8[6] calldata gaps, uint32 offset) external {
        uint48 asked = _BEGIN - 2 + offset % uint32(20 days);
        bytes32 operator;
        bytes32 standing;
        uint48 standingSince;
        if (asked >= _BEGIN) (operator, standing, standingSince) = (_word(_operator), bytes32(uint256(1)), _BEGIN);
        for (uint256 i = 0; i < 6; ++i) {
            address next = address(uint160(1000 + i));
            VM.prank(_AUTHORITY);
            _registry.proposeKeys(_SCHOOL, next, "seal", "consent");
            _warp(_time + _WAIT + gaps[i] % 3);
            VM.prank(_AUTHORITY);
            _registry.completeKeys(_SCHOOL);
            VM.prank(_AUTHORITY);
            if (i % 2 == 0) _registry.suspendSchool(_SCHOOL);
            else _registry.reinstateSchool(_SCHOOL);
            if (asked >= _time) {
                (operator, standing, standingSince) = (_word(next), bytes32(i % 2 == 0 ? uint256(2) : 1), _time);
            }
        }
        require(_word(_registry.operatorAt(_SCHOOL, asked)) == operator, "wrong operator");
        (ITranscriptRegistry.Standing told, bytes32 successor, uint48 since) = _registry.standingAt(_SCHOOL, asked);
        require(uint256(told) == uint256(standing) && successor == 0 && since == standingSince, "wrong standing");
    }

    function _note(bytes32 value) private {
        _times.push(_time);
        _values.push(value);
    }

    /// @dev The last value whose time is not later than `time`.
    function _valueAt(uint48 time) private view returns (bytes32 value, uint48 since) {
        for (uint256 i = 0; i < _times.length && _times[i] <= time; ++i) {
            (value, since) = (_values[i], _times[i]);
        }
    }

    function _word(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }
}
