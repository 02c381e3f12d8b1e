// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A wallet that one key signs for
/// @notice What a school may use for an operator instead of a key (ERC-1271).
contract KeyWallet is IERC1271 {
    /// @notice The account whose key signs.
    address public immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecoverCalldata(hash, signature);
        return signer == OWNER ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @title A wallet that spends all the gas it is given
contract GreedyWallet {
    /// @notice Never answers.
    fallback() external {
        uint256 spent = 0;
        while (true) {
            ++spent;
        }
    }
}

/// @title A wallet that says yes and then a great deal more
contract TalkativeWallet {
    uint256 private constant _BYTES = 150_000;

    /// @notice Answers with the word that means yes, followed by 150,000 bytes that mean nothing.
    fallback() external {
        bytes32 yes = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            mstore(0x80, yes)
            return(0x80, _BYTES)
        }
    }
}

/// @title A wallet that says yes in too few bytes
contract TerseWallet {
    /// @notice Answers with four bytes, where ERC-1271 has a whole word.
    fallback() external {
        bytes32 yes = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            mstore(0x00, yes)
            return(0x00, 4)
        }
    }
}

/// @title A wallet that says yes and fails in the same breath
contract RevertingWallet {
    /// @notice Reverts with the word that means yes.
    fallback() external {
        bytes32 yes = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            mstore(0x00, yes)
            revert(0x00, 0x20)
        }
    }
}
