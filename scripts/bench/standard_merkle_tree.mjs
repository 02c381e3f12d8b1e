// SPDX-License-Identifier: Apache-2.0
// The peer of bench_merkle.py: OpenZeppelin's own tree over the same values, and all of its proofs. Prints seconds, the root and
// one SHA-256 over all proofs in the order of the values.

import { createHash } from "node:crypto";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

const [size, tag] = [Number(process.argv[2]), process.argv[3]];
const sha256 = (text) => "0x" + createHash("sha256").update(text).digest("hex");
const values = Array.from({ length: size }, (_, n) => [tag, sha256(`salt ${n}`), sha256(`manifest ${n}`)]);

const start = performance.now();
const tree = StandardMerkleTree.of(values, ["bytes32", "bytes32", "bytes32"]);
const built = performance.now();
const proofs = createHash("sha256");
for (let n = 0; n < size; n++) for (const node of tree.getProof(n)) proofs.update(Buffer.from(node.slice(2), "hex"));
const proven = performance.now();
process.stdout.write(
  JSON.stringify({
    tree_seconds: (built - start) / 1000,
    proofs_seconds: (proven - built) / 1000,
    peak_bytes: process.resourceUsage().maxRSS * 1024,
    root: tree.root,
    proofs: proofs.digest("hex"),
  }),
);
