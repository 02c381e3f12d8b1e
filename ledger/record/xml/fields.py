# SPDX-License-Identifier: Apache-2.0

"""What a unit must say, in the ministry's field table and in words.

The table (CV 2088/BGDĐT-GDTH, Annex 1.1) marks its fields as compulsory without a word on what cannot be. `lacking` knows
both: the crosses of the table, and where the world makes one impossible. Writer and reader ask the same function, so
nothing can be written that is not read back, and a document that lacks a field is refused wherever it comes from.

The crosses hold at primary, for which the table was made. Secondary has no published annex, and its class lists do not
carry everything, so there the fields of identity stay optional.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ledger.record.model import PrimaryYear, Pupil, Record
from ledger.record.scales import Trait
from ledger.record.spelling import folded

_LAST_YEAR_WITH_DISTRICTS: Final = 2024
"""Districts ended on 30/06/2025, so the school year 2024-2025 was the last to have them."""

_INFO: Final = ("trang Thông tin", "the sheet Thông tin")
_PUPILS: Final = ("trang Học sinh", "the sheet Học sinh")
_SUBJECTS: Final = ("trang Môn học", "the sheet Môn học")
_TRAITS: Final = ("trang Phẩm chất năng lực", "the sheet Phẩm chất năng lực")
_RESULTS: Final = ("trang Kết quả", "the sheet Kết quả")
_HISTORY: Final = ("trang Quá trình học tập", "the sheet Quá trình học tập")

NAMES: Final[Mapping[str, tuple[str, str, tuple[str, str]]]] = {
    "THONG_TU": ("Thông tư", "circular", _INFO),
    "TEN_NAM_HOC": ("Tên năm học", "school year", _INFO),
    "NAM_HOC": ("Năm học, dạng 2025-2026", "school year, such as 2025-2026", _INFO),
    "MA_SO_GIAO_DUC": ("Mã sở giáo dục", "code of the authority", _INFO),
    "TEN_SO_GD": ("Tên sở giáo dục", "name of the authority", _INFO),
    "MA_TRUONG": ("Mã trường", "code of the school", _INFO),
    "TEN_TRUONG": ("Tên trường", "name of the school", _INFO),
    "TEN_QUAN_HUYEN": ("Tên quận huyện (đến năm học 2024-2025)", "district (until 2024-2025)", _INFO),
    "TEN_XA_PHUONG": ("Tên xã phường", "commune or ward", _INFO),
    "TEN_TINH_THANH_PHO": ("Tên tỉnh thành phố", "province or city", _INFO),
    "SO_SO_DANG_BO": ("Số sổ đăng bộ", "register number", _PUPILS),
    "HO_VA_TEN": ("Họ và tên", "name", _PUPILS),
    "SO_CCCD": (
        "Số định danh cá nhân; nếu chưa được cấp, hãy ghi rõ là chưa cấp",
        "personal number; if none has been given yet, say so",
        _PUPILS,
    ),
    "MA_HOC_SINH": ("Mã học sinh", "pupil's code", _PUPILS),
    "GIOI_TINH": ("Giới tính", "sex", _PUPILS),
    "NGAY_SINH": ("Ngày sinh", "date of birth", _PUPILS),
    "CAN_NANG": ("Cân nặng", "weight", _RESULTS),
    "CHIEU_CAO": ("Chiều cao", "height", _RESULTS),
    "TONG_SO_BUOI_NGHI_CO_PHEP": ("Tổng số buổi nghỉ có phép", "excused absences", _RESULTS),
    "THONG_SO_BUOI_NGHI_KHONG_PHEP": ("Tổng số buổi nghỉ không phép", "unexcused absences", _RESULTS),
    "NOI_SINH": ("Nơi sinh", "place of birth", _PUPILS),
    "QUE_QUAN": ("Quê quán", "home town", _PUPILS),
    "CHO_O_HIEN_NAY": ("Chỗ ở hiện nay", "address", _PUPILS),
    "DAN_TOC": ("Dân tộc", "ethnicity", _PUPILS),
    "QUOC_TICH": ("Quốc tịch", "nationality", _PUPILS),
    "TEN_GIAM_HIEU_KY_HOC_BA": ("Tên hiệu trưởng ký học bạ", "name of the principal who signs", _INFO),
    "SO_CCCD_GIAM_HIEU_KY_HOC_BA": ("Số CCCD hiệu trưởng", "principal's personal number", _INFO),
    "DIA_DANH_PHAT_HANH_HOC_BA": ("Địa danh", "place of issue", _INFO),
    "CHUC_VU_GIAM_HIEU_KY_HOC_BA": ("Chức vụ người ký", "position of who signs", _INFO),
    "TEN_GIAO_VIEN_CHU_NHIEM": ("Tên giáo viên chủ nhiệm", "name of the homeroom teacher", _INFO),
    "MA_KHOI": ("Khối", "grade", _INFO),
    "TEN_LOP": ("Tên lớp", "name of the class", _INFO),
    "QUA_TRINH": ("Quá trình học tập", "schooling history", _HISTORY),
    "KET_QUA_XEP_LOAI": ("Đánh giá kết quả giáo dục", "result of the year", _RESULTS),
    "DUOC_LEN_LOP": ("Được lên lớp", "promotion", _RESULTS),
    "DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC": ("Hoàn thành chương trình lớp học", "completion of the grade", _RESULTS),
    "NHAN_XET_GVCN": ("Nhận xét của giáo viên chủ nhiệm", "homeroom teacher's comment", _RESULTS),
    "DIEM_TONG_KET": ("bảng kết quả các môn học", "table of subjects", _SUBJECTS),
    "MUC_DAT_DUOC": ("Mức đạt được của một môn học", "level reached in a subject", _SUBJECTS),
    "NHAN_XET_PHAM_CHAT": ("Nhận xét phẩm chất", "comment on qualities", _RESULTS),
    "NHAN_XET_NANG_LUC_CHUNG": ("Nhận xét năng lực chung", "comment on general competences", _RESULTS),
    "NHAN_XET_NANG_LUC_DAC_THU": ("Nhận xét năng lực đặc thù", "comment on specific competences", _RESULTS),
    **{trait.value: (f"{trait.kind.value}: {trait.label}", trait.label, _TRAITS) for trait in Trait},
}
"""Tag to its name in Vietnamese, as the field table has it, in English, and where a school enters it."""


def lack(tag: str) -> tuple[str, str]:
    """Return what to tell a person when a tag that must be there is not, in Vietnamese and in English, remedy and all."""
    vi, en, (where_vi, where_en) = NAMES.get(tag, (tag, tag, ("phần mềm của trường", "the school's software")))
    return (
        f"Học bạ còn thiếu {vi} (thẻ {tag}). Hãy bổ sung ở {where_vi} rồi lập lại học bạ số.",
        f"The record lacks {en} ({tag}). Add it on {where_en}, then prepare the document again.",
    )


def is_foreign(pupil: Pupil) -> bool:
    """Return whether a pupil is no citizen of Vietnam, and so may have no personal number."""
    return folded(pupil.nationality) != "vietnam"


def lacking(record: Record, *, so_far: bool = False) -> Iterator[str]:
    """Yield the tag of each compulsory field that a record does not have and could have; with `so_far`, of who the pupil is.

    Where the world leaves a field empty, so does the document; docs/formats-record.md lists these exceptions.
    """
    pupil, year = record.pupil, record.year
    if not (pupil.personal_id or is_foreign(pupil) or pupil.number_pending):
        yield "SO_CCCD"
    if so_far or not isinstance(year, PrimaryYear):
        return
    needed = _of_identity(record) | _of_year(year)
    yield from (tag for tag, value in needed.items() if value is None)
    if not record.history:
        yield "QUA_TRINH"
    if not year.subjects and not year.not_assessed:
        yield "DIEM_TONG_KET"


def _of_identity(record: Record) -> dict[str, object]:
    pupil, first_year = record.pupil, record.class_info.first_year
    needed: dict[str, object] = {
        "SO_SO_DANG_BO": pupil.register_number,
        "NOI_SINH": pupil.birthplace,
        "CHO_O_HIEN_NAY": pupil.address,
        "SO_CCCD_GIAM_HIEU_KY_HOC_BA": record.class_info.principal.personal_id,
    }
    if first_year is not None and first_year <= _LAST_YEAR_WITH_DISTRICTS:
        needed["TEN_QUAN_HUYEN"] = record.school.district
    if not is_foreign(pupil):
        needed |= {"QUE_QUAN": pupil.hometown, "DAN_TOC": pupil.ethnicity}
    return needed


def _of_year(year: PrimaryYear) -> dict[str, object]:
    needed: dict[str, object] = {
        "CAN_NANG": year.weight,
        "CHIEU_CAO": year.height,
        "NHAN_XET_GVCN": year.homeroom_comment,
    }
    if not year.not_assessed:
        needed |= {
            "KET_QUA_XEP_LOAI": year.overall,
            **{trait.value: year.traits.get(trait) for trait in Trait if not trait.optional},
            "NHAN_XET_PHAM_CHAT": year.quality_comment,
            "NHAN_XET_NANG_LUC_CHUNG": year.general_comment,
            "NHAN_XET_NANG_LUC_DAC_THU": year.specific_comment,
        }
        if any(subject.level is None and not subject.exempt for subject in year.subjects):
            needed["MUC_DAT_DUOC"] = None
    return needed
