# SPDX-License-Identifier: Apache-2.0

"""The ministry's XML, both ways. `unit` and `booklet` are the two documents; what they share lies beside them.

The schema is hocba-0.xsd in this folder, with the source of each element.
"""

from ledger.record.xml.unit import PROFILE, ReadUnit, data_element, read, write

__all__ = ["PROFILE", "ReadUnit", "data_element", "read", "write"]
