# SPDX-License-Identifier: Apache-2.0

"""The report as a PDF, before it is sealed: a tagged PDF/A-3b with one empty signature field and the verdict attached.

The same verdict and the same date give the same bytes. A template is kept for ever once reports were made with it; a change of
looks is a new file with the next version number.

Example::

    pdf = draw_report(told, verifier_url="https://hocba.example", sealed_by="Sở GDĐT …", created=now)
"""

import datetime as dt
from pathlib import Path
from typing import Final

from ledger.paper import fields, qr
from ledger.paper.typesetter import compile_pdf
from scripts.attester.reading import Told
from scripts.attester.showing import as_input, content_of

FOLDER: Final = Path(__file__).resolve().parent / "templates"
TEMPLATE: Final = "report_v1.typ"
FIELD: Final = "BIEN_BAN"
"""The report's one signature field. Its name is none of a record's, so that no seal of ours passes for a school's."""
FIELD_SPOKEN: Final = "Chữ ký số của nơi lập biên bản (seal of whoever made this report)"
FIELD_WIDTH_MM, FIELD_HEIGHT_MM = 46.0, 55.0
"""The seal's usual size (`ledger.paper.stamps`)."""
POINTS_PER_MM: Final = 72 / 25.4
ATTACHMENT: Final = "verdict.json"


def draw_report(told: Told, *, verifier_url: str, sealed_by: str, created: dt.datetime) -> bytes:
    """The report on one verdict, unsealed. `sealed_by` is whose certificate will seal it; `created` the only other time in it.

    `verifier_url` is the verifier's public address without a slash at the end. Raises a `PaperError`.
    """
    unit = told.verdict.unit
    address = f"{verifier_url}/kiem-tra" if unit is None else f"{verifier_url}/q/{unit}"
    code = qr.draw(address)
    inputs = {
        "content": as_input(content_of(told.verdict, verifier_url=verifier_url, sealed_by=sealed_by)),
        "verdict": told.machine.decode(),
        "attachment": ATTACHMENT,
        "qr": code.svg,
        "qr_side": f"{code.side_mm:.2f}",
        "address": address,
        "field": FIELD,
        "field_width": f"{FIELD_WIDTH_MM}",
        "field_height": f"{FIELD_HEIGHT_MM}",
    }
    pdf = compile_pdf(TEMPLATE, inputs, created=created, folder=FOLDER)
    return fields.lay_out_places(pdf, {FIELD: FIELD_SPOKEN})
