# SPDX-License-Identifier: Apache-2.0

"""Accounts on the command line, and the desk as it is started."""

import json
import re

import pytest

from ledger.desk.passwords import Passwords
from scripts.cli import main
from scripts.compose import Ledger
from scripts.settings import Settings, UnusableSettings
from tests.simulators.databases import installed

CHOSEN = "bốn từ dễ nhớ lắm"


@pytest.fixture
def home(tmp_path, capsys):
    folder = tmp_path / "home"
    assert main(["init", str(folder), "--tsa", "http://127.0.0.1:9/tsa"]) == 0
    capsys.readouterr()
    return installed(folder)


@pytest.fixture
def run(home, capsys):
    def run(*words: str) -> tuple[int, str, str]:
        status = main([*words, "--home", str(home)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def accounts(home):
    return Ledger.open(Settings.load(home)).desk.accounts


def add(run, name: str = "so.gd", *more: str):
    return run("account", "add", name, "--display-name", "Nguyễn Văn Sở", "--duty", "authority", *more)


def test_an_account_begins_with_an_invitation(run, accounts):
    status, out, _ = add(run)
    assert status == 0
    token = re.search(r"http://127\.0\.0\.1:8001/loi-moi/([\w-]{43})\b", out)[1]
    assert accounts.invited(token).display_name == "Nguyễn Văn Sở"
    assert accounts.password_hash("so.gd") is None
    _, again, _ = run("account", "invite", "so.gd")
    assert token not in again


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Số.Một", "--duty", "authority"), "không hợp lệ"),
        (("an", "--duty", "authority"), "không hợp lệ"),
        (("an.le", "--duty", "teacher"), "Nhiệm vụ không phù hợp"),
        (("an.le", "--duty", "authority", "--duty", "clerk"), "Nhiệm vụ không phù hợp"),
        (("an.le", "--duty", "clerk", "--school", "31999599"), "Chưa có trường mã 31999599"),
        (("so.gd", "--duty", "authority"), "đã có người dùng"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_the_reason(run, words, told):
    add(run)
    name, *more = words
    status, _, err = run("account", "add", name, "--display-name", "Lê Thị An", *more)
    assert status == 1
    assert told in err


def test_a_password_is_read_from_a_file_and_never_an_argument(run, accounts, tmp_path):
    add(run)
    file = tmp_path / "password"
    file.write_text("ngắn\n")
    status, _, err = run("account", "password", "so.gd", "--pin-file", str(file))
    assert (status, "ít nhất 12 ký tự" in err) == (1, True)
    file.write_text(f"{CHOSEN}\n")
    status, out, err = run("account", "password", "so.gd", "--pin-file", str(file))
    assert status == 0
    assert CHOSEN not in out + err
    assert Passwords().matches(accounts.password_hash("so.gd"), CHOSEN)
    assert run("account", "password", "so.gd", CHOSEN)[0] == 3


def test_accounts_are_listed_disabled_and_enabled(run):
    add(run)
    assert run("account", "disable", "so.gd")[0] == 0
    _, out, _ = run("account", "list", "--json")
    assert json.loads(out) == {
        "name": "so.gd",
        "display_name": "Nguyễn Văn Sở",
        "school": None,
        "duties": ["authority"],
        "disabled": True,
        "has_password": False,
    }
    assert "đã khóa" in run("account", "list")[1]
    assert "đang bị khóa" in run("account", "invite", "so.gd")[2]
    run("account", "enable", "so.gd")
    assert "đã khóa" not in run("account", "list")[1]
    assert run("account", "disable", "khong.ai")[0] == 1


def test_a_desk_that_others_reach_without_https_is_not_configured(home):
    settings = home / "hocba.toml"
    text = settings.read_text()
    for url in ("http://desk.example", "http://127.0.0.1.evil.example", "ftp://desk.example"):
        settings.write_text(text.replace('public_url = "http://127.0.0.1:8001"', f'public_url = "{url}"'))
        with pytest.raises(UnusableSettings, match="desk"):
            Settings.load(home)
    settings.write_text(text.replace('public_url = "http://127.0.0.1:8001"', 'public_url = "https://desk.example"'))
    assert Settings.load(home).desk.public_url == "https://desk.example"
