# SPDX-License-Identifier: Apache-2.0

"""Settings: read once, here, from `hocba.toml` in the ledger's folder; passed on as arguments.

The folder ("home") holds everything an installation has: settings, database, files, the school's chain key, and the trust
folder that its verifier uses. `hocba init` makes it. Addresses and pins of the chain stand in the trust folder alone, so that
what anchors and what verifies can't disagree.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import LedgerError
from ledger.proof.manifest import SchoolCode, first_problem

SETTINGS_FILE = "hocba.toml"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"
DEFAULT_DESK_URL = "http://127.0.0.1:8001"
DEFAULT_WORKERS = 2
"""Processes that sign or examine side by side: as many as a small machine has cores."""

TEMPLATE = """\
# Settings of this hocba installation. Paths are relative to this folder.

# What QR codes lead to: the public address of the verifier.
public_url = "{public_url}"
# SQLite by default; postgresql+psycopg://... for many machines.
database = "sqlite:///hocba.sqlite"
files = "files"
# trust.json, root certificates, and the list of approved signers.
trust = "trust"
# Processes that sign or examine side by side.
workers = {workers}

[signing]
# The time-stamping authority (RFC 3161).
tsa = "{tsa}"
# Place of signing, as PDF viewers show it.
location = "{location}"

[desk]
# Where people at schools and the authority reach the desk. Anywhere else than on this computer it needs https.
public_url = "{desk_url}"

# Single sign-on beside local accounts: code flow with PKCE, redirect URI <public_url>/dang-nhap/openid/ve.
# [desk.openid]
# name = "tài khoản của Sở"
# issuer = "https://sso.example"
# client_id = "hocba"
# client_secret_file = "keys/openid-secret"

# One section per school: the keystore (v3) of its operator, the chain key that anchors and recalls.
# [schools.31312502]
# operator = "keys/operator-31312502.json"
"""


class UnusableSettings(LedgerError):
    """The settings cannot be read, or one of them makes no sense."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"Không dùng được thiết lập {path}: {problem}. Hãy sửa tệp này, hoặc tạo mới bằng hocba init.",
            f"The settings {path} cannot be used: {problem}. Mend the file, or make a new one with hocba init.",
        )


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SigningSettings(_Part):
    """Section `signing`."""

    tsa: Annotated[str, Field(pattern=r"^https?://")]
    location: str


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

    operator: Path
    """Keystore of the school's chain key."""


class Settings(_Part):
    """All of `hocba.toml`, paths made absolute."""

    home: Path
    public_url: Annotated[str, Field(pattern=r"^https?://")] = DEFAULT_PUBLIC_URL
    database: str = "sqlite:///hocba.sqlite"
    files: Path = Path("files")
    trust: Path = Path("trust")
    workers: Annotated[int, Field(ge=1, le=64)] = DEFAULT_WORKERS
    signing: SigningSettings
    desk: DeskSettings = DeskSettings()
    schools: dict[SchoolCode, SchoolSettings] = {}

    @classmethod
    def load(cls, home: Path) -> Self:
        """Reads `home`/hocba.toml. Raises `UnusableSettings`, which names the file and the first problem."""
        path = home / SETTINGS_FILE
        try:
            values = tomllib.loads(path.read_text("utf-8"))
            read = cls.model_validate({"home": home, **values})
        except OSError as error:
            raise UnusableSettings(path, error.strerror or "cannot be read") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UnusableSettings(path, str(error)) from error
        except ValidationError as error:
            raise UnusableSettings(path, first_problem(error)) from error
        return read.model_copy(
            update={
                "files": home / read.files,
                "trust": home / read.trust,
                "desk": _at_home(read.desk, home),
                "database": read.database.replace("sqlite:///", f"sqlite:///{home.absolute()}/", 1),
                "schools": {
                    code: SchoolSettings(operator=home / school.operator) for code, school in read.schools.items()
                },
            }
        )


def _at_home(desk: DeskSettings, home: Path) -> DeskSettings:
    if desk.openid is None:
        return desk
    secret = home / desk.openid.client_secret_file
    return desk.model_copy(update={"openid": desk.openid.model_copy(update={"client_secret_file": secret})})
