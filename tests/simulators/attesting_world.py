# SPDX-License-Identifier: Apache-2.0

"""The attester over the small world of the public side: a real key of the demo PKI, a time-stamping authority that can be down.

Certificates, signatures and tokens are real; only the network and the clock are the test's. Example::

    office = Office.opened(folder)                 # once for a module: making certificates takes a moment
    with office.world() as world:
        pdf = world.report(world.small.issue().pdf)
        world.tsa_down = True                      # from now on nothing is sealed
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
from asn1crypto import tsp
from starlette.testclient import TestClient

from scripts.attester.app import create_attester
from scripts.attester.reading import Told, read_report
from scripts.attester.sealing import Seal
from scripts.demo_pki import ATTESTER, DemoPki, InProcessTimestamper, Person, create_pki
from signer.errors import TimestampUnavailable
from signer.keys import SigningKey, load_pkcs12
from signer.validation_data import ValidationData
from tests.simulators.issuing_world import NOW, SCHOOL, SCHOOL_NAME, World
from verifier_api.attesting import AttestingService
from verifier_api.rates import Limits, Rates
from verifier_api.verdict import Verdict

TOKEN = "0123456789abcdef" * 3
URL = "https://hocba.example"
AT = "http://attester.internal"


class FallibleTimestamper(InProcessTimestamper):
    """The demo's authority, on a line that the world can cut."""

    def __init__(self, pki: DemoPki, world: "AttestingWorld") -> None:
        super().__init__(pki, lambda: world.time)
        self._world = world

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        if self._world.tsa_down:
            raise TimestampUnavailable("máy chủ dấu thời gian không trả lời", "no answer")
        return await super().async_request_tsa_response(req)


@dataclass(frozen=True)
class Office:
    """Whoever seals: certificates and key."""

    pki: DemoPki

    @classmethod
    def opened(cls, folder: Path) -> Self:
        return cls(
            create_pki(
                folder,
                school_code=SCHOOL,
                school_name=SCHOOL_NAME,
                teacher=Person("Lê Thị An", "079180000001"),
                principal=Person("Trần Văn Bình", "079170000002"),
                host="127.0.0.1",
                port=9,
                now=NOW,
                others=ATTESTER,
            )
        )

    @property
    def roots(self) -> list[bytes]:
        return [*self.pki.root_certificates("vgca"), *self.pki.root_certificates("public")]

    def key(self) -> SigningKey:
        identity = self.pki.identities["BIEN_BAN"]
        return load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)

    def world(self, **options: object) -> "AttestingWorld":
        return AttestingWorld(self, **options)


@dataclass
class AttestingWorld:
    """One running attester, and the verifier that asks it."""

    office: Office
    per_minute: int = 0
    time: dt.datetime = NOW
    tsa_down: bool = False
    open_key: Callable[[], SigningKey] | None = None
    small: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.seal = Seal(
            self.open_key or self.office.key,
            timestamper=lambda: FallibleTimestamper(self.office.pki, self),
            validation_data=lambda: ValidationData.offline(
                self.office.roots, crls=self.office.pki.crls(NOW), now=lambda: self.time
            ),
            location="TP. Hồ Chí Minh",
            now=lambda: self.time,
        )
        self.app = create_attester(
            self.seal,
            token=TOKEN,
            verifier_url=f"{URL}/",
            now=lambda: self.time,
            rates=Rates(Limits(lookups_per_minute=0, files_per_minute=self.per_minute), clock=lambda: 0.0),
        )
        self.service = AttestingService(AT, TOKEN, http=TestClient(self.app, base_url=AT))

    def verdict(self, data: bytes) -> Verdict:
        return self.small.verifier().verify(data)

    def report(self, data: bytes) -> bytes:
        """The sealed report on a file, by way of the service."""
        return self.service.report(self.verdict(data))

    def post(self, path: str, body: bytes, *, token: str | None = TOKEN, **headers: str) -> httpx.Response:
        """Straight to the service, as whoever stands before its door."""
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        return TestClient(self.app, base_url=AT).post(path, content=body, headers={**shown, **headers})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.seal.close()


def both(verdict: Verdict) -> dict[str, dict[str, object]]:
    """What the verifier sends."""
    return {"vi": verdict.to_dict("vi"), "en": verdict.to_dict("en")}


def body(said: object) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()


def told(verdict: Verdict) -> Told:
    return read_report(body(both(verdict)), now=NOW)
