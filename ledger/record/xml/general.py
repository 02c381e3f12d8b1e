# SPDX-License-Identifier: Apache-2.0

"""THONG_TIN_CHUNG and QUA_TRINH_HOC_TAP: who, where and since when. Units and booklets say it in the same words and order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ledger.record.model import ClassInfo, Person, PrimaryYear, Pupil, School, Schooling, SecondaryYear
from ledger.record.scales import Sex
from ledger.record.subjects import Level
from ledger.record.xml.fields import is_foreign
from ledger.record.xml.nodes import Fields, Writer
from ledger.record.xml.values import (
    agree,
    count_text,
    day_from,
    day_text,
    grade_from,
    grade_text,
    measure_text,
    moment_text,
    one_of,
    said_from,
    said_text,
    word,
)


def write_general(
    general: Writer,
    school: School,
    info: ClassInfo,
    pupil: Pupil,
    *,
    year: PrimaryYear | SecondaryYear | None,
    created_at: datetime,
    planned_issue_date: datetime,
) -> None:
    """Write what THONG_TIN_CHUNG says after the id, in the order of the ministry's table; absences and body only with `year`."""
    bodily = year if isinstance(year, PrimaryYear) else None
    general.required("TEN_NAM_HOC", info.school_year)
    general.required("MA_SO_GIAO_DUC", school.authority_code)
    general.required("TEN_SO_GD", school.authority_name)
    general.required("MA_TRUONG", school.code)
    general.required("TEN_TRUONG", school.name)
    general.optional("TEN_QUAN_HUYEN", school.district)
    general.required("TEN_XA_PHUONG", school.ward)
    general.required("TEN_TINH_THANH_PHO", school.province)
    general.required("MA_CAP_HOC", info.level.value)
    general.optional("SO_SO_DANG_BO", pupil.register_number)
    general.required("HO_VA_TEN", pupil.name)
    general.optional("HO_TEN_MOT_TU", said_text(pupil.single_name))
    general.optional("SO_CCCD", pupil.personal_id)
    general.optional("SO_HO_CHIEU", pupil.passport)
    general.required("MA_HOC_SINH", pupil.code)
    general.required("GIOI_TINH", word(pupil.sex))
    general.required("NGAY_SINH", day_text(pupil.birth_date))
    general.optional("CAN_NANG", measure_text(bodily.weight, "Cân nặng") if bodily else None)
    general.optional("CHIEU_CAO", measure_text(bodily.height, "Chiều cao") if bodily else None)
    if year is not None:
        general.of_year("TONG_SO_BUOI_NGHI_CO_PHEP", count_text(year.absences_excused))
        general.of_year("THONG_SO_BUOI_NGHI_KHONG_PHEP", count_text(year.absences_unexcused))
    general.optional("NOI_SINH", pupil.birthplace)
    general.optional("QUE_QUAN", pupil.hometown)
    general.optional("CHO_O_HIEN_NAY", pupil.address)
    general.optional("DAN_TOC", pupil.ethnicity)
    general.required("QUOC_TICH", pupil.nationality)
    general.optional("HO_VA_TEN_CHA", pupil.father)
    general.optional("HO_VA_TEN_ME", pupil.mother)
    general.optional("HO_VA_TEN_NGUOI_GIAM_HO", pupil.guardian)
    general.required("TEN_GIAM_HIEU_KY_HOC_BA", info.principal.name)
    general.optional("SO_CCCD_GIAM_HIEU_KY_HOC_BA", info.principal.personal_id)
    general.required("DIA_DANH_PHAT_HANH_HOC_BA", school.place)
    general.required("NGAY_TAO_HOC_BA", moment_text(created_at))
    general.required("NGAY_KY_PHAT_HANH_HOC_BA", moment_text(planned_issue_date))
    general.required("CHUC_VU_GIAM_HIEU_KY_HOC_BA", info.principal_title)
    general.required("TEN_GIAO_VIEN_CHU_NHIEM", info.homeroom.name)
    general.optional("SO_CCCD_GIAO_VIEN_CHU_NHIEM", info.homeroom.personal_id)
    general.required("MA_KHOI", grade_text(info.grade))
    general.required("TEN_LOP", info.name)
    general.required("NAM_HOC", str(info.first_year) if info.first_year is not None else None)


