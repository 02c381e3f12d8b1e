#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0

// The npm Solidity compiler behind the command line of the native one, as far as forge and py-solc-x use it: `--version`
// and `--standard-json`. Both would otherwise need a native solc, which no package registry carries. npm's own `solcjs`
// does not serve: it prints a line of prose before its JSON.
//
// `.cjs`, because package.json says "type": "module" and a symlink without an extension would be read as one.

"use strict";

const fs = require("node:fs");
const path = require("node:path");
const solc = require("solc");

// soljson installs handlers that turn every later exception into its own; ours are to be seen as they are.
process.removeAllListeners("uncaughtException");
process.removeAllListeners("unhandledRejection");

const FLAGS_WITHOUT_MEANING_HERE = new Set(["--no-import-callback", "-"]);

function refuse(message) {
  process.stderr.write(`scripts/solc: ${message}\n`);
  process.exit(1);
}

function parse(words) {
  const asked = { version: false, standardJson: false, roots: [], input: null };
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i];
    if (word === "--version" || word === "-V") asked.version = true;
    else if (word === "--standard-json") asked.standardJson = true;
    else if (word === "--base-path" || word === "--include-path") asked.roots.push(words[(i += 1)]);
    else if (word === "--allow-paths") i += 1;
    else if (FLAGS_WITHOUT_MEANING_HERE.has(word)) continue;
    else if (!word.startsWith("-") && asked.input === null) asked.input = word;
    else refuse(`unrecognised option '${word}'`);
  }
  return asked;
}

/** Written out in a loop: a pipe takes 64 kB at a time, and process.exit would cut the rest off. */
function print(text) {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) {
    try {
      written += fs.writeSync(1, bytes, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

const asked = parse(process.argv.slice(2));
if (asked.version) {
  // Both callers match the native compiler's platform names, and know none called Emscripten.
  const version = solc.version().replace(".Emscripten.clang", ".Linux.g++");
  print(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
  process.exit(0);
}
if (!asked.standardJson) refuse("only --standard-json and --version are understood");

function readImport(name) {
  for (const root of asked.roots.length > 0 ? asked.roots : [""]) {
    const file = path.join(root, name);
    if (fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
  }
  return { error: `File not found: ${name}` };
}

print(`${solc.compile(fs.readFileSync(asked.input ?? 0, "utf8"), { import: readImport })}\n`);
process.exit(0);
