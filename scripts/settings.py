# SPDX-License-Identifier: Apache-2.0

"""Settings: read once, here, from `hocba.toml` in the ledger's folder; passed on as arguments.

The folder ("home") holds everything an installation has: settings, database, files, the school's chain key, and the trust
folder that its verifier uses. `hocba init` makes it. Addresses and pins of the chain stand in the trust folder alone, so that
what anchors and what verifies can't disagree.

Two settings may come from the environment instead: `HOCBA_FILES`, and `HOCBA_DATABASE`, because an address on PostgreSQL may hold
a password, and because the public service is to reach the same ledger under a role of its own.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import ArgumentError

from ledger.errors import LedgerError, UnusableFiles
from ledger.proof.manifest import SchoolCode, first_problem
from ledger.store.database import database_url
from ledger.store.s3_place import SCHEME, S3Place

SETTINGS_FILE = "hocba.toml"
DATABASE_VARIABLE = "HOCBA_DATABASE"
"""What stands in this variable of the environment takes the place of `database`."""
FILES_VARIABLE = "HOCBA_FILES"
"""Takes the place of `files` where it is set: one machine may reach the same store by another address."""
JOBS_VARIABLE = "HOCBA_JOBS"
"""Takes the place of `jobs` where it is set."""
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"
DEFAULT_DESK_URL = "http://127.0.0.1:8001"
DEFAULT_LOOKUPS_PER_MINUTE = 600
DEFAULT_FILES_PER_MINUTE = 60
"""Per address: schools and offices share one, so it is more than a person asks."""
DEFAULT_WORKERS = 2
"""Processes that sign or examine side by side: as many as a small machine has cores."""

TEMPLATE = """\
# Settings of this hocba installation. Paths are relative to this folder.

# What QR codes lead to: the public address of the verifier.
public_url = "{public_url}"
# SQLite by default; for many machines postgresql://user@host/hocba. The environment's HOCBA_DATABASE takes its place.
database = "sqlite:///hocba.sqlite"
# A folder, or s3://bucket/prefix?endpoint=https://... for many machines; its keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
files = "files"
# Bulk work (hocba work): SQLite by default; postgresql://... for workers on many machines. HOCBA_JOBS overrides it.
jobs = "sqlite:///jobs.sqlite"
# trust.json, root certificates, and the list of approved signers.
trust = "trust"
# Processes that sign or examine side by side.
workers = {workers}

[signing]
# The time-stamping authority (RFC 3161).
tsa = "{tsa}"
# Place of signing, as PDF viewers show it.
location = "{location}"

[public]
# What the public service keeps of its own: API keys, quotas and bulk jobs. Nothing of the ledger's.
own = "verifier"
# Per address and minute, for whoever has no API key; 0 sets no bound.
# lookups_per_minute = 600
# files_per_minute = 60
# The header in which your own reverse proxy appends the client's address. Leave it out where there is no proxy.
# proxy_header = "X-Forwarded-For"

# The service that seals reports and bulk results (hocba attest); without it there are none. Its key is not here, only a token.
# [public.attester]
# url = "http://127.0.0.1:8010"
# token_file = "keys/attester.token"

[desk]
# Where people at schools and the authority reach the desk. Anywhere else than on this computer it needs https.
public_url = "{desk_url}"

# Single sign-on beside local accounts: code flow with PKCE, redirect URI <public_url>/dang-nhap/openid/ve.
# [desk.openid]
# name = "tài khoản của Sở"
# issuer = "https://sso.example"
# client_id = "hocba"
# client_secret_file = "keys/openid-secret"

# One section per school: its operator, the chain key that anchors and recalls. Either a keystore (v3) or a signer that holds
# the key and speaks Web3Signer's API: operator = "web3signer:https://signer.example:9000/0x<account>"
# seal and seal_pin_file are for jobs that seal without anybody at the keyboard (hocba jobs add seal).
# [schools.31312502]
# operator = "keys/operator-31312502.json"
# seal = "pkcs11:token=Truong%20An%20Lac?module-path=/usr/lib/hsm.so"
# seal_pin_file = "keys/seal-31312502.pin"

# What opens the way to that signer; each is a file, and may be left out.
# [web3signer]
# authorities = "keys/signer-ca.pem"
# client_certificate = "keys/signer-client.pem"
# token = "keys/signer-token"
"""

WEB3SIGNER = "web3signer:"
"""How the name of a chain key begins that a signer elsewhere holds."""


class UnusableSettings(LedgerError):
    """The settings cannot be read, or one of them makes no sense."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"Không dùng được thiết lập {path}: {problem}. Hãy sửa tệp này, hoặc tạo mới bằng hocba init.",
            f"The settings {path} cannot be used: {problem}. Mend the file, or make a new one with hocba init.",
        )


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _known_database(database: str) -> str:
    try:
        kind = database_url(database).drivername
    except ArgumentError as error:  # Its own words would quote a password.
        raise ValueError("no address of a database") from error
    if kind not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise ValueError("neither sqlite:///… nor postgresql://…")
    return database


class SigningSettings(_Part):
    """Section `signing`."""

    tsa: Annotated[str, Field(pattern=r"^https?://")]
    location: str


class AttesterAccess(_Part):
    """Section `public.attester`: the service that seals what this verifier says."""

    url: Annotated[str, Field(pattern=r"^https://|^http://(127\.0\.0\.1|localhost|\[::1\])(:|/|$)")]
    """Elsewhere than on this machine it needs https: verdicts hold signers' names."""
    token_file: Path
    """Text; its first line is what this verifier shows there."""


