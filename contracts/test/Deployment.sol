// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IAccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";

import {ITranscriptRegistry} from "../ITranscriptRegistry.sol";
import {VM} from "./Vm.sol";

/// @title Everything that a registry answers to
interface IRegistry is ITranscriptRegistry, IAccessControlDefaultAdminRules {}

/// @title How tests come by a registry
/// @dev From the code that was built once, and is what would be deployed. With `new`, the compiler would build the whole
/// registry again within each test contract, and with the tests' settings.
library Deployment {
    function registry(address authority, uint48 handOverDelay) internal returns (IRegistry) {
        bytes memory code = abi.encodePacked(
            VM.getCode("TranscriptRegistry.sol:TranscriptRegistry"), abi.encode(authority, handOverDelay)
        );
        address created;
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        require(created != address(0), "the registry was not created");
        return IRegistry(created);
    }
}
