# SPDX-License-Identifier: Apache-2.0

"""Asking one Ethereum node one thing: what a contract's view says at the newest block. Without web3, in a tenth of its time.

Two requests over a connection that is kept open: for the newest block, and for the call at just that block. web3 spends 3 ms on
middleware around the 0.3 ms that a node near by takes (PERFORMANCE.md, section 7), and a verifier asks nothing else. A node is a
stranger here as in `web3_node`: whatever is not an answer becomes `Unreachable`, and a node that says no is `Rejected`.
"""

import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import requests
import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy

from ledger.chain import dripping
from ledger.chain.errors import Rejected, Unreachable
from ledger.chain.registry import Head

CONNECTIONS_KEPT: Final = 16
"""Open connections kept for threads that ask at the same time."""

MAX_ANSWER_BYTES: Final = 4_000_000
"""A block's header with the hashes of its transactions has some 100 kB; who sends more wants to keep us busy."""

_QUANTITY: Final = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,15})")
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_DATA: Final = re.compile(r"0x([0-9a-fA-F]{2})*")


class LeanNode:
    """One node, by its URL. May be used from several threads."""

    def __init__(self, url: str, *, timeout: float) -> None:
        """Take the URL; nothing is asked yet. `timeout` bounds the connection and each pause; twice that bounds an answer."""
        self.name = url
        parsed = urllib3.util.parse_url(url)
        # As requests does, which `web3_node` asks by: the environment's proxies and authorities, and a password in the URL.
        said = requests.Session().merge_environment_settings(url, {}, None, None, None)
        proxy, verify = select_proxy(url, said["proxies"]), said["verify"]
        options: dict[str, Any] = {
            "maxsize": CONNECTIONS_KEPT,
            "retries": False,
            "timeout": urllib3.Timeout(connect=timeout, read=timeout),
        }
        if parsed.scheme == "https":
            options["ca_certs"] = verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH
        headers = {
            "Content-Type": "application/json",
            **(urllib3.util.make_headers(basic_auth=parsed.auth) if parsed.auth else {}),
        }
        plain = parsed._replace(auth=None).url
        pools = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        pools.pool_classes_by_scheme = dripping.POOLS
        # The way to a node is always the same, and is found out once; a proxy is told the whole address, each time.
        asked: dict[str, Any] = {"headers": headers, "redirect": False, "preload_content": False}
        self._send: Callable[..., urllib3.BaseHTTPResponse] = (
            partial(pools.urlopen, "POST", plain, **asked)
            if proxy
            else partial(pools.connection_from_url(plain).urlopen, "POST", parsed.request_uri, **asked)
        )
        self._numbers = itertools.count(1)

    def ask(self, to: str, data: bytes) -> tuple[bytes, Head]:
        """Call a view at the newest block, and return its answer and that block."""
        block = self._result("eth_getBlockByNumber", "latest", False)
        if not isinstance(block, dict):
            raise self._unusable("no newest block")
        moment = {"blockHash": self._matched(_HASH, block.get("hash"))}
        answer = self._result("eth_call", {"to": to, "data": "0x" + data.hex()}, moment)
        told = bytes.fromhex(self._matched(_DATA, answer)[2:])
        return told, Head(number=self._quantity(block.get("number")), time=self._moment(block.get("timestamp")))

    def _result(self, method: str, *params: object) -> object:
        number = next(self._numbers)
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()
        try:
            answer = self._send(body=body)
            try:
                said = answer.read(MAX_ANSWER_BYTES + 1)
            except urllib3.exceptions.HTTPError:
                answer.close()
                raise
        except urllib3.exceptions.TimeoutError as error:
            raise self._unreachable("timeout") from error
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable("no connection") from error
        if len(said) > MAX_ANSWER_BYTES:
            answer.close()  # With something left in it, this connection can't be asked again.
            raise self._unusable("too long")
        answer.release_conn()
        if answer.status != requests.codes.ok:
            raise self._unreachable(f"HTTP {answer.status}")
        try:
            told = json.loads(said)
        except (ValueError, RecursionError) as error:
            raise self._unusable(type(error).__name__) from error
        if not isinstance(told, dict) or type(told.get("id")) is not int or told["id"] != number:
            raise self._unusable("not an answer to what was asked")
        if told.get("error") is not None:
            raise Rejected("", {})
        return told.get("result")

    def _matched(self, pattern: re.Pattern[str], value: object) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise self._unusable("a value of another form")
        return value

    def _quantity(self, value: object) -> int:
        return int(self._matched(_QUANTITY, value), 16)

    def _moment(self, value: object) -> datetime:
        try:
            return datetime.fromtimestamp(self._quantity(value), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise self._unusable("no time") from error

    def _unusable(self, reason: str) -> Unreachable:
        return self._unreachable(f"unusable answer, {reason}")

    def _unreachable(self, reason: str) -> Unreachable:
        return Unreachable(self.name, reason)
