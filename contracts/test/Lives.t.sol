// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Actors} from "./Actors.sol";
import {Deployment} from "./Deployment.sol";
import {VM} from "./Vm.sol";

/// @title What holds after every history
contract LivesTest {
    uint256 private constant _SCHOOLS = 4;
    uint256 private constant _LIVES = 20;
    uint256 private constant _ACTS_IN_A_LIFE = 200;
    uint256 private constant _ENOUGH = 5;

    /// @notice How often the actors succeeded with an act, in all lives.
    event Succeeded(string act, uint256 count);

    Actors private _actors;

    function setUp() public {
        VM.warp(1_780_272_000);
        _actors = new Actors(Deployment.registry(address(0xA0), 3 days));
        // Three schools out of four, so that every history has something to begin with.
        for (uint256 seed = 0; _actors.successes("registerSchool") < 3; ++seed) {
            _actors.registerSchool(seed);
        }
    }

    /// @dev The runner calls functions of these contracts at random; without this it would call the registry's own.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actors);
    }

    /// @dev In one, because each invariant is checked with histories of its own, and these take long enough:
    /// - a root's school, time and year never change, and recalls never vanish: they stand, or are kept as annulled;
    /// - nobody else anchors, recalls or rules, no suspended school acts, nobody keeps a school from anchoring;
    /// - whoever follows replacements arrives.
    function invariant_everyPromiseIsKept() external view {
        // One school after the other, as comparing all of them takes longer than the acts in between.
        _requireNothing(_actors.disagreement(_actors.attempts() % _SCHOOLS));
        _requireNothing(_actors.flaw());
        require(_actors.replacementsEnd(), "replacements go in a circle");
    }

    /// @dev The invariant would hold as well if nothing ever succeeded. Here are some lives, and what came of them all.
    function test_actorsGetEverywhere() external {
        string[27] memory names = _names();
        uint256[27] memory successes;
        for (uint256 life = 0; life < _LIVES; ++life) {
            setUp();
            for (uint256 i = 0; i < _ACTS_IN_A_LIFE; ++i) {
                _act(uint256(keccak256(abi.encode(life, i))));
            }
            for (uint256 i = 0; i < _SCHOOLS; ++i) {
                _requireNothing(_actors.disagreement(i));
            }
            _requireNothing(_actors.flaw());
            require(_actors.replacementsEnd(), "replacements go in a circle");
            for (uint256 i = 0; i < names.length; ++i) {
                successes[i] += _actors.successes(names[i]);
            }
        }
        for (uint256 i = 0; i < names.length; ++i) {
            emit Succeeded(names[i], successes[i]);
            require(successes[i] >= _ENOUGH, string.concat("hardly ever succeeded: ", names[i]));
        }
    }

    function _act(uint256 seed) private {
        function(uint256) external[18] memory acts = [
            _actors.later,
            _actors.registerSchool,
            _actors.anchor,
            _actors.anchorBySig,
            _actors.anchorMany,
            _actors.recall,
            _actors.addReplacement,
            _actors.approveRecall,
            _actors.annulRecall,
            _actors.setStanding,
            _actors.setRule,
            _actors.changeKeys,
            _actors.proposeKeys,
            _actors.completeKeys,
            _actors.objectToKeys,
            _actors.publish,
            _actors.reportCompromise,
            _actors.handOver
        ];
        acts[seed % acts.length](seed);
    }

    function _requireNothing(string memory flaw) private pure {
        require(bytes(flaw).length == 0, flaw);
    }

    /// @dev What the actors count; `replacement` and `withApproval` are what some recalls have.
    function _names() private pure returns (string[27] memory) {
        return [
            "registerSchool",
            "anchor",
            "anchorBySig",
            "anchorMany",
            "recall",
            "addReplacement",
            "replacement",
            "approveRecall",
            "withdrawApproval",
            "withApproval",
            "approveAnnulment",
            "annulRecall",
            "suspendSchool",
            "reinstateSchool",
            "closeSchool",
            "nameSuccessor",
            "lockSchoolYear",
            "setRecallPolicy",
            "changeKeys",
            "proposeKeys",
            "withdrawKeys",
            "completeKeys",
            "objectToKeys",
            "publish",
            "reportCompromise",
            "beginHandOver",
            "handOver"
        ];
    }
}
