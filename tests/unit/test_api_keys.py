# SPDX-License-Identifier: Apache-2.0

"""`hocba key`: a key is shown once, stored as a digest, opens the door, and can be shut out."""

import json

import pytest

from scripts.cli import main
from scripts.public_service import bulk_store
from scripts.settings import SETTINGS_FILE, Settings

HOME = """
[signing]
tsa = "http://127.0.0.1:1/tsa"
location = "Hà Nội"
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / SETTINGS_FILE).write_text(HOME)
    return tmp_path


def test_a_key_is_made_shown_once_and_revoked(home, capsys):
    assert main(["key", "add", "dai-hoc-a", "--per-day", "7", "--home", str(home), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    store = bulk_store(Settings.load(home))
    holder = store.holder(made["key"])
    assert (holder.name, holder.per_day, holder.revoked) == ("dai-hoc-a", 7, False)
    assert store.holder(made["key"] + "x") is None
    for path in (home / "verifier").iterdir():
        assert made["key"].encode() not in path.read_bytes()
    assert (home / "verifier").stat().st_mode & 0o777 == 0o700

    assert main(["key", "add", "dai-hoc-a", "--home", str(home)]) == 1
    assert main(["key", "revoke", "dai-hoc-a", "--home", str(home)]) == 0
    assert main(["key", "revoke", "dai-hoc-a", "--home", str(home)]) == 1
    capsys.readouterr()
    assert main(["key", "list", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": "dai-hoc-a", "per_day": 7, "used_today": 0, "revoked": True,
    }  # fmt: skip
