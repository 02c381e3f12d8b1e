// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {AuthorityRegister} from "./AuthorityRegister.sol";
import {Histories} from "./Histories.sol";
import {OperatorSignatures} from "./OperatorSignatures.sol";

/// @title The schools
/// @notice Which schools there are, with which keys, and how they stand; now and at any time before.
abstract contract SchoolRegister is AuthorityRegister, OperatorSignatures {
    using Histories for Histories.History;

    /// @dev What every act of a school asks, in one slot. The operator stands here and in the keys of `version`.
    struct Acting {
        address operator;
        uint16 version;
        Standing standing;
        bool contested;
    }

    uint256 private constant _SCHOOL_CODE_DIGITS = 8;
    uint48 private constant _PROPOSAL_WAITS = 72 hours;
    uint48 private constant _CONTESTED_PROPOSAL_WAITS = 14 days;
    uint48 private constant _PROPOSAL_STAYS = 14 days;
    uint48 private constant _REPRESENTATIVE_WAITS = 72 hours;

    bytes32 private constant _CHANGE_KEYS_TYPE = keccak256(
        "ChangeKeys(bytes32 school,address operator,bytes32 sealCertificate,bytes32 consent,"
        "uint16 version,uint48 deadline)"
    );

    bytes32 private constant _OBJECT_TO_KEYS_TYPE = keccak256("ObjectToKeys(bytes32 school,uint48 effectiveFrom)");

    mapping(bytes32 school => Acting acting) private _acting;

    mapping(bytes32 school => mapping(uint16 version => Keys keys)) private _keys;

    /// @dev The version of the keys by time.
    mapping(bytes32 school => Histories.History versions) private _versions;

    /// @dev Standing and successor by time; {_packed} says how they share a value.
    mapping(bytes32 school => Histories.History standings) private _standings;

    /// @dev The first doubtful second, by the time of the report.
    mapping(bytes32 school => mapping(uint16 version => Histories.History reports)) private _reports;

    mapping(bytes32 school => Proposal proposal) private _proposals;

    /// @inheritdoc ITranscriptRegistry
    function registerSchool(bytes32 school, address operator, bytes32 sealCertificate, bytes32 consent)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        if (!_isSchoolCode(school)) revert MalformedSchoolCode(school);
        _requireComplete(school, operator, sealCertificate, consent);
        if (_acting[school].version != 0) revert AlreadyRegistered(school, _acting[school].operator);

        _setStanding(school, Standing.Active, 0);
        _setKeys(school, operator, sealCertificate, consent);
        emit SchoolRegistered(school, operator, sealCertificate, consent);
    }

    /// @inheritdoc ITranscriptRegistry
    function changeKeys(
        bytes32 school,
        address operator,
        bytes32 sealCertificate,
        bytes32 consent,
        uint48 deadline,
        bytes calldata signature
    ) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireChangeable(school, operator, sealCertificate, consent);
        if (block.timestamp > deadline) revert Expired(deadline);
        address present = _acting[school].operator;
        uint16 version = _acting[school].version + 1;
        bytes32 change =
            keccak256(abi.encode(_CHANGE_KEYS_TYPE, school, operator, sealCertificate, consent, version, deadline));
        if (!_isSignedBy(present, _domainSeparator(), change, signature)) revert ConsentMissing(school, present);

        _setKeys(school, operator, sealCertificate, consent);
        emit KeysChanged(school, operator, version, sealCertificate, consent, true);
    }

    /// @inheritdoc ITranscriptRegistry
    function proposeKeys(bytes32 school, address operator, bytes32 sealCertificate, bytes32 consent)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        _requireChangeable(school, operator, sealCertificate, consent);
        bool contested = _acting[school].contested;
        uint48 effectiveFrom = _now() + (contested ? _CONTESTED_PROPOSAL_WAITS : _PROPOSAL_WAITS);

        _proposals[school] = Proposal({
            operator: operator,
            effectiveFrom: effectiveFrom,
            contested: contested,
            sealCertificate: sealCertificate,
            consent: consent
        });
        emit KeysProposed(school, operator, sealCertificate, consent, effectiveFrom);
    }

    /// @inheritdoc ITranscriptRegistry
    function objectToKeys(bytes32 school, bytes calldata signature) external {
        _requireProposed(school);
        address operator = _acting[school].operator;
        bytes32 objection = keccak256(abi.encode(_OBJECT_TO_KEYS_TYPE, school, _proposals[school].effectiveFrom));
        if (operator != msg.sender && !_isSignedBy(operator, _domainSeparator(), objection, signature)) {
            revert ConsentMissing(school, operator);
        }
        if (_acting[school].contested) revert AlreadyContested(school);

        delete _proposals[school];
        _acting[school].contested = true;
        emit KeysObjected(school, operator);
    }

    /// @inheritdoc ITranscriptRegistry
    function withdrawKeys(bytes32 school) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireProposed(school);

        delete _proposals[school];
        emit KeysWithdrawn(school);
    }

    /// @inheritdoc ITranscriptRegistry
    function completeKeys(bytes32 school) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireProposed(school);
        _requireStanding(school, _acting[school].standing != Standing.Closed);
        Proposal memory proposal = _proposals[school];
        if (block.timestamp < proposal.effectiveFrom) revert StillWaiting(school, proposal.effectiveFrom);
        uint48 lastDay = proposal.effectiveFrom + _PROPOSAL_STAYS;
        if (block.timestamp > lastDay) revert Expired(lastDay);

        delete _proposals[school];
        _setKeys(school, proposal.operator, proposal.sealCertificate, proposal.consent);
        emit KeysChanged(
            school, proposal.operator, _acting[school].version, proposal.sealCertificate, proposal.consent, false
        );
    }

    /// @inheritdoc ITranscriptRegistry
    function suspendSchool(bytes32 school) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireStanding(school, _acting[school].standing == Standing.Active);

        _setStanding(school, Standing.Suspended, 0);
        emit SchoolSuspended(school);
    }

    /// @inheritdoc ITranscriptRegistry
    function reinstateSchool(bytes32 school) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireStanding(school, _acting[school].standing == Standing.Suspended);

        _setStanding(school, Standing.Active, 0);
        emit SchoolReinstated(school);
    }

    /// @inheritdoc ITranscriptRegistry
    function closeSchool(bytes32 school, bytes32 successor) external onlyRole(DEFAULT_ADMIN_ROLE) {
        Standing standing = _acting[school].standing;
        _requireStanding(school, standing == Standing.Active || standing == Standing.Suspended);
        if (successor != 0) _requireSuccessor(school, successor);

        _setStanding(school, Standing.Closed, successor);
        emit SchoolClosed(school, successor);
    }

    /// @inheritdoc ITranscriptRegistry
    function nameSuccessor(bytes32 school, bytes32 successor) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireStanding(school, _acting[school].standing == Standing.Closed);
        bytes32 present = _successorOf(school);
        if (present != 0 && _acting[present].standing != Standing.Closed) revert AlreadySucceeded(school, present);
        _requireSuccessor(school, successor);

        _setStanding(school, Standing.Closed, successor);
        emit SuccessorNamed(school, successor);
    }

    /// @inheritdoc ITranscriptRegistry
    function reportCompromise(bytes32 school, uint16 version, uint48 since) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (_acting[school].version == 0) revert UnknownSchool(school);
        if (_keys[school][version].since == 0) revert UnknownVersion(school, version);
        if (since > block.timestamp) revert InTheFuture(since);

        _reports[school][version].push(bytes32(uint256(since)));
        emit CompromiseReported(school, version, since);
    }

    /// @inheritdoc ITranscriptRegistry
    function schoolOf(bytes32 school) external view returns (School memory) {
        Acting memory acting = _acting[school];
        return School({
            standing: acting.standing,
            version: acting.version,
            contested: acting.contested,
            keys: _keys[school][acting.version],
            successor: _successorOf(school)
        });
    }

    /// @inheritdoc ITranscriptRegistry
    function proposalOf(bytes32 school) external view returns (Proposal memory) {
        return _proposals[school];
    }

    /// @inheritdoc ITranscriptRegistry
    function operatorAt(bytes32 school, uint48 time) external view returns (address) {
        return _keys[school][_versionAt(school, time)].operator;
    }

    /// @inheritdoc ITranscriptRegistry
    function sealAt(bytes32 school, uint48 time) external view returns (bytes32) {
        return _keys[school][_versionAt(school, time)].sealCertificate;
    }

    /// @inheritdoc ITranscriptRegistry
    function keysOf(bytes32 school, uint16 version) public view returns (Keys memory) {
        return _keys[school][version];
    }

    /// @inheritdoc ITranscriptRegistry
    function standingAt(bytes32 school, uint48 time)
        public
        view
        returns (Standing standing, bytes32 successor, uint48 since)
    {
        bytes32 value;
        (value, since) = _standings[school].valueAt(time);
        (standing, successor) = _unpacked(value);
    }

    /// @inheritdoc ITranscriptRegistry
    function compromiseAt(bytes32 school, uint16 version, uint48 time)
        public
        view
        returns (uint48 since, uint48 recordedAt)
    {
        bytes32 report;
        (report, recordedAt) = _reports[school][version].valueAt(time);
        since = uint48(uint256(report));
    }

    /// @dev What `school` may do now, in one read.
    function _actingOf(bytes32 school) internal view returns (Acting storage) {
        return _acting[school];
    }

    /// @dev Returns the version of the school's keys; reverts unless the school is active and its operator calls.
    function _requireOperator(bytes32 school) internal view returns (uint16) {
        Acting storage acting = _acting[school];
        if (acting.standing != Standing.Active) LowLevelCall.bubbleRevert(_standingRefusal(school, acting.standing));
        if (acting.operator != msg.sender) revert NotOperator(school, msg.sender, acting.operator);
        return acting.version;
    }

    /// @dev The school that acts for a closed one, or zero.
    function _successorOf(bytes32 school) internal view returns (bytes32 successor) {
        (, successor,) = standingAt(school, _now());
    }

    /// @dev The successor of a closed school, or zero; reverts until it, or the authority in its stead, may act.
    function _requireRepresentative(bytes32 school) internal view returns (bytes32 successor) {
        uint48 since;
        (, successor, since) = standingAt(school, _now());
        if (block.timestamp < since + _REPRESENTATIVE_WAITS) {
            revert StillWaiting(school, since + _REPRESENTATIVE_WAITS);
        }
    }

    /// @dev Why a school that is not active may not act: an encoded error.
    function _standingRefusal(bytes32 school, Standing standing) internal pure returns (bytes memory) {
        if (standing == Standing.Unregistered) return abi.encodeWithSelector(UnknownSchool.selector, school);
        return abi.encodeWithSelector(WrongStanding.selector, school, standing);
    }

    function _setKeys(bytes32 school, address operator, bytes32 sealCertificate, bytes32 consent) private {
        Acting storage acting = _acting[school];
        uint16 version = acting.version + 1;
        acting.operator = operator;
        acting.version = version;
        acting.contested = false;
        _keys[school][version] =
            Keys({operator: operator, since: _now(), sealCertificate: sealCertificate, consent: consent});
        _versions[school].push(bytes32(uint256(version)));
    }

    function _setStanding(bytes32 school, Standing standing, bytes32 successor) private {
        _acting[school].standing = standing;
        _standings[school].push(_packed(standing, successor));
    }

    function _requireChangeable(bytes32 school, address operator, bytes32 sealCertificate, bytes32 consent)
        private
        view
    {
        Standing standing = _acting[school].standing;
        _requireStanding(school, standing == Standing.Active || standing == Standing.Suspended);
        _requireComplete(school, operator, sealCertificate, consent);
        uint48 effectiveFrom = _proposals[school].effectiveFrom;
        if (effectiveFrom != 0) revert AlreadyProposed(school, effectiveFrom);
    }

    function _requireProposed(bytes32 school) private view {
        if (_proposals[school].effectiveFrom == 0) revert NothingProposed(school);
    }

    function _requireStanding(bytes32 school, bool fits) private view {
        Standing standing = _acting[school].standing;
        if (standing == Standing.Unregistered) revert UnknownSchool(school);
        if (!fits) revert WrongStanding(school, standing);
    }

    /// @dev A closed school cannot be named, so that successions never run in a circle.
    function _requireSuccessor(bytes32 school, bytes32 successor) private view {
        Standing standing = _acting[successor].standing;
        if (successor == school || standing == Standing.Unregistered || standing == Standing.Closed) {
            revert UnusableSuccessor(school, successor);
        }
    }

    function _versionAt(bytes32 school, uint48 time) private view returns (uint16) {
        (bytes32 version,) = _versions[school].valueAt(time);
        return uint16(uint256(version));
    }

    function _requireComplete(bytes32 school, address operator, bytes32 sealCertificate, bytes32 consent) private pure {
        if (operator == address(0) || sealCertificate == 0 || consent == 0) revert IncompleteKeys(school);
    }

    /// @dev The standing in the last byte, which no school's code uses.
    function _packed(Standing standing, bytes32 successor) private pure returns (bytes32) {
        return successor | bytes32(uint256(standing));
    }

    function _unpacked(bytes32 value) private pure returns (Standing standing, bytes32 successor) {
        return (Standing(uint8(uint256(value))), bytes32(bytes8(value)));
    }

    function _isSchoolCode(bytes32 school) private pure returns (bool) {
        for (uint256 i = 0; i < _SCHOOL_CODE_DIGITS; ++i) {
            if (school[i] < "0" || school[i] > "9") return false;
        }
        return school << (8 * _SCHOOL_CODE_DIGITS) == 0;
    }
}
