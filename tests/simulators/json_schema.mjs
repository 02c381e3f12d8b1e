// SPDX-License-Identifier: Apache-2.0
// Reads a schema and values from stdin, answers with what is wrong with each value.

import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const { schema, values } = JSON.parse(readFileSync(0, "utf8"));
const ajv = new Ajv({ strict: true, allowUnionTypes: true, validateFormats: false });
const valid = ajv.compile(schema);
const answers = values.map((value) => (valid(value) ? "" : ajv.errorsText(valid.errors)));
process.stdout.write(JSON.stringify(answers));
