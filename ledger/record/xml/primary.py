# SPDX-License-Identifier: Apache-2.0

"""What a year at primary came to, in the ministry's XML (CV 2088/BGDĐT-GDTH, Annex 1.1), both ways.

The fields stand in the order of the ministry's table, its misspelt NANG_LUC_GIAO_TIEP_HOC_TAC included. The table says the
same thing more than once (whether a grade is completed, in a flag, in words, and in grade 5 in another flag); a document
whose parts disagree is refused.
"""

from typing import Final

from ledger.record.errors import Unreadable, Unwritable
from ledger.record.model import ClassInfo, PrimarySubject, PrimaryYear
from ledger.record.scales import Achievement, Overall, PrimaryAward, Trait, TraitKind, TraitLevel
from ledger.record.spelling import folded
from ledger.record.xml.nodes import Fields, Writer
from ledger.record.xml.rows import Row, read_table, write_table
from ledger.record.xml.values import (
    agree,
    flag_from,
    flag_text,
    maybe_one_of,
    measure_from,
    one_of,
    periodic_from,
    periodic_text,
    said_from,
    said_text,
    word,
)

COMPLETED_LEVEL: Final = "DA_HOAN_THANH_CHUONG_TRINH_TIEU_HOC"
ALIASES: Final = {"NANG_LUC_GIAO_TIEP_HOC_TAC": ("NANG_LUC_GIAO_TIEP_HOP_TAC",)}
"""The corrected spelling of a tag: read from others, never written."""
BETWEEN_AWARDS: Final = "; "

_KINDS_IN_ORDER: Final = (TraitKind.GENERAL, TraitKind.SPECIFIC, TraitKind.QUALITY)
_TRAITS_IN_ORDER: Final = tuple(trait for kind in _KINDS_IN_ORDER for trait in Trait if trait.kind is kind)


def completion_words(info: ClassInfo, *, completed: bool, promoted: bool) -> str:
    """Return NOI_DUNG_HOAN_THANH_CHUONG_TRINH in the words of the form (TT 27/2020, Annex 1, section 6)."""
    head = "Hoàn thành" if completed else "Chưa hoàn thành"
    if info.is_final:
        return f"{head} chương trình tiểu học."
    moves_up = f"Được lên lớp {info.grade + 1}" if promoted else "Chưa được lên lớp"
    return f"{head} chương trình lớp {info.grade}; {moves_up}."


def write_year(results: Writer, year: PrimaryYear, info: ClassInfo) -> None:
    """Fill TONG_KET. Raises `Unwritable` for what the format cannot say."""
    results.optional("KET_QUA_XEP_LOAI", word(year.overall))
    results.of_year("DUOC_LEN_LOP", flag_text(year.promoted))
    if year.completed is not None and year.promoted is not None:
        words = completion_words(info, completed=year.completed, promoted=year.promoted)
        results.optional("NOI_DUNG_HOAN_THANH_CHUONG_TRINH", words)
    results.of_year("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC", flag_text(year.completed))
    results.optional(COMPLETED_LEVEL, flag_text(year.completed) if info.is_final else None)
    results.optional("NOI_DUNG_KHEN_THUONG", _awards_text(year.award, year.other_awards))
    results.optional("NOI_DUNG_KHEN_THUONG_DOT_XUAT", year.sudden_awards)
    results.optional("NHAN_XET_GVCN", year.homeroom_comment)
    results.optional("QUYET_DINH_CUA_HIEU_TRUONG", year.principal_note)
    results.optional("CO_KHUYET_TAT_KHONG_DANH_GIA", said_text(year.not_assessed))
    write_table(results, year.subjects, _write_subject)
    traits = results.group("DANH_GIA_NANG_LUC_PHAM_CHAT")
    for trait in _TRAITS_IN_ORDER:
        traits.optional(trait.value, word(year.traits.get(trait)))
    traits.optional("NHAN_XET_PHAM_CHAT", year.quality_comment)
    traits.optional("NHAN_XET_NANG_LUC_CHUNG", year.general_comment)
    traits.optional("NHAN_XET_NANG_LUC_DAC_THU", year.specific_comment)


