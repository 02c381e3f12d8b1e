// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";

/// @title Signatures of operators
/// @notice Checks what an operator signed off chain (EIP-712), be it a key or a contract (ERC-1271).
/// @dev OpenZeppelin's `EIP712` keeps chain id and address in the code as immutables, and the code hash would differ
/// from registry to registry; a reader must be able to compile this source and compare. OpenZeppelin's
/// `SignatureChecker` hands all gas to a contract that signs; here it gets an allowance, so that it cannot spend what
/// others need.
abstract contract OperatorSignatures is ITranscriptRegistry, IERC5267 {
    uint256 private constant _CONTRACT_SIGNER_GAS = 100_000;

    /// @dev EIP-150 keeps a 64th of the gas back from a call; the rest is for what this contract does around it.
    uint256 private constant _GAS_BEFORE_CONTRACT_SIGNER = _CONTRACT_SIGNER_GAS * 64 / 63 + 5000;

    string private constant _NAME = "hocba TranscriptRegistry";
    string private constant _VERSION = "1";

    bytes32 private constant _NAME_HASH = keccak256(bytes(_NAME));
    bytes32 private constant _VERSION_HASH = keccak256(bytes(_VERSION));

    bytes32 private constant _DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        // The four fields that are used, as ERC-5267 numbers their bits.
        return (hex"0f", _NAME, _VERSION, block.chainid, address(this), bytes32(0), new uint256[](0));
    }

    /// @dev Whether `signer` signed the EIP-712 struct with hash `structHash` in `domain`. A key is tried first, so
    /// that an account which delegates to a contract (EIP-7702) can still sign with its key.
    function _isSignedBy(address signer, bytes32 domain, bytes32 structHash, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return signer.code.length != 0 && _isSignedByContract(signer, digest, signature);
    }

    function _isSignedByContract(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        if (gasleft() < _GAS_BEFORE_CONTRACT_SIGNER) revert NotEnoughGas(gasleft(), _GAS_BEFORE_CONTRACT_SIGNER);
        bytes32 answer;
        bool answered;
        uint256 allowance = _CONTRACT_SIGNER_GAS;
        // In assembly, as a high-level call would copy however much the contract returns into our memory.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            answered := staticcall(allowance, signer, add(question, 0x20), mload(question), 0x00, 0x20)
            answered := and(answered, gt(returndatasize(), 0x1f))
            answer := mload(0x00)
        }
        return answered && answer == bytes32(IERC1271.isValidSignature.selector);
    }

    function _domainSeparator() internal view returns (bytes32) {
        return keccak256(abi.encode(_DOMAIN_TYPE, _NAME_HASH, _VERSION_HASH, block.chainid, address(this)));
    }
}
