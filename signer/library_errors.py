# SPDX-License-Identifier: Apache-2.0

"""What the PDF and CMS libraries raise over bytes that are not as they should be."""

from typing import Final

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import SigningError

LIBRARY_ERRORS: Final = (
    PdfError,
    SigningError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    OverflowError,
)