def read_year(
    results: Fields, info: ClassInfo, general: Fields, absences: tuple[int | None, int | None]
) -> PrimaryYear:
    """Take TONG_KET, and from THONG_TIN_CHUNG what the ministry put there of the year. Raises `Unreadable`."""
    promoted = flag_from(results.of_year("DUOC_LEN_LOP"))
    flag = results.of_year("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC")
    completed = flag_from(flag)
    words = completion_words(info, completed=completed is True, promoted=promoted is True)
    agree("NOI_DUNG_HOAN_THANH_CHUONG_TRINH", results.optional("NOI_DUNG_HOAN_THANH_CHUONG_TRINH") or words, words)
    agree(COMPLETED_LEVEL, results.optional(COMPLETED_LEVEL), flag if info.is_final else None)
    award, other_awards = _awards_from(results.optional("NOI_DUNG_KHEN_THUONG"))
    overall = maybe_one_of(Overall, results.optional("KET_QUA_XEP_LOAI"))
    subjects = read_table(results, _read_subject)
    traits = results.group("DANH_GIA_NANG_LUC_PHAM_CHAT")
    levels = {trait: traits.optional(trait.value, *ALIASES.get(trait.value, ())) for trait in _TRAITS_IN_ORDER}
    year = PrimaryYear(
        subjects=subjects,
        traits={trait: one_of(TraitLevel, level) for trait, level in levels.items() if level is not None},
        overall=overall,
        absences_excused=absences[0],
        absences_unexcused=absences[1],
        completed=completed,
        promoted=promoted,
        award=award,
        other_awards=other_awards,
        sudden_awards=results.optional("NOI_DUNG_KHEN_THUONG_DOT_XUAT"),
        weight=measure_from(general.optional("CAN_NANG")),
        height=measure_from(general.optional("CHIEU_CAO")),
        homeroom_comment=results.optional("NHAN_XET_GVCN"),
        quality_comment=traits.optional("NHAN_XET_PHAM_CHAT"),
        general_comment=traits.optional("NHAN_XET_NANG_LUC_CHUNG"),
        specific_comment=traits.optional("NHAN_XET_NANG_LUC_DAC_THU"),
        principal_note=results.optional("QUYET_DINH_CUA_HIEU_TRUONG"),
        not_assessed=said_from(results.optional("CO_KHUYET_TAT_KHONG_DANH_GIA")),
    )
    traits.done()
    return year


def _write_subject(row: Writer, subject: PrimarySubject) -> None:
    row.optional("MUC_DAT_DUOC", word(subject.level))
    row.optional("DIEM_KIEM_TRA_DINH_KY", periodic_text(subject.test))


def _read_subject(fields: Fields, row: Row) -> PrimarySubject:
    return PrimarySubject(
        code=row.code,
        name=row.name,
        level=maybe_one_of(Achievement, fields.optional("MUC_DAT_DUOC")),
        test=periodic_from(fields.optional("DIEM_KIEM_TRA_DINH_KY")),
        comment=row.comment,
        teacher=row.teacher,
        exempt=row.exempt,
    )


def _awards_text(award: PrimaryAward | None, others: str | None) -> str | None:
    """Return title and other awards in one field, as the ministry's table has it; `_awards_from` takes them apart again."""
    if others is not None and _resembles_title(others.split(BETWEEN_AWARDS.strip(), 1)[0]):
        raise Unwritable(
            f"Phần khen thưởng khác bắt đầu bằng một danh hiệu (“{others[:60]}”). Hãy ghi danh hiệu vào cột danh hiệu.",
            f"The other awards begin with a title (“{others[:60]}”). Enter the title in the column for titles.",
        )
    parts = [part for part in (word(award), others) if part is not None]
    return BETWEEN_AWARDS.join(parts) if parts else None


def _awards_from(text: str | None) -> tuple[PrimaryAward | None, str | None]:
    if text is None:
        return None, None
    for award in PrimaryAward:
        if text == award.value:
            return award, None
        if text.startswith(award.value + BETWEEN_AWARDS):
            others = text.removeprefix(award.value + BETWEEN_AWARDS)
            break
    else:
        award, others = None, text
    if _resembles_title(others.split(BETWEEN_AWARDS.strip(), 1)[0]):
        raise Unreadable(
            f"NOI_DUNG_KHEN_THUONG “{text[:80]}” ghi danh hiệu không đúng chữ hoặc hai lần.",
            f"NOI_DUNG_KHEN_THUONG “{text[:80]}” has a title in other letters than its own, or twice.",
        )
    return award, others


def _resembles_title(text: str) -> bool:
    return any(folded(text) == folded(award.value) for award in PrimaryAward)
