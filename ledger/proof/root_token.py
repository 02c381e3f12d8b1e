# SPDX-License-Identifier: Apache-2.0

"""A time-stamp token over a batch's root: a proof of time that needs no chain (RFC 3161).

What is stamped is the root as it stands on the chain: **the message imprint is SHA-256 of the root's 32 bytes**, and no other
algorithm. The root is itself a hash, but of keccak256; to hand it over as though it were a SHA-256 value would be a false
statement inside a signed one, and no other program would take it for what it is. So anybody can check the imprint with stock
tools::

    printf ROOT_WITHOUT_0x | xxd -r -p > root.bin
    openssl ts -verify -token_in -in token.der -data root.bin -CAfile tsa-root.pem -untrusted tsa-ca.pem

This module only reads. Whether a token was signed, and by whom, is asked where it is fetched (`signer.root_tokens`) and where
it is judged (`verifier_api.root_tokens`).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import cms

from ledger.proof.errors import MalformedToken, OverSomethingElse

IMPRINT_ALGORITHM: Final = "sha256"
MAX_TOKEN_BYTES: Final = 24 * 1024
"""A token with its chain has 2 to 6 kB, with revocation data 4 to 12; two of the longest fit into a receipt."""


@dataclass(frozen=True)
class RootToken:
    """One token over one root."""

    der: bytes
    """The ContentInfo."""
    stamped_at: datetime
    """The time that it tells."""


def root_imprint(root: bytes) -> bytes:
    """What a token over `root`, 32 bytes, holds as its message imprint."""
    return hashlib.sha256(root).digest()


def token_over(root: bytes, der: bytes) -> RootToken:
    """Reads a token, and looks whether it speaks of `root`. Raises `MalformedToken`."""
    if len(der) > MAX_TOKEN_BYTES:
        raise MalformedToken(f"a token has at most {MAX_TOKEN_BYTES} bytes, this has {len(der)}")
    try:
        signed = cms.ContentInfo.load(der, strict=True)["content"]
        content = signed["encap_content_info"]
        if content["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
            raise MalformedToken("not a time-stamp token with one signer")
        info = content["content"].parsed
        algorithm = info["message_imprint"]["hash_algorithm"]["algorithm"].native
        imprint = info["message_imprint"]["hashed_message"].native
        stamped_at = info["gen_time"].native
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise MalformedToken(f"not a time-stamp token ({type(error).__name__})") from error
    if algorithm != IMPRINT_ALGORITHM:
        raise MalformedToken(f"its imprint is {algorithm} and not {IMPRINT_ALGORITHM}")
    if imprint != root_imprint(root):
        raise OverSomethingElse("it is over something else than this root")
    if not isinstance(stamped_at, datetime) or stamped_at.tzinfo is None:
        raise MalformedToken("it tells no time")
    return RootToken(der, stamped_at)
