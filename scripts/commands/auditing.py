# SPDX-License-Identifier: Apache-2.0

"""Auditing: is anything missing, altered or too many; and taking everything out, and back in."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ledger.audit.findings import Finding, Severity
from ledger.bag import BagReader
from ledger.errors import Unavailable
from ledger.exporting import Exporting
from ledger.restoring import Restoring
from ledger.store.database import open_for_reading, open_for_writing
from scripts.audits import ledger_audit, trust_files
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    AsJson,
    Home,
    Lang,
    err,
    note,
    out,
    print_json,
    settings,
    tell,
    track,
)
from scripts.compose import file_store
from scripts.crew import utc_now
from verifier_api.trust import Trust
from verifier_api.verdict import Language

_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.UNCHECKED: "?", Severity.INFO: "·"}


def audit(
    chain: Annotated[
        bool,
        typer.Option(
            "--chain", help="Chỉ mã băm, biên nhận và hợp đồng, không đọc tệp / digests, receipts and contract only."
        ),
    ] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Đọc từng byte của mọi tệp (mặc định) / every byte of every file (default).")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Không hỏi chuỗi khối / do not ask the chain.")] = False,
    rpc: Annotated[list[str] | None, typer.Option(help="Nút chuỗi; có thể lặp lại / chain node; repeatable.")] = None,
    first_block: Annotated[
        int,
        typer.Option("--from-block", min=0, help="Khối tạo hợp đồng, hoặc trước đó / block that created the registry."),
    ] = 0,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Kiểm toán cả sổ cái / find what is missing or altered.

    Hỏi cả chuỗi và đọc mọi tệp, trừ khi nói khác / asks the chain and reads every file, unless told otherwise.

    Mã thoát / exit status: 0 không có gì phải xem / nothing to report; 1 có phát hiện / findings; 2 có điều chưa kiểm tra được /
    something could not be checked; 3 dùng sai / wrong use.
    """
    if offline and (chain or rpc):
        note(lang, "--offline không đi cùng --chain hay --rpc.", "--offline goes with neither --chain nor --rpc.")
        raise typer.Exit(EXIT_USAGE)
    chosen = settings(home)
    trust = None if offline else Trust.load(chosen.trust)
    told: Counter[Severity] = Counter()
    remedies: dict[str, Finding] = {}
    try:
        with _Bars(lang) as bars:
            found = ledger_audit(
                chosen, trust, rpc=rpc or (), files=files or not chain, first_block=first_block, watcher=bars
            )
            for each in found:
                told[each.severity] += 1
                remedies.setdefault(each.code, each)
                print_json(each.to_dict(lang)) if as_json else _show(each, lang)
    except Unavailable as error:
        note(lang, error.vi, error.en)
        raise typer.Exit(EXIT_UNKNOWN) from None
    if as_json:
        print_json({"summary": {severity.value: told[severity] for severity in Severity}})
    else:
        _summary(told, remedies, lang)
    raise typer.Exit(exit_status(told))


def exit_status(told: Counter[Severity]) -> int:
    """The exit status for so many findings of each severity (DESIGN.md section 9)."""
    if told[Severity.ERROR] or told[Severity.WARNING]:
        return EXIT_FAILED
    return EXIT_UNKNOWN if told[Severity.UNCHECKED] else EXIT_OK


def export(
    out: Annotated[Path, typer.Argument(help="Thư mục mới / new folder.")],
    school: Annotated[
        str | None, typer.Option("--school", help="Chỉ một trường / one school only; mặc định: tất cả / default: all.")
    ] = None,
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Xuất toàn bộ sổ cái (BagIt) / everything, as an archive.

    Bản xuất có dữ liệu học sinh: bảo quản như sổ cái. Không có tài khoản, mật khẩu, khóa. / It holds pupils' data: keep it as
    the ledger. No account, password or key is in it.
    """
    chosen = settings(home)
    exporting = Exporting(open_for_reading(chosen.database), file_store(chosen.files))
    total = exporting.count(school)
    work = exporting.export(out, now=utc_now(), school_code=school, trust=trust_files(chosen.trust))
    count = sum(1 for _ in track(work, total=total, label="Xuất" if lang == "vi" else "Exporting"))
    tell(lang, f"Đã xuất {count} học bạ vào {out}.", f"Exported {count} records to {out}.")


def restore(
    archive: Annotated[Path, typer.Argument(help="Thư mục do hocba export tạo / folder that hocba export made.")],
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Khôi phục từ bản xuất / bring an archive back.

    Kiểm tra mọi mã băm trước khi ghi. Tài khoản phải tạo lại. / Every digest is checked before anything is written. Accounts
    are made anew.
    """
    chosen = settings(home)
    bag = BagReader(archive)
    work = Restoring(bag, open_for_writing(chosen.database), file_store(chosen.files)).restore()
    # Each file is checked, then stored; tables and tags are few beside that.
    for _ in track(work, total=2 * bag.count(), label="Khôi phục" if lang == "vi" else "Restoring"):
        pass
    tell(
        lang,
        f"Đã khôi phục {archive}. Tiếp theo: chạy hocba audit, rồi tạo lại tài khoản (hocba account).",
        f"Restored {archive}. Next: run hocba audit, then make the accounts anew (hocba account).",
    )


class _Bars:
    """Shows each part of an audit on standard error. Implements `Watcher`."""

    def __init__(self, lang: Language) -> None:
        label = "Kiểm toán" if lang == "vi" else "Auditing"
        columns = (TextColumn("{task.description:<34}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=err)
        self._label = label
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, part: str, total: int) -> None:
        """A part begins; the one before leaves its last line behind."""
        self._task = self._progress.add_task(f"{self._label}: {part}", total=total) if total else None

    def advance(self, rows: int) -> None:
        """So many rows more are done."""
        if self._task is not None:
            self._progress.advance(self._task, rows)


def _show(finding: Finding, lang: Language) -> None:
    values = ", ".join(
        f"{word}: {value}"
        for word, value in (
            ("thấy" if lang == "vi" else "found", finding.found),
            ("phải là" if lang == "vi" else "expected", finding.expected),
        )
        if value
    )
    line = f"{_MARKS[finding.severity]} {finding.subject} ({finding.code}): {finding.message(lang)}"
    out.print(line + (f" [{values}]" if values else ""), soft_wrap=True, markup=False)


def _summary(told: Counter[Severity], remedies: dict[str, Finding], lang: Language) -> None:
    wrong = {code: one for code, one in remedies.items() if one.severity is not Severity.INFO}
    for code, one in wrong.items():
        out.print(f"→ {code}: {one.remedy(lang)}", soft_wrap=True, markup=False)
    counts = (told[Severity.ERROR], told[Severity.WARNING], told[Severity.UNCHECKED])
    if not any(counts):
        tell(lang, "✓ Không thiếu, không thừa, không sai khác.", "✓ Nothing is missing, altered or too many.")
        return
    tell(
        lang,
        "Lỗi: {}. Cần xem: {}. Chưa kiểm tra được: {}.".format(*counts),
        "Errors: {}. To be looked at: {}. Not checked: {}.".format(*counts),
    )
