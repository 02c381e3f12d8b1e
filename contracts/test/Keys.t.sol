// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Signing} from "./Signing.sol";
import {Stage} from "./Stage.sol";
import {VM} from "./Vm.sol";

/// @title The authority and the schools' keys, for every input
contract KeysTest is Stage {
    bytes32 private constant _SEAL = keccak256("new seal");
    bytes32 private constant _CONSENT = keccak256("new consent");

    function test_fuzz_registerSchoolTakesEightDigitsAndNothingElse(bytes32 code) external {
        VM.assume(!_eightDigits(code));
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.MalformedSchoolCode.selector, code));
        VM.prank(_AUTHORITY);
        _registry.registerSchool(code, _operator, _SEAL, _CONSENT);
    }

    /// @dev One byte away from a code is where a check is most likely to be wrong.
    function test_fuzz_registerSchoolTakesNoCodeWithOneWrongByte(uint256 seed, uint8 place, bytes1 wrong) external {
        bytes memory bytes_ = abi.encodePacked(_digits(seed));
        place = place % 32;
        VM.assume(place < 8 ? (wrong < "0" || wrong > "9") : wrong != 0);
        bytes_[place] = wrong;
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.MalformedSchoolCode.selector, bytes32(bytes_)));
        VM.prank(_AUTHORITY);
        _registry.registerSchool(bytes32(bytes_), _operator, _SEAL, _CONSENT);
    }

    function test_fuzz_registerSchoolTakesEveryEightDigits(uint256 seed) external {
        bytes32 code = _digits(seed);
        VM.assume(code != _SCHOOL && code != _OTHER_SCHOOL && code != _HEIR);
        _register(code, _operator);
        ITranscriptRegistry.School memory told = _registry.schoolOf(code);
        require(told.keys.operator == _operator && told.version == 1, "not registered");
        require(told.standing == ITranscriptRegistry.Standing.Active && told.successor == 0, "not active");
    }

    function test_fuzz_onlyTheAuthorityRules(address caller, uint256 which, uint16 year) external {
        VM.assume(caller != _AUTHORITY);
        bytes[] memory calls = _authoritysCalls(year);
        VM.prank(caller);
        (bool done, bytes memory answer) = address(_registry).call(calls[which % calls.length]);
        bytes4 refusal = bytes4(keccak256("AccessControlUnauthorizedAccount(address,bytes32)"));
        require(!done && keccak256(answer) == keccak256(abi.encodeWithSelector(refusal, caller, bytes32(0))), "ruled");
    }

    function test_fuzz_handOverTakesItsDelay(uint32 waited, address heir) external {
        VM.assume(heir != address(0) && heir != _AUTHORITY);
        VM.prank(_AUTHORITY);
        _registry.beginDefaultAdminTransfer(heir);
        _warp(_BEGIN + waited);
        VM.prank(heir);
        try _registry.acceptDefaultAdminTransfer() {
            require(waited > _HAND_OVER_DELAY, "too soon");
            _requireAuthority(_BEGIN + waited, heir, _BEGIN + waited);
        } catch {
            require(waited <= _HAND_OVER_DELAY, "never");
            _requireAuthority(_BEGIN + waited, _AUTHORITY, _BEGIN);
        }
        _requireAuthority(_BEGIN - 1, address(0), 0);
        _requireAuthority(_BEGIN, _AUTHORITY, _BEGIN);
    }

    function test_fuzz_yearIsLockedOnceItHasBegun(uint16 year, uint40 time) external {
        _warp(_BEGIN + time);
        // Years of 365.2425 days from 1970 on, in seconds.
        bool begun = year >= 1975 && year <= 2214 && (uint256(year) - 1970) * 31_556_952 <= _BEGIN + time;
        if (!begun) VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.UnknownSchoolYear.selector, year));
        VM.prank(_AUTHORITY);
        _registry.lockSchoolYear(year);
        require(_registry.lockedAt(year) == (begun ? _BEGIN + time : 0), "wrong time");
    }

    function test_fuzz_yearIsLockedFromItsFirstSecond(uint16 year) external {
        year = 2030 + year % 185;
        uint48 first = (uint48(year) - 1970) * 31_556_952;
        _warp(first - 1);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.UnknownSchoolYear.selector, year));
        VM.prank(_AUTHORITY);
        _registry.lockSchoolYear(year);
        _warp(first);
        VM.prank(_AUTHORITY);
        _registry.lockSchoolYear(year);
        require(_registry.lockedAt(year) == first, "wrong time");
    }

    function test_fuzz_consentChangesKeysOnce(uint256 nextKey, uint48 deadline, uint32 later) external {
        address next = VM.addr(_key(nextKey));
        _warp(_BEGIN + later);
        bytes memory signature = _consentOf(_OPERATOR_KEY, next, 2, deadline);
        if (deadline < _BEGIN + later) {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.Expired.selector, deadline));
            _change(next, deadline, signature);
            return;
        }
        _change(next, deadline, signature);
        require(_registry.operatorAt(_SCHOOL, _BEGIN + later) == next, "not changed");
        require(later == 0 || _registry.operatorAt(_SCHOOL, _BEGIN + later - 1) == _operator, "changed before");
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ConsentMissing.selector, _SCHOOL, next));
        _change(next, deadline, signature);
    }

    function test_fuzz_nobodyElsesConsentChangesKeys(uint256 seed, address next) external {
        uint256 key = _key(seed);
        VM.assume(next != address(0) && key != _OPERATOR_KEY);
        bytes memory signature = _consentOf(key, next, 2, _BEGIN);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ConsentMissing.selector, _SCHOOL, _operator));
        _change(next, _BEGIN, signature);
    }

    function test_fuzz_consentIsForJustTheseKeys(address next, bytes32 seal, bytes32 consent, uint16 version) external {
        VM.assume(next != address(0) && seal != 0 && consent != 0);
        VM.assume(next != _operator || seal != _SEAL || consent != _CONSENT || version != 2);
        bytes memory signature = _consentOf(_OPERATOR_KEY, _operator, version, _BEGIN);
        if (version == 2) {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ConsentMissing.selector, _SCHOOL, _operator));
            VM.prank(_AUTHORITY);
            _registry.changeKeys(_SCHOOL, next, seal, consent, _BEGIN, signature);
        } else {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ConsentMissing.selector, _SCHOOL, _operator));
            _change(_operator, _BEGIN, signature);
        }
    }

    function test_fuzz_proposalWaitsAndThenExpires(bool contested, uint32 waited) external {
        if (contested) {
            _propose();
            VM.prank(_operator);
            _registry.objectToKeys(_SCHOOL, "");
        }
        _propose();
        uint48 from = _BEGIN + (contested ? 14 days : _WAIT);
        waited = waited % uint32(40 days);
        _warp(_BEGIN + waited);
        if (_BEGIN + waited < from) {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.StillWaiting.selector, _SCHOOL, from));
        } else if (_BEGIN + waited > from + 14 days) {
            VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.Expired.selector, from + 14 days));
        }
        VM.prank(_AUTHORITY);
        _registry.completeKeys(_SCHOOL);
        bool done = _BEGIN + waited >= from && _BEGIN + waited <= from + 14 days;
        require(_registry.schoolOf(_SCHOOL).version == (done ? 2 : 1), "wrong keys");
    }

    function test_fuzz_onlyTheOperatorObjects(address caller, uint256 seed) external {
        uint256 key = _key(seed);
        VM.assume(caller != _operator && key != _OPERATOR_KEY);
        _propose();
        bytes memory signature = Signing.objection(address(_registry), key, _SCHOOL, _BEGIN + _WAIT);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ConsentMissing.selector, _SCHOOL, _operator));
        VM.prank(caller);
        _registry.objectToKeys(_SCHOOL, signature);
        VM.prank(caller);
        _registry.objectToKeys(_SCHOOL, Signing.objection(address(_registry), _OPERATOR_KEY, _SCHOOL, _BEGIN + _WAIT));
        require(_registry.schoolOf(_SCHOOL).contested, "not heard");
    }

    function test_fuzz_objectionIsToOneProposal(uint48 effectiveFrom, bytes32 school) external {
        VM.assume(effectiveFrom != _BEGIN + _WAIT || school != _SCHOOL);
        _propose();
        bytes memory signature = Signing.objection(address(_registry), _OPERATOR_KEY, school, effectiveFrom);
        VM.expectRevert(abi.encodeWithSelector(ITranscriptRegistry.ConsentMissing.selector, _SCHOOL, _operator));
        _registry.objectToKeys(_SCHOOL, signature);
    }

    function _propose() private {
        VM.prank(_AUTHORITY);
        _registry.proposeKeys(_SCHOOL, VM.addr(_NEW_KEY), _SEAL, _CONSENT);
    }

    function _change(address next, uint48 deadline, bytes memory signature) private {
        VM.prank(_AUTHORITY);
        _registry.changeKeys(_SCHOOL, next, _SEAL, _CONSENT, deadline, signature);
    }

    function _consentOf(uint256 key, address next, uint16 version, uint48 deadline)
        private
        view
        returns (bytes memory)
    {
        ITranscriptRegistry.Keys memory keys = ITranscriptRegistry.Keys(next, 0, _SEAL, _CONSENT);
        return Signing.keys(address(_registry), key, _SCHOOL, keys, version, deadline);
    }

    function _requireAuthority(uint48 time, address expected, uint48 expectedSince) private view {
        (address authority, uint48 since) = _registry.authorityAt(time);
        require(authority == expected && since == expectedSince, "wrong authority");
    }

    /// @dev Every call that only the authority may make.
    function _authoritysCalls(uint16 year) private view returns (bytes[] memory calls) {
        ITranscriptRegistry.RecallRequest memory request =
            ITranscriptRegistry.RecallRequest("root", "entry", ITranscriptRegistry.RecallReason.Fraud, _none);
        ITranscriptRegistry.RecallRequest[] memory requests = new ITranscriptRegistry.RecallRequest[](1);
        requests[0] = request;
        calls = new bytes[](17);
        calls[0] = abi.encodeCall(_registry.lockSchoolYear, (year));
        calls[1] = abi.encodeCall(_registry.setRecallPolicy, (ITranscriptRegistry.RecallPolicy(year % 2)));
        calls[2] = abi.encodeCall(_registry.registerSchool, ("01000701", _STRANGER, _SEAL, _CONSENT));
        calls[3] = abi.encodeCall(
            _registry.changeKeys,
            (_SCHOOL, _STRANGER, _SEAL, _CONSENT, _BEGIN, _consentOf(_OPERATOR_KEY, _STRANGER, 2, _BEGIN))
        );
        calls[4] = abi.encodeCall(_registry.proposeKeys, (_SCHOOL, _STRANGER, _SEAL, _CONSENT));
        calls[5] = abi.encodeCall(_registry.withdrawKeys, (_SCHOOL));
        calls[6] = abi.encodeCall(_registry.completeKeys, (_SCHOOL));
        calls[7] = abi.encodeCall(_registry.suspendSchool, (_SCHOOL));
        calls[8] = abi.encodeCall(_registry.reinstateSchool, (_SCHOOL));
        calls[9] = abi.encodeCall(_registry.closeSchool, (_SCHOOL, 0));
        calls[10] = abi.encodeCall(_registry.nameSuccessor, (_SCHOOL, _HEIR));
        calls[11] = abi.encodeCall(_registry.reportCompromise, (_SCHOOL, 1, 1));
        calls[12] = abi.encodeCall(_registry.approveRecalls, (_SCHOOL, requests));
        calls[13] = abi.encodeCall(_registry.approveAnnulment, (_SCHOOL, "root", "entry"));
        calls[14] = abi.encodeCall(_registry.withdrawApproval, (_SCHOOL, request));
        calls[15] = abi.encodeCall(_registry.publish, (bytes32(0), "topic", "digest"));
        calls[16] = abi.encodeCall(_registry.beginDefaultAdminTransfer, (_STRANGER));
    }

    function _digits(uint256 seed) private pure returns (bytes32) {
        bytes memory digits = new bytes(8);
        for (uint256 i = 0; i < 8; ++i) {
            digits[i] = bytes1(uint8(48 + (seed >> (8 * i)) % 10));
        }
        return bytes32(digits);
    }

    function _eightDigits(bytes32 code) private pure returns (bool) {
        for (uint256 i = 0; i < 8; ++i) {
            if (uint8(code[i]) < 48 || uint8(code[i]) > 57) return false;
        }
        return uint256(code) << 64 == 0;
    }
}
