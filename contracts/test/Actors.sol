// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {IRegistry} from "./Deployment.sol";
import {Draws} from "./Draws.sol";
import {Signing} from "./Signing.sol";
import {VM} from "./Vm.sol";

/// @title Years of life of a registry, at random
/// @notice An authority and its successor in office, four schools and their operators, a relayer and a stranger. Each
/// act draws everything it needs from one seed, with the right actor three times out of four. What succeeds is written
/// down, and so is whoever succeeded without the right to.
contract Actors is Draws {
    /// @notice How many calls were tried.
    uint256 public attempts;

    constructor(IRegistry registry) Draws(registry) {}

    function later(uint256 seed) external {
        _time += [uint48(1), 60, 3600, 1 days, 3 days, 3 days, 4 days, 14 days][_pick(seed, "later", 8)];
        VM.warp(_time);
        VM.roll(++_height);
    }

    function registerSchool(uint256 seed) external {
        (bytes32 school, uint256 key) = (_school(seed), _keyAt(seed, "key"));
        bytes memory call_ = abi.encodeCall(REGISTRY.registerSchool, (school, VM.addr(key), "seal", "consent"));
        if (!_byAuthority("registerSchool", seed, call_)) return;
        SchoolMemory storage kept = _schools[school];
        _expect(kept.version == 0, "a school was registered twice");
        _setStanding(kept, ITranscriptRegistry.Standing.Active, 0);
        _setKeys(school, key);
    }

    function anchor(uint256 seed) external {
        (bytes32 school, bytes32 root, uint16 year) = (_school(seed), _root(seed, "root"), _year(seed));
        (address caller, bool right) = _caller(seed, _operatorOf(school));
        bytes memory call_ = abi.encodeCall(REGISTRY.anchor, (school, year, root, 7));
        bool may = right && _mayAnchor(school, root);
        if (_call("anchor", caller, call_)) {
            _expect(may, "a wrong actor, a suspended school or a second time: anchored");
            _noteBatch(school, root, year);
        } else {
            _expect(!may, "a school could not anchor what it may");
        }
    }

    function anchorBySig(uint256 seed) external {
        ITranscriptRegistry.SignedBatch memory batch = _batch(seed, "one");
        uint256 key = _rightly(seed, "signer") ? _schools[batch.school].key : _keyAt(seed, "signer");
        if (key == 0) key = 1;
        bool may = key == _schools[batch.school].key && batch.deadline >= _time && _mayAnchor(batch.school, batch.root);
        batch = Signing.batch(address(REGISTRY), key, batch);
        (address sender,) = _caller(seed, address(0x9E1A));
        if (_call("anchorBySig", sender, abi.encodeCall(REGISTRY.anchorBySig, (batch)))) {
            _expect(may, "anchored without a right signature");
            _noteBatch(batch.school, batch.root, batch.schoolYear);
        } else {
            _expect(!may, "a school's signature did not serve");
        }
    }

    function anchorMany(uint256 seed) external {
        ITranscriptRegistry.SignedBatch[] memory batches = new ITranscriptRegistry.SignedBatch[](3);
        bool[] memory may = new bool[](3);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 each = uint256(keccak256(abi.encode(seed, i)));
            batches[i] = _batch(each, "many");
            uint256 key = _rightly(each, "signer") ? _schools[batches[i].school].key : _keyAt(each, "signer");
            if (key == 0) key = 1;
            may[i] = key == _schools[batches[i].school].key && batches[i].deadline >= _time;
            batches[i] = Signing.batch(address(REGISTRY), key, batches[i]);
        }
        uint256 expected = 0;
        for (uint256 i = 0; i < 3; ++i) {
            if (!may[i] || !_mayAnchor(batches[i].school, batches[i].root)) continue;
            _noteBatch(batches[i].school, batches[i].root, batches[i].schoolYear);
            ++expected;
        }
        uint256 anchored = REGISTRY.anchorMany(batches);
        _expect(anchored == expected, "one of many anchored, or was refused, wrongly");
        if (anchored != 0) ++successes["anchorMany"];
    }

    function recall(uint256 seed) external {
        (bytes32 school, ITranscriptRegistry.RecallRequest memory asked) = _request(seed);
        if (_pick(seed, "approve", 2) == 0) _approve(uint256(keccak256(abi.encode(seed))), school, asked);
        (address caller, bool right) = _caller(seed, _recallerOf(school));
        bytes memory call_;
        if (_pick(seed, "many", 2) == 0) {
            call_ = abi.encodeCall(REGISTRY.recall, (school, asked.root, asked.entry, asked.reason, asked.replacement));
        } else {
            ITranscriptRegistry.RecallRequest[] memory requests = new ITranscriptRegistry.RecallRequest[](1);
            requests[0] = asked;
            call_ = abi.encodeCall(REGISTRY.recallMany, (school, requests));
        }
        if (!_call("recall", caller, call_)) return;
        bytes32 record = _recordOf(school, asked.root, asked.entry);
        _expect(right && _mayAct(school), "a wrong actor recalled");
        _expect(_batches[school][asked.root].anchoredAt != 0 && !_isRecalled(record), "recalled what cannot be");
        _useApproval(school, asked);
        _recalls[record].push(RecallMemory(_time, 0, asked.reason, caller, 0, 0));
        _noteReplacement(school, record, asked.replacement);
    }

    function addReplacement(uint256 seed) external {
        (bytes32 school, ITranscriptRegistry.RecallRequest memory asked) = _recalledRequest(seed);
        if (_pick(seed, "approve", 2) == 0) _approve(uint256(keccak256(abi.encode(seed))), school, asked);
        (address caller, bool right) = _caller(seed, _recallerOf(school));
        bytes memory call_ =
            abi.encodeCall(REGISTRY.addReplacement, (school, asked.root, asked.entry, asked.replacement));
        if (!_call("addReplacement", caller, call_)) return;
        bytes32 record = _recordOf(school, asked.root, asked.entry);
        _expect(right && _mayAct(school), "a wrong actor named a replacement");
        _expect(_isRecalled(record) && _standing(record).replacementEntry == 0, "a replacement was replaced");
        asked.reason = _standing(record).reason;
        _useApproval(school, asked);
        _noteReplacement(school, record, asked.replacement);
    }

    /// @dev What is left of an approval that another act did not use is taken back.
    function approveRecall(uint256 seed) external {
        (bytes32 school, ITranscriptRegistry.RecallRequest memory asked) = _request(seed);
        _approve(seed, school, asked);
        bytes memory call_ = abi.encodeCall(REGISTRY.withdrawApproval, (school, asked));
        if (_pick(seed, "withdraw", 2) == 0 || !_byAuthority("withdrawApproval", seed, call_)) return;
        _expect(_approvals[_approvalOf(school, asked)], "withdrew what was not approved");
        _approvals[_approvalOf(school, asked)] = false;
    }

    /// @dev Every other annulment is approved at once, so that some find their approval.
    function annulRecall(uint256 seed) external {
        (bytes32 school, ITranscriptRegistry.RecallRequest memory asked) = _recalledRequest(seed);
        (asked.reason, asked.replacement) =
        (ITranscriptRegistry.RecallReason.None, ITranscriptRegistry.Replacement(0, 0));
        bytes memory call_ = abi.encodeCall(REGISTRY.approveAnnulment, (school, asked.root, asked.entry));
        if (_pick(seed, "approve", 2) == 0 && _byAuthority("approveAnnulment", seed, call_)) {
            _approvals[_approvalOf(school, asked)] = true;
        }
        (address caller, bool right) = _caller(seed, _recallerOf(school));
        call_ = abi.encodeCall(REGISTRY.annulRecall, (school, asked.root, asked.entry));
        if (!_call("annulRecall", caller, call_)) return;
        bytes32 record = _recordOf(school, asked.root, asked.entry);
        _expect(right && _mayAct(school), "a wrong actor annulled");
        _expect(_isRecalled(record) && _standing(record).recalledAt < _time, "annulled what was not recalled");
        address recaller = _standing(record).recaller;
        if (caller != authority) _expect(_approvals[_approvalOf(school, asked)], "annulled without approval");
        else _expect(recaller == authority || recaller == _nextAuthority, "the authority annulled a school's recall");
        _standing(record).endedAt = _time;
    }

    function setStanding(uint256 seed) external {
        (bytes32 school, bytes32 successor) = (_school(seed), schoolAt(_pick(seed, "successor", _SCHOOLS)));
        SchoolMemory storage kept = _schools[school];
        uint256 which = _pick(seed, "which", 12);
        if (which < 2) {
            if (_pick(seed, "nobody", 4) != 0) successor = 0;
            if (!_byAuthority("closeSchool", seed, abi.encodeCall(REGISTRY.closeSchool, (school, successor)))) return;
            _expect(kept.standing != ITranscriptRegistry.Standing.Closed, "closed twice");
            _setStanding(kept, ITranscriptRegistry.Standing.Closed, successor);
        } else if (which < 5) {
            for (uint256 i = 0; i < _SCHOOLS && kept.standing != ITranscriptRegistry.Standing.Closed; ++i) {
                school = schoolAt(i);
                kept = _schools[school];
            }
            bytes memory call_ = abi.encodeCall(REGISTRY.nameSuccessor, (school, successor));
            if (!_byAuthority("nameSuccessor", seed, call_)) return;
            _expect(kept.standing == ITranscriptRegistry.Standing.Closed, "an open school was succeeded");
            _setStanding(kept, ITranscriptRegistry.Standing.Closed, successor);
        } else if (kept.standing == ITranscriptRegistry.Standing.Suspended) {
            if (!_byAuthority("reinstateSchool", seed, abi.encodeCall(REGISTRY.reinstateSchool, (school)))) return;
            _setStanding(kept, ITranscriptRegistry.Standing.Active, 0);
        } else if (which < 7) {
            if (!_byAuthority("suspendSchool", seed, abi.encodeCall(REGISTRY.suspendSchool, (school)))) return;
            _expect(kept.standing == ITranscriptRegistry.Standing.Active, "suspended what was not active");
            _setStanding(kept, ITranscriptRegistry.Standing.Suspended, 0);
        }
    }

    function setRule(uint256 seed) external {
        uint16 year = _year(seed);
        ITranscriptRegistry.RecallPolicy policy = ITranscriptRegistry.RecallPolicy(_pick(seed, "policy", 2));
        if (_pick(seed, "lock", 4) == 0) {
            if (!_byAuthority("lockSchoolYear", seed, abi.encodeCall(REGISTRY.lockSchoolYear, (year)))) return;
            _expect(_locks[year] == 0, "locked twice");
            _locks[year] = _time;
        } else if (_byAuthority("setRecallPolicy", seed, abi.encodeCall(REGISTRY.setRecallPolicy, (policy)))) {
            _policy = policy;
        }
    }

    function changeKeys(uint256 seed) external {
        (bytes32 school, uint256 key) = (_school(seed), _keyAt(seed, "new"));
        uint256 signer = _rightly(seed, "signer") ? _schools[school].key : _keyAt(seed, "signer");
        ITranscriptRegistry.Keys memory keys = ITranscriptRegistry.Keys(VM.addr(key), 0, "seal", "consent");
        bytes memory signature = Signing.keys(
            address(REGISTRY), signer == 0 ? 1 : signer, school, keys, _schools[school].version + 1, _time
        );
        bytes memory call_ =
            abi.encodeCall(REGISTRY.changeKeys, (school, keys.operator, "seal", "consent", _time, signature));
        if (!_byAuthority("changeKeys", seed, call_)) return;
        _expect(signer == _schools[school].key, "keys changed without consent");
        _expect(_schools[school].effectiveFrom == 0, "keys changed beside a proposal");
        _setKeys(school, key);
    }

    function proposeKeys(uint256 seed) external {
        (bytes32 school, uint256 key) = (_school(seed), _keyAt(seed, "new"));
        bytes memory call_ = abi.encodeCall(REGISTRY.proposeKeys, (school, VM.addr(key), "seal", "consent"));
        if (!_byAuthority("proposeKeys", seed, call_)) return;
        SchoolMemory storage kept = _schools[school];
        _expect(kept.effectiveFrom == 0, "proposed twice");
        (kept.proposedKey, kept.effectiveFrom) = (key, _time + (kept.contested ? 14 days : 72 hours));
    }

    function completeKeys(uint256 seed) external {
        bytes32 school = _school(seed);
        SchoolMemory storage kept = _schools[school];
        if (_pick(seed, "withdraw", 4) == 0) {
            if (!_byAuthority("withdrawKeys", seed, abi.encodeCall(REGISTRY.withdrawKeys, (school)))) return;
        } else {
            if (!_byAuthority("completeKeys", seed, abi.encodeCall(REGISTRY.completeKeys, (school)))) return;
            _expect(_time >= kept.effectiveFrom && _time <= kept.effectiveFrom + 14 days, "completed out of time");
            _setKeys(school, kept.proposedKey);
        }
        _expect(kept.effectiveFrom != 0, "completed or withdrew what was not proposed");
        (kept.proposedKey, kept.effectiveFrom) = (0, 0);
    }

    function objectToKeys(uint256 seed) external {
        bytes32 school = _school(seed);
        SchoolMemory storage kept = _schools[school];
        (address caller, bool right) = _caller(seed, _operatorOf(school));
        bytes memory signature;
        uint256 signer = _rightly(seed, "signer") ? kept.key : _keyAt(seed, "signer");
        if (!right && signer != 0) {
            signature = Signing.objection(address(REGISTRY), signer, school, kept.effectiveFrom);
        }
        if (!_call("objectToKeys", caller, abi.encodeCall(REGISTRY.objectToKeys, (school, signature)))) return;
        _expect(right || signer == kept.key, "somebody else objected");
        _expect(kept.effectiveFrom != 0 && !kept.contested, "objected to nothing, or twice");
        (kept.proposedKey, kept.effectiveFrom, kept.contested) = (0, 0, true);
    }

    function publish(uint256 seed) external {
        bytes32 school = _school(seed);
        bytes memory call_ = abi.encodeCall(REGISTRY.publish, (school, "topic", keccak256(abi.encode(seed))));
        (address caller, bool right) = _caller(seed, _operatorOf(school));
        if (!_call("publish", caller, call_)) return;
        _expect(right && _isActive(school), "a wrong actor published");
    }

    function reportCompromise(uint256 seed) external {
        bytes memory call_ = abi.encodeCall(REGISTRY.reportCompromise, (_school(seed), 1, _time - 1));
        _byAuthority("reportCompromise", seed, call_);
    }

    function handOver(uint256 seed) external {
        if (_pick(seed, "begin", 2) == 0) {
            _byAuthority("beginHandOver", seed, abi.encodeCall(REGISTRY.beginDefaultAdminTransfer, (_nextAuthority)));
            return;
        }
        (, uint48 schedule) = REGISTRY.pendingDefaultAdmin();
        (address caller, bool right) = _caller(seed, _nextAuthority);
        if (!_call("handOver", caller, abi.encodeCall(REGISTRY.acceptDefaultAdminTransfer, ()))) return;
        _expect(right && schedule != 0 && schedule < _time, "handed over to a wrong one or too soon");
        (authority, _nextAuthority) = (_nextAuthority, authority);
    }

    function _approve(uint256 seed, bytes32 school, ITranscriptRegistry.RecallRequest memory asked) private {
        ITranscriptRegistry.RecallRequest[] memory requests = new ITranscriptRegistry.RecallRequest[](1);
        requests[0] = asked;
        if (!_byAuthority("approveRecall", seed, abi.encodeCall(REGISTRY.approveRecalls, (school, requests)))) return;
        _expect(!_approvals[_approvalOf(school, asked)], "approved twice");
        _approvals[_approvalOf(school, asked)] = true;
    }

    function _byAuthority(string memory act, uint256 seed, bytes memory call_) private returns (bool done) {
        (address caller, bool right) = _caller(seed, authority);
        done = _call(act, caller, call_);
        if (done) _expect(right, string.concat("somebody else than the authority succeeded: ", act));
    }

    function _call(string memory act, address caller, bytes memory call_) private returns (bool done) {
        ++attempts;
        VM.prank(caller);
        // solhint-disable-next-line avoid-low-level-calls
        (done,) = address(REGISTRY).call(call_);
        if (done) ++successes[act];
    }

    function _expect(bool holds, string memory otherwise) private {
        if (!holds && bytes(flaw).length == 0) flaw = otherwise;
    }

    function _noteBatch(bytes32 school, bytes32 root, uint16 year) private {
        _batches[school][root] = BatchMemory(_time, _height, 7, year, _schools[school].version);
    }

    function _noteReplacement(bytes32 school, bytes32 record, ITranscriptRegistry.Replacement memory replacement)
        private
    {
        if (replacement.entry == 0) return;
        ++successes["replacement"];
        bytes32 issuer = _batches[school][replacement.root].anchoredAt == 0 ? _schools[school].successor : school;
        _expect(_batches[issuer][replacement.root].anchoredAt != 0, "a replacement was never issued");
        _expect(!_isRecalled(_recordOf(issuer, replacement.root, replacement.entry)), "a replacement is recalled");
        RecallMemory storage made = _standing(record);
        (made.replacementRoot, made.replacementEntry) = (replacement.root, replacement.entry);
    }

    /// @dev Checks that an approval was there if one was needed, and is gone.
    function _useApproval(bytes32 school, ITranscriptRegistry.RecallRequest memory asked) private {
        bool locked = _locks[_batches[school][asked.root].schoolYear] != 0;
        bool byAuthority =
            _schools[school].standing == ITranscriptRegistry.Standing.Closed && _schools[school].successor == 0;
        if (byAuthority || (!locked && _policy == ITranscriptRegistry.RecallPolicy.SchoolAlone)) return;
        _expect(_approvals[_approvalOf(school, asked)], "done without the approval it needs");
        _approvals[_approvalOf(school, asked)] = false;
        ++successes["withApproval"];
    }

    function _setStanding(SchoolMemory storage kept, ITranscriptRegistry.Standing standing, bytes32 successor) private {
        (kept.standing, kept.standingSince, kept.successor) = (standing, _time, successor);
    }

    function _setKeys(bytes32 school, uint256 key) private {
        SchoolMemory storage kept = _schools[school];
        (kept.key, kept.contested) = (key, false);
        _operators[school][++kept.version] = VM.addr(key);
    }
}
