# SPDX-License-Identifier: Apache-2.0

"""The desk as the agent sees it: `/agent/v1/...` over HTTP, in JSON; files as they are.

Example::

    with DeskClient.at("https://hocba.truong.edu.vn") as desk:
        desk.sign_in("an.le", password)
        for work in desk.waiting():
            print(work.class_name, work.slot, work.count)
"""

import base64
import binascii
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Annotated, Any, Final, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from signer.agent.errors import DeskMisbehaves, DeskRefused, DeskUnreachable
from signer.certificate import SignerCertificate

TIMEOUT_SECONDS: Final = 60.0
"""Patience with one answer; the desk prepares and finishes in the background, so none takes long."""

MAX_ANSWER_BYTES: Final = 64_000_000
"""More is no answer of a desk: a paper has a few hundred kilobytes, the digests of a year group some ten million."""

MAX_RECORDS: Final = 100_000
"""No round is larger."""

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def _decoded(text: object) -> object:
    """Base64, and nothing but."""
    if not isinstance(text, str):
        return text
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error


Number = Annotated[int, Field(ge=0, le=MAX_RECORDS)]
Bytes = Annotated[bytes, BeforeValidator(_decoded)]


class _Told(BaseModel):
    """What a desk says. Newer desks may say more."""

    model_config = ConfigDict(frozen=True)


class ReturnedItem(_Told):
    """A record that was given back to this signer."""

    stt: Number
    reason: str


class Waiting(_Told):
    """Records of one class that wait for the signer."""

    school: str
    school_year: str
    class_name: Annotated[str, Field(alias="class")]
    slot: str
    role: str
    """In words, Vietnamese."""
    count: Number
    returned: tuple[ReturnedItem, ...]


class StoppedItem(_Told):
    """A record that is not signed, and why."""

    stt: Number
    vi: str
    en: str
    later: bool


class Problem(_Told):
    """What stopped a round as a whole."""

    vi: str
    en: str


class RoundProgress(_Told):
    """How far a round has come."""

    id: Annotated[UUID, Field(alias="round")]
    total: Number
    prepared: Number
    answered: Number
    stored: Number
    busy: bool
    """The desk is still preparing or finishing."""
    stopped: tuple[StoppedItem, ...]
    problem: Problem | None = None
    notice: Problem | None = None
    """What the signer should know before signing."""


class ToSign(_Told):
    """One record of a round, as the desk describes it."""

    unit: UUID
    stt: Number
    pupil: str
    warnings: tuple[str, ...]
    signed_at: AwareDatetime
    pdf: Bytes | None
    """The CMS attributes to be signed, DER; None for those who sign the XML alone."""
    pdf_place: tuple[int, int] | None
    """Where the value goes in the prepared PDF."""
    xml: Bytes
    """The canonical SignedInfo to be signed."""


class _AllWaiting(_Told):
    waiting: tuple[Waiting, ...]


class _AllToSign(_Told):
    items: Annotated[tuple[ToSign, ...], Field(max_length=MAX_RECORDS)]


class _Started(_Told):
    token: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")]
    name: str


Answer = TypeVar("Answer", bound=_Told)


class DeskClient:
    """One signed-in session with a desk. Raises `DeskUnreachable`, `DeskMisbehaves` and `DeskRefused`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @classmethod
    def at(cls, url: str) -> Self:
        """The desk at this address: HTTPS, or plain HTTP on this computer alone."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            parsed = httpx.URL("")
        if parsed.scheme not in {"http", "https"} or (parsed.scheme == "http" and parsed.host not in LOOPBACK):
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

    def waiting(self) -> tuple[Waiting, ...]:
        """What waits for this signer."""
        return self._told(_AllWaiting, "GET", "/agent/v1/waiting").waiting

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
        return self._told(RoundProgress, "POST", "/agent/v1/rounds", json=body)

    def progress(self, round_id: UUID) -> RoundProgress:
        """How far the round has come."""
        return self._told(RoundProgress, "GET", f"/agent/v1/rounds/{round_id}")

    def items(self, round_id: UUID) -> tuple[ToSign, ...]:
        """What is to be signed, in the order of the class list."""
        return self._told(_AllToSign, "GET", f"/agent/v1/rounds/{round_id}/items").items

    def document(self, round_id: UUID, unit: UUID, kind: str) -> bytes:
        """One prepared document, `pdf` or `xml`."""
        return self._ask("GET", f"/agent/v1/rounds/{round_id}/items/{unit}/{kind}")

    def answer(self, round_id: UUID, values: Mapping[UUID, tuple[bytes | None, bytes]]) -> RoundProgress:
        """Sends what the key said: by unit, the value for the PDF (if it signs there) and for the XML."""
        body = {
            "values": [
                {"unit": str(unit), "pdf": None if pdf is None else _text(pdf), "xml": _text(xml)}
                for unit, (pdf, xml) in values.items()
            ]
        }
        return self._told(RoundProgress, "POST", f"/agent/v1/rounds/{round_id}/values", json=body)

    def finish(self, round_id: UUID) -> RoundProgress:
        """Asks the desk to put in what has been answered; it goes on in the background."""
        return self._told(RoundProgress, "POST", f"/agent/v1/rounds/{round_id}/finish", json={})

    def _session(self, body: Mapping[str, str]) -> str:
        found = self._told(_Started, "POST", "/agent/v1/session", json=body)
        self._client.headers["Authorization"] = f"Bearer {found.token}"
        return found.name

    def _told(self, kind: type[Answer], method: str, path: str, **more: Any) -> Answer:  # noqa: ANN401 - handed through
        """One answer in JSON. Raises `DeskMisbehaves` for anything else."""
        try:
            return kind.model_validate_json(self._ask(method, path, **more))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            # `from None`: what was said may hold a token.
            raise DeskMisbehaves(str(self._client.base_url), f"{path}: {place} {first['type']}") from None

    def _ask(self, method: str, path: str, **more: Any) -> bytes:  # noqa: ANN401
        body = bytearray()
        try:
            with self._client.stream(method, path, **more) as answer:
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > MAX_ANSWER_BYTES:
                        raise DeskMisbehaves(
                            str(self._client.base_url), f"{path}: > {MAX_ANSWER_BYTES // 1_000_000} MB"
                        )
        except httpx.HTTPError as error:
            # `from None`: the request in the chain of causes holds the password.
            raise DeskUnreachable(str(self._client.base_url), type(error).__name__) from None
        if answer.is_success:
            return bytes(body)
        raise DeskRefused(*_words(answer.status_code, bytes(body)), status=answer.status_code)


def _words(code: int, body: bytes) -> tuple[str, str]:
    """The desk's two sentences (RFC 9457, with `vi` and `en`), or ours for an answer without any."""
    try:
        problem = json.loads(body)
        return str(problem["vi"]), str(problem["en"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return (
            f"Bàn làm việc trả lời mã {code}. Hãy thử lại sau ít phút; nếu vẫn vậy, hãy báo người vận hành.",
            f"The desk answered {code}. Try again in a few minutes; if it stays so, tell the operator.",
        )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
