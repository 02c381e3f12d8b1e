# SPDX-License-Identifier: Apache-2.0

"""The desk as the agent sees it: `/agent/v1/...` over HTTP, in JSON; files as they are.

Example::

    with DeskClient.at("https://hocba.truong.edu.vn") as desk:
        desk.sign_in("an.le", password)
        for work in desk.waiting():
            print(work.class_name, work.slot, work.count)
"""

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx

from signer.agent.errors import DeskRefused, DeskUnreachable
from signer.certificate import SignerCertificate

TIMEOUT_SECONDS: Final = 60.0
"""Patience with one answer; the desk prepares and finishes in the background, so none takes long."""

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Waiting:
    """Records of one class that wait for the signer."""

    school: str
    school_year: str
    class_name: str
    slot: str
    role: str
    """In words, Vietnamese."""
    count: int
    returned: tuple[tuple[int, str], ...]
    """Place in the list and reason of what was given back to this signer."""


@dataclass(frozen=True)
class RoundProgress:
    """How far a round has come."""

    id: str
    total: int
    prepared: int
    answered: int
    stored: int
    busy: bool
    """The desk is still preparing or finishing."""
    stopped: tuple["StoppedItem", ...]
    problem: tuple[str, str] | None
    """What stopped the round as a whole, Vietnamese and English."""


@dataclass(frozen=True)
class StoppedItem:
    """A record that is not signed, and why."""

    stt: int
    vi: str
    en: str
    later: bool


@dataclass(frozen=True)
class ToSign:
    """One record of a round, as the desk describes it."""

    unit: str
    stt: int
    pupil: str
    warnings: tuple[str, ...]
    signed_at: dt.datetime
    pdf: bytes | None
    """The CMS attributes to be signed, DER; None for those who sign the XML alone."""
    pdf_place: tuple[int, int] | None
    """Where the value goes in the prepared PDF."""
    xml: bytes
    """The canonical SignedInfo to be signed."""


