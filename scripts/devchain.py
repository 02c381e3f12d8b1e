# SPDX-License-Identifier: Apache-2.0

"""A chain of one's own: Foundry's anvil, from npm, with its state in a file.

For demos, tests and trying things out. Its accounts come from a phrase that everybody knows, so nothing on it is worth
anything. The binary itself is started, not npm's wrapper script, so that signals reach it: on SIGINT anvil writes its state
and leaves.

    python -m scripts.devchain --state build/devchain.json --port 8545

Example::

    with Devchain(state=Path("chain.json")) as chain:
        registry = Web3Registry(chain.url, pin)
"""

import argparse
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from eth_account import Account

from ledger.chain.wallet import KeyWallet
from ledger.errors import LedgerError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8545
DEFAULT_CHAIN_ID = 31337
DEV_MNEMONIC = "test test test test test test test test test test test junk"
"""The phrase that Hardhat and Foundry give to every developer. Public: never fund it on a real chain."""
ACCOUNTS = 10
HARDFORK = "cancun"
"""The rules that the contract is compiled for."""

START_SECONDS = 20.0
STOP_SECONDS = 10.0
"""How long anvil may take to write its state before it is killed."""
POLL_SECONDS = 0.02


class DevchainError(LedgerError):
    """The chain cannot be started, and why."""


def dev_wallet(index: int, *, mnemonic: str = DEV_MNEMONIC) -> KeyWallet:
    """Return the wallet of a funded account; 0 is by custom the authority's."""
    Account.enable_unaudited_hdwallet_features()
    return KeyWallet(bytes(Account.from_mnemonic(mnemonic, account_path=f"m/44'/60'/0'/0/{index}").key))


def anvil_binary() -> Path:
    """Return the anvil binary that npm installed for this platform."""
    system = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}.get(
        platform.system(), platform.system().lower()
    )
    machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = "anvil.exe" if system == "win32" else "anvil"
    binary = ROOT / "node_modules" / "@foundry-rs" / f"anvil-{system}-{machine}" / "bin" / name
    if not binary.exists():
        raise DevchainError(
            f"Chưa có anvil cho {system}-{machine}. Hãy chạy scripts/setup.",
            f"There is no anvil for {system}-{machine} yet. Run scripts/setup.",
        )
    return binary


def free_port() -> int:
    """Return a port on the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Devchain:
    """One anvil on 127.0.0.1, from `start` until `stop`.

    It guarantees that a started chain answers, that `stop` leaves no process, and that what was mined before a `stop` is
    there again after the next `start` with the same `state` file. After a kill -9, what was mined since the last `stop` is
    lost, unless `save_every` is given.
    """

    def __init__(
        self,
        *,
        state: Path | None = None,
        port: int | None = None,
        chain_id: int = DEFAULT_CHAIN_ID,
        block_time: float | None = None,
        mnemonic: str = DEV_MNEMONIC,
        save_every: int | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """Describe the chain; nothing is started yet.

        `port` None takes a free one at every start. `block_time` in seconds; None mines every transaction at once.
        `save_every` writes the state in between, in seconds. `options` go to anvil as they are.
        """
        self._state = state
        self._wanted_port = port
        self._port = port or 0
        self._chain_id = chain_id
        self._block_time = block_time
        self._mnemonic = mnemonic
        self._save_every = save_every
        self._options = tuple(options)
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the chain answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def chain_id(self) -> int:
        """The chain id it was started with."""
        return self._chain_id

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    def wallet(self, index: int) -> KeyWallet:
        """Return the wallet of one of the funded accounts."""
        return dev_wallet(index, mnemonic=self._mnemonic)

    def start(self) -> Self:
        """Start anvil and wait until it answers."""
        if self._process is not None:
            return self
        binary = anvil_binary()
        self._port = self._wanted_port or free_port()
        if self._answered_chain_id() is not None:
            # Somebody else's chain would answer in place of ours, and ours would never start.
            raise DevchainError(
                f"Cổng {self._port} đã có một chuỗi khác. Hãy dừng chuỗi đó hoặc chọn cổng khác (--port).",
                f"Another chain did answer on port {self._port}, so ours did not start. Stop it, or choose another --port.",
            )
        if self._state is not None:
            self._state.parent.mkdir(parents=True, exist_ok=True)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as anvil runs; stop closes it
        # A session of its own: Ctrl-C in a terminal reaches this program, which then stops the chain in order.
        self._process = subprocess.Popen(
            [str(binary), *self._arguments()],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop anvil, which writes its state first. Does nothing when it is not running."""
        process, self._process = self._process, None
        if process is not None:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._output is not None:
            self._output.close()
            self._output = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _arguments(self) -> list[str]:
        words = ["--host", "127.0.0.1", "--port", str(self._port), "--chain-id", str(self._chain_id)]
        words += ["--mnemonic", self._mnemonic, "--accounts", str(ACCOUNTS), "--hardfork", HARDFORK, "--quiet"]
        if self._state is not None:
            words += ["--state", str(self._state)]
        if self._save_every is not None:
            words += ["--state-interval", str(self._save_every)]
        if self._block_time is not None:
            words += ["--block-time", str(self._block_time)]
        return [*words, *self._options]

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_SECONDS
        while self._process is not None and self._process.poll() is None and time.monotonic() < until:
            if self._answered_chain_id() == self._chain_id:
                return
            time.sleep(POLL_SECONDS)
        raise DevchainError(
            f"Chuỗi thử không khởi động được trên cổng {self._port}. Hãy chọn cổng khác hoặc kiểm tra tệp trạng thái. "
            f"{self._last_words()}",
            f"The devchain did not start on port {self._port}. Choose another port, or check its state file. "
            f"{self._last_words()}",
        )

    def _answered_chain_id(self) -> int | None:
        request = urllib.request.Request(  # noqa: S310 - our own http URL
            self.url,
            data=json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).encode(),
            headers={"Content-Type": "application/json"},
        )
        # No proxy from the environment: the chain is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=1) as answer:
                return int(json.load(answer)["result"], 16)
        except (OSError, ValueError, KeyError):
            return None

    def _last_words(self) -> str:
        if self._output is None:
            return ""
        self._output.seek(0)
        return self._output.read()[-2000:].decode(errors="replace").strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a devchain until SIGINT or SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.devchain", description=__doc__.split("\n")[0])
    parser.add_argument("--state", type=Path, help="file that keeps the chain between runs")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--chain-id", type=int, default=DEFAULT_CHAIN_ID)
    parser.add_argument("--block-time", type=float, help="seconds; without it every transaction is mined at once")
    asked = parser.parse_args(arguments)
    # SIGTERM ends it as Ctrl-C does. Blocking the signals and waiting for them would be simpler, but anvil would inherit the
    # blocked SIGINT and never write its state.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Devchain(
            state=asked.state, port=asked.port, chain_id=asked.chain_id, block_time=asked.block_time
        ) as chain:
            sys.stdout.write(f"{chain.url} (chain id {chain.chain_id}, pid {os.getpid()})\n")
            sys.stdout.flush()
            # Not signal.pause: a signal just before it would be slept through.
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        return 0
    except DevchainError as error:
        sys.stderr.write(f"{error.vi}\n{error.en}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
