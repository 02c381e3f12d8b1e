// SPDX-License-Identifier: Apache-2.0

// The stage for the tests by function: an authority, three schools, and what they would do on an ordinary day. Trees are
// built with OpenZeppelin's own library and signatures with ethers, so that agreement with both is tested, not assumed.

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import { network } from "hardhat";

export const { ethers, networkHelpers } = await network.create("local");
export const { loadFixture, time } = networkHelpers;

export const HOUR = 3600;
export const DAY = 24 * HOUR;
export const HAND_OVER_DELAY = 7 * DAY;
export const YEAR = 2025;
export const PROPOSAL_WAITS = 72n * 3600n;
export const REPRESENTATIVE_WAITS = 72n * 3600n;
export const FAR = 2n ** 48n - 1n;

export const ZERO = ethers.ZeroHash;
export const NOBODY = ethers.ZeroAddress;
export const SCHOOL = code("79000401");
export const OTHER_SCHOOL = code("79000402");
export const HEIR = code("79000403");
export const UNKNOWN = code("79000499");
export const NO_REPLACEMENT = { root: ZERO, entry: ZERO };

export const Policy = { SchoolAlone: 0n, WithApproval: 1n };
export const Standing = { Unregistered: 0n, Active: 1n, Suspended: 2n, Closed: 3n };
export const Reason = { None: 0n, WrongData: 1n, CivilStatusChange: 2n, Reassessment: 3n, Fraud: 5n, Other: 6n };
export const By = { Nobody: 0n, School: 1n, Successor: 2n, Authority: 3n };

export function code(digits) {
  return ethers.encodeBytes32String(digits);
}

export const seal = (name) => ethers.id(`seal of ${name}`);
export const consent = (name) => ethers.id(`consent of ${name}`);

/** A batch of `size` records; `name` keeps the entries of two batches apart. */
export function batch(name, size = 5) {
  const types = ["bytes32", "bytes32", "bytes32"];
  const tag = ethers.id("hocba.leaf.v1");
  const rows = Array.from({ length: size }, (_, i) => [tag, ethers.id(`${name} salt ${i}`), ethers.id(`${name} ${i}`)]);
  const tree = StandardMerkleTree.of(rows, types);
  return {
    root: tree.root,
    size,
    entry: (i) => ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(types, rows[i])),
    leaf: (i) => tree.leafHash(rows[i]),
    proof: (i) => tree.getProof(rows[i]),
    nodes: () => tree.dump().tree,
  };
}

/** An authority, and three schools with an operator each. */
export async function stage() {
  const [authority, operator, otherOperator, heirOperator, newOperator, relayer, stranger] = await ethers.getSigners();
  const registry = await ethers.deployContract("TranscriptRegistry", [authority, HAND_OVER_DELAY]);
  await registry.registerSchool(SCHOOL, operator, seal("school"), consent("school"));
  await registry.registerSchool(OTHER_SCHOOL, otherOperator, seal("other"), consent("other"));
  await registry.registerSchool(HEIR, heirOperator, seal("heir"), consent("heir"));
  return {
    registry,
    authority,
    operator,
    otherOperator,
    heirOperator,
    newOperator,
    relayer,
    stranger,
    asSchool: registry.connect(operator),
    asOther: registry.connect(otherOperator),
    asHeir: registry.connect(heirOperator),
  };
}

/** The same, and the school has anchored two batches of 2025-2026, its heir one. */
export async function anchoredStage() {
  const given = await stage();
  const [first, second, heirs] = [batch("first"), batch("second"), batch("heirs")];
  await given.asSchool.anchor(SCHOOL, YEAR, first.root, first.size);
  await given.asSchool.anchor(SCHOOL, YEAR, second.root, second.size);
  await given.asHeir.anchor(HEIR, YEAR, heirs.root, heirs.size);
  return { ...given, first, second, heirs };
}

/** A school as it stands; ethers' results are arrays, and have a `keys` of their own. */
export async function schoolOf(registry, school) {
  return (await registry.schoolOf(school)).toObject();
}

/** Somebody's account, or the value itself: what the registry answers with. */
const told = (value) => (typeof value?.address === "string" ? value.address : value);

/** When and in which block a transaction took effect. */
export async function mined(sent) {
  const receipt = await (await sent).wait();
  const block = await ethers.provider.getBlock(receipt.blockNumber);
  return { time: BigInt(block.timestamp), block: BigInt(block.number), receipt };
}

/** Checks that a change says this, and this only; returns when it was made. */
export async function expectEvent(sent, registry, name, ...values) {
  const { time, block, receipt } = await mined(sent);
  const events = receipt.logs.map((log) => registry.interface.parseLog(log));
  expect(events.map((event) => event.name)).to.deep.equal([name]);
  expect([...events[0].args]).to.deep.equal(values.map(told));
  return { time, block };
}