def write_history(history: Writer, lines: Sequence[Schooling]) -> None:
    """Write QUA_TRINH_HOC_TAP, a line for each year."""
    for line in lines:
        year = history.group("QUA_TRINH")
        year.required("NAM_HOC", line.school_year)
        year.required("TEN_LOP", line.class_name)
        year.required("TEN_TRUONG", line.school_name)
        year.optional("NGAY_TRANG_THAI_CHUYEN_DEN", day_text(line.arrived))


def read_school(general: Fields) -> School:
    """Read the school."""
    return School(
        authority_code=general.required("MA_SO_GIAO_DUC"),
        authority_name=general.required("TEN_SO_GD"),
        code=general.required("MA_TRUONG"),
        name=general.required("TEN_TRUONG"),
        ward=general.required("TEN_XA_PHUONG"),
        province=general.required("TEN_TINH_THANH_PHO"),
        place=general.required("DIA_DANH_PHAT_HANH_HOC_BA"),
        district=general.optional("TEN_QUAN_HUYEN"),
    )


def read_class(general: Fields) -> ClassInfo:
    """Read the class, with those who sign for it."""
    info = ClassInfo(
        name=general.required("TEN_LOP"),
        level=one_of(Level, general.required("MA_CAP_HOC")),
        grade=grade_from(general.required("MA_KHOI")),
        school_year=general.required("TEN_NAM_HOC"),
        circular=general.required("THONG_TU"),
        homeroom=Person(general.required("TEN_GIAO_VIEN_CHU_NHIEM"), general.optional("SO_CCCD_GIAO_VIEN_CHU_NHIEM")),
        principal=Person(general.required("TEN_GIAM_HIEU_KY_HOC_BA"), general.optional("SO_CCCD_GIAM_HIEU_KY_HOC_BA")),
        principal_title=general.required("CHUC_VU_GIAM_HIEU_KY_HOC_BA"),
    )
    agree("NAM_HOC", general.required("NAM_HOC"), str(info.first_year))
    return info


def read_pupil(general: Fields) -> Pupil:
    """Read who the document is about."""
    pupil = Pupil(
        code=general.required("MA_HOC_SINH"),
        name=general.required("HO_VA_TEN"),
        birth_date=day_from(general.required("NGAY_SINH")),
        sex=one_of(Sex, general.required("GIOI_TINH")),
        personal_id=general.optional("SO_CCCD"),
        nationality=general.required("QUOC_TICH"),
        ethnicity=general.optional("DAN_TOC"),
        birthplace=general.optional("NOI_SINH"),
        hometown=general.optional("QUE_QUAN"),
        address=general.optional("CHO_O_HIEN_NAY"),
        father=general.optional("HO_VA_TEN_CHA"),
        mother=general.optional("HO_VA_TEN_ME"),
        guardian=general.optional("HO_VA_TEN_NGUOI_GIAM_HO"),
        register_number=general.optional("SO_SO_DANG_BO"),
        passport=general.optional("SO_HO_CHIEU"),
        single_name=said_from(general.optional("HO_TEN_MOT_TU")),
    )
    # A citizen has a number, or waits for one.
    return replace(pupil, number_pending=pupil.personal_id is None and not is_foreign(pupil))


def read_history(history: Fields) -> list[Schooling]:
    """Read QUA_TRINH_HOC_TAP."""
    lines = []
    for year in history.groups("QUA_TRINH"):
        arrived = year.optional("NGAY_TRANG_THAI_CHUYEN_DEN")
        line = Schooling(
            school_year=year.required("NAM_HOC"),
            class_name=year.required("TEN_LOP"),
            school_name=year.required("TEN_TRUONG"),
            arrived=day_from(arrived) if arrived else None,
        )
        year.done()
        lines.append(line)
    history.done()
    return lines
