# SPDX-License-Identifier: Apache-2.0

"""`hocba verify`: files, folders, patterns, standard input, receipts, ids and digests; no server needed."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ledger.paper.moments import VIETNAM
from scripts import campaign, combinations, results
from scripts.campaign import Kind, Question
from scripts.commands.judging import Wanted, judge
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    AsJson,
    Lang,
    note,
)
from scripts.commands.verdict_table import Tally
from scripts.compose import public_verifier
from scripts.crew import utc_now
from scripts.receipt_folder import ReceiptFolder
from scripts.results import Csv, JsonLines
from verifier_api.trust import TRUST_FILE, Trust
from verifier_api.verdict import Language


def verify(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Tệp, thư mục, mẫu '*.pdf', - (đầu vào chuẩn), mã học bạ hoặc SHA-256 / files, folders, patterns, - for "
            "standard input, a record's id, a SHA-256.",
        ),
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Biên nhận của tệp; đứng một mình cũng được / the file's receipt; or alone.")
    ] = None,
    rpc: Annotated[list[str] | None, typer.Option(help="Nút chuỗi; có thể lặp lại / chain node; repeatable.")] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="Thư mục tin cậy; mặc định: ./trust, hoặc cạnh tệp / trust folder.", envvar="HOCBA_TRUST"),
    ] = None,
    at: Annotated[
        str, typer.Option(help="Trả lời như vào lúc đó: 31/12/2026, 2026-12-31T08:00+07:00 / as of that moment.")
    ] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Không hỏi chuỗi khối / do not ask the chain.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Số tiến trình / worker processes.")] = 2,
    result_file: Annotated[
        Path | None,
        typer.Option("--out", help="Ghi kết quả vào .jsonl hoặc .csv; chạy lại thì làm tiếp / write here, and resume."),
    ] = None,
    examined: Annotated[
        Path | None,
        typer.Option(
            help="Giữ kết quả xem xét chữ ký; lần sau tệp y nguyên chỉ hỏi lại chuỗi / keep what was seen in each file; "
            "the next run asks only the chain about the same bytes.",
        ),
    ] = None,
    marks_file: Annotated[
        Path | None, typer.Option("--marks", help="Ghi điểm đã kiểm tra, CSV / write the verified marks.")
    ] = None,
    averages_file: Annotated[
        Path | None,
        typer.Option("--combinations", help="Ghi điểm tổ hợp xét tuyển, CSV, cần --marks / averages by combination."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--combinations-table", help="Bảng tổ hợp riêng, TOML / combinations of your own.")
    ] = None,
    excel: Annotated[bool, typer.Option("--excel", help="CSV có BOM cho Excel / a byte order mark for Excel.")] = False,
    lang: Lang = "vi",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="In CSV cho máy đọc / print CSV for machines.")] = False,
) -> None:
    """Kiểm tra học bạ từ tệp, biên nhận và chuỗi / verify records, no server needed.

    Mã thoát / exit status: 0 mọi tệp đều thật và đang có hiệu lực / all genuine and current; 1 có tệp không hợp lệ, đã thu hồi
    hoặc không phải của hệ thống / something failed, is no longer current or is not ours; 2 có điều chưa kiểm tra được /
    something could not be checked; 3 dùng sai / wrong use.
    """
    asked = _asked(files or [], receipt, lang)
    if as_json and as_csv:
        raise _wrong(lang, "Chỉ chọn một trong --json và --csv.", "Choose one of --json and --csv.")
    if averages_file is not None and marks_file is None:
        raise _wrong(lang, "--combinations cần --marks.", "--combinations needs --marks.")
    moment = _moment(at, lang)
    believed = Trust.load(trust or _beside(asked, files or []))
    wanted = Wanted(
        lang=lang,
        form=Csv(lang) if as_csv else JsonLines(lang) if as_json else None,
        results=result_file,
        marks=marks_file,
        averages=averages_file,
        combinations=combinations.combinations(table or combinations.TABLE) if averages_file is not None else {},
        excel=excel,
        jobs=jobs,
    )
    places = {Path(one.text).parent for one in asked if one.kind in {Kind.FILE, Kind.RECEIPT}} or {Path()}
    issued = ReceiptFolder([*sorted(places), *([receipt] if receipt else [])])
    workers = min(jobs, len(asked))
    with public_verifier(
        believed, issued, rpc=rpc or (), offline=offline, workers=workers, at=moment, examined=examined
    ) as verifier:
        tally = judge(
            verifier,
            asked,
            wanted,
            believed=results.believed(believed, at=moment),
            now=utc_now(),
            at=moment,
            receipt=receipt.read_bytes() if receipt is not None and asked[0].kind in {Kind.FILE, Kind.STDIN} else None,
        )
    raise typer.Exit(exit_status(tally))


def exit_status(tally: Tally) -> int:
    """The exit status of a run (DESIGN.md section 9)."""
    if tally.bad:
        return EXIT_FAILED
    return EXIT_OK if tally.good == tally.all else EXIT_UNKNOWN


def _asked(words: Sequence[str], receipt: Path | None, lang: Language) -> list[Question]:
    asked, nothing = campaign.questions(words)
    if receipt is not None and not receipt.is_file():
        nothing.append(str(receipt))
    if receipt is not None and not words:
        asked = [Question(Kind.RECEIPT, str(receipt))]
    if nothing or not asked:
        named = ", ".join(nothing or words)
        raise _wrong(lang, f"Không có tệp học bạ: {named}.", f"No record to verify: {named}.")
    if receipt is not None and len(asked) != 1:
        raise _wrong(lang, "--receipt chỉ dùng với một tệp.", "--receipt goes with one file.")
    return asked


def _moment(text: str, lang: Language) -> dt.datetime | None:
    """The moment that `--at` names, in Vietnam unless it says a zone; a day alone means its end, or now if it is today."""
    if not text:
        return None
    now = utc_now()
    try:
        moment = dt.datetime.strptime(text, "%d/%m/%Y") if "/" in text else dt.datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        raise _wrong(
            lang,
            f"--at {text} không phải thời điểm. Viết như 31/12/2026 hoặc 2026-12-31T08:00+07:00.",
            f"--at {text} is no moment. Write 31/12/2026 or 2026-12-31T08:00+07:00.",
        ) from None
    moment = (moment if moment.tzinfo is not None else moment.replace(tzinfo=VIETNAM)).replace(microsecond=0)
    if moment > now:
        raise _wrong(lang, f"--at {text} chưa đến.", f"--at {text} lies in the future.")
    a_day = "T" not in text and ":" not in text
    return min(now, moment + dt.timedelta(days=1, seconds=-1)) if a_day else moment


def _wrong(lang: Language, vi: str, en: str) -> typer.Exit:
    note(lang, vi, en)
    return typer.Exit(EXIT_USAGE)


def _beside(asked: Sequence[Question], words: Sequence[str]) -> Path:
    """The trust folder here, or next to the one file, or in the one folder that was named.

    Never one that lies deeper in what is to be judged: an applicant's folder must not bring along whom to trust.
    """
    named = [Path(word) for word in words]
    if not named:
        named = [Path(one.text) for one in asked]
    candidates = [Path("trust")]
    if len(named) == 1:
        candidates.append((named[0] if named[0].is_dir() else named[0].parent) / "trust")
    return next((folder for folder in candidates if (folder / TRUST_FILE).is_file()), candidates[0])
