# SPDX-License-Identifier: Apache-2.0

"""What all commands share: options that mean the same everywhere, two languages, and progress on the error stream.

Results go to standard output, and with `--json` nothing else does; everything meant for watching goes to standard error.
"""

import getpass
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ledger.errors import LedgerError
from scripts.settings import Settings
from verifier_api.verdict import Language

T = TypeVar("T")

EXIT_OK, EXIT_FAILED, EXIT_UNKNOWN, EXIT_USAGE = 0, 1, 2, 3
"""DESIGN.md section 9: all is well; something failed; something could not be checked; wrong use."""

EXIT_STOPPED = 130
"""Ended by Ctrl-C, as shells tell it."""

out, err = Console(highlight=False), Console(stderr=True, highlight=False)

Lang = Annotated[Language, typer.Option("--lang", help="Ngôn ngữ / language.", envvar="HOCBA_LANG", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="In JSON cho máy đọc / print JSON for machines.")]
Home = Annotated[
    Path,
    typer.Option("--home", help="Thư mục cài đặt, có hocba.toml / the installation's folder.", envvar="HOCBA_HOME"),
]
Synthetic = Annotated[
    bool,
    typer.Option("--synthetic", help="Dữ liệu mẫu: chấp nhận mã tỉnh 099 / sample data: accept province part 099."),
]
SchoolOption = Annotated[str, typer.Option("--school", help="Mã trường, 8 chữ số / school code.")]
YearOption = Annotated[str, typer.Option("--year", help="Năm học, ví dụ 2025-2026 / school year.")]
ClassOption = Annotated[str, typer.Option("--class", help="Lớp, ví dụ 9A1 / class.")]
AuthorityKey = Annotated[
    str,
    typer.Option(
        "--authority-key",
        help="Khóa chuỗi của Sở: tệp keystore hoặc web3signer:https://máy:cổng/0x… / the authority's key.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--pin-file", help="Tệp chứa mã PIN; không có thì hỏi / file that holds the PIN; otherwise it is asked."
    ),
]
ByOption = Annotated[
    str, typer.Option("--by", help="Ai quyết định, ghi vào nhật ký / who decides, for the journal (default: you).")
]


def by_whom(given: str) -> str:
    """Who is named for what a command decides: as given, or whoever is signed in to this computer."""
    return given or getpass.getuser()


def settings(home: Path) -> Settings:
    """The installation that a command works on."""
    return Settings.load(home)


def tell(lang: Language, vi: str, en: str) -> None:
    """One line on standard output."""
    out.print(vi if lang == "vi" else en, soft_wrap=True, markup=False)


def note(lang: Language, vi: str, en: str) -> None:
    """One line for whoever watches, on standard error."""
    err.print(vi if lang == "vi" else en, soft_wrap=True, markup=False)


def print_json(value: object) -> None:
    """One JSON document on one line: several make JSON lines."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def track(items: Iterable[T], *, total: int, label: str) -> Iterator[T]:
    """`items`, with a progress bar on standard error that leaves its last line behind."""
    columns = (TextColumn("{task.description:<34}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(label, total=total)
        for item in items:
            progress.advance(task)
            yield item


def secret(lang: Language, file: Path | None, *, vi: str, en: str) -> str:
    """A PIN or password: the first line of `file`, or typed without showing it. Never an argument: `ps` would show it."""
    if file is not None:
        try:
            return file.read_text("utf-8").splitlines()[0]
        except (UnicodeDecodeError, IndexError):
            raise LedgerError(
                f"Tệp {file} phải là văn bản UTF-8, dòng đầu là mã PIN.",
                f"{file} must be UTF-8 text whose first line is the PIN.",
            ) from None
    return getpass.getpass(f"{vi if lang == 'vi' else en}: ")


def authority_password(file: Path | None, lang: Language) -> str:
    """What opens the authority's keystore."""
    return secret(lang, file, vi="Mật khẩu khóa của Sở", en="Password of the authority's key")


def exhaust(work: Iterable[object]) -> None:
    """Runs an iterator to its end for what it does."""
    for _ in work:
        pass
