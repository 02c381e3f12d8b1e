// SPDX-License-Identifier: Apache-2.0

// Hardhat compiles with the npm solc that scripts/solc.cjs wraps for forge and py-solc-x: nothing is downloaded.
// The compiler settings stand three times (here, foundry.toml, scripts/contract_artifact.py), because each tool reads its
// own file; tests/contracts/test_build_agreement.py compares the bytecode of all three.

import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import { defineConfig } from "hardhat/config";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export default defineConfig({
  plugins: [hardhatEthers, hardhatMocha, hardhatEthersChaiMatchers, hardhatNetworkHelpers],
  paths: {
    sources: "contracts",
    tests: { mocha: "contracts/test", solidity: "contracts/test" },
    artifacts: "build/hardhat",
    cache: "build/hardhat-cache",
  },
  solidity: {
    version: "0.8.37",
    path: require.resolve("solc/soljson.js"),
    settings: {
      evmVersion: "cancun",
      optimizer: { enabled: true, runs: 200 },
      viaIR: true,
      // No hash of the metadata in the bytecode: it covers source paths, which differ from tool to tool, and a pinned
      // code hash must be the same whoever compiles.
      metadata: { bytecodeHash: "none" },
    },
  },
  test: { solidity: { fuzz: { runs: 1000, seed: "0x686f636261" }, invariant: { runs: 64, depth: 128 } } },
  // The tests by function begin on one day whenever they are run: the registry locks no school year before it has begun.
  networks: { local: { type: "edr-simulated", chainType: "l1", initialDate: "2026-06-01T00:00:00Z" } },
});
