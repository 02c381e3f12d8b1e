# SPDX-License-Identifier: Apache-2.0

"""What schools and the authority decide, at the command line, over a real node: each with its own key, and in the right order."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_account import Account

from ledger.chain.web3_node import Web3Node
from ledger.chain.web3_registry import Web3Registry
from ledger.journal import JOURNAL_TOPIC, breaks
from ledger.unit import UnitState
from scripts import cli
from scripts.deploy import deploy
from scripts.devchain import Devchain
from scripts.settings import DEFAULT_DESK_URL, SETTINGS_FILE, TEMPLATE
from tests.simulators.databases import INSTALLED, installed
from tests.simulators.school_ledger import OTHER_SCHOOL, SCHOOL, YEAR, SchoolLedger, school, unit_id

pytestmark = [pytest.mark.chain, pytest.mark.slow]
PASSWORD = "mật khẩu"


@dataclass
class Town:
    """An authority and two schools over one ledger and one node; the second school has its batches sent by the authority."""

    home: Path
    ledger: SchoolLedger
    registry: Web3Registry

    def run(self, *words: object) -> int:
        return cli.main([*map(str, words), "--home", str(self.home), "--lang", "en"])

    def by_authority(self, command: str, *words: object) -> int:
        key = self.home / "authority.json"
        return self.run(command, *words, "--authority-key", key, "--pin-file", self.home / "pin", "--by", "Sở GDĐT")

    def by_school(self, command: str, *words: object) -> int:
        return self.run(command, *words, "--pin-file", self.home / "pin", "--by", "van.thu")

    def anchor(self, code: str = SCHOOL, *more: str) -> int:
        return self.by_school("anchor", "--school", code, "--year", YEAR, *more)

    def state(self, number: int) -> UnitState:
        return self.ledger.reader.unit(unit_id(number)).state


@pytest.fixture(scope="module", autouse=True)
def quick_keystores():
    """Keys are stretched for half a second each time, on purpose; not here."""
    before = Account._default_kdf, Account.encrypt
    encrypt = Account.encrypt
    Account.encrypt = lambda key, password: encrypt(key, password, kdf="pbkdf2", iterations=1000)
    yield
    Account.encrypt = before[1]


@pytest.fixture(scope="module")
def chain():
    with Devchain() as chain:
        yield chain


@pytest.fixture
def town(chain, tmp_path) -> Town:
    home = tmp_path / "home"
    (home / "trust").mkdir(parents=True)
    (home / "pin").write_text(PASSWORD + "\n", encoding="utf-8")
    node = Web3Node(chain.url)
    authority, operators = chain.wallet(0), {SCHOOL: chain.wallet(1), OTHER_SCHOOL: chain.wallet(2)}
    deployment = deploy(node, authority, sleep=lambda _: None)
    registry = Web3Registry(chain.url, deployment.pin)
    authority.write_keystore(home / "authority.json", password=PASSWORD)
    sections = ""
    for code, operator in operators.items():
        operator.write_keystore(home / f"{code}.json", password=PASSWORD)
        sections += f'\n[schools.{code}]\noperator = "{code}.json"\n'
        unsigned = registry.prepare_register_school(
            sender=authority.address,
            nonce=registry.nonce(authority.address),
            school=code,
            operator=operator.address,
            seal_certificate=b"\x05" * 32,
            consent=b"\x06" * 32,
        )
        registry.broadcast(authority.sign(unsigned).raw)
    pin = deployment.pin
    trust = {
        "format": "hocba-trust/1",
        "registry": {"chain_id": pin.chain_id, "address": pin.address, "code_hash": pin.code_hash, "confirmations": 1},
        "rpc": [chain.url],
        "hierarchies": {},
        "roles": {},
    }
    (home / "trust" / "trust.json").write_text(json.dumps(trust), encoding="utf-8")
    (home / SETTINGS_FILE).write_text(
        TEMPLATE.format(
            public_url="http://127.0.0.1:1",
            desk_url=DEFAULT_DESK_URL,
            tsa="http://127.0.0.1:1",
            location="Hải Phòng",
            workers=1,
        )
        + sections,
        encoding="utf-8",
    )
    ledger = SchoolLedger.at(installed(home) / INSTALLED)
    ledger.writer.register_school(school())
    ledger.writer.register_school(school(OTHER_SCHOOL, operators[OTHER_SCHOOL], relayed=True))
    ledger.issued(2)
    ledger.issued(1, first=50, school_code=OTHER_SCHOOL)
    return Town(home, ledger, registry)


def test_a_correction_after_the_lock_goes_its_whole_way(town, capsys):
    assert town.anchor() == 0
    assert town.by_authority("lock", YEAR) == 0
    assert (town.state(1), town.state(2), town.state(50)) == (UnitState.LOCKED, UnitState.LOCKED, UnitState.ISSUED)
    assert "79000502 has 1 records" in capsys.readouterr().err

    recall = ("recall", unit_id(1), "--reason", "wrong-data", "--note", "nhầm điểm Toán")
    assert town.by_school(*recall) == 2
    assert "hocba approve" in capsys.readouterr().err
    assert town.state(1) is UnitState.LOCKED
    assert town.by_authority("approve", unit_id(1)) == 0
    assert town.by_school(*recall) == 0
    assert town.state(1) is UnitState.RECALLED

    new = town.ledger.issued_again(town.ledger.reader.unit(unit_id(1)), 70)
    assert town.anchor() == 2
    assert town.by_authority("approve", unit_id(1)) == 0
    assert town.anchor() == 0
    assert (town.state(1), town.ledger.reader.unit(new.id).state) == (UnitState.REPLACED, UnitState.LOCKED)

    told = {entry.who: entry.why for entry, _ in town.ledger.journal.entries(subject=f"unit {unit_id(1)}")}
    assert told["van.thu"] == "nhầm điểm Toán"
    assert list(breaks(town.ledger.journal.entries())) == []


def test_a_recall_after_the_lock_is_declined_or_taken_back(town, capsys):
    assert town.anchor() == 0
    assert town.by_authority("lock", YEAR) == 0
    recall = ("recall", unit_id(1), "--reason", "wrong-data", "--note", "nhầm điểm Toán")
    assert town.by_school(*recall) == 2
    assert town.run("decline", unit_id(1), "--note", " ") == 1
    assert town.run("decline", unit_id(1), "--note", "điểm đúng", "--by", "Sở GDĐT") == 0
    assert town.run("withdraw", unit_id(1), "--note", "ghi nhầm") == 1
    assert "No recall of record" in capsys.readouterr().err
    assert town.by_school(*recall) == 2
    assert town.run("withdraw", unit_id(1), "--note", "ghi nhầm", "--by", "van.thu") == 0
    assert (town.anchor(), town.state(1)) == (0, UnitState.LOCKED)
    said = [(entry.who, entry.why) for entry, _ in town.ledger.journal.entries(subject=f"unit {unit_id(1)}")]
    assert ("Sở GDĐT", "điểm đúng") in said
    assert said[-1] == ("van.thu", "ghi nhầm")
    assert town.by_school("anchor", "--school", SCHOOL, "--year", YEAR, "--give-up") == 1
    assert (
        town.by_school("anchor", "--school", SCHOOL, "--year", YEAR, "--give-up", "--retry", "--note", "không còn") == 0
    )


def test_a_relayed_schools_batch_is_signed_here_and_sent_there(town, capsys):
    assert town.anchor(OTHER_SCHOOL) == 0
    assert "signed 1 batches" in capsys.readouterr().err
    assert town.state(50) is UnitState.ISSUED
    assert town.by_authority("carry") == 0
    assert town.state(50) is UnitState.ANCHORED
    head = town.registry.statement_at(publisher=None, topic=JOURNAL_TOPIC)
    assert head is not None
    assert town.ledger.journal.has(head.digest)


def test_what_is_not_due_is_not_closed(town):
    assert town.anchor(SCHOOL, "--due") == 0
    assert town.state(1) is UnitState.ISSUED


def test_a_lock_is_not_repeated_and_nothing_is_approved_unasked(town, capsys):
    assert town.by_authority("lock", YEAR) == 0
    assert town.by_authority("lock", YEAR) == 1
    assert town.by_authority("approve", unit_id(1)) == 1
    assert "hocba recall" in capsys.readouterr().err


def test_a_pupil_goes_to_the_other_school(town, capsys):
    assert town.anchor() == 0
    pupil = town.ledger.reader.unit(unit_id(1)).pupil_code
    release = ("transfer", "release", pupil, "--school", SCHOOL, "--to", OTHER_SCHOOL, "--year", "2026-2027")
    assert town.run(*release, "--level", "THCS", "--by", "van.thu") == 0
    assert town.run("transfer", "list", "--school", OTHER_SCHOOL) == 0
    assert "waiting" in capsys.readouterr().out
    assert town.run("transfer", "accept", 1, "--school", OTHER_SCHOOL) == 0
    assert str(unit_id(1)) in capsys.readouterr().out
    assert town.run("transfer", "withdraw", 1, "--school", SCHOOL) == 1


def test_an_amendment_keeps_its_document(town, tmp_path):
    paper = tmp_path / "quyet-dinh.pdf"
    paper.write_bytes(b"%PDF-1.7 quyet dinh")
    words = ("amend", unit_id(1), "--evidence", paper, "--note", "cải chính họ", "--by", "van.thu")
    assert town.run(*words) == 0
    ((entry, _),) = [e for e in town.ledger.journal.entries(subject=f"unit {unit_id(1)}") if e[0].who == "van.thu"]
    assert (
        town.home / "files" / entry.detail["evidence"][:2] / entry.detail["evidence"]
    ).read_bytes() == paper.read_bytes()
    assert town.by_school("recall", unit_id(1), "--reason", "civil-status") == 1


def test_trust_settings_that_cannot_be_read_decide_nothing(town):
    (town.home / "trust" / "trust.json").write_text("{}", encoding="utf-8")
    assert town.by_authority("lock", YEAR) == 3
    assert town.ledger.errands.open_acts() == []


def test_a_wrong_password_decides_nothing(town):
    (town.home / "pin").write_text("sai\n", encoding="utf-8")
    assert town.by_authority("lock", YEAR) == 1
    assert town.ledger.errands.open_acts() == []
