# SPDX-License-Identifier: Apache-2.0

"""A public-key infrastructure to play with: two hierarchies, three signers or more, a time-stamping authority.

The demo and the tests need what a school really has: a seal certificate under a government root, personal certificates of
a homeroom teacher and a principal under a public root, timestamps, CRLs and OCSP answers over HTTP. certomancer plays the
authorities; this module fills in names, dates and freshly made keys, and keeps everything in one folder::

    pki.json            what is here, and the passphrases of the demo's key files (worthless outside the demo)
    certomancer.yml     the whole configuration, which certomancer's own command understands too
    keys/ certs/ p12/   keys of the authorities; certificates; a PKCS#12 file per signer

No key is ever committed: all are made at run time. Certificates are written down once and read back from then on, because
ECDSA signs differently every time and a certificate is known by its digest.

Example::

    pki = create_pki(folder, school_code="79000701", school_name="THCS Hoa Mai", teacher=Person("Lê Thị An", "079…"),
                     principal=Person("Trần Văn Bình", "079…"), host="127.0.0.1", port=free_port(), now=utc_now())
    with PkiServer(pki):
        ...  # pki.tsa_url, the CRLs and the OCSP responders answer now

With `others=STAFF` there are subject teachers, a deputy and people with unlucky certificates too: `pki.identities["GVBM-TOAN"]`.

`InProcessTimestamper` and `DemoPki.crls` do the same without a server, for tests.
"""

import argparse
import json
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml  # type: ignore[import-untyped]
from asn1crypto import crl, tsp, x509
from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, ServiceLabel
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.sign.timestamps import TimeStamper
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request

TEMPLATE = Path(__file__).with_suffix(".yml")
LAYOUT = 3
"""Raised whenever what stands in the folder changes, so that an older folder is built anew."""

SIGNERS: Mapping[str, tuple[str, str]] = {
    "GVCN": ("public", "teacher"),
    "CBQL": ("public", "principal"),
    "KY_PHAT_HANH": ("vgca", "seal"),
}
"""Role of a signer (the slot's name in MOET's XML), the hierarchy that certifies it, and its label there."""

ROOT_YEARS, CA_YEARS, TSA_YEARS, SIGNER_YEARS = 20, 10, 5, 3
_AGE_OF_CA = timedelta(days=90)
_AGE_OF_SIGNER = timedelta(days=30)
_YEAR = timedelta(days=365)
_START_SECONDS = 20.0


class DemoPkiFailure(Exception):
    """The demo's certification authority did not come up."""


@dataclass(frozen=True)
class Person:
    """Somebody invented who signs."""

    name: str
    cccd: str
    """Personal identification number; goes into the certificate's serialNumber attribute."""


@dataclass(frozen=True)
class OtherSigner:
    """Somebody who signs beside the three that every school has."""

    person: Person
    """Or an organisation with its code, if `is_organisation`."""
    hierarchy: str = "public"
    days: tuple[int, int] = (-_AGE_OF_SIGNER.days, SIGNER_YEARS * _YEAR.days)
    """From when to when the certificate is valid, counted from the day the infrastructure is made."""
    is_organisation: bool = False


STAFF: Mapping[str, OtherSigner] = {
    "GVBM-TOAN": OtherSigner(Person("Phạm Thị Toán Học", "079180000101")),
    "GVBM-NGU_VAN": OtherSigner(Person("Lý Văn Chương", "079180000102")),
    "GVBM-KHTN": OtherSigner(Person("Đỗ Thị Khoa Nguyên", "079180000103")),
    "GVCN-second": OtherSigner(Person("Hồ Thị Thay Lớp", "079180000104")),
    "GVCN-expired": OtherSigner(Person("Võ Văn Hết Hạn", "079180000105"), days=(-400, -1)),
    "GVCN-not-yet": OtherSigner(Person("Mai Thị Sắp Tới", "079180000106"), days=(1, 400)),
    "CBQL-deputy": OtherSigner(Person("Ngô Thị Phó Trường", "079170000107")),
}
"""Invented people for the demo and the tests: role and subject, or role and what is particular about them."""

ATTESTER: Mapping[str, OtherSigner] = {
    "BIEN_BAN": OtherSigner(
        Person("DEMO Nơi lập biên bản kiểm tra (not a real office)", "79000000"), hierarchy="vgca", is_organisation=True
    ),
}
"""Who seals reports in the demo and the tests: an office under the government's hierarchy, no school and no person."""


