# SPDX-License-Identifier: Apache-2.0

"""What a verifier believes: one registry, the roots of each certificate hierarchy, and who may sign for which school.

A folder with `trust.json`, the roots as PEM files, and the authority's dated list of approved signers: as a file of its own,
`signers.json` (`ledger.proof.signer_list`), whose digest the verifier looks for on the chain, or inside `trust.json`, vouched for
by whoever runs the verifier. Everything else that a file or a receipt says about whom to trust is a hint and is not believed.
Whoever runs a verifier gets this folder from the authority by a way they trust; there is no default.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.chain.errors import ChainError
from ledger.chain.registry import RegistryPin
from ledger.proof.errors import MalformedSignerList
from ledger.proof.manifest import SignerRole, first_problem
from ledger.proof.signer_list import ApprovedSigner, SignerList
from verifier_api.errors import UnusableTrust

TRUST_FILE = "trust.json"
SIGNERS_FILE = "signers.json"
REVOCATIONS = "revocations"
"""Folder within the trust folder: CRLs (`*.crl`) and OCSP answers (`*.ocsp`), DER, fetched after the files were made."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegistrySettings(_Settings):
    """The pinned registry: all three must be what the node shows."""

    chain_id: Annotated[int, Field(gt=0)]
    address: str
    code_hash: str
    confirmations: Annotated[int, Field(ge=1)] | Literal["finalized"]
    """How deep an anchor must be before it is final, its own block counted as the first; or as the chain itself declares."""
    newest_block_within: Annotated[int, Field(gt=0)] | None = None
    """Seconds. A node whose newest block is older is not believed to know the newest recalls. To be set wherever blocks come
    at regular times; without it, a node that stands still is not noticed. None for chains that make blocks on demand."""


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
    """The list as the operator vouches for it; instead of `signers.json`, never beside it. Without either, the question who was
    approved stays UNKNOWN."""


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

    def sha256(self) -> bytes:
        """A digest of all of it: what was judged by one set need not hold by another."""
        sha = hashlib.sha256()
        for part in (
            *(part for name in sorted(self.roots) for part in (name.encode(), *self.roots[name])),
            *(b"intermediates", *self.intermediates),
            *(b"crls", *self.crls),
            *(b"ocsps", *self.ocsps),
        ):
            sha.update(hashlib.sha256(part).digest())
        return sha.digest()


@dataclass(frozen=True)
class Trust:
    """Trust settings with their roots loaded: what the verifier works with."""

    settings: TrustSettings
    pin: RegistryPin
    anchors: Anchors
    signer_list: SignerList | None = None
    """The authority's list as it handed it out; None when there is none, or `trust.json` holds one."""

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
        signer_list = _signer_list(folder / SIGNERS_FILE)
        if signer_list is not None and settings.signers is not None:
            raise UnusableTrust(
                str(path), f"signers stand here and in {SIGNERS_FILE}; only one of them can be believed"
            )
        lines = settings.signers or () if signer_list is None else signer_list.lines
        if unknown := {line.hierarchy for line in lines if line.hierarchy is not None} - set(settings.hierarchies):
            raise UnusableTrust(str(path), f"signers are approved under unknown hierarchies {sorted(unknown)}")
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
            signer_list=signer_list,
        )

    def as_of(self, moment: dt.datetime) -> Self:
        """The same without the revocation data that was not there yet at that moment, so that nothing later shows."""
        crls = (der for der in self.anchors.crls if x509.load_der_x509_crl(der).last_update_utc <= moment)
        ocsps = (der for der in self.anchors.ocsps if _answered_at(der) <= moment)
        return replace(self, anchors=replace(self.anchors, crls=tuple(crls), ocsps=tuple(ocsps)))

    @property
    def signers(self) -> tuple[ApprovedSigner, ...] | None:
        """Every line of the authority's list, wherever it stands; None when there is no list."""
        return self.settings.signers if self.signer_list is None else self.signer_list.lines

    @cached_property
    def signer_list_sha256(self) -> bytes | None:
        """The digest of the list that was handed out; kept, as a city's list has some 20 MB."""
        return None if self.signer_list is None else self.signer_list.sha256()

    def lines_of(self, cert_sha256: str) -> tuple[ApprovedSigner, ...]:
        """The lines about one certificate."""
        return self._lines.get(cert_sha256, ())

    @cached_property
    def _lines(self) -> Mapping[str, tuple[ApprovedSigner, ...]]:
        """Lines by certificate: a city's list has a hundred thousand of them, and a class asks some two hundred times."""
        found: dict[str, list[ApprovedSigner]] = {}
        for line in self.signers or ():
            found.setdefault(line.cert_sha256, []).append(line)
        return {cert_sha256: tuple(lines) for cert_sha256, lines in found.items()}

    def may_certify(self, root_sha256: str, role: str) -> bool:
        """Whether the root with this digest belongs to a hierarchy that may certify `role`. An unknown role: no."""
        return any(
            self.belongs(root_sha256, hierarchy)
            for name, hierarchies in self.settings.roles.items()
            if name == role
            for hierarchy in hierarchies
        )

    def belongs(self, root_sha256: str, hierarchy: str) -> bool:
        """Whether the root with this digest is one of that hierarchy. An unknown hierarchy: no."""
        return any(hashlib.sha256(root).hexdigest() == root_sha256 for root in self.anchors.roots.get(hierarchy, ()))


def _answered_at(der: bytes) -> dt.datetime:
    """When an OCSP answer was made; one that tells no time tells nothing either, and is as old as can be."""
    answer = ocsp.load_der_ocsp_response(der)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return dt.datetime.min.replace(tzinfo=dt.UTC)
    return answer.produced_at_utc


def _signer_list(path: Path) -> SignerList | None:
    try:
        return SignerList.parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableTrust(str(path), error.strerror or "cannot be read") from error
    except MalformedSignerList as error:
        raise UnusableTrust(str(path), str(error)) from error


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
