# SPDX-License-Identifier: Apache-2.0

"""The one door to typst.

A typst compiler belongs to the thread that made it (sharing raises "Already borrowed"), so each thread keeps its own.
It sees our four fonts and no others, not even those typst brings along: what our font cannot show is refused instead
of appearing in some other face.
"""

import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

from ledger.paper.errors import NaiveTime, TypesettingFailed, UnprintableText

FOLDER = Path(__file__).resolve().parent
TEMPLATES = FOLDER / "templates"
FONTS = FOLDER / "fonts"

# typst's own words under a PDF/A standard, where a missing glyph is an error and not a small box.
_MISSING_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)


class _Thread(threading.local):
    """This thread's compilers, each made on first use: one for each folder of templates, since none sees another's."""

    def __init__(self) -> None:
        self._fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
        self._compilers: dict[Path, typst.Compiler] = {}

    def compiler(self, root: Path) -> typst.Compiler:
        """The compiler of the templates in `root`."""
        if root not in self._compilers:
            self._compilers[root] = typst.Compiler(root=str(root), font_paths=self._fonts)
        return self._compilers[root]


_thread = _Thread()


def compile_pdf(
    template: str,
    inputs: Mapping[str, str],
    *,
    created: datetime,
    folder: Path = TEMPLATES,
    **options: Any,  # noqa: ANN401 - typst's own
) -> bytes:
    """The PDF of `template` (a file name in `folder`) filled with `inputs`.

    Bytes depend on nothing but the arguments: `created` is the only time in the file. `options` are typst's own.
    Raises `UnprintableText` for a character without a glyph and `TypesettingFailed` for anything else.
    """
    if created.tzinfo is None:
        raise NaiveTime
    try:
        pdf = _thread.compiler(folder).compile(
            input=str(folder / template),
            format="pdf",
            sys_inputs=dict(inputs),
            timestamp=created.astimezone(UTC).replace(microsecond=0),
            pdf_standards="a-3b",
            **options,
        )
    except RuntimeError as error:  # TypstError is one; a template that is not there is a plain one
        reason = error.message if isinstance(error, typst.TypstError) else str(error)
        missing = _MISSING_GLYPH.search(reason)
        if missing:
            raise UnprintableText(missing[1], missing[1]) from error
        raise TypesettingFailed(reason) from error
    if not isinstance(pdf, bytes):
        raise TypesettingFailed(f"{type(pdf).__name__} instead of one file")
    return pdf
