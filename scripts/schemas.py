# SPDX-License-Identifier: Apache-2.0

"""The published JSON Schemas, made from the models that read: `ledger/proof/receipt-1.schema.json`, `signers-1.schema.json`.

Other programs read our receipts and signer lists by these files, so they may not drift from the code; `--check` fails when a
byte differs, and a test runs it. A schema can't say everything that `parse` demands: that leaf and root recompute, that the
bytes are canonical, and that no member stands twice.

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

PROOF = Path(__file__).resolve().parent.parent / "ledger" / "proof"


def receipt_schema() -> dict[str, Any]:
    """The schema of `hocba-receipt/1` as a JSON-ready value (JSON Schema 2020-12)."""
    return _schema(Receipt, RECEIPT_FORMAT)


def signer_list_schema() -> dict[str, Any]:
    """The schema of `hocba-signers/1` as a JSON-ready value (JSON Schema 2020-12)."""
    schema = _schema(SignerList, SIGNERS_FORMAT)
    # A line in trust.json may leave the hierarchy out; a published one may not.
    schema["$defs"]["ApprovedSigner"]["required"].append("hierarchy")
    return schema


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
}
"""File to what makes it."""


def rendered(schema: dict[str, Any]) -> str:
    """The schema as the text that is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the schemas, or with `--check` compare them with the models; return the exit code."""
    summary = __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m scripts.schemas", description=summary)
    parser.add_argument("--check", action="store_true", help="fail when a committed file is stale; write nothing")
    parser.add_argument("--folder", type=Path, default=PROOF, help="where the files are")
    asked = parser.parse_args(arguments)
    return max(_one(name, schema, asked, summary) for name, schema in SCHEMAS.items())


def _one(name: str, schema: Callable[[], dict[str, Any]], asked: argparse.Namespace, summary: str) -> int:
    words = ["--file", str(asked.folder / name), *(["--check"] if asked.check else [])]
    return generated.run(
        words, module="scripts.schemas", summary=summary, default=PROOF / name, make=lambda: rendered(schema())
    )


if __name__ == "__main__":
    sys.exit(main())