@dataclass(frozen=True)
class Identity:
    """Where one signer's key and certificate lie."""

    role: str
    hierarchy: str
    pkcs12: Path
    passphrase: str
    certificate: Path
    """The signer's certificate, DER."""

    def __repr__(self) -> str:
        return f"Identity(role={self.role!r}, pkcs12={str(self.pkcs12)!r})"


@dataclass(frozen=True)
class DemoPki:
    """What `create_pki` made, and direct access to its authorities."""

    folder: Path
    host: str
    port: int
    identities: Mapping[str, Identity]
    roots: Mapping[str, tuple[Path, ...]]
    """Root certificates (DER) per hierarchy, `vgca` and `public`: what a verifier is told to trust."""

    @property
    def base_url(self) -> str:
        """Where the server of this infrastructure answers."""
        return f"http://{self.host}:{self.port}"

    @property
    def tsa_url(self) -> str:
        """Address of the time-stamping authority."""
        return f"{self.base_url}/public/tsa/tsa"

    @cached_property
    def config(self) -> CertomancerConfig:
        """Certomancer's own view of the folder."""
        return CertomancerConfig.from_file(str(self.folder / "certomancer.yml"), key_search_dir=str(self.folder))

    def root_certificates(self, hierarchy: str) -> tuple[bytes, ...]:
        """Root certificates of one hierarchy, DER."""
        return tuple(path.read_bytes() for path in self.roots[hierarchy])

    def certificate(self, hierarchy: str, label: str) -> x509.Certificate:
        """Any certificate by its label in the configuration, e.g. `("public", "tsa")`."""
        return self.config.get_pki_arch(ArchLabel(hierarchy)).get_cert(CertLabel(label))

    def crls(self, at: datetime) -> tuple[crl.CertificateList, ...]:
        """Every CRL of both hierarchies as it stood `at` that time, without a server."""
        found = []
        for hierarchy in self.roots:
            registry = self.config.get_pki_arch(ArchLabel(hierarchy)).service_registry
            found += [registry.get_crl(repo.label, at) for repo in registry.list_crl_repos()]
        return tuple(found)

    def timestamper(self, now: Callable[[], datetime]) -> "InProcessTimestamper":
        """The time-stamping authority without a server; `now` is its clock."""
        return InProcessTimestamper(self, now)

    def revoked(self, role: str, *, since: datetime, reason: str = "key_compromise") -> "DemoPki":
        """The same infrastructure in which the certificate of `role` is revoked `since`; written to the folder.

        In whole seconds, as RFC 5280 (5.1.2.6) wants it.
        A running server must be started anew to learn of it.
        """
        path = self.folder / "certomancer.yml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        identity = self.identities[role]
        certificate = settings["pki-architectures"][identity.hierarchy]["certs"][identity.certificate.stem]
        certificate["revocation"] = {"revoked-since": since.replace(microsecond=0).isoformat(), "reason": reason}
        path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")
        return DemoPki(self.folder, self.host, self.port, self.identities, self.roots)


