# SPDX-License-Identifier: Apache-2.0

"""docs/contract.md keeps its word: its commands print what it shows, and its names are those of the contract."""

import re

import pytest
from contract_page import PAGE, Example, all_examples, examples, reader, rewritten

from ledger.chain.abi import ARTIFACT
from scripts.devchain import ROOT

TOPIC = re.compile(r"^hocba\.[a-z-]+\.v1$")
NAMES_OF_OTHERS = {"AccessControlDefaultAdminRules", "block", "cast", "leaf", "policy"}
"""What stands in code type on the page and is no name of the interface: OpenZeppelin's contract, the tool, a field of the
deployment file, one of the receipt, and the return value of `recallPolicyAt`."""


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)


def in_code_type(page: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", prose(page)))


def abi_names(*kinds: str) -> set[str]:
    return {entry["name"] for entry in ARTIFACT["abi"] if entry["type"] in kinds}


def names_of_the_interface() -> set[str]:
    """Every name that the interface gives to anything: fields, arguments and members of enums included."""
    source = (ROOT / "contracts/ITranscriptRegistry.sol").read_text(encoding="utf-8")
    code = re.sub(r"//.*", "", source)
    return set(re.findall(r"\b[A-Za-z]\w*\b", code))


@pytest.mark.chain
def test_every_command_of_the_page_prints_what_the_page_shows(page):
    shown = all_examples(page)
    with reader() as somebody:
        seen = somebody.run(shown)
    for there, here in zip(shown, seen, strict=True):
        assert str(here) == str(there), "run python tests/contracts/contract_page.py and read what changes"


def test_the_page_asks_in_the_ways_that_auditors_have(page):
    commands = "\n".join(example.command for example in all_examples(page))
    views = [
        "statusOf",
        "statusAt",
        "schoolOf",
        "keysOf",
        "operatorAt",
        "sealAt",
        "standingAt",
        "compromiseAt",
        "authorityAt",
    ]
    views += ["recallPolicyAt", "lockedAt", "statement", "statementAt", "statementCount", "defaultAdminDelay"]
    for view in views:
        assert f"'{view}(" in commands, view
    for tool in ("cast codehash", "cast keccak", "cast logs"):
        assert tool in commands, tool


def test_every_function_and_event_of_the_contract_is_named(page):
    assert abi_names("function", "event") - in_code_type(page) == set()


def test_every_name_on_the_page_is_one_of_the_contract(page):
    named = {code for code in in_code_type(page) if re.fullmatch(r"[A-Za-z_]\w*", code)}
    known = abi_names("function", "event") | names_of_the_interface() | NAMES_OF_OTHERS
    assert named - known == set()


def test_the_events_stand_beside_the_acts_that_emit_them(page):
    """As the interface says it: each function's `Emits {…}`."""
    source = (ROOT / "contracts/ITranscriptRegistry.sol").read_text(encoding="utf-8")
    told = {}
    for comment, function in re.findall(r"((?:^ +///.*\n)+) +function (\w+)", source, re.MULTILINE):
        sentences = re.sub(r"\s*///\s*", " ", comment)
        emitted = re.search(r"Emits (\{.*?)\.(?: |$)", sentences)
        if emitted:
            told[function] = set(re.findall(r"\{(\w+)\}", emitted.group(1)))
    table = [line.split("|")[1:-1] for line in prose(page).splitlines() if line.count("|") == 5]
    rows = [[set(re.findall(r"`(\w+)`", cell)) for cell in row] for row in table]
    assert len(told) > 20
    for function, events in told.items():
        beside = [row[3] for row in rows if function in row[1]]
        assert beside, function
        assert all(events <= cell for cell in beside), function


def test_the_numbers_of_the_enums_are_those_of_the_source(page):
    source = (ROOT / "contracts/ITranscriptRegistry.sol").read_text(encoding="utf-8")
    enums = {
        name: [member.strip() for member in members.split(",")]
        for name, members in re.findall(r"^    enum (\w+) \{(.*?)\}", source, re.DOTALL | re.MULTILINE)
    }
    rows = re.findall(r"^\| (\d) \|(.*)\|$", page, re.MULTILINE)
    columns = zip(*([cell.strip(" `") for cell in cells.split("|")] for _, cells in rows), strict=True)
    assert [int(number) for number, _ in rows] == list(range(len(rows)))
    shown = [[member for member in column if member] for column in columns]
    assert shown == [enums[name] for name in ("Standing", "RecallReason", "Recaller", "RecallPolicy")]


def test_the_fields_of_a_status_are_those_of_the_contract(page):
    lists = re.findall(r"^\$ FIELDS\+?='(.*)'$", page, re.MULTILINE)
    outputs = next(entry["outputs"] for entry in ARTIFACT["abi"] if entry.get("name") == "statusOf")
    assert "".join(lists).split(",") == [f"{field['type']} {field['name']}" for field in outputs[0]["components"]]


def test_topics_have_a_name_and_a_version_and_stand_once(page):
    topics = re.findall(r"^\| `(hocba\.[^`]+)` \|", page, re.MULTILINE)
    assert topics
    assert all(TOPIC.match(topic) for topic in topics)
    assert len(set(topics)) == len(topics)


def test_an_example_is_a_command_with_its_further_lines_and_its_output():
    block = "$ one \\\n    two\nseen\n\nseen again\n$ quiet\n"
    assert list(examples(block)) == [Example("one \\\n    two", "seen\n\nseen again\n"), Example("quiet", "")]


def test_the_page_can_be_written_anew_from_what_was_seen():
    page = "text\n```console\n$ one\nold\n```\nmore\n```sh\n$ left alone\n```\n```console\n$ two\n```\n"
    seen = [Example("one", "new\n"), Example("two", "also\n")]
    assert rewritten(page, seen) == page.replace("old", "new").replace("$ two\n", "$ two\nalso\n")
