# SPDX-License-Identifier: Apache-2.0

"""Asking the attester: the small service that seals what this verifier says, with a key that this verifier does not have.

All that is held here is its address and a token. A verdict leaves in both languages, a bulk job's result as it is; what comes
back is handed on as it came. Nothing is kept: a report is made in the request that brought the file (docs/attesting.md says why).

Example::

    attesting = AttestingService("http://127.0.0.1:8010", token)
    pdf = attesting.report(verdict)          # raises Refusal
"""

import json
import logging
from http import HTTPStatus
from typing import Any, Protocol

import httpx

from verifier_api import problems
from verifier_api.problems import Problem, Refusal
from verifier_api.verdict import Verdict

TIMEOUT_SECONDS = 45.0
"""Longer than a slow time-stamping authority takes twice, shorter than people wait."""
CONNECTING_SECONDS = 3.0
PDF_HEAD = b"%PDF-"
DER_SEQUENCE = b"\x30"

_logger = logging.getLogger(__name__)


class Attesting(Protocol):
    """Whoever has verdicts sealed: `AttestingService`."""

    def report(self, verdict: Verdict) -> bytes:
        """The sealed report on one verdict, a PDF. Raises `Refusal`."""

    def signature(self, result: bytes) -> bytes:
        """The detached CMS signature over a bulk job's result. Raises `Refusal`."""

    def stands(self) -> bool:
        """Whether it can seal; for whoever watches over the service."""


class AttestingService:
    """The attester at `url`, shown `token`. Safe to share between threads."""

    def __init__(self, url: str, token: str, *, http: httpx.Client | None = None) -> None:
        """`http` is whom to speak through; by default no proxy that the environment names learns of verdicts."""
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECTING_SECONDS)
        self._http = httpx.Client(timeout=timeout, trust_env=False) if http is None else http

    def report(self, verdict: Verdict) -> bytes:
        """The sealed report on one verdict, a PDF. Raises `Refusal`."""
        both = {"vi": verdict.to_dict("vi"), "en": verdict.to_dict("en")}
        return self._ask("/v1/reports", json.dumps(both, ensure_ascii=False).encode(), "application/json", PDF_HEAD)

    def signature(self, result: bytes) -> bytes:
        """The detached CMS signature over a bulk job's result. Raises `Refusal`."""
        return self._ask("/v1/results", result, "application/jsonl", DER_SEQUENCE)

    def stands(self) -> bool:
        """Whether it answers and can use its key."""
        try:
            return self._http.get(f"{self._url}/healthz", timeout=CONNECTING_SECONDS).status_code == HTTPStatus.OK
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _ask(self, path: str, body: bytes, media_type: str, begins: bytes) -> bytes:
        headers = {**self._headers, "Content-Type": media_type}
        try:
            answer = self._http.post(self._url + path, content=body, headers=headers)
        except httpx.HTTPError as error:
            _logger.warning("the attester does not answer: %s", type(error).__name__)
            raise Refusal(problems.REPORT_DOWN) from None
        if answer.status_code == HTTPStatus.OK and answer.content.startswith(begins):
            return answer.content
        # Its codes are few and fixed, and name nobody.
        _logger.warning("the attester sealed nothing: %s %s", answer.status_code, _code(answer))
        raise Refusal(_PROBLEMS.get(answer.status_code, problems.REPORT_DOWN))


_PROBLEMS: dict[int, Problem] = {
    HTTPStatus.UNPROCESSABLE_ENTITY: problems.REPORT_REFUSED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: problems.REPORT_REFUSED,
}
"""What asking again would not mend; all else passes, or is the operators' to mend."""


def _code(answer: httpx.Response) -> str:
    try:
        told: Any = answer.json()
    except ValueError:
        return "?"
    code = told.get("code") if isinstance(told, dict) else None
    return code if isinstance(code, str) and code.replace("-", "").isalpha() else "?"
