# SPDX-License-Identifier: Apache-2.0

"""The scales that a học bạ is written in, each an enum of its own.

One letter means different things on different scales ("Đ" is Đạt, at primary one of three, at secondary one of four; "T"
is Hoàn thành tốt for a subject and Tốt for a quality), so no letter is stored: the values are the words that the forms
print.
"""

from decimal import Decimal
from enum import Enum


class Sex(Enum):
    """Sex as the population database has it (QCVN 109:2017)."""

    NAM = "Nam"
    NU = "Nữ"


class Origin(Enum):
    """Where the content of a record comes from."""

    DIGITAL = "digital"
    """It was written as a digital record in its own year."""
    DIGITISED_PAPER = "digitised_paper"
    """It was copied from a paper học bạ, and is signed as consistent with it (QĐ 1789/QĐ-SGDĐT, Articles 22.3 and 39)."""


class Attainment(Enum):
    """The result of a secondary subject that is assessed by comment alone (TT 22/2021, Article 5)."""

    DAT = "Đạt"
    CHUA_DAT = "Chưa đạt"


Mark = Decimal | Attainment
"""What stands in a cell of the marks table at secondary."""


class Rating(Enum):
    """The four results of conduct and of study at secondary, best first (TT 22/2021, Articles 8 and 9)."""

    TOT = "Tốt"
    KHA = "Khá"
    DAT = "Đạt"
    CHUA_DAT = "Chưa đạt"

    @property
    def rank(self) -> int:
        """0 for the best; one more for each step down."""
        return _RANKS[self]

    def raised(self) -> "Rating":
        """Return the next better result; the best stays."""
        return list(Rating)[max(0, self.rank - 1)]


_RANKS = {grade: rank for rank, grade in enumerate(Rating)}


class Award(Enum):
    """The two titles at the end of a secondary year (TT 22/2021, Article 15). There is no third."""

    XUAT_SAC = "Học sinh Xuất sắc"
    GIOI = "Học sinh Giỏi"


class Achievement(Enum):
    """What a primary pupil reached in a subject, "mức đạt được", best first (TT 27/2020, Article 7.1a)."""

    HOAN_THANH_TOT = "Hoàn thành tốt"
    HOAN_THANH = "Hoàn thành"
    CHUA_HOAN_THANH = "Chưa hoàn thành"


class TraitLevel(Enum):
    """How far a quality or a competence of a primary pupil has come, best first (TT 27/2020, Article 7.2)."""

    TOT = "Tốt"
    DAT = "Đạt"
    CAN_CO_GANG = "Cần cố gắng"


class Overall(Enum):
    """What a primary year came to, "đánh giá kết quả giáo dục", best first (TT 27/2020, Article 9.2a)."""

    HOAN_THANH_XUAT_SAC = "Hoàn thành xuất sắc"
    HOAN_THANH_TOT = "Hoàn thành tốt"
    HOAN_THANH = "Hoàn thành"
    CHUA_HOAN_THANH = "Chưa hoàn thành"


class PrimaryAward(Enum):
    """The two titles at the end of a primary year (TT 27/2020, Article 13.1a)."""

    XUAT_SAC = "Học sinh Xuất sắc"
    TIEU_BIEU = "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện"


class TraitKind(Enum):
    """The three tables that the primary form has for qualities and competences."""

    QUALITY = "Phẩm chất"
    GENERAL = "Năng lực chung"
    SPECIFIC = "Năng lực đặc thù"


class Trait(Enum):
    """A quality or a core competence of the primary form; values are the ministry's tags (CV 2088, Annex 1.1).

    The tag of the second general competence is misspelt in the ministry's table (HOC_TAC for HOP_TAC) and is written so.
    """

    YEU_NUOC = "PHAM_CHAT_YEU_NUOC"
    NHAN_AI = "PHAM_CHAT_NHAN_AI"
    CHAM_CHI = "PHAM_CHAT_CHAM_CHI"
    TRUNG_THUC = "PHAM_CHAT_TRUNG_THUC"
    TRACH_NHIEM = "PHAM_CHAT_TRACH_NHIEM"
    TU_CHU_TU_HOC = "NANG_LUC_TU_CHU_TU_HOC"
    GIAO_TIEP_HOP_TAC = "NANG_LUC_GIAO_TIEP_HOC_TAC"
    GIAI_QUYET_VAN_DE = "NANG_LUC_GIAI_QUYET_VAN_DE_SANG_TAO"
    NGON_NGU = "NANG_LUC_NGON_NGU"
    TINH_TOAN = "NANG_LUC_TINH_TOAN"
    KHOA_HOC = "NANG_LUC_KHOA_HOC"
    CONG_NGHE = "NANG_LUC_CONG_NGHE"
    TIN_HOC = "NANG_LUC_TIN_HOC"
    THAM_MI = "NANG_LUC_THAM_MI"
    THE_CHAT = "NANG_LUC_THE_CHAT"

    @property
    def label(self) -> str:
        """Its name on the form (TT 27/2020, Annex 1)."""
        return _TRAIT_NAMES[self][1]

    @property
    def kind(self) -> TraitKind:
        """Which table of the form it stands in."""
        return _TRAIT_NAMES[self][0]

    @property
    def optional(self) -> bool:
        """Whether it may be absent: technology and informatics are not taught in grades 1 and 2 (CV 2088, Annex 1.1)."""
        return self in (Trait.CONG_NGHE, Trait.TIN_HOC)


_TRAIT_NAMES = {
    Trait.YEU_NUOC: (TraitKind.QUALITY, "Yêu nước"),
    Trait.NHAN_AI: (TraitKind.QUALITY, "Nhân ái"),
    Trait.CHAM_CHI: (TraitKind.QUALITY, "Chăm chỉ"),
    Trait.TRUNG_THUC: (TraitKind.QUALITY, "Trung thực"),
    Trait.TRACH_NHIEM: (TraitKind.QUALITY, "Trách nhiệm"),
    Trait.TU_CHU_TU_HOC: (TraitKind.GENERAL, "Tự chủ và tự học"),
    Trait.GIAO_TIEP_HOP_TAC: (TraitKind.GENERAL, "Giao tiếp và hợp tác"),
    Trait.GIAI_QUYET_VAN_DE: (TraitKind.GENERAL, "Giải quyết vấn đề và sáng tạo"),
    Trait.NGON_NGU: (TraitKind.SPECIFIC, "Ngôn ngữ"),
    Trait.TINH_TOAN: (TraitKind.SPECIFIC, "Tính toán"),
    Trait.KHOA_HOC: (TraitKind.SPECIFIC, "Khoa học"),
    Trait.CONG_NGHE: (TraitKind.SPECIFIC, "Công nghệ"),
    Trait.TIN_HOC: (TraitKind.SPECIFIC, "Tin học"),
    Trait.THAM_MI: (TraitKind.SPECIFIC, "Thẩm mĩ"),
    Trait.THE_CHAT: (TraitKind.SPECIFIC, "Thể chất"),
}
