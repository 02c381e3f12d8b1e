// SPDX-License-Identifier: Apache-2.0
// A foreign eye: reads lists of leaf values from stdin, answers with OpenZeppelin's roots, leaf hashes and proofs, and
// checks proofs that it is given. Its dump, the form in which others keep its trees, comes with the answer.

import { readFileSync } from "node:fs";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

const TYPES = ["bytes32", "bytes32", "bytes32"];
const { trees, claims } = JSON.parse(readFileSync(0, "utf8"));

const answers = trees.map((values) => {
  const tree = StandardMerkleTree.of(values, TYPES);
  tree.validate();
  return {
    root: tree.root,
    leaves: values.map((value) => tree.leafHash(value)),
    proofs: values.map((value) => tree.getProof(value)),
    dump: tree.dump(),
  };
});
const verdicts = claims.map(({ root, value, proof }) => StandardMerkleTree.verify(root, TYPES, value, proof));
process.stdout.write(JSON.stringify({ answers, verdicts }));
