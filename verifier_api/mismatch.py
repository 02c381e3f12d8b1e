# SPDX-License-Identifier: Apache-2.0

"""Why a file is not, byte for byte, one that was issued, in words that tell mishap from forgery. Part of step 2. Pure.

None of them may be relied on, and all are FAILED. But whoever opened a record and saved it again, whose download broke off, or
who printed it to PDF is to be told what to do, and is not to be called a forger:

* *appended*: an issued file, with something behind it;
* *shortened*: the issued record is inside, under signatures by those who signed it that hold, and what follows is missing;
* *re-saved*: the record inside is the issued one, and the file around it was written anew by some program. What its pages show is
  proven by nothing any more;
* *printed*: a PDF with neither signature nor record inside: a print-out, a scan, or something else;
* *altered*: what remains. Bytes were changed where they lie, or another record put in.
"""

from ledger.proof.manifest import Manifest
from verifier_api import checks
from verifier_api import findings as f
from verifier_api.examination import Examination, FileKind
from verifier_api.verdict import Finding, Outcome

_END_WITHIN = 1024
"""Readers look for the last `%%EOF` this far from the end (ISO 32000-1, annex H, note 18)."""


def explained(data: bytes, examination: Examination, manifest: Manifest) -> Finding:
    """How a file differs from what `manifest` says was issued."""
    if (count := checks.appended_bytes(data, manifest)) is not None:
        return f.BYTES_APPENDED(count=count)
    if printed(examination):
        return f.BYTES_PRINTED()
    if examination.claimed_unit != manifest.id:
        return f.BYTES_OTHER_RECEIPT()
    if (missing := _missing(data, examination, manifest)) is not None:
        return f.BYTES_SHORTENED(count=missing)
    if _written_anew(examination, manifest):
        return f.BYTES_RESAVED(unit=manifest.id)
    return f.BYTES_ALTERED(unit=manifest.id)


def printed(examination: Examination) -> bool:
    """Whether a PDF holds nothing that a record has: no signature, no record inside."""
    signed = examination.signatures or examination.timestamps
    return (
        examination.kind is FileKind.PDF
        and examination.problem is None
        and not signed
        and examination.record_sha256 is None
    )


def cut_off(data: bytes, kind: FileKind) -> bool:
    """Whether a file that cannot be read lacks its end, as after a download that broke off."""
    match kind:
        case FileKind.PDF:
            return b"%%EOF" not in data[-_END_WITHIN:]
        case FileKind.XML:
            return not data.rstrip().endswith(b">")
        case FileKind.OTHER:
            return False


def _missing(data: bytes, examination: Examination, manifest: Manifest) -> int | None:
    """How many bytes an issued PDF goes on after a beginning that its own signatures prove; None when they do not.

    Anybody can make a short file with signatures that hold, by people of the same names.
    """
    issued = next((file.size for file in manifest.files if file.role == FileKind.PDF.value), 0)
    if (
        examination.kind is not FileKind.PDF
        or len(data) >= issued
        or examination.record_sha256 != manifest.record_sha256
    ):
        return None
    signed, theirs = examination.signatures, {bytes.fromhex(signer.cert_sha256) for signer in manifest.signers}
    whole = (
        all(one.intact and one.valid for one in (*signed, *examination.timestamps)) and not examination.changed_after
    )
    return issued - len(data) if whole and signed and all(one.cert_sha256 in theirs for one in signed) else None


def _written_anew(examination: Examination, manifest: Manifest) -> bool:
    if examination.record_sha256 != manifest.record_sha256:
        return False
    signed = (*examination.signatures, *examination.timestamps)
    match examination.kind:
        case FileKind.PDF:
            return not any(one.in_place for one in signed)
        case FileKind.XML:
            holds = all(one.outcome is not Outcome.FAILED for one in signed)
            return bool(signed) and holds and examination.changed_after is None
        case FileKind.OTHER:
            return False
