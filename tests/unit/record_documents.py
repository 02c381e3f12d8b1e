# SPDX-License-Identifier: Apache-2.0

"""Documents of each level to begin from: those kept in tests/vectors/record, and what becomes of them when changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

from lxml import etree

from ledger.record.xml import read, write

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests/vectors/record"
KEPT = {path.stem.removeprefix("hocba-0").removeprefix("-") or "thcs-9": path for path in VECTORS.glob("hocba-0*.xml")}
"""Name to file. They are never written again: documents like them carry signatures."""
SCHEMA = etree.XMLSchema(etree.parse(ROOT / "ledger/record/xml/hocba-0.xsd"))

UNIT = UUID("123e4567-e89b-42d3-a456-556642440000")
OLD = UUID("7b4de9a2-1c55-4a6f-9c1e-0a5f3d2b1c00")
CREATED = datetime(2026, 5, 20, 1, 2, 3, tzinfo=UTC)
PLANNED = datetime(2026, 5, 28, 9, 30, tzinfo=timezone(timedelta(hours=7)))
RECORDS = {name: read(path.read_bytes()).record for name, path in KEPT.items()}
RECORD = RECORDS["thcs-9"]
PRIMARY = RECORDS["th-2"]


def document(record=RECORD, **changes):
    arguments = {"unit_id": UNIT, "created_at": CREATED, "planned_issue_date": PLANNED}
    return write(record, **(arguments | changes))


def changed(old, new, count=1, *, record=RECORD):
    """The document with a piece of its text replaced; the piece must be there."""
    text = document(record).decode()
    assert old in text
    return text.replace(old, new, count).encode()


def with_pupil(record=RECORD, **changes):
    return replace(record, pupil=replace(record.pupil, **changes))


def with_year(record=RECORD, **changes):
    return replace(record, year=replace(record.year, **changes))


def with_class(record=RECORD, **changes):
    return replace(record, class_info=replace(record.class_info, **changes))


def with_first_subject(record=RECORD, **changes):
    return with_year(record, subjects=(replace(record.year.subjects[0], **changes), *record.year.subjects[1:]))


def fits_schema(data):
    return SCHEMA.validate(etree.fromstring(data))
