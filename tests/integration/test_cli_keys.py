# SPDX-License-Identifier: Apache-2.0

"""What `hocba sign` says of a key before anything is prepared."""

from urllib.parse import quote

import pytest
from certified_people import certificate_of, key_of
from simulators.soft_tokens import Drawer

from scripts.cli import main
from scripts.commands.terminal import EXIT_FAILED

AN, PIN = "Lê Thị An", "271828"


@pytest.fixture
def sign(tmp_path, capsys):
    """Runs `hocba sign` with a token whose key wants its PIN each time; returns the exit status and what was said."""
    drawer = Drawer(tmp_path)
    drawer.initialise(AN, pin=PIN).put(key_of(AN), certificate_of(AN), always_authenticate=True)
    pin_file, home = tmp_path / "pin", tmp_path / "home"
    pin_file.write_text(PIN + "\n")
    assert main(["init", str(home), "--tsa", "http://127.0.0.1:9/tsa"]) == 0
    capsys.readouterr()
    place = ["--role", "GVCN", "--school", "31312502", "--year", "2025-2026", "--class", "9A1", "--home", str(home)]
    key = f"pkcs11:token={quote(AN)}?module-path={drawer.module}"

    def run(*more):
        status = main(["sign", "--key", key, *place, "--pin-file", str(pin_file), *more])
        return status, capsys.readouterr().err

    return run


def test_a_key_that_wants_its_pin_for_each_signature_is_refused_before_anything_is_looked_at(sign):
    status, said = sign()
    assert status == EXIT_FAILED
    assert "TỪNG chữ ký" in said
    assert "--repeat-pin" in said
    assert PIN not in said


def test_who_agrees_that_the_pin_is_handed_over_each_time_is_told_so_and_goes_on(sign):
    _, said = sign("--repeat-pin")
    assert "tự trao lại" in said
    assert "TỪNG chữ ký" not in said
    assert PIN not in said
