// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Histories
/// @notice Values by the time they took effect: lists that only grow at their end, and are asked by time.
/// @dev OpenZeppelin's `Checkpoints` would do, but forgets the earlier of two values of one second, which some of our
/// histories must keep, and has no room for a whole digest beside the time.
library Histories {
    /// @dev Five times share a slot, and their number is that of the values.
    struct History {
        uint48[] times;
        mapping(uint256 index => bytes32 value) values;
    }

    /// @dev Adds what holds from this second on.
    function push(History storage history, bytes32 value) internal {
        history.values[history.times.length] = value;
        history.times.push(uint48(block.timestamp));
    }

    /// @dev The value at the end of the second `time`, and since when it held; zeros if there was none yet.
    function valueAt(History storage history, uint48 time) internal view returns (bytes32 value, uint48 since) {
        uint256 count = countUntil(history.times, time);
        if (count != 0) (value, since) = (history.values[count - 1], history.times[count - 1]);
    }

    /// @dev How many of `times`, which ascend, are not later than `time`; by bisection.
    function countUntil(uint48[] storage times, uint48 time) internal view returns (uint256) {
        uint256 low = 0;
        uint256 high = times.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (times[middle] > time) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
