# SPDX-License-Identifier: Apache-2.0

"""What a reader sees first: one sentence, one tone, and what to do next. Pure: a verdict in, words out.

Three tones. *Good* is green and needs everything: a unit that is current, and a file, if there is one, that passed. *Bad* is
red and needs proof: something failed, or the unit is recalled. Everything else, every outage included, is *open*: neither green
nor red.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledger.web.languages import Text
from verifier_api import findings as f
from verifier_api.verdict import Check, Conclusion, Outcome, Standing, Verdict


class Tone(StrEnum):
    """How a banner looks. Each tone has its own sign and word as well as its colour."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


@dataclass(frozen=True)
class Banner:
    """The answer in one look."""

    tone: Tone
    title: Text
    sentence: Text
    advice: tuple[Text, ...] = ()
    """What to do next, in the order in which to do it."""


_ASK_SCHOOL = Text(
    "Hỏi trường đã cấp học bạ để xin tệp gốc hoặc bản mới.",
    "Ask the school that issued it for the original file or a new one.",
)
_COMPARE = Text(
    "So từng mục trên bản giấy (họ tên, lớp, từng điểm số) với tệp PDF gốc.",
    "Compare the paper with the original PDF, item by item: name, class, each mark.",
)
_UPLOAD = Text(
    "Có tệp PDF? Tải lên trang kiểm tra để biết từng con số có đúng như khi phát hành không.",
    "Have the PDF? Upload it to the checking page to see whether every mark is as it was issued.",
)
_LATER = Text("Thử lại sau ít phút; giữ nguyên tệp đang có.", "Try again in a few minutes; keep the file as it is.")
_REPORT = Text(
    "Đừng nhận hay dùng tệp này; nếu nghi ngờ giả mạo, hãy báo nhà trường hoặc Sở GDĐT.",
    "Do not accept or use this file; if you suspect forgery, tell the school or the authority.",
)
_USE_NEW = Text("Dùng học bạ thay thế.", "Use the record that replaces it.")
_KEEP = Text(
    "Lưu lại tệp PDF gốc này (và biên nhận); đừng mở ra rồi lưu lại, vì tệp sẽ khác đi.",
    "Keep this original PDF (and its receipt); do not open and re-save it, as that changes the file.",
)
_IDENTITY = Text(
    "Đối chiếu họ tên, ngày sinh trong tệp với giấy tờ của người nộp.",
    "Compare name and date of birth in the file with the papers of whoever hands it in.",
)
_COMPARE_ID = Text(
    "So mã tra cứu trên trang này với mã in trên học bạ.",
    "Compare the lookup id here with the one printed on the record.",
)

_RECALLED = Text("Đã thu hồi", "Recalled")
_REPLACED = Text("Đã thu hồi, có học bạ thay thế", "Recalled and replaced")
_AWAITING = Text("Đã phát hành, đang chờ ghi lên chuỗi khối", "Issued, awaiting its anchor on the chain")

_FAILED_TITLES = {
    f.INTAKE_EMPTY.code: Text("Tệp rỗng", "The file is empty"),
    f.INTAKE_NOT_A_RECORD.code: Text("Tệp này không phải học bạ số", "This is not a digital school record"),
    f.INTAKE_UNREADABLE.code: Text("Không đọc được tệp này", "This file cannot be read"),
    f.BYTES_NOT_ISSUED.code: Text("Tệp không phải học bạ đã phát hành", "Not a record that was issued"),
    f.INTAKE_CUT_OFF.code: Text("Tệp bị thiếu phần cuối", "The end of the file is missing"),
    f.BYTES_ALTERED.code: Text("Tệp đã bị sửa", "The file was altered"),
    f.BYTES_RESAVED.code: Text(
        "Tệp đã bị lưu lại, không còn là bản gốc", "The file was re-saved and is not the original"
    ),
    f.BYTES_SHORTENED.code: Text("Tệp chưa đầy đủ", "The file is not complete"),
    f.BYTES_PRINTED.code: Text(
        "Đây là bản in hoặc bản quét, không phải tệp gốc", "A print-out or a scan, not the original"
    ),
    f.BYTES_APPENDED.code: Text("Tệp đã bị thêm nội dung", "Something was added to the file"),
    f.BYTES_OTHER_RECEIPT.code: Text("Tệp và biên nhận không khớp nhau", "File and receipt do not match"),
    f.RECEIPT_MALFORMED.code: Text("Biên nhận không hợp lệ", "The receipt is not valid"),
    f.CHAIN_NOT_ANCHORED.code: Text("Không có dấu vết trên chuỗi khối", "There is no anchor on the chain"),
}
_MISHAPS = frozenset(
    kind.code for kind in (f.INTAKE_EMPTY, f.INTAKE_CUT_OFF, f.BYTES_RESAVED, f.BYTES_SHORTENED, f.BYTES_PRINTED)
)
_FAILED_CHECKS = {
    Check.SIGNATURES: Text("Chữ ký số không hợp lệ", "The digital signatures are not valid"),
    Check.CONTENTS: Text("Nội dung khác với khi phát hành", "The contents differ from what was issued"),
}
_FAILED = Text("Không đạt kiểm tra", "The check failed")

