# SPDX-License-Identifier: Apache-2.0

"""The one PAdES profile: how every PDF signature of hocba is made, each value with its reason.

A record is kept for good while certificates live two or three years, so all that a later reader needs is put into the file
while it can still be had. Each signer's signature is PAdES-B-T; after the last one, a single *archive* revision adds the
revocation data of all of them and a document timestamp over the whole file, which makes it B-LTA (ETSI EN 319 142-1).
Nothing here is a setting: a document signed otherwise is not a hocba document, and the verifier says so.
"""

from dataclasses import dataclass
from typing import Final

from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter


@dataclass(frozen=True)
class PadesProfile:
    """The values. There is one instance, `PADES`."""

    digest: str = "sha256"
    """The chain's leaves, the XML's references and every CA in Vietnam use it; one algorithm is one thing to migrate."""

    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES
    """ETSI.CAdES.detached: the certificate is bound into the signed attributes, and the claimed time stays out of them."""

    first_certifies: MDPPerm = MDPPerm.FILL_FORMS
    """P=2 by the first signature, over fields that exist already. Not P=1: viewers then reject the document timestamps that
    keep the file alive. What P=2 lets through beyond signatures, the verifier's own difference policy refuses."""

    lock_action: str = "/Include"
    """Each field locks itself and nothing else (SIGNING.md 2): locking all would forbid the next signer to sign. No /P in
    the lock, because two permissions in one file is one too many."""

    timestamp_each_signature: bool = True
    """B-T for every signer. A document timestamp later on does not replace it: EN 319 102-1 validation answers
    SIG_CONSTRAINTS_FAILURE for signatures without one (SIGNING.md 3)."""

    signature_reserved: int = 16384
    """Hex digits for one signature container. A B-T container with a two-certificate token needs 10490; 16384 also holds
    three-certificate chains with RSA-4096. A fixed number saves the dry run, and with it a token that nobody uses."""

    timestamp_reserved: int = 12288
    """Hex digits for a document timestamp; a token with its chain is about 8000."""

    include_vri: bool = False
    """No VRI: EN 319 142-1 makes it optional, and an entry per signature would have to change with every archive revision,
    which is what the strict difference policy must forbid."""

    embed_roots: bool = False
    """A verifier trusts the roots it was given, never those in the file; leaving them out saves 2 kB per signature."""

    data_before_timestamp: bool = True
    """Validation data and document timestamp lie in one revision, the timestamp last, so that it covers the entire file.
    The stock order ends in a revision which nobody signed."""


PADES: Final = PadesProfile()
