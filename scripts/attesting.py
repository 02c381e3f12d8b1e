# SPDX-License-Identifier: Apache-2.0

"""The attester, composed: what `hocba attest` runs, from `attester.toml` in a folder of its own.

The folder holds the key (or says which token holds it), its PIN, and the token that the verifier shows. Nothing of a ledger is in
it, and nothing of the ledger's settings is read, so that the service can run on another machine, as another user.
"""

import datetime as dt
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.proof.manifest import first_problem
from scripts.attester.app import create_attester
from scripts.attester.errors import UnusableAttester
from scripts.attester.sealing import Seal
from scripts.secret_files import first_line, token_in
from signer.keys import SigningKey
from signer.keys.opening import FilePlace, open_key, place_of
from signer.keys.signing_key import Hidden
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData
from verifier_api.rates import Limits, Rates

ATTESTER_FILE = "attester.toml"
DEFAULT_PER_MINUTE = 60
"""A report takes the key some tenths of a second; this leaves it idle half of the time."""


class AttesterSettings(BaseModel):
    """All of `attester.toml`, paths made absolute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    key: str
    """Where the key is (`signer.keys.opening`): a `.p12` file, a token or HSM, a remote provider."""
    pin_file: Path
    """Text; its first line is the PIN or passphrase."""
    token_file: Path
    """Text; its first line is what the verifier has to show."""
    tsa: Annotated[str, Field(pattern=r"^https?://")]
    roots: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Root certificates (PEM) of the key's own certificate and of the time-stamping authority's."""
    verifier_url: Annotated[str, Field(pattern=r"^https?://")]
    """The public address of the verifier whose verdicts are sealed; every report names it."""
    location: str
    """Place of signing, as PDF readers show it."""
    per_minute: Annotated[int, Field(ge=0)] = DEFAULT_PER_MINUTE
    """How many pieces are sealed in a minute at most; 0 sets no bound."""

    @classmethod
    def load(cls, home: Path) -> Self:
        """Reads `home`/attester.toml. Raises `UnusableAttester`."""
        path = home / ATTESTER_FILE
        try:
            read = cls.model_validate({"home": home, **tomllib.loads(path.read_text("utf-8"))})
        except OSError as error:
            raise UnusableAttester(path, error.strerror or "cannot be read") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UnusableAttester(path, str(error)) from error
        except ValidationError as error:
            raise UnusableAttester(path, first_problem(error)) from error
        place = place_of(read.key)
        return read.model_copy(
            update={
                "key": str(home / place.path) if isinstance(place, FilePlace) else read.key,
                "pin_file": home / read.pin_file,
                "token_file": home / read.token_file,
                "roots": tuple(home / root for root in read.roots),
            }
        )


@contextmanager
def attester(settings: AttesterSettings, *, now: Callable[[], dt.datetime]) -> Iterator[FastAPI]:
    """The application with its key open; the key is given back with the `with` block.

    Raises `UnusableAttester`, or what opening the key raises.
    """
    pin = Hidden(_secret(first_line, settings.pin_file))
    roots = [root for path in settings.roots for root in _certificates(path)]

    def key() -> SigningKey:
        return open_key(settings.key, pin)

    with Seal(
        key,
        timestamper=lambda: HttpTimestamper(settings.tsa, now=now),
        validation_data=lambda: ValidationData.online(roots, now=now),
        location=settings.location,
        now=now,
    ) as seal:
        limits = Limits(lookups_per_minute=0, files_per_minute=settings.per_minute)
        yield create_attester(
            seal,
            token=_secret(token_in, settings.token_file),
            verifier_url=settings.verifier_url,
            now=now,
            rates=Rates(limits, clock=time.monotonic, max_clients=1),
        )


def _secret(read: Callable[[Path], str], path: Path) -> str:
    try:
        return read(path)
    except OSError as error:
        raise UnusableAttester(path, error.strerror or "cannot be read") from error
    except ValueError as error:  # Python's own words about bytes that are no text would quote them.
        raise UnusableAttester(path, "not text" if isinstance(error, UnicodeError) else str(error)) from None


def _certificates(path: Path) -> list[bytes]:
    try:
        return [found.public_bytes(Encoding.DER) for found in x509.load_pem_x509_certificates(path.read_bytes())]
    except OSError as error:
        raise UnusableAttester(path, error.strerror or "cannot be read") from error
    except ValueError as error:
        raise UnusableAttester(path, "no certificates in PEM") from error
