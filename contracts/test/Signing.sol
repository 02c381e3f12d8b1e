// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {VM} from "./Vm.sol";

/// @title What operators sign
/// @notice EIP-712 written out once more, from the words of the interface and not from the code that checks it.
library Signing {
    function batch(address registry, uint256 key, ITranscriptRegistry.SignedBatch memory unsigned)
        internal
        view
        returns (ITranscriptRegistry.SignedBatch memory)
    {
        unsigned.signature = _signature(
            registry,
            key,
            keccak256(
                abi.encode(
                    keccak256(
                        "AnchorBatch(bytes32 school,uint16 schoolYear,bytes32 root,uint32 leafCount,uint48 deadline)"
                    ),
                    unsigned.school,
                    unsigned.schoolYear,
                    unsigned.root,
                    unsigned.leafCount,
                    unsigned.deadline
                )
            )
        );
        return unsigned;
    }

    function keys(
        address registry,
        uint256 key,
        bytes32 school,
        ITranscriptRegistry.Keys memory next,
        uint16 version,
        uint48 deadline
    ) internal view returns (bytes memory) {
        return _signature(
            registry,
            key,
            keccak256(
                abi.encode(
                    keccak256(
                        "ChangeKeys(bytes32 school,address operator,bytes32 sealCertificate,bytes32 consent,uint16 version,uint48 deadline)"
                    ),
                    school,
                    next.operator,
                    next.sealCertificate,
                    next.consent,
                    version,
                    deadline
                )
            )
        );
    }

    function objection(address registry, uint256 key, bytes32 school, uint48 effectiveFrom)
        internal
        view
        returns (bytes memory)
    {
        return _signature(
            registry,
            key,
            keccak256(abi.encode(keccak256("ObjectToKeys(bytes32 school,uint48 effectiveFrom)"), school, effectiveFrom))
        );
    }

    function _signature(address registry, uint256 key, bytes32 structHash) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("hocba TranscriptRegistry"),
                keccak256("1"),
                block.chainid,
                registry
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }
}