class PublicSettings(_Part):
    """Section `public`."""

    own: Path = Path("verifier")
    """A folder of the public service's own."""
    lookups_per_minute: Annotated[int, Field(ge=0)] = DEFAULT_LOOKUPS_PER_MINUTE
    files_per_minute: Annotated[int, Field(ge=0)] = DEFAULT_FILES_PER_MINUTE
    proxy_header: Annotated[str, Field(pattern=r"^[A-Za-z-]+$")] | None = None
    """The header that a trusted proxy appends the client's address to."""
    attester: AttesterAccess | None = None


class OpenIdSettings(_Part):
    """Section `desk.openid`."""

    name: str
    """What people call it, on the button."""
    issuer: Annotated[str, Field(pattern=r"^https?://")]
    client_id: str
    client_secret_file: Path
    """Text; its first line is the secret."""


class DeskSettings(_Part):
    """Section `desk`."""

    public_url: Annotated[str, Field(pattern=r"^https://|^http://(127\.0\.0\.1|localhost|\[::1\])(:|/|$)")] = (
        DEFAULT_DESK_URL
    )
    openid: OpenIdSettings | None = None


class SchoolSettings(_Part):
    """Section `schools.<code>`."""

    operator: str
    """The school's chain key: a keystore's path, or `web3signer:` and where a signer holds it (`scripts.wallets`)."""
    seal: str | None = None
    """Where the seal's key is, for jobs that seal (`signer.keys.opening`); a token, an HSM, or a file."""
    seal_pin_file: Path | None = None
    """Text; its first line is the seal's PIN."""


class SignerSettings(_Part):
    """Section `web3signer`; see `ledger.chain.remote_wallet.SignerAccess`."""

    authorities: Path | None = None
    client_certificate: Path | None = None
    token: Path | None = None


class Settings(_Part):
    """All of `hocba.toml`, paths made absolute."""

    home: Path
    public_url: Annotated[str, Field(pattern=r"^https?://")] = DEFAULT_PUBLIC_URL
    database: Annotated[str, AfterValidator(_known_database)] = "sqlite:///hocba.sqlite"
    jobs: Annotated[str, AfterValidator(_known_database)] = "sqlite:///jobs.sqlite"
    """The database of bulk work, which is none of the ledger's."""
    files: str = "files"
    """A folder, or what `S3Place.parse` reads."""
    trust: Path = Path("trust")
    workers: Annotated[int, Field(ge=1, le=64)] = DEFAULT_WORKERS
    signing: SigningSettings
    public: PublicSettings = PublicSettings()
    desk: DeskSettings = DeskSettings()
    schools: dict[SchoolCode, SchoolSettings] = {}
    web3signer: SignerSettings = SignerSettings()

    def operator_of(self, school_code: str) -> str:
        """The chain key of a school, as it is named here; empty for a school without a section."""
        school = self.schools.get(school_code)
        return "" if school is None else school.operator

    @classmethod
    def load(cls, home: Path, environment: Mapping[str, str] = os.environ) -> Self:
        """Reads `home`/hocba.toml, and `environment`. Raises `UnusableSettings`, which names the file and the first problem."""
        path = home / SETTINGS_FILE
        try:
            values = tomllib.loads(path.read_text("utf-8"))
            if database := environment.get(DATABASE_VARIABLE):
                values["database"] = database
            read = cls.model_validate({"home": home, **values})
        except OSError as error:
            raise UnusableSettings(path, error.strerror or "cannot be read") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UnusableSettings(path, str(error)) from error
        except ValidationError as error:
            raise UnusableSettings(path, first_problem(error)) from error
        jobs = environment.get(JOBS_VARIABLE) or read.jobs
        return read.model_copy(
            update={
                "files": _files(environment.get(FILES_VARIABLE) or read.files, path),
                "trust": home / read.trust,
                "public": _public_at_home(read.public, home),
                "desk": _at_home(read.desk, home),
                "database": read.database.replace("sqlite:///", f"sqlite:///{home.absolute()}/", 1),
                "jobs": re.sub(r"^sqlite:///(?!/)", f"sqlite:///{home.absolute()}/", jobs),
                "schools": {code: _school_at_home(school, home) for code, school in read.schools.items()},
                "web3signer": _access_at_home(read.web3signer, home),
            }
        )


def _files(line: str, path: Path) -> str:
    """An object store's line as it is, a folder's path from `path`'s own folder."""
    if not line.startswith(SCHEME):
        return str(path.parent / line)
    try:
        S3Place.parse(line)
    except UnusableFiles as error:
        raise UnusableSettings(path, f"files: {error.problem}") from error
    return line


def _school_at_home(school: SchoolSettings, home: Path) -> SchoolSettings:
    seal, pin_file = school.seal, school.seal_pin_file
    in_file = seal is not None and not seal.startswith(("pkcs11:", "csc:"))
    return SchoolSettings(
        operator=_key_at_home(school.operator, home),
        seal=str(home / str(seal)) if in_file else seal,
        seal_pin_file=home / pin_file if pin_file else None,
    )


def _public_at_home(public: PublicSettings, home: Path) -> PublicSettings:
    access = public.attester
    if access is not None:
        access = access.model_copy(update={"token_file": home / access.token_file})
    return public.model_copy(update={"own": home / public.own, "attester": access})


def _at_home(desk: DeskSettings, home: Path) -> DeskSettings:
    if desk.openid is None:
        return desk
    secret = home / desk.openid.client_secret_file
    return desk.model_copy(update={"openid": desk.openid.model_copy(update={"client_secret_file": secret})})


def _key_at_home(named: str, home: Path) -> str:
    return named if named.startswith(WEB3SIGNER) else str(home / named)


def _access_at_home(access: SignerSettings, home: Path) -> SignerSettings:
    """The same files, by whole paths."""
    named = {name: path for name, path in access if path is not None}
    return access.model_copy(update={name: home / path for name, path in named.items()})
