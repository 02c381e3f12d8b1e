# SPDX-License-Identifier: Apache-2.0

"""How many periods a year a secondary subject has, where the school does not say.

Only one thing hangs on it: how many regular marks a semester asks for (TT-02). The numbers are those of the 2018
curriculum *as remembered*, not checked against a text at hand, and schools may divide the hours otherwise. So whatever
is judged by this table is a warning; an error needs the number that the school wrote into `Phân công`.
"""

from collections.abc import Mapping
from typing import Final

from ledger.record.subjects import Level, Subject

_THCS: Final[Mapping[str, int]] = {
    "NGU_VAN": 140,
    "TOAN": 140,
    "NGOAI_NGU_1": 105,
    "GDCD": 35,
    "LS_DL": 105,
    "KHTN": 140,
    "TIN_HOC": 35,
    "GDTC": 70,
    "NGHE_THUAT": 70,
    "HDTN_HN": 105,
    "GDDP": 35,
    "NGOAI_NGU_2": 105,
    "TIENG_DTTS": 105,
}
_THCS_TECHNOLOGY: Final[Mapping[int, int]] = {6: 35, 7: 35, 8: 52, 9: 52}
_THPT: Final[Mapping[str, int]] = {
    "NGU_VAN": 105,
    "TOAN": 105,
    "NGOAI_NGU_1": 105,
    "LICH_SU": 52,
    "GDQP_AN": 35,
    "GDTC": 70,
    "HDTN_HN": 105,
    "GDDP": 35,
    "DIA_LI": 70,
    "GDKT_PL": 70,
    "VAT_LI": 70,
    "HOA_HOC": 70,
    "SINH_HOC": 70,
    "CONG_NGHE": 70,
    "TIN_HOC": 70,
    "AM_NHAC": 70,
    "MI_THUAT": 70,
}


def remembered_periods(subject: Subject, grade: int) -> int | None:
    """Return the periods a year of a secondary subject in a grade, or `None` where not even memory helps."""
    if grade in Level.THPT.grades:
        return _THPT.get(subject.code)
    if subject.code == "CONG_NGHE":
        return _THCS_TECHNOLOGY.get(grade)
    return _THCS.get(subject.code) if grade in Level.THCS.grades else None
