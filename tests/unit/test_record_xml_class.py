# SPDX-License-Identifier: Apache-2.0

"""Classes that schools exported, through the ministry's XML and back: what passes the check can be written."""

import pytest
from record_documents import document, fits_schema

from ledger.record.check import check_workbook
from ledger.record.xml import read
from scripts.sample_class import make_workbook


@pytest.mark.parametrize("grade", [2, 5, 8, 9, 12])
def test_every_record_of_a_class_comes_back_as_it_was(grade):
    records = check_workbook(make_workbook(grade=grade, pupils=30), file="lop").class_sheet.records
    assert len(records) == 30
    for record in records:
        written = document(record)
        assert read(written).record == record
        assert fits_schema(written)
