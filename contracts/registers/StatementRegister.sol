// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {Histories} from "./Histories.sol";
import {SchoolRegister} from "./SchoolRegister.sol";

/// @title The statements
/// @notice What the authority and the schools have published, by topic and time.
abstract contract StatementRegister is SchoolRegister {
    using Histories for Histories.History;

    mapping(bytes32 publisher => mapping(bytes32 topic => Histories.History digests)) private _statements;

    /// @inheritdoc ITranscriptRegistry
    function publish(bytes32 publisher, bytes32 topic, bytes32 digest) external {
        if (publisher == 0) _checkRole(DEFAULT_ADMIN_ROLE);
        else _requireOperator(publisher);
        if (digest == 0) revert MissingDigest(publisher, topic);

        _statements[publisher][topic].push(digest);
        emit StatementPublished(publisher, topic, digest);
    }

    /// @inheritdoc ITranscriptRegistry
    function statementCount(bytes32 publisher, bytes32 topic) external view returns (uint256) {
        return _statements[publisher][topic].times.length;
    }

    /// @inheritdoc ITranscriptRegistry
    function statement(bytes32 publisher, bytes32 topic, uint256 index)
        external
        view
        returns (bytes32 digest, uint48 publishedAt)
    {
        Histories.History storage statements = _statements[publisher][topic];
        return (statements.values[index], statements.times[index]);
    }

    /// @inheritdoc ITranscriptRegistry
    function statementAt(bytes32 publisher, bytes32 topic, uint48 time)
        external
        view
        returns (bytes32 digest, uint48 publishedAt)
    {
        return _statements[publisher][topic].valueAt(time);
    }
}