/** Checks that the registry refuses, with this error and these values. What stands in a list is best given unsent. */
export async function expectRefusal(sending, registry, name, ...values) {
  await expect(typeof sending === "function" ? sending() : sending)
    .to.be.revertedWithCustomError(registry, name)
    .withArgs(...values.map(told));
}

/** Checks that nobody but the authority may. `act` takes the registry as one caller sees it. */
export async function expectAuthorityOnly(given, act) {
  const { registry, operator, otherOperator, relayer, stranger } = given;
  for (const caller of [operator, otherOperator, relayer, stranger]) {
    await expectRefusal(act(registry.connect(caller)), registry, "AccessControlUnauthorizedAccount", caller, ZERO);
  }
}

/** Checks that nobody but the school's operator may, the authority included. */
export async function expectOperatorOnly(given, school, operator, act) {
  const { registry, authority, otherOperator, relayer, stranger } = given;
  for (const caller of [authority, otherOperator, relayer, stranger]) {
    await expectRefusal(act(registry.connect(caller)), registry, "NotOperator", school, caller, operator);
  }
}

/** Puts transactions into one block, hence into one second, in this order; returns their receipts. */
export async function inOneBlock(...sendings) {
  const sent = [];
  await ethers.provider.send("evm_setAutomine", [false]);
  try {
    for (const send of sendings) sent.push(await send());
    await ethers.provider.send("evm_mine", []);
  } finally {
    // Otherwise one failure here would leave every later test waiting for a block.
    await ethers.provider.send("evm_setAutomine", [true]);
  }
  return Promise.all(sent.map((transaction) => ethers.provider.getTransactionReceipt(transaction.hash)));
}

/** The domain as the registry itself states it (ERC-5267). */
async function domainOf(registry) {
  const { name, version, chainId, verifyingContract } = await registry.eip712Domain();
  return { name, version, chainId, verifyingContract };
}

const ANCHOR_BATCH = {
  AnchorBatch: [
    { name: "school", type: "bytes32" },
    { name: "schoolYear", type: "uint16" },
    { name: "root", type: "bytes32" },
    { name: "leafCount", type: "uint32" },
    { name: "deadline", type: "uint48" },
  ],
};

const CHANGE_KEYS = {
  ChangeKeys: [
    { name: "school", type: "bytes32" },
    { name: "operator", type: "address" },
    { name: "sealCertificate", type: "bytes32" },
    { name: "consent", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "deadline", type: "uint48" },
  ],
};

const OBJECT_TO_KEYS = {
  ObjectToKeys: [
    { name: "school", type: "bytes32" },
    { name: "effectiveFrom", type: "uint48" },
  ],
};

/** A batch of the school's, signed for somebody else to send; `changes` says what is unlike an ordinary one. */
export async function signedBatch(registry, signer, name, changes = {}) {
  const { root, size } = batch(name);
  const batchOf = { school: SCHOOL, schoolYear: YEAR, root, leafCount: size, deadline: FAR, ...changes };
  const signature = await signer.signTypedData(await domainOf(registry), ANCHOR_BATCH, batchOf);
  return { ...batchOf, signature };
}

/** What a school's operator signs when it agrees to new keys. */
export async function signedKeys(registry, signer, keys) {
  return signer.signTypedData(await domainOf(registry), CHANGE_KEYS, keys);
}

/** What a school's operator signs when it does not agree, so that somebody else can send it. */
export async function signedObjection(registry, signer, effectiveFrom, school = SCHOOL) {
  return signer.signTypedData(await domainOf(registry), OBJECT_TO_KEYS, { school, effectiveFrom });
}

/** A school whose operator is a contract, and the key that may sign for a wallet that asks for one. */
export async function walletStage(name) {
  const given = await stage();
  const { registry, stranger } = given;
  const wallet = await ethers.deployContract(name, name === "KeyWallet" ? [stranger] : []);
  const school = code("01000701");
  await registry.registerSchool(school, wallet, seal("wallet"), consent("wallet"));
  return { ...given, wallet, school, keyOfWallet: stranger };
}

/** The keys that a school is to have next, as its present operator signs them. */
export function newKeys(given, changes = {}) {
  return {
    school: SCHOOL,
    operator: given.newOperator.address,
    sealCertificate: seal("new"),
    consent: consent("new"),
    version: 2,
    deadline: FAR,
    ...changes,
  };
}

/** Asks for the change of keys that was signed. */
export function changeKeys(registry, keys, signature) {
  return registry.changeKeys(
    keys.school, keys.operator, keys.sealCertificate, keys.consent, keys.deadline, signature,
  );
}

/** Proposes the next keys without their operator's consent. */
export function proposeKeys(given, registry = given.registry) {
  return registry.proposeKeys(SCHOOL, given.newOperator, seal("new"), consent("new"));
}