class DeskClient:
    """One signed-in session with a desk. Raises `DeskUnreachable` and `DeskRefused`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @classmethod
    def at(cls, url: str) -> Self:
        """The desk at this address: HTTPS, or plain HTTP on this computer alone."""
        parsed = httpx.URL(url)
        if parsed.scheme != "https" and parsed.host not in LOOPBACK:
            raise DeskRefused(
                f"Địa chỉ {url} không dùng HTTPS nên mật khẩu có thể bị lộ. Hãy dùng địa chỉ bắt đầu bằng https://.",
                f"{url} is not HTTPS, so the password could be read on the way. Use an address that begins with "
                f"https://.",
                status=0,
            )
        return cls(httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def sign_in(self, name: str, password: str) -> str:
        """Signs in with name and password; returns whom the desk takes this to be."""
        return self._session({"name": name, "password": password})

    def pair(self, code: str) -> str:
        """Signs in with the code that the desk's page shows."""
        return self._session({"code": code.strip()})

    def sign_out(self) -> None:
        """Ends the session at the desk."""
        self._ask("DELETE", "/agent/v1/session")

    def waiting(self) -> list[Waiting]:
        """What waits for this signer."""
        return [
            Waiting(
                school=each["school"],
                school_year=each["school_year"],
                class_name=each["class"],
                slot=each["slot"],
                role=each["role"],
                count=each["count"],
                returned=tuple((one["stt"], one["reason"]) for one in each["returned"]),
            )
            for each in self._json("GET", "/agent/v1/waiting")["waiting"]
        ]

    def open(self, work: Waiting, who: SignerCertificate) -> RoundProgress:
        """Opens the round for `work`, to be signed with this certificate; the desk prepares in the background."""
        body = {
            "school": work.school,
            "school_year": work.school_year,
            "class": work.class_name,
            "slot": work.slot,
            "certificate": _text(who.certificate.dump()),
            "chain": [_text(one.dump()) for one in who.chain],
        }
        return _progress(self._json("POST", "/agent/v1/rounds", json=body))

    def progress(self, round_id: str) -> RoundProgress:
        """How far the round has come."""
        return _progress(self._json("GET", f"/agent/v1/rounds/{round_id}"))

    def items(self, round_id: str) -> list[ToSign]:
        """What is to be signed, in the order of the class list."""
        return [
            ToSign(
                unit=each["unit"],
                stt=each["stt"],
                pupil=each["pupil"],
                warnings=tuple(each["warnings"]),
                signed_at=dt.datetime.fromisoformat(each["signed_at"]),
                pdf=None if each["pdf"] is None else base64.b64decode(each["pdf"]),
                pdf_place=None if each["pdf_place"] is None else (each["pdf_place"][0], each["pdf_place"][1]),
                xml=base64.b64decode(each["xml"]),
            )
            for each in self._json("GET", f"/agent/v1/rounds/{round_id}/items")["items"]
        ]

    def document(self, round_id: str, unit: str, kind: str) -> bytes:
        """One prepared document, `pdf` or `xml`."""
        return self._ask("GET", f"/agent/v1/rounds/{round_id}/items/{unit}/{kind}").content

    def answer(self, round_id: str, values: Mapping[str, tuple[bytes | None, bytes]]) -> RoundProgress:
        """Sends what the key said: by unit, the value for the PDF (if it signs there) and for the XML."""
        body = {
            "values": [
                {"unit": unit, "pdf": None if pdf is None else _text(pdf), "xml": _text(xml)}
                for unit, (pdf, xml) in values.items()
            ]
        }
        return _progress(self._json("POST", f"/agent/v1/rounds/{round_id}/values", json=body))

    def finish(self, round_id: str) -> RoundProgress:
        """Asks the desk to put in what has been answered; it goes on in the background."""
        return _progress(self._json("POST", f"/agent/v1/rounds/{round_id}/finish", json={}))

    def _session(self, body: Mapping[str, str]) -> str:
        found = self._json("POST", "/agent/v1/session", json=body)
        self._client.headers["Authorization"] = f"Bearer {found['token']}"
        return str(found["name"])

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - handed through
        answer = self._ask(method, path, **more)
        try:
            found = answer.json()
        except ValueError as error:
            raise DeskUnreachable(str(self._client.base_url), "not a desk") from error
        if not isinstance(found, dict):
            raise DeskUnreachable(str(self._client.base_url), "not a desk")
        return found

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            # `from None`: the request in the chain of causes holds the password.
            raise DeskUnreachable(str(self._client.base_url), type(error).__name__) from None
        if answer.is_success:
            return answer
        raise DeskRefused(*_words(answer), status=answer.status_code)


def _words(answer: httpx.Response) -> tuple[str, str]:
    """The desk's two sentences (RFC 9457, with `vi` and `en`), or ours for an answer without any."""
    try:
        problem = answer.json()
        return str(problem["vi"]), str(problem["en"])
    except (ValueError, KeyError, TypeError):
        code = answer.status_code
        return (
            f"Bàn làm việc trả lời mã {code}. Hãy thử lại sau ít phút; nếu vẫn vậy, hãy báo người vận hành.",
            f"The desk answered {code}. Try again in a few minutes; if it stays so, tell the operator.",
        )


def _progress(found: Mapping[str, Any]) -> RoundProgress:
    stopped: Sequence[Mapping[str, Any]] = found["stopped"]
    problem = found.get("problem")
    return RoundProgress(
        id=found["round"],
        total=found["total"],
        prepared=found["prepared"],
        answered=found["answered"],
        stored=found["stored"],
        busy=found["busy"],
        stopped=tuple(StoppedItem(one["stt"], one["vi"], one["en"], one["later"]) for one in stopped),
        problem=None if problem is None else (problem["vi"], problem["en"]),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
