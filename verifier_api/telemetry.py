# SPDX-License-Identifier: Apache-2.0

"""What operators see of the service: numbers at `/metrics`, and one line of JSON for each request.

Neither says who asked or about whom: no address, no id, no digest, no file name, no body. A path is told by its route, as
`/v1/units/{unit_id}`; what matches no route has no name. So labels have few values, whatever is sent.

Example::

    telemetry = Telemetry(clock=time.perf_counter)
    app = create_app(verifier=verifier, ..., telemetry=telemetry)
    logging.basicConfig(handlers=[json_lines()], level=logging.INFO)
"""

import datetime as dt
import json
import logging
from collections.abc import Callable
from functools import lru_cache
from uuid import UUID

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifier_api.serving import Answers
from verifier_api.verdict import Verdict

METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
OTHER = "other"
NO_ROUTE = "none"
SERIES = 1_000
"""Methods, routes and status codes are few; those of nobody's routes have one name."""
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
"""Seconds: a known digest is to take less than 0.02, a file takes half a second."""

_requests_log = logging.getLogger("verifier_api.requests")


class Telemetry:
    """The numbers of one application, in a registry of its own. Safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "hocba_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "hocba_request_seconds", "Time to answer", ["route"], buckets=BUCKETS, registry=self._registry
        )
        self._verdicts = Counter(
            "hocba_verdicts", "Verdicts found", ["about", "conclusion", "standing"], registry=self._registry
        )
        # Looking a series up by its labels takes longer than counting.
        self._series_of_request = lru_cache(SERIES)(self._requests.labels)
        self._series_of_route = lru_cache(SERIES)(self._seconds.labels)
        self._series_of_verdict = lru_cache(SERIES)(self._verdicts.labels)

    def gauge(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Another number, asked for whenever numbers are read."""
        Gauge(f"hocba_{name}", about, registry=self._registry).set_function(value)

    def counted(self, verifier: Answers) -> Answers:
        """`verifier`, whose verdicts are counted."""
        return _Counted(verifier, self.verdict)

    def verdict(self, about: str, verdict: Verdict) -> Verdict:
        """Counts one verdict."""
        self._series_of_verdict(about, verdict.conclusion, verdict.standing).inc()
        return verdict

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Counts and logs one request."""
        method = method if method in METHODS else OTHER
        self._series_of_request(method, route, status).inc()
        self._series_of_route(route).observe(seconds)
        if _requests_log.isEnabledFor(logging.INFO):
            fields = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
            _requests_log.info("request", extra={"fields": fields})

    def page(self) -> Response:
        """All numbers, in Prometheus's text format."""
        return Response(
            generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
        )


class _Counted:
    """Passes questions on, and counts the answers."""

    def __init__(self, verifier: Answers, count: Callable[[str, Verdict], Verdict]) -> None:
        self._verifier = verifier
        self._count = count

    def verify(self, data: bytes, *, receipt: bytes | None = None) -> Verdict:
        return self._count("file", self._verifier.verify(data, receipt=receipt))

    def unit(self, unit_id: UUID) -> Verdict:
        return self._count("unit", self._verifier.unit(unit_id))

    def digest(self, sha256: str) -> Verdict:
        return self._count("digest", self._verifier.digest(sha256))

    def oversized(self) -> Verdict:
        return self._count("file", self._verifier.oversized())


class Watching:
    """Tells `telemetry` of each request once it is answered. The outermost layer."""

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's own
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._telemetry.clock()
        status = 0
        """Until there is an answer: the client left before."""

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._telemetry.answered(
                method=scope["method"],
                route=_route_of(scope),
                status=status,
                seconds=self._telemetry.clock() - began,
            )


class JsonLines(logging.Formatter):
    """A log record as one line of JSON. Of an error only its kind: its words and its trace may quote a request."""

    def format(self, record: logging.LogRecord) -> str:  # noqa: D102 - logging's own
        time = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def json_lines() -> logging.Handler:
    """A handler that writes such lines to the standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    return handler


def metrics_page(telemetry: Telemetry) -> Callable[[Request], Response]:
    """What answers at `/metrics`."""

    def page(_request: Request) -> Response:
        return telemetry.page()

    return page


def _route_of(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)
    if path is not None:
        return str(path)
    return "/static" if scope["path"].startswith("/static/") else NO_ROUTE
