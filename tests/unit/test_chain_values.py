# SPDX-License-Identifier: Apache-2.0

"""Pins, deployments and refusals as values."""

import json

import pytest

from ledger.chain import abi, errors
from ledger.chain.errors import ChainError, Malformed, Rejected
from ledger.chain.registry import RecallReason, RegistryPin
from scripts.deploy import Deployment, read_deployment, write_deployment

ADDRESS = "0x" + "aB" * 20
CODE_HASH = "0x" + "cD" * 32


def deployment(**changes) -> Deployment:
    fields = {
        "chain_id": 31337,
        "address": ADDRESS,
        "authority": "0x" + "11" * 20,
        "hand_over_delay": 259200,
        "block": 4,
        "transaction": "0x" + "22" * 32,
        "code_hash": CODE_HASH,
        "compiler": "0.8.37+commit.f401782d",
        "settings": {"evmVersion": "cancun"},
    }
    return Deployment(**fields | changes)


def test_a_pin_is_the_same_in_any_case():
    assert RegistryPin(1, ADDRESS, CODE_HASH) == RegistryPin(1, ADDRESS.lower(), CODE_HASH.lower())


@pytest.mark.parametrize(
    ("chain_id", "address", "code_hash"),
    [
        (0, ADDRESS, CODE_HASH),
        (-1, ADDRESS, CODE_HASH),
        (1, ADDRESS[:-1], CODE_HASH),
        (1, ADDRESS[2:], CODE_HASH),
        (1, ADDRESS[:-1] + "g", CODE_HASH),
        (1, ADDRESS, CODE_HASH + "00"),
        (1, ADDRESS, ""),
    ],
)
def test_a_pin_that_pins_nothing_is_refused(chain_id, address, code_hash):
    with pytest.raises(Malformed):
        RegistryPin(chain_id, address, code_hash)


def test_a_deployment_survives_its_file(tmp_path):
    path = tmp_path / "deployments" / "31337.json"
    write_deployment(deployment(), path)
    assert read_deployment(path) == deployment()
    assert read_deployment(path).pin == RegistryPin(31337, ADDRESS, CODE_HASH)


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.pop("code_hash"),
        lambda fields: fields.update(surprise=1),
        lambda fields: fields.update(address="0x12"),
        lambda fields: fields.update(chain_id=None),
        lambda fields: fields.update(code_hash=7),
    ],
)
def test_a_damaged_deployment_file_is_refused(tmp_path, change):
    path = tmp_path / "31337.json"
    write_deployment(deployment(), path)
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))
    with pytest.raises(Malformed):
        read_deployment(path)


@pytest.mark.parametrize("text", ["", "[]", "null", "{"])
def test_a_file_that_is_no_deployment_is_refused(tmp_path, text):
    path = tmp_path / "31337.json"
    path.write_text(text)
    with pytest.raises(Malformed):
        read_deployment(path)


def test_reasons_have_the_contracts_numbers():
    (recall,) = (entry for entry in abi.ARTIFACT["abi"] if entry.get("name") == "recall")
    assert recall["inputs"][3]["internalType"] == "enum ITranscriptRegistry.RecallReason"
    assert [int(reason) for reason in RecallReason] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x02\x03\x04", b"\x01\x02\x03\x04" + bytes(32)])
def test_a_revert_nobody_knows_is_rejected_without_a_name(data):
    assert abi.rejection(data).name == ""


def test_every_remedy_belongs_to_an_error_of_the_contract():
    known = {entry["name"] for entry in abi.ARTIFACT["abi"] if entry["type"] == "error"}
    assert set(errors._REMEDIES_VI) == set(errors._REMEDIES_EN) <= known


def test_a_rejection_says_what_to_do_in_both_languages():
    rejected = Rejected("UnknownSchool", {"school": b"79000401".ljust(32, b"\0")})
    assert "đề nghị Sở đăng ký" in rejected.vi
    assert "ask the authority" in rejected.en
    assert isinstance(rejected, ChainError)
