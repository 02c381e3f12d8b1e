# SPDX-License-Identifier: Apache-2.0

"""The published JSON Schema of receipts, made from the model that reads them: `ledger/proof/receipt-1.schema.json`.

Other programs read our receipts by this file, so it may not drift from the code; `--check` fails when a byte differs, and a
test runs it. A schema can't say everything that `Receipt.parse` demands: that leaf and root recompute, and that no member
stands twice.

    python -m scripts.schemas            # write
    python -m scripts.schemas --check    # refuse when stale
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.proof.receipt import RECEIPT_FORMAT, Receipt
from scripts import generated

SCHEMA = Path(__file__).resolve().parent.parent / "ledger" / "proof" / "receipt-1.schema.json"


def receipt_schema() -> dict[str, Any]:
    """The schema of `hocba-receipt/1` as a JSON-ready value (JSON Schema 2020-12)."""
    schema = Receipt.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        _demand_members(model)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:hocba:schema:{RECEIPT_FORMAT}",
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


def rendered(schema: dict[str, Any]) -> str:
    """The schema as the text that is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the schema, or with `--check` compare it with the model; return the exit code."""
    return generated.run(
        arguments,
        module="scripts.schemas",
        summary=__doc__.split("\n")[0],
        default=SCHEMA,
        make=lambda: rendered(receipt_schema()),
    )


if __name__ == "__main__":
    sys.exit(main())
