# SPDX-License-Identifier: Apache-2.0

"""The digest of a record: what the manifest names, and what ties XML and PDF of one unit together (rule SG-12).

SHA-256 over the exclusive C14N of `DU_LIEU_HOC_BA`. Signatures lie outside that element, so the digest is the same before
the first and after the last of them, and the same for the document and for the attachment in the PDF.
"""

import hashlib

from ledger.record.xml import data_element


def record_digest(data: bytes) -> bytes:
    """Return the 32 bytes for a whole document or for its bare data element. Raises as `xml.read` does for bad bytes."""
    return hashlib.sha256(data_element(data)).digest()