class InProcessTimestamper(TimeStamper):
    """The demo's time-stamping authority as an object: no network, and a clock of the caller's."""

    def __init__(self, pki: DemoPki, now: Callable[[], datetime]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._registry = pki.config.get_pki_arch(ArchLabel("public")).service_registry
        self._now = now
        self.calls = 0
        """How many tokens were asked for."""

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer as the server would."""
        self.calls += 1
        return self._registry.summon_timestamper(ServiceLabel("tsa"), self._now()).request_tsa_response(req)


class PkiServer:
    """certomancer as a process of its own, answering for one `DemoPki` until closed.

    A process and not a thread, because the signer beside it is busy with Python of its own.
    """

    def __init__(self, pki: DemoPki) -> None:
        self._pki = pki
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process that answers, while one does."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start answering. Returns once the port is open; raises `DemoPkiFailure` if that does not come to pass."""
        command = [sys.executable, "-m", "scripts.demo_pki", "serve", str(self._pki.folder)]
        self._process = subprocess.Popen(
            command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._process.stdout is None or self._process.stdout.readline().strip() != "ready":
            self.stop()
            raise DemoPkiFailure(f"certomancer did not start on {self._pki.base_url}; is the port free?")

    def stop(self) -> None:
        """Stop answering, if it is running."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.communicate(timeout=_START_SECONDS)


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def create_pki(
    folder: Path,
    *,
    school_code: str,
    school_name: str,
    teacher: Person,
    principal: Person,
    host: str,
    port: int,
    now: datetime,
    authority: str = "DEMO",
    others: Mapping[str, OtherSigner] | None = None,
) -> DemoPki:
    """Make the infrastructure in `folder`, or reuse what stands there if it is complete and for the same people.

    `now` is an aware time from which the validity of all certificates is counted. `authority` begins the name of every
    authority: CRLs are found by name, so two infrastructures that meet in one file need different ones. Whatever the folder
    held of an older or unfinished infrastructure is thrown away. `others` are signers by the names they get in `identities`.
    """
    others = others or {}
    wanted: dict[str, Any] = {
        "layout": LAYOUT,
        "school": [school_code, school_name],
        "teacher": [teacher.name, teacher.cccd],
        "principal": [principal.name, principal.cccd],
        "address": [host, port],
        "authority": authority,
        # As JSON reads it back, so that the two can be compared.
        "others": {name: {**asdict(other), "days": list(other.days)} for name, other in others.items()},
    }
    standing = _read(folder, wanted, now)
    if standing is not None:
        return standing
    for part in ("keys", "certs", "p12"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    (folder / "pki.json").unlink(missing_ok=True)
    settings = yaml.safe_load(TEMPLATE.read_text("utf-8"))
    settings["external-url-prefix"] = f"http://{host}:{port}"
    public = settings["pki-architectures"]["public"]["entities"]
    public["teacher"] = _person(teacher)
    public["principal"] = _person(principal)
    for name, other in others.items():
        architecture, label = settings["pki-architectures"][other.hierarchy], _label(name)
        architecture["entities"][label] = (_organisation if other.is_organisation else _person)(other.person)
        architecture["certs"][label] = {
            "subject": label,
            "issuer": f"{other.hierarchy}-ca",
            "profiles": ["digsig-commitment"],
            "validity": {
                bound: (now + timedelta(days=days)).isoformat()
                for bound, days in zip(("valid-from", "valid-to"), other.days, strict=True)
            },
        }
    settings["pki-architectures"]["vgca"]["entities"]["seal"] = _organisation(Person(school_name, school_code))
    for architecture in settings["pki-architectures"].values():
        names = architecture["entity-defaults"]
        names["organization-name"] = names["organization-name"].replace("DEMO", authority, 1)
        for label, certificate in architecture["certs"].items():
            certificate["subject-key"] = label
            certificate.setdefault("validity", _validity(label, now))
            settings["keysets"]["demo"]["keys"][label] = {"path": f"{label}.pem"}
            _make_key(folder / "keys" / f"{label}.pem", rsa_key=label == "seal")
    signers = _signers(wanted["others"])
    passphrases = _certify(folder, settings, signers)
    # Written last: its presence says that all the rest is there.
    index = {"for": wanted, "until": (now + _YEAR).isoformat(), "passphrases": passphrases}
    (folder / "pki.json").write_text(json.dumps(index, ensure_ascii=False, indent=1), "utf-8")
    return _describe(folder, host, port, passphrases, signers)


def _signers(others: Mapping[str, Mapping[str, Any]]) -> Mapping[str, tuple[str, str]]:
    """Name in `identities`, hierarchy and label of everybody; `others` as they stand in pki.json."""
    return {**SIGNERS, **{name: (other["hierarchy"], _label(name)) for name, other in others.items()}}


def _label(name: str) -> str:
    return name.lower().replace("_", "-")


def _person(person: Person) -> dict[str, str]:
    return {
        "organization-name": "DEMO - cá nhân (invented person)",
        "common-name": person.name,
        "serial-number": person.cccd,
    }


def _organisation(body: Person) -> dict[str, str]:
    return {"organization-name": body.name, "common-name": body.name, "serial-number": body.cccd}


def _validity(label: str, now: datetime) -> dict[str, str]:
    if label.endswith("-root"):
        start, years = now - 2 * _AGE_OF_CA, ROOT_YEARS
    elif label.endswith("-ca"):
        start, years = now - _AGE_OF_CA, CA_YEARS
    elif label in {name for _, name in SIGNERS.values()}:
        start, years = now - _AGE_OF_SIGNER, SIGNER_YEARS
    else:
        start, years = now - _AGE_OF_SIGNER, TSA_YEARS
    return {"valid-from": start.isoformat(), "valid-to": (start + years * _YEAR).isoformat()}


def _make_key(path: Path, *, rsa_key: bool) -> None:
    """P-256 for all but the seal: certomancer loads its key for every token, which takes an RSA key 34 ms of checking."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem)
    path.chmod(0o600)


def _certify(folder: Path, settings: dict[str, Any], signers: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Issue every certificate once, write it down, and pack the signers' key files."""
    issuing = CertomancerConfig(settings, key_search_dir=str(folder), config_search_dir=str(folder))
    passphrases: dict[str, str] = {}
    for hierarchy, architecture in settings["pki-architectures"].items():
        authority = issuing.get_pki_arch(ArchLabel(hierarchy))
        for label, certificate in architecture["certs"].items():
            path = folder / "certs" / f"{label}.der"
            path.write_bytes(authority.get_cert(CertLabel(label)).dump())
            certificate["certificate-file"] = f"certs/{label}.der"
    for role, (hierarchy, label) in signers.items():
        passphrases[role] = secrets.token_urlsafe(12)
        packed = issuing.get_pki_arch(ArchLabel(hierarchy)).package_pkcs12(
            CertLabel(label), password=passphrases[role].encode()
        )
        (folder / "p12" / f"{role}.p12").write_bytes(packed)
        (folder / "p12" / f"{role}.p12").chmod(0o600)
    (folder / "certomancer.yml").write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")
    return passphrases


def _read(folder: Path, wanted: Mapping[str, Any], now: datetime) -> DemoPki | None:
    try:
        index = json.loads((folder / "pki.json").read_text("utf-8"))
        if index["for"] != wanted or now >= datetime.fromisoformat(index["until"]):
            return None
        host, port = wanted["address"]
        return _describe(folder, host, port, index["passphrases"], _signers(wanted["others"]))
    except (OSError, ValueError, KeyError):
        return None


def _describe(
    folder: Path, host: str, port: int, passphrases: Mapping[str, str], signers: Mapping[str, tuple[str, str]]
) -> DemoPki:
    identities = {
        role: Identity(
            role=role,
            hierarchy=hierarchy,
            pkcs12=folder / "p12" / f"{role}.p12",
            passphrase=passphrases[role],
            certificate=folder / "certs" / f"{label}.der",
        )
        for role, (hierarchy, label) in signers.items()
    }
    roots = {hierarchy: (folder / "certs" / f"{hierarchy}-root.der",) for hierarchy in ("vgca", "public")}
    return DemoPki(folder, host, port, identities, roots)


def load_pki(folder: Path) -> DemoPki:
    """Read back what `create_pki` made. Raises `DemoPkiFailure` when the folder holds nothing complete."""
    try:
        index = json.loads((folder / "pki.json").read_text("utf-8"))
        host, port = index["for"]["address"]
        return _describe(folder, host, port, index["passphrases"], _signers(index["for"]["others"]))
    except (OSError, ValueError, KeyError) as error:
        raise DemoPkiFailure(f"{folder} holds no demo PKI; create_pki makes one") from error


class _WholeSeconds(Animator):
    """Tells times in whole seconds, as RFC 5280 and RFC 6960 want them; certomancer writes microseconds."""

    def at_time(self, request: Request) -> datetime:
        """The server's clock."""
        now: datetime = super().at_time(request)  # type: ignore[no-untyped-call]
        return now.replace(microsecond=0)


class _Silent(WSGIRequestHandler):
    """Does not write a line per request: a class of 45 asks some two hundred times."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def serve(folder: Path) -> None:
    """Answer TSA, OCSP and CRL requests until terminated. Prints `ready` once the port is open."""
    pki = load_pki(folder)
    application = _WholeSeconds(AnimatorArchStore(pki.config.pki_archs), with_web_ui=False, allow_time_override=False)
    server = make_server(pki.host, pki.port, application, threaded=True, request_handler=_Silent)
    print("ready", flush=True)
    server.serve_forever()


def main() -> None:
    """`python -m scripts.demo_pki serve FOLDER`."""
    parser = argparse.ArgumentParser(description="DEMO certification authority: serve TSA, OCSP and CRL of a folder.")
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("folder", type=Path)
    serve(parser.parse_args().folder)


if __name__ == "__main__":
    main()
