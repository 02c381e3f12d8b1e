# SPDX-License-Identifier: Apache-2.0

"""The published JSON Schemas, made from the models: of receipts, signer lists (ledger/proof) and verdicts (verifier_api).

Other programs read what we hand out by these files, so they may not drift from the code; `--check` fails when a byte differs, and
a test runs it. A schema can't say everything that `parse` demands of a receipt: that leaf and root recompute, that the bytes are
canonical, and that no member stands twice.

    python -m scripts.schemas            # write
    python -m scripts.schemas --check    # refuse when stale
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ledger.proof.receipt import RECEIPT_FORMAT, Receipt
from ledger.proof.signer_list import SIGNERS_FORMAT, SignerList
from scripts import generated
from verifier_api.documents import VerdictBody

ROOT = Path(__file__).resolve().parent.parent
PROOF = ROOT / "ledger" / "proof"
VERDICT_FORMAT = "hocba-verdict/1"


def receipt_schema() -> dict[str, Any]:
    """The schema of `hocba-receipt/1` as a JSON-ready value (JSON Schema 2020-12)."""
    return _schema(Receipt, RECEIPT_FORMAT)


def signer_list_schema() -> dict[str, Any]:
    """The schema of `hocba-signers/1` as a JSON-ready value (JSON Schema 2020-12)."""
    schema = _schema(SignerList, SIGNERS_FORMAT)
    # A line in trust.json may leave the hierarchy out; a published one may not.
    schema["$defs"]["ApprovedSigner"]["required"].append("hierarchy")
    return schema


def verdict_schema() -> dict[str, Any]:
    """The schema of `hocba-verdict/1` as a JSON-ready value (JSON Schema 2020-12).

    What is not known is null, so every member stands there, but for the three that are absent where they do not apply. Readers
    must take a member that they do not know: the format may gain some.
    """
    schema = VerdictBody.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        for name, member in model.get("properties", {}).items():
            if "default" in member:
                del member["default"]
                kinds = member.pop("anyOf")
                member.update(next(kind for kind in kinds if kind != {"type": "null"}))
            elif name not in model["required"]:
                raise ValueError(f"{name} may be absent, and nobody says what that means")
    # The file's digest, as the receipt has it.
    for kind in schema["properties"]["file_sha256"]["anyOf"]:
        if kind == {"type": "string"}:
            kind["pattern"] = "^[0-9a-f]{64}$"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:hocba:schema:{VERDICT_FORMAT}",
        **schema,
    }


def _schema(read_by: type[BaseModel], form: str) -> dict[str, Any]:
    schema = read_by.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        _demand_members(model)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:hocba:schema:{form}",
        **schema,
    }


def _demand_members(model: dict[str, Any]) -> None:
    """A default lets pydantic omit a member, and None lets it write null; `Receipt.parse` takes neither.

    What may be None in Python may be absent in JSON; everything else must stand there.
    """
    required = []
    for name, member in model["properties"].items():
        member.pop("default", None)
        kinds = member.pop("anyOf", None)
        if kinds is None:
            required.append(name)
        else:
            member.update(next(kind for kind in kinds if kind != {"type": "null"}))
    model["required"] = required


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "receipt-1.schema.json": receipt_schema,
    "signers-1.schema.json": signer_list_schema,
    "verdict-1.schema.json": verdict_schema,
}
"""File to what makes it."""

PLACES = {"verdict-1.schema.json": ROOT / "verifier_api"}
"""Where a file lies, if not with the receipt's."""


def rendered(schema: dict[str, Any]) -> str:
    """The schema as the text that is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the schemas, or with `--check` compare them with the models; return the exit code."""
    summary = __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m scripts.schemas", description=summary)
    parser.add_argument("--check", action="store_true", help="fail when a committed file is stale; write nothing")
    parser.add_argument("--folder", type=Path, help="where the files are, if not in their places")
    asked = parser.parse_args(arguments)
    return max(_one(name, schema, asked, summary) for name, schema in SCHEMAS.items())


def _one(name: str, schema: Callable[[], dict[str, Any]], asked: argparse.Namespace, summary: str) -> int:
    file = (asked.folder or PLACES.get(name, PROOF)) / name
    words = ["--file", str(file), *(["--check"] if asked.check else [])]
    return generated.run(
        words, module="scripts.schemas", summary=summary, default=file, make=lambda: rendered(schema())
    )


if __name__ == "__main__":
    sys.exit(main())
