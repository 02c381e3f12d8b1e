# SPDX-License-Identifier: Apache-2.0

"""A node that sends a byte now and then is given up, whichever part of its answer it draws out."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ledger.chain.errors import Unreachable
from ledger.chain.lean_node import LeanNode
from ledger.chain.web3_node import Web3Node

TIMEOUT = 0.2
PAUSE = 0.05
DRIPS = 100
"""Five seconds of dripping, no pause of which is as long as the timeout."""
SOON = 2.0

PARTS = {
    "the status line": (b"", b"H"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"A:b\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nA: ", b"b"),
    "a body of known length": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
    "a body in chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a body without end": (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
}


@pytest.fixture
def dripping() -> Iterator[tuple[dict[str, bytes], str]]:
    """A server on a port of its own, which sends what its state says: `start` at once, and `drop` again and again."""
    state: dict[str, bytes] = {}
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)

    def serve() -> None:
        while not over.is_set():
            try:
                client, _ = listening.accept()
            except TimeoutError:
                continue
            with client:
                client.recv(65_536)
                try:
                    client.sendall(state["start"])
                    for _ in range(DRIPS):
                        client.sendall(state["drop"])
                        if over.wait(PAUSE):
                            return
                except OSError:
                    pass  # It was given up, which is what is asked for.

    thread = threading.Thread(target=serve)
    thread.start()
    yield state, f"http://127.0.0.1:{listening.getsockname()[1]}"
    over.set()
    thread.join()
    listening.close()


def lean(url: str) -> object:
    return LeanNode(url, timeout=TIMEOUT).ask("0x" + "11" * 20, b"")


def by_web3(url: str) -> object:
    return Web3Node(url, timeout=TIMEOUT).head()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("ask", [lean, by_web3])
def test_an_answer_that_never_ends_is_no_answer(dripping, part, ask):
    state, url = dripping
    state["start"], state["drop"] = PARTS[part]
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        ask(url)
    assert time.monotonic() - begun < SOON
