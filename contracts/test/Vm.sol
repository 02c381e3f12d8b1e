// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The part of the test runners' cheat codes that is used here; forge and Hardhat both have it.
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

    /// @notice Puts code at an account.
    /// @param account The account.
    /// @param code The code.
    function etch(address account, bytes calldata code) external;

    /// @notice Expects the next call to revert with exactly these bytes.
    /// @param revertData The encoded error.
    function expectRevert(bytes calldata revertData) external;

    /// @notice Gives up a fuzz run whose inputs are of no use.
    /// @param condition Whether they are.
    function assume(bool condition) external pure;

    /// @notice The creation code of a contract that was built.
    /// @param artifact The contract's file and name.
    /// @return The code.
    function getCode(string calldata artifact) external view returns (bytes memory);

    /// @notice The account of a private key.
    /// @param key The key.
    /// @return The account.
    function addr(uint256 key) external pure returns (address);

    /// @notice Signs.
    /// @param key The private key.
    /// @param digest What is signed.
    /// @return v The recovery number.
    /// @return r The first half of the signature.
    /// @return s The second half.
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
