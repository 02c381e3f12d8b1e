# SPDX-License-Identifier: Apache-2.0

"""A class that a school exported, through the ministry's XML and back."""

from record_documents import document

from ledger.record.check import check_workbook
from ledger.record.xml import read
from scripts.sample_class import make_workbook


def test_every_record_of_a_class_comes_back_as_it_was():
    for record in check_workbook(make_workbook(), file="9A1").class_sheet.records:
        assert read(document(record)).record == record
