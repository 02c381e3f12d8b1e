// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Histories} from "./Histories.sol";

/// @title The authority, and the rules it sets
/// @notice Who the authority is and was, which school years it locked, and what its policy for recalls is and was.
abstract contract AuthorityRegister is ITranscriptRegistry, AccessControlDefaultAdminRules {
    using Histories for Histories.History;

    /// @dev One slot, so that a recall learns from one read whether it needs approval. `lockedYears` has one bit for
    /// each year from 1975 on.
    struct RecallRule {
        RecallPolicy policy;
        uint240 lockedYears;
    }

    uint16 private constant _FIRST_SCHOOL_YEAR = 1975;
    uint16 private constant _LAST_SCHOOL_YEAR = 2214;

    /// @dev Years of 365.2425 days from 1970 on come within a day or two of the calendar: enough to refuse a typing
    /// error.
    uint256 private constant _YEAR_ZERO = 1970;
    uint256 private constant _SECONDS_IN_YEAR = 31_556_952;

    RecallRule private _rule;

    Histories.History private _authorities;

    Histories.History private _policies;

    mapping(uint16 schoolYear => uint48 time) private _lockedAt;

    /// @notice Begins with an authority.
    /// @param authority The account of the authority (Sở GDĐT), the contract's default admin.
    /// @param handOverDelay How long a hand-over of the authority's role waits, in seconds.
    constructor(address authority, uint48 handOverDelay) AccessControlDefaultAdminRules(handOverDelay, authority) {}

    /// @inheritdoc ITranscriptRegistry
    function setRecallPolicy(RecallPolicy policy) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _rule.policy = policy;
        _policies.push(bytes32(uint256(policy)));
        emit RecallPolicySet(policy);
    }

    /// @inheritdoc ITranscriptRegistry
    function lockSchoolYear(uint16 schoolYear) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (!_isSchoolYear(schoolYear) || (schoolYear - _YEAR_ZERO) * _SECONDS_IN_YEAR > block.timestamp) {
            revert UnknownSchoolYear(schoolYear);
        }
        if (_lockedAt[schoolYear] != 0) revert AlreadyLocked(schoolYear, _lockedAt[schoolYear]);

        _lockedAt[schoolYear] = _now();
        _rule.lockedYears |= _bitOf(schoolYear);
        emit SchoolYearLocked(schoolYear);
    }

    /// @inheritdoc ITranscriptRegistry
    function recallPolicyAt(uint48 time) external view returns (RecallPolicy policy, uint48 since) {
        bytes32 value;
        (value, since) = _policies.valueAt(time);
        policy = RecallPolicy(uint256(value));
    }

    /// @inheritdoc ITranscriptRegistry
    function lockedAt(uint16 schoolYear) external view returns (uint48) {
        return _lockedAt[schoolYear];
    }

    /// @inheritdoc ITranscriptRegistry
    function authorityAt(uint48 time) external view returns (address authority, uint48 since) {
        bytes32 value;
        (value, since) = _authorities.valueAt(time);
        authority = address(uint160(uint256(value)));
    }

    /// @dev Keeps the history that OpenZeppelin's contract does not; it emits `RoleGranted` and `RoleRevoked`.
    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        bool granted = super._grantRole(role, account);
        if (granted && role == DEFAULT_ADMIN_ROLE) _noteAuthority(account);
        return granted;
    }

    /// @dev See {_grantRole}. A hand-over revokes and grants in one second, whose end is what counts.
    function _revokeRole(bytes32 role, address account) internal override returns (bool) {
        bool revoked = super._revokeRole(role, account);
        if (revoked && role == DEFAULT_ADMIN_ROLE) _noteAuthority(address(0));
        return revoked;
    }

    /// @dev Whether a recall of a record of `schoolYear` needs the authority's approval now.
    function _needsApproval(uint16 schoolYear) internal view returns (bool) {
        return _rule.policy == RecallPolicy.WithApproval || _rule.lockedYears & _bitOf(schoolYear) != 0;
    }

    /// @dev How often the role has changed hands, laid down and taken up each; a second may see several changes.
    function _authorityCount() internal view returns (uint16) {
        return uint16(_authorities.times.length);
    }

    /// @dev Who had the role after the `count`th change.
    function _authorityNumber(uint16 count) internal view returns (address) {
        return address(uint160(uint256(_authorities.values[count - 1])));
    }

    /// @dev When `schoolYear` was locked, as was known at `time`.
    function _lockedAtBy(uint16 schoolYear, uint48 time) internal view returns (uint48) {
        uint48 locked = _lockedAt[schoolYear];
        return locked > time ? 0 : locked;
    }

    /// @dev The second of this block; 48 bits last for nine million years.
    function _now() internal view returns (uint48) {
        return uint48(block.timestamp);
    }

    function _isSchoolYear(uint16 schoolYear) internal pure returns (bool) {
        return schoolYear >= _FIRST_SCHOOL_YEAR && schoolYear <= _LAST_SCHOOL_YEAR;
    }

    function _noteAuthority(address authority) private {
        _authorities.push(bytes32(uint256(uint160(authority))));
    }

    function _bitOf(uint16 schoolYear) private pure returns (uint240) {
        return uint240(1) << (schoolYear - _FIRST_SCHOOL_YEAR);
    }
}
