# SPDX-License-Identifier: Apache-2.0

"""What was found about the signatures of one PDF, as plain values: no library's object, so that a worker can send them.

`verifier_api.signatures` makes them; the profile and the verifier draw the conclusions.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verifier_api.verdict import Outcome

MAX_FIELD_CHARACTERS: Final = 64
"""The longest field of ours has 37."""
MAX_NAME_CHARACTERS: Final = 200
"""X.520 allows a common name 64; authorities here write the whole name of an office."""
MAX_REASON_CHARACTERS: Final = 400
"""A hostile file may put a book into an error message."""
MAX_CERTIFICATE_BYTES: Final = 64 * 1024
"""One with every extension there is has 3 kB."""


def shortened(text: str, most: int) -> str:
    """What a stranger wrote, with its end cut off where it is too long: every finding about a signature repeats it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@dataclass(frozen=True)
class RevocationKnown:
    """What revocation data from outside the file, fetched since, says about every certificate on a signature's path."""

    as_of: datetime
    """When the newest data on the signer was issued."""
    until: datetime | None
    """When newer data was promised; None when nothing newer can come, because the certificates ended with this data in force."""


@dataclass(frozen=True)
class SignatureJudgement:
    """What one signature, or one document timestamp, proves."""

    field: str
    """Name of the form field, e.g. `GVCN`, shortened."""
    signer: str
    """Who signed, as the certificate says, shortened; empty if there is none to read."""
    stated_reason: str
    """/Reason as the signer wrote it: the role. Signed, but the signer's own claim; shortened."""
    cert_der: bytes
    """The signer's certificate."""
    cert_sha256: bytes
    """Digest by which manifests and signer lists know it."""
    hierarchy: str | None
    """Under which of the given hierarchies the path ends, or `None` if no path was found."""
    issuer_root_sha256: bytes | None
    """Digest of the root certificate at the end of that path."""
    claimed_at: datetime | None
    """The time the signer claims. Proves nothing."""
    timestamped_at: datetime | None
    """The time that a timestamp proves: the signature's own, or for a document timestamp what it says itself."""
    intact: bool
    """The bytes that were signed are the bytes that are there."""
    valid: bool
    """The signature value verifies with the certificate's key."""
    trusted: bool
    """The certificate was good at the proven time, under a root that was given."""
    revoked: bool
    """A certificate on its path was revoked at or before the proven time, as the data in the file says."""
    revoked_at: datetime | None
    """When it was revoked, even if that was after the proven time and so does no harm."""
    covers_entire_file: bool
    """No byte follows it."""
    sub_indication: str
    """The standard's word for it: OK, HASH_FAILURE, NO_CERTIFICATE_CHAIN_FOUND, ..."""
    outcome: Outcome
    """The status that the sub-indication belongs to: PASSED, FAILED, or UNKNOWN where the standard says INDETERMINATE."""
    reason: str
    """What the library said, for the finding's details; English, may be empty."""
    certificate_ends: datetime | None = None
    """When the certificate ends on which its time rests, unless the file itself proves that it is older; then the anchor must.

    Of a time-stamped XML signature it is that of the time-stamping authority, of one without a time-stamp the signer's own. A PDF
    proves it by document timestamps.
    """
    sub_indication_then: str = ""
    """The standard's word at the proven time, from what the file itself holds. `sub_indication` knows later news as well."""
    known: RevocationKnown | None = None
    """None when there is no such data, or not on all certificates."""
    revocation_kept: bool = True
    """Whether the file carries data from which revocation at the proven time was judged; a time-stamp alone is not enough."""
    ends_at: int | None = None
    """How many bytes of the file there were once this was made; None for an XML."""
    in_place: bool = True
    """Whether what it leaves uncovered is its own place in the file, as it is until some program writes the file anew."""


@dataclass(frozen=True)
class Attachment:
    """A file inside the file."""

    name: str
    data: bytes


@dataclass(frozen=True)
class PdfJudgement:
    """What can be said about a PDF from its signatures."""

    readable: bool
    """The bytes are a PDF whose signatures can be read at all."""
    signatures: tuple[SignatureJudgement, ...]
    """By people and the school, in the order of signing."""
    document_timestamps: tuple[SignatureJudgement, ...]
    """In the order they were made."""
    revisions_ok: bool
    """Nothing but signatures and validation data was added after the first signature."""
    revisions_problem: str | None
    """What else was added, in English, for the finding's details."""
    unsigned_fields: tuple[str, ...]
    """Laid-out fields that nobody signed."""
    attachments: tuple[Attachment, ...]
    """To be believed only if `outcome` is PASSED."""

    @property
    def outcome(self) -> Outcome:
        """The file is as good as its worst part. No signature, a foreign revision or an open field: FAILED."""
        outcomes = {judged.outcome for judged in (*self.signatures, *self.document_timestamps)}
        if not self.signatures or not self.revisions_ok or self.unsigned_fields or Outcome.FAILED in outcomes:
            return Outcome.FAILED
        return Outcome.PASSED if outcomes == {Outcome.PASSED} else Outcome.UNKNOWN