_OPEN_REASONS = {
    f.INTAKE_EXHAUSTED.code: Text("chưa kiểm tra xong tệp", "the file could not be examined to the end"),
    f.BYTES_NO_LEDGER.code: Text("chưa tra được sổ cái", "the ledger could not be asked"),
    f.BYTES_LEDGER_BEHIND.code: Text("sổ cái chưa theo kịp chuỗi khối", "the ledger is behind the chain"),
    f.CHAIN_UNREACHABLE.code: Text("chưa hỏi được chuỗi khối", "the chain could not be asked"),
    f.CHAIN_WRONG.code: Text("chưa hỏi được chuỗi khối", "the chain could not be asked"),
    f.CHAIN_OFFLINE.code: Text("chưa hỏi chuỗi khối", "the chain was not asked"),
    f.SIGNATURES_NO_LIST.code: Text("chưa có danh sách người ký", "there is no list of approved signers"),
    f.SIGNATURES_LIST_SUPERSEDED.code: Text("danh sách người ký đã cũ", "the list of approved signers is old"),
    f.SIGNATURES_LIST_UNPUBLISHED.code: Text("danh sách người ký chưa công bố", "the list of signers is not published"),
}
_OPEN = Text("Chưa kết luận được", "No conclusion yet")


def banner_of_file(verdict: Verdict) -> Banner:
    """The banner over a file's verdict."""
    match verdict.conclusion, verdict.standing:
        case Conclusion.TOTAL_FAILED, _:
            advice = (_ASK_SCHOOL,) if _mishap(verdict) else (_REPORT, _ASK_SCHOOL)
            return Banner(Tone.BAD, _failure(verdict), _sentence(verdict, Outcome.FAILED), advice)
        case _, Standing.RECALLED | Standing.REPLACED:
            return _recalled(verdict)
        case Conclusion.TOTAL_PASSED, Standing.CURRENT:
            return Banner(
                Tone.GOOD,
                Text("Học bạ thật, đang có hiệu lực", "A genuine record, and current"),
                Text(
                    "Tệp đúng từng byte như khi nhà trường phát hành, chữ ký hợp lệ, và học bạ không bị thu hồi.",
                    "The file is, byte for byte, what the school issued, its signatures are valid, and it was not recalled.",
                ),
                (_IDENTITY, _KEEP),
            )
        case _, Standing.UNANCHORED:
            return Banner(Tone.OPEN, _AWAITING, _sentence(verdict, Outcome.UNKNOWN), (_LATER,))
    return Banner(Tone.OPEN, _doubt(verdict), _sentence(verdict, Outcome.UNKNOWN), (_LATER,))


def banner_of_unit(verdict: Verdict) -> Banner:
    """The banner over what can be said from an id alone."""
    match verdict.conclusion, verdict.standing:
        case Conclusion.TOTAL_FAILED, _:
            return Banner(Tone.BAD, _failure(verdict), _sentence(verdict, Outcome.FAILED), (_ASK_SCHOOL,))
        case _, Standing.RECALLED | Standing.REPLACED:
            return _recalled(verdict)
        case _, Standing.CURRENT:
            return Banner(
                Tone.GOOD,
                Text("Mã này là của học bạ thật, đang có hiệu lực", "This code belongs to a genuine, current record"),
                Text(
                    "Nhà trường đã phát hành học bạ mang mã này và không thu hồi.",
                    "The school issued the record with this id and has not recalled it.",
                ),
                (_COMPARE_ID, _COMPARE, _UPLOAD, _ASK_SCHOOL),
            )
        case _, Standing.UNANCHORED:
            return Banner(Tone.OPEN, _AWAITING, _sentence(verdict, Outcome.UNKNOWN), (_LATER,))
    return Banner(Tone.OPEN, _doubt(verdict), _sentence(verdict, Outcome.UNKNOWN), (_LATER,))


def _recalled(verdict: Verdict) -> Banner:
    found = verdict.finding(Check.STANDING)
    told = Text("", "") if found is None else Text(found.vi, found.en)
    if verdict.standing is Standing.REPLACED:
        return Banner(Tone.BAD, _REPLACED, told, (_USE_NEW, _ASK_SCHOOL))
    return Banner(Tone.BAD, _RECALLED, told, (_ASK_SCHOOL,))


def _failure(verdict: Verdict) -> Text:
    """What failed, named by the first finding that did."""
    failed = [found for found in verdict.findings if found.outcome is Outcome.FAILED and found.check is not Check.TIME]
    for found in failed:
        if (title := _FAILED_TITLES.get(found.code) or _FAILED_CHECKS.get(found.check)) is not None:
            return title
    return _FAILED


def _mishap(verdict: Verdict) -> bool:
    """Whether the first failure happens to honest people: nobody is to be reported for it."""
    first = next((found for found in verdict.findings if found.outcome is Outcome.FAILED), None)
    return first is not None and first.code in _MISHAPS


def _doubt(verdict: Verdict) -> Text:
    """What is not known, named by the first finding that a reader can do something with."""
    for found in verdict.findings:
        if found.outcome is Outcome.UNKNOWN and (reason := _OPEN_REASONS.get(found.code)) is not None:
            return Text(f"{_OPEN.vi}: {reason.vi}", f"{_OPEN.en}: {reason.en}")
    return _OPEN


def _sentence(verdict: Verdict, outcome: Outcome) -> Text:
    """The first finding with this outcome, in its own words, and what the second witness of time says if the first is silent."""
    told = [found for found in verdict.findings if found.outcome is outcome and found.check is not Check.TIME][:1]
    if (witness := verdict.second_witness) is not None:
        told.append(witness)
    return Text(" ".join(found.vi for found in told), " ".join(found.en for found in told))
