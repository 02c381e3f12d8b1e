# SPDX-License-Identifier: Apache-2.0

"""How often one client may ask: a token bucket for each address, in memory.

A client is an IPv4 address or an IPv6 /64, which is what one household or one office is given. Sending a file takes a token from
another bucket than looking something up, so that a page with a QR code still opens for whoever sent many files. Style sheets and
metrics cost nothing; bulk work has quotas of its own, but whoever knocks there without a key is counted too.

Addresses are forgotten as soon as their bucket is full again, and are never logged. When there are more clients than can be
kept, the one that was heard of least recently is forgotten: memory is bounded before the rate is.

Example::

    rates = Rates(Limits(lookups_per_minute=600, files_per_minute=60), clock=time.monotonic)
    refused_for = rates.wait_of("192.0.2.1", sends_file=False)  # seconds, or 0
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from verifier_api import problems
from verifier_api.problems import Refusal

MAX_CLIENTS = 100_000
IPV6_PREFIX = 64
ROUNDING = 1e-6
"""Fractions of tokens are floats: whoever waited as long as was said is not told to wait another second."""
FREE = ("/static/", "/metrics")
UNKNOWN = "unknown"
"""All clients whose address is not known share one bucket."""


@dataclass(frozen=True)
class Limits:
    """Requests per client and minute; as many may come at once. 0 sets no bound."""

    lookups_per_minute: int
    files_per_minute: int
    proxy_header: str | None = None
    """The header whose last entry a trusted proxy wrote. None: whoever connects is the client, whatever headers say."""


@dataclass
class _Bucket:
    tokens: float
    seen: float


class Rates:
    """The buckets of one process. Used on the event loop alone, so it needs no lock."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float], max_clients: int = MAX_CLIENTS) -> None:
        self.limits = limits
        self._clock = clock
        self._max_clients = max_clients
        self._buckets: OrderedDict[tuple[str, bool], _Bucket] = OrderedDict()

    def wait_of(self, client: str, *, sends_file: bool) -> int:
        """Takes a token: 0 if there was one, else the whole seconds until there is."""
        per_minute = self.limits.files_per_minute if sends_file else self.limits.lookups_per_minute
        if per_minute == 0:
            return 0
        now = self._clock()
        bucket = self._buckets.pop((client, sends_file), None) or _Bucket(tokens=per_minute, seen=now)
        bucket.tokens = min(per_minute, bucket.tokens + (now - bucket.seen) * per_minute / 60)
        bucket.seen = now
        self._buckets[client, sends_file] = bucket
        self._forget(now)
        missing = 1 - bucket.tokens
        if missing > ROUNDING:
            return max(1, math.ceil(missing * 60 / per_minute - ROUNDING))
        bucket.tokens -= 1
        return 0

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._buckets)

    def _forget(self, now: float) -> None:
        """Those that were not heard of for a minute: their buckets are full."""
        while self._buckets:
            oldest = next(iter(self._buckets))
            if now - self._buckets[oldest].seen <= 60 and len(self._buckets) <= self._max_clients:  # noqa: PLR2004
                return
            del self._buckets[oldest]


class RateLimiting:
    """Answers whoever asks too often, before anything of the request is read."""

    def __init__(self, app: ASGIApp, *, rates: Rates, shown: Callable[[Request, Refusal], Response]) -> None:
        self._app = app
        self._rates = rates
        self._shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's own
        if scope["type"] != "http" or scope["path"].startswith(FREE):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        sends_file = scope["method"] == "POST"
        client = client_of(request, self._rates.limits.proxy_header)
        wait = self._rates.wait_of(client, sends_file=sends_file)
        if not wait:
            await self._app(scope, receive, send)
            return
        limits = self._rates.limits
        per_minute = limits.files_per_minute if sends_file else limits.lookups_per_minute
        headers = {
            "Retry-After": str(wait),
            "RateLimit-Policy": f'"minute";q={per_minute};w=60',
            "RateLimit": f'"minute";r=0;t={wait}',
        }
        refusal = Refusal(problems.TOO_MANY_REQUESTS, headers=headers, seconds=wait)
        await self._shown(request, refusal)(scope, receive, send)


def client_of(request: Request, proxy_header: str | None) -> str:
    """Whose bucket a request takes from."""
    address = request.client.host if request.client else ""
    if proxy_header is not None:
        # A proxy appends. What stands before its own entry was written by the client, who may write anything.
        given = request.headers.getlist(proxy_header)
        address = given[-1].rpartition(",")[2].strip() if given else address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_PREFIX), strict=False))
