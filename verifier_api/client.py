# SPDX-License-Identifier: Apache-2.0

"""A client for the public API, in one file that needs nothing but httpx: take it along.

Answers are the API's own documents (docs/api.md). A problem is raised as `Problem`, with its `code`. Whoever is told to come back
later does so, as often as `retries` allows. A verdict is only a yes if `accepts` says so.

Example::

    with Client("https://hocba.example", key=os.environ["HOCBA_KEY"]) as client:
        if accepts(client.verify(path.read_bytes())):
            ...
        for line in client.verify_archive(zip_bytes):
            print(line["name"], line["verdict"]["conclusion"])
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

TIMEOUT_SECONDS = 120.0
"""Longer than the service itself waits for a worker."""
RETRIES = 5
LONGEST_WAIT_SECONDS = 120
"""Whoever is to wait longer is told so instead: a day's quota is nothing to sleep on."""
RETRIED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
Document = Mapping[str, Any]


class Problem(Exception):
    """The service gave no answer, but a problem (RFC 9457)."""

    def __init__(self, *, status: int, code: str, detail: str, retry_after: int | None, document: Document) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        """Never renamed; docs/api.md lists them all. `unreadable` is this client's own: the answer was no answer of this API."""
        self.retry_after = retry_after
        self.document = document


@dataclass(frozen=True)
class SignedResult:
    """What a bulk job came to, and the signature that can be filed with it."""

    result: bytes
    """JSON lines; the signature is over these very bytes, so write them to a file as they are."""
    signature: bytes
    """Detached CMS, DER: `openssl cms -verify -inform DER -binary -in result.p7s -content result.jsonl …` (docs/attesting.md)."""

    def lines(self) -> Iterator[Document]:
        """`name` and `verdict` of each file."""
        return map(json.loads, self.result.splitlines())


class JobEnded(Exception):
    """A bulk job ended without a result."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the job ended as {state}; send the files again")
        self.state = state


def accepts(verdict: Document) -> bool:
    """Whether a verdict says that the file is genuine and its record in force. Anything else, an outage too, is not a yes."""
    return verdict.get("conclusion") == "TOTAL_PASSED" and verdict.get("standing") == "CURRENT"


class Client:
    """Asks one service. Not to be shared between threads."""

    def __init__(
        self,
        base_url: str,
        *,
        key: str | None = None,
        language: str = "vi",
        http: httpx.Client | None = None,
        retries: int = RETRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS) if http is None else http
        self._headers = {"Accept-Language": language, **({"Authorization": f"Bearer {key}"} if key else {})}
        self._retries = retries
        self._sleep = sleep

    def verify(self, data: bytes, *, receipt: bytes | None = None) -> Document:
        """The verdict on one file. Raises `Problem`."""
        files = {"file": ("file", data), **({} if receipt is None else {"receipt": ("receipt", receipt)})}
        return self._document(self._ask("POST", "/v1/verify", files=files))

    def report(self, data: bytes, *, receipt: bytes | None = None) -> bytes:
        """The sealed report on one file, a PDF, whatever its verdict is. Raises `Problem`."""
        files = {"file": ("file", data), **({} if receipt is None else {"receipt": ("receipt", receipt)})}
        headers = {"Accept": "application/pdf, application/problem+json"}
        return self._ask("POST", "/v1/verify/report", files=files, headers=headers).content

    def unit(self, unit_id: str) -> Document:
        """What can be said from a unit's id, or its short code. Raises `Problem`."""
        return self._document(self._ask("GET", f"/v1/units/{quote(unit_id, safe='')}"))

    def digest(self, sha256: str) -> Document:
        """What can be said from a file's SHA-256. Raises `Problem`."""
        return self._document(self._ask("GET", f"/v1/digests/{quote(sha256, safe='')}"))

    def receipt(self, sha256: str) -> bytes:
        """The receipt of the file with this SHA-256. Raises `Problem`."""
        return self._ask("GET", f"/v1/receipts/{quote(sha256, safe='')}").content

    def digests(self, asked: Sequence[str]) -> list[Document]:
        """What can be said of up to 1,000 digests, in order; needs a key. Raises `Problem`."""
        answer = self._document(self._ask("POST", "/v1/verify/batch", json={"digests": list(asked)}))
        return list(answer["digests"])

    def verify_archive(self, data: bytes, *, poll_seconds: float = 2.0) -> Iterator[Document]:
        """`name` and `verdict` of each file in a ZIP, in order, waiting for the job if it becomes one; needs a key.

        Raises `Problem` or `JobEnded`, also in the middle: what came until then is not the whole.
        """
        answer = self._ask("POST", "/v1/verify/batch", content=data, headers={"Content-Type": "application/zip"})
        if answer.status_code != HTTPStatus.ACCEPTED:
            yield from self._document(answer)["files"]
            return
        place = answer.headers["location"]
        result = self._ended(place, poll_seconds)
        yield from map(json.loads, result.splitlines())
        self._ask("DELETE", place)

    def verify_archive_signed(self, data: bytes, *, poll_seconds: float = 2.0) -> SignedResult:
        """The verdicts on the files in a ZIP, signed and time-stamped by the service's attester; needs a key.

        Raises `Problem`, with the code `report-unconfigured` where nothing is signed, or `JobEnded`.
        """
        headers = {"Content-Type": "application/zip", "Prefer": "respond-async"}
        place = self._ask("POST", "/v1/verify/batch", content=data, headers=headers).headers["location"]
        result = self._ended(place, poll_seconds)
        signed = SignedResult(result, self._ask("GET", f"{place}/result.p7s").content)
        self._ask("DELETE", place)
        return signed

    def _ended(self, place: str, poll_seconds: float) -> bytes:
        """The result of a job, once it has ended. Raises `Problem` or `JobEnded`."""
        while (job := self._document(self._ask("GET", place)))["state"] == "RUNNING":
            self._sleep(poll_seconds)
        if job["state"] != "DONE":
            raise JobEnded(str(job["state"]))
        result = self._ask("GET", str(job["result"])).content
        if len(result.splitlines()) != job["total"]:
            raise JobEnded("INCOMPLETE")
        return result

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **request: Any,  # noqa: ANN401 - httpx's own
    ) -> httpx.Response:
        sent = {**self._headers, **(headers or {})}
        for attempt in range(self._retries + 1):
            answer = self._http.request(method, self._base + path, headers=sent, **request)
            if answer.is_success:
                return answer
            problem = _problem(answer)
            wait = problem.retry_after
            if answer.status_code not in RETRIED or wait is None or wait > LONGEST_WAIT_SECONDS:
                raise problem
            if attempt < self._retries:
                self._sleep(wait)
        raise problem

    @staticmethod
    def _document(answer: httpx.Response) -> Document:
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise _problem(answer)
        return told


def _problem(answer: httpx.Response) -> Problem:
    try:
        told = answer.json()
    except ValueError:
        told = None
    document: Document = told if isinstance(told, dict) else {}
    retry = answer.headers.get("retry-after", "")
    return Problem(
        status=answer.status_code,
        code=str(document.get("code", "unreadable")),
        detail=str(document.get("detail", f"status {answer.status_code}")),
        retry_after=int(retry) if retry.isascii() and retry.isdigit() else None,
        document=document,
    )
