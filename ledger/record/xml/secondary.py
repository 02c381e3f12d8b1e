# SPDX-License-Identifier: Apache-2.0

"""What a year at secondary came to, in the ministry's XML, both ways.

No annex of the ministry for secondary is published. The fields are those that Annex IV of HCMC's QĐ 1789/QĐ-SGDĐT names, the
National Data Centre's dictionary (`hocky1`, `hocky2`, `canam`, `chungchi`, `cokhuyettatkhongdanhgia`) and Circular 22/2021
(re-assessment in summer); tags that none of them gives are those of hocba profile 0.
"""

from typing import Final

from ledger.record.model import ClassInfo, SecondarySubject, SecondaryYear, Terms
from ledger.record.scales import Award, Rating
from ledger.record.subjects import Level
from ledger.record.xml.nodes import Fields, Writer
from ledger.record.xml.rows import Row, read_table, write_table
from ledger.record.xml.values import (
    agree,
    flag_from,
    flag_text,
    mark_from,
    mark_text,
    maybe_one_of,
    said_from,
    said_text,
    word,
)

COMPLETED_LEVEL: Final = {
    Level.THCS: "DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_CO_SO",
    Level.THPT: "DA_HOAN_THANH_CHUONG_TRINH_TRUNG_HOC_PHO_THONG",
}


def write_year(results: Writer, year: SecondaryYear, info: ClassInfo) -> None:
    """Fill TONG_KET. Raises `Unwritable` for what the format cannot say."""
    promoted = flag_text(year.promoted)
    results.optional("KET_QUA_XEP_LOAI", word(year.study.year))
    results.of_year("DUOC_LEN_LOP", promoted)
    results.of_year("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC", promoted)
    results.optional(COMPLETED_LEVEL[info.level], promoted if info.is_final else None)
    results.optional("NOI_DUNG_KHEN_THUONG", word(year.award))
    results.optional("THANH_TICH_KHAC", year.other_awards)
    results.optional("CHUNG_CHI", year.certificates)
    results.optional("NHAN_XET_GVCN", year.homeroom_comment)
    results.optional("NHAN_XET_SAU_HE", year.summer_comment)
    results.optional("CO_KHUYET_TAT_KHONG_DANH_GIA", said_text(year.not_assessed))
    for tag, terms in (("KET_QUA_HOC_TAP", year.study), ("KET_QUA_REN_LUYEN", year.conduct)):
        group = results.group(tag)
        group.optional("HOC_KY_1", word(terms.hk1))
        group.optional("HOC_KY_2", word(terms.hk2))
        group.optional("CA_NAM", word(terms.year))
        group.optional("SAU_HE", word(terms.reassessed))
    write_table(results, year.subjects, _write_subject)


def read_year(results: Fields, info: ClassInfo, absences: tuple[int | None, int | None]) -> SecondaryYear:
    """Take TONG_KET. Raises `Unreadable`."""
    study, conduct = (_terms(results.group(tag)) for tag in ("KET_QUA_HOC_TAP", "KET_QUA_REN_LUYEN"))
    promoted = results.of_year("DUOC_LEN_LOP")
    # The ministry's table says some things twice; where it does, both must say the same.
    agree("KET_QUA_XEP_LOAI", results.optional("KET_QUA_XEP_LOAI"), word(study.year))
    agree("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC", results.of_year("DA_HOAN_THANH_CHUONG_TRINH_LOP_HOC"), promoted)
    completed = COMPLETED_LEVEL[info.level]
    agree(completed, results.optional(completed), promoted if info.is_final else None)
    return SecondaryYear(
        subjects=read_table(results, _read_subject),
        conduct=conduct,
        study=study,
        absences_excused=absences[0],
        absences_unexcused=absences[1],
        promoted=flag_from(promoted),
        award=maybe_one_of(Award, results.optional("NOI_DUNG_KHEN_THUONG")),
        homeroom_comment=results.optional("NHAN_XET_GVCN"),
        not_assessed=said_from(results.optional("CO_KHUYET_TAT_KHONG_DANH_GIA")),
        summer_comment=results.optional("NHAN_XET_SAU_HE"),
        other_awards=results.optional("THANH_TICH_KHAC"),
        certificates=results.optional("CHUNG_CHI"),
    )


def _write_subject(row: Writer, subject: SecondarySubject) -> None:
    row.optional("HOC_KY_1", mark_text(subject.hk1))
    row.optional("HOC_KY_2", mark_text(subject.hk2))
    row.optional("CA_NAM", mark_text(subject.year))
    row.optional("DANH_GIA_LAI", mark_text(subject.reassessed))
    row.optional("CHUYEN_DE", said_text(subject.specialised))


def _read_subject(fields: Fields, row: Row) -> SecondarySubject:
    return SecondarySubject(
        code=row.code,
        name=row.name,
        hk1=mark_from(fields.optional("HOC_KY_1")),
        hk2=mark_from(fields.optional("HOC_KY_2")),
        year=mark_from(fields.optional("CA_NAM")),
        comment=row.comment,
        teacher=row.teacher,
        exempt=row.exempt,
        reassessed=mark_from(fields.optional("DANH_GIA_LAI")),
        specialised=said_from(fields.optional("CHUYEN_DE")),
    )


def _terms(group: Fields) -> Terms:
    written = [group.optional(tag) for tag in ("HOC_KY_1", "HOC_KY_2", "CA_NAM", "SAU_HE")]
    group.done()
    return Terms(*(maybe_one_of(Rating, text) for text in written))
