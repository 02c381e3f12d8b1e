# SPDX-License-Identifier: Apache-2.0

"""The demo's attester: a folder with its key and settings, and `hocba attest` over it as a process of its own.

Example::

    write_attester(folder, pki, verifier_url="http://127.0.0.1:8000", location="Hải Phòng")
    with AttesterProcess(folder, port=free_port()) as running:
        AttestingService(running.url, (folder / TOKEN).read_text().strip())
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from asn1crypto import pem

from scripts.attesting import ATTESTER_FILE
from scripts.demo_pki import DemoPki

IDENTITY = "BIEN_BAN"
"""Whose key it is among the demo's (`scripts.demo_pki.ATTESTER`)."""
KEY, PIN, TOKEN = "attester.p12", "attester.pin", "verifier.token"
_START_SECONDS = 30.0
_POLL_SECONDS = 0.1


def write_attester(folder: Path, pki: DemoPki, *, verifier_url: str, location: str) -> None:
    """Puts key, PIN, a fresh token, roots and settings into `folder`, readable by its owner alone."""
    folder.mkdir(mode=0o700, parents=True)
    identity = pki.identities[IDENTITY]
    shutil.copy(identity.pkcs12, folder / KEY)
    for name, secret in ((PIN, identity.passphrase), (TOKEN, secrets.token_hex(32))):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret + "\n")
    roots = []
    for hierarchy in pki.roots:
        roots.append(f"{hierarchy}-root.pem")
        (folder / roots[-1]).write_bytes(pem.armor("CERTIFICATE", pki.root_certificates(hierarchy)[0]))
    listed = ", ".join(f'"{name}"' for name in roots)
    (folder / ATTESTER_FILE).write_text(
        f'key = "{KEY}"\npin_file = "{PIN}"\ntoken_file = "{TOKEN}"\ntsa = "{pki.tsa_url}"\nroots = [{listed}]\n'
        f'verifier_url = "{verifier_url}"\nlocation = "{location}"\n',
        encoding="utf-8",
    )


class AttesterProcess:
    """`hocba attest` over one folder, until closed."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        root = Path(__file__).parents[1]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "scripts",
                "attest",
                "--home",
                str(self._folder.absolute()),
                "--port",
                str(self._port),
            ],
            cwd=root,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return self
            time.sleep(_POLL_SECONDS)
        self._stop()
        raise RuntimeError(f"hocba attest did not start on {self.url}; its own words stand above")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(timeout=_START_SECONDS)
