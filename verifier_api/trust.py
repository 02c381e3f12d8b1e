# SPDX-License-Identifier: Apache-2.0

"""What a verifier believes: one registry, the roots of each certificate hierarchy, and who may sign for which school.

A folder with `trust.json`, the roots as PEM files, and the authority's dated list of approved signers. Everything else that
a file or a receipt says about whom to trust is a hint and is not believed. Whoever runs a verifier gets this folder from the
authority by a way they trust; there is no default.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.chain.errors import ChainError
from ledger.chain.registry import RegistryPin
from ledger.proof.manifest import SchoolCode, Sha256Hex, SignerRole, first_problem
from verifier_api.errors import UnusableTrust

TRUST_FILE = "trust.json"
REVOCATIONS = "revocations"
"""Folder within the trust folder: CRLs (`*.crl`) and OCSP answers (`*.ocsp`), DER, fetched after the files were made."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegistrySettings(_Settings):
    """The pinned registry: all three must be what the node shows."""

    chain_id: Annotated[int, Field(gt=0)]
    address: str
    code_hash: str
    confirmations: Annotated[int, Field(ge=1)]
    """How deep an anchor must be before it is final; its own block counts as the first."""
    newest_block_within: Annotated[int, Field(gt=0)] | None = None
    """Seconds. A node whose newest block is older is not believed to know the newest recalls. To be set wherever blocks come
    at regular times; without it, a node that stands still is not noticed. None for chains that make blocks on demand."""


class ApprovedSigner(_Settings):
    """One line of the authority's list: who may sign, in which role, for which school, from when to when."""

    cert_sha256: Sha256Hex
    role: SignerRole
    school: SchoolCode
    valid_from: dt.datetime
    valid_to: dt.datetime | None = None

    def covers(self, *, cert_sha256: str, role: str, school: str, at: dt.datetime) -> bool:
        """Whether this line allows that signature at that time."""
        return (
            (self.cert_sha256, self.role, self.school) == (cert_sha256, role, school)
            and self.valid_from <= at
            and (self.valid_to is None or at < self.valid_to)
        )


class TrustSettings(_Settings):
    """`trust.json` as it is written."""

    format: Literal["hocba-trust/1"] = "hocba-trust/1"
    registry: RegistrySettings
    rpc: tuple[str, ...]
    """JSON-RPC addresses of nodes, to be asked unless others are named."""
    hierarchies: dict[str, tuple[str, ...]]
    """Name of a hierarchy to the file names of its root certificates, PEM."""
    intermediates: tuple[str, ...] = ()
    """File names of the authorities' own certificates, PEM. The ministry's XML carries signers' certificates only."""
    roles: dict[SignerRole, tuple[str, ...]]
    """Role to the hierarchies that may certify it."""
    revocation_lists: tuple[Annotated[str, Field(pattern=r"^https?://")], ...] = ()
    """Addresses of CRLs to be fetched into `revocations/`, beside those that the authorities' certificates name."""
    signers: tuple[ApprovedSigner, ...] | None = None
    """The authority's list; without one, the question who was approved stays UNKNOWN."""


@dataclass(frozen=True)
class Anchors:
    """Certificates to build chains with. Plain values, so that a worker process can be handed them."""

    roots: dict[str, tuple[bytes, ...]]
    """Hierarchy to its root certificates, DER: where trust ends."""
    intermediates: tuple[bytes, ...] = ()
    """DER; they help to find a way and are not believed."""
    crls: tuple[bytes, ...] = ()
    """DER: revocation as known since the files were made. Each is believed only where the authority in question signed it."""
    ocsps: tuple[bytes, ...] = ()
    """DER; the same for OCSP answers."""


@dataclass(frozen=True)
class Trust:
    """Trust settings with their roots loaded: what the verifier works with."""

    settings: TrustSettings
    pin: RegistryPin
    anchors: Anchors

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads a trust folder. Raises `UnusableTrust` naming the file and what is wrong with it."""
        path = folder / TRUST_FILE
        try:
            settings = TrustSettings.model_validate_json(path.read_bytes())
            pin = RegistryPin(
                chain_id=settings.registry.chain_id,
                address=settings.registry.address,
                code_hash=settings.registry.code_hash,
            )
        except OSError as error:
            raise UnusableTrust(str(path), error.strerror or "cannot be read") from error
        except ValidationError as error:
            raise UnusableTrust(str(path), first_problem(error)) from error
        except ChainError as error:
            raise UnusableTrust(str(path), error.en) from error
        for role, hierarchies in settings.roles.items():
            if unknown := set(hierarchies) - set(settings.hierarchies):
                raise UnusableTrust(str(path), f"{role} names unknown hierarchies {sorted(unknown)}")
        return cls(
            settings=settings,
            pin=pin,
            anchors=Anchors(
                roots={
                    name: tuple(_load(folder / file) for file in files) for name, files in settings.hierarchies.items()
                },
                intermediates=tuple(_load(folder / file) for file in settings.intermediates),
                crls=_revocations(folder, "*.crl", x509.load_der_x509_crl),
                ocsps=_revocations(folder, "*.ocsp", ocsp.load_der_ocsp_response),
            ),
        )

    def may_certify(self, root_sha256: str, role: str) -> bool:
        """Whether the root with this digest belongs to a hierarchy that may certify `role`. An unknown role: no."""
        return any(
            hashlib.sha256(root).hexdigest() == root_sha256
            for name, hierarchies in self.settings.roles.items()
            if name == role
            for hierarchy in hierarchies
            for root in self.anchors.roots[hierarchy]
        )


def _load(path: Path) -> bytes:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except OSError as error:
        raise UnusableTrust(str(path), error.strerror or "cannot be read") from error
    except ValueError as error:
        raise UnusableTrust(str(path), "not a PEM certificate") from error


def _revocations(folder: Path, pattern: str, parse: Callable[[bytes], object]) -> tuple[bytes, ...]:
    """What lies in the folder of revocations. A file that cannot be read there would make every signature doubtful later."""
    found = []
    for path in sorted((folder / REVOCATIONS).glob(pattern)):
        try:
            data = path.read_bytes()
            parse(data)
        except OSError as error:
            raise UnusableTrust(str(path), error.strerror or "cannot be read") from error
        except ValueError as error:
            raise UnusableTrust(str(path), "not a DER-encoded CRL or OCSP answer") from error
        found.append(data)
    return tuple(found)
