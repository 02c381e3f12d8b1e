# SPDX-License-Identifier: Apache-2.0

"""Receipts as files: the genuine one stays readable for ever, and every spoilt one is refused."""

import hashlib
import json
from pathlib import Path

import pytest

from ledger.proof.errors import MalformedReceipt
from ledger.proof.receipt import Receipt
from scripts import schemas, vectors

FOLDER = Path(__file__).parents[1] / "vectors" / "proofs"
GENUINE = (FOLDER / "hocba-receipt-1.genuine.json").read_bytes()
SPOILT = sorted(path for path in FOLDER.glob("*.json") if path.name != "hocba-receipt-1.genuine.json")


def test_the_genuine_receipt_is_the_one_that_was_handed_out():
    """It may never be written anew: what stands here is a promise about the code, not the other way round."""
    assert hashlib.sha256(GENUINE).hexdigest() == "e8a2f4a92cd83c5064316ed57ddc998410715bc71a0782eaa55ca106cf0493b4"


def test_the_genuine_receipt_reads_as_on_the_day_it_was_made():
    receipt = Receipt.parse(GENUINE)
    assert receipt.format == "hocba-receipt/1"
    assert receipt.manifest.id.hex == "26b8ed770d0e45e685b43aa08a6193fa"
    assert receipt.manifest.sha256().hex() == "2802d6449d0b6b642811cd6627b050e8072916b2d73631edb9b65712d804c8e5"
    assert receipt.root_bytes.hex() == "6f79c3730768bb057b16d68bb3cfe0b289c45860471aceaaa453f3481bd38f5c"
    assert (receipt.anchor.school, receipt.anchor.school_year, receipt.manifest.first_year) == (
        "79000701",
        "2025-2026",
        2025,
    )
    assert len(receipt.proof) == 5
    assert receipt.to_json() == GENUINE


def test_members_may_stand_in_any_order_and_spacing():
    reordered = json.dumps(json.loads(GENUINE), sort_keys=True, separators=(",", ":"))
    assert Receipt.parse(reordered.encode()) == Receipt.parse(GENUINE)


@pytest.mark.parametrize("path", SPOILT, ids=[path.name.split(".")[1] for path in SPOILT])
def test_a_spoilt_receipt_is_refused(path):
    vector = json.loads(path.read_text("utf-8"))
    with pytest.raises(MalformedReceipt):
        Receipt.parse(vector["receipt"].encode())


def test_most_vectors_are_refusals():
    assert len(SPOILT) > 80


def test_bytes_that_are_no_text_are_refused():
    for data in (
        b"\xff\xfe" + GENUINE.decode().encode("utf-16-le"),
        b"\x80",
        GENUINE.replace(b"79000701", b"7900070\xb1"),
    ):
        with pytest.raises(MalformedReceipt):
            Receipt.parse(data)


def test_the_refusals_are_those_that_the_script_makes():
    assert vectors.main(["--check"]) == 0


def test_the_published_schema_is_that_of_the_model():
    assert schemas.main(["--check"]) == 0


@pytest.mark.parametrize("stale", schemas.SCHEMAS)
def test_a_stale_schema_is_told_in_both_languages(tmp_path, capsys, stale):
    assert schemas.main(["--folder", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(schemas.SCHEMAS)
    (tmp_path / stale).write_text("{}\n")
    assert schemas.main(["--check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "Hãy chạy" in said
    assert "Run:" in said
    assert schemas.main(["--folder", str(tmp_path)]) == 0
    assert schemas.main(["--check", "--folder", str(tmp_path)]) == 0


def test_the_schema_demands_every_member_that_the_genuine_receipt_has():
    schema = schemas.receipt_schema()
    assert schema["required"] == list(json.loads(GENUINE))
    manifest = schema["$defs"]["Manifest"]
    assert manifest["required"] == list(json.loads(GENUINE)["manifest"])
    assert set(manifest["properties"]) - set(manifest["required"]) == {"replaces", "units"}
    assert manifest["properties"]["units"]["minItems"] == 1
    assert all(model["additionalProperties"] is False for model in (schema, *schema["$defs"].values()))


def test_a_changed_copy_has_a_digest_of_its_own():
    receipt = Receipt.parse(GENUINE)
    digest = receipt.manifest.sha256()
    changed = receipt.manifest.model_copy(update={"record_sha256": "00" * 32})
    assert changed.sha256() == hashlib.sha256(changed.canonical()).digest() != digest
    assert receipt.manifest.model_copy() == receipt.manifest


def test_what_was_parsed_is_recomputed_and_not_remembered():
    receipt = Receipt.parse(GENUINE)
    receipt.recompute()
    receipt.manifest.sha256()
    changed = receipt.manifest.model_copy(update={"record_sha256": "00" * 32})
    with pytest.raises(ValueError, match="leaf"):
        receipt.model_copy(update={"manifest": changed}).recompute()
    with pytest.raises(ValueError, match="root"):
        receipt.model_copy(update={"root": "0x" + "11" * 32}).recompute()
