// SPDX-License-Identifier: Apache-2.0
// A foreign eye: reads documents from stdin as a JSON list, answers with what npm's xml-crypto (pure JavaScript, with a parser
// of its own) makes of each DU_LIEU_HOC_BA: its exclusive C14N, and its digest.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DOMParser } from "@xmldom/xmldom";
import { ExclusiveCanonicalization } from "xml-crypto";

const documents = JSON.parse(readFileSync(0, "utf8"));
const answers = documents.map((text) => {
  const root = new DOMParser().parseFromString(text, "text/xml").documentElement;
  const data = root.tagName === "DU_LIEU_HOC_BA" ? root : root.getElementsByTagName("DU_LIEU_HOC_BA")[0];
  const canonical = new ExclusiveCanonicalization().process(data, {}).toString();
  return { canonical, sha256: createHash("sha256").update(canonical, "utf8").digest("hex") };
});
process.stdout.write(JSON.stringify(answers));
