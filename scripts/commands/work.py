# SPDX-License-Identifier: Apache-2.0

"""Bulk work: `hocba work` does it, `hocba jobs` orders it, shows how far it has come, cancels and resumes it.

DBOS, and everything that a deed needs, is imported when it is used: whoever asks for help waits for neither.
"""

import datetime as dt
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from ledger.errors import LedgerError
from ledger.jobs.job import Job, JobState, Priority
from ledger.paper.moments import VIETNAM
from scripts import working
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_OK,
    AsJson,
    Home,
    Lang,
    err,
    note,
    out,
    print_json,
    settings,
    tell,
)
from verifier_api.verdict import Language

if TYPE_CHECKING:
    from ledger.jobs.board import JobBoard

WATCH_SECONDS: Final = 1.0
BAR_WIDTH: Final = 24

STATES: Final[Mapping[JobState, tuple[str, str]]] = {
    JobState.WAITING: ("đang chờ", "waiting"),
    JobState.RUNNING: ("đang chạy", "running"),
    JobState.DONE: ("xong", "done"),
    JobState.CANCELLED: ("đã dừng", "cancelled"),
    JobState.FAILED: ("hỏng", "failed"),
}
ENDED: Final = frozenset({JobState.DONE, JobState.CANCELLED, JobState.FAILED})


class Kind(StrEnum):
    """What can be ordered; the same names as `scripts.deeds.Deeds.by_kind`."""

    PREPARE = "prepare"
    SEAL = "seal"
    ISSUE = "issue"
    STAMP = "stamp"
    RETIMESTAMP = "retimestamp"
    VERIFY = "verify"
    EXPORT = "export"


class Turn(StrEnum):
    """Whose turn it is before whose."""

    URGENT = "urgent"
    NORMAL = "normal"
    NIGHT = "night"


jobs = typer.Typer(
    name="jobs",
    help="Việc làm hàng loạt: danh sách, tiến độ, dừng, làm tiếp / bulk work: list, progress, cancel, resume.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

JobArgument = Annotated[str, typer.Argument(help="Tên việc, như trong danh sách / the job's name.")]


def work(
    once: Annotated[bool, typer.Option("--once", help="Dừng khi hết việc / end when nothing is left to do.")] = False,
    processes: Annotated[int, typer.Option("--processes", "-n", min=1, help="Số tiến trình / processes.")] = 1,
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Làm các việc hàng loạt đang chờ / do the bulk work that waits (hocba jobs).

    Chạy bao nhiêu tiến trình, trên bao nhiêu máy cũng được. Ctrl-C: làm xong học bạ đang dở rồi dừng. / Any number of processes,
    on any number of machines. Ctrl-C ends it after the unit in hand.
    """
    stop = threading.Event()
    settings(home)
    note(
        lang,
        "Đang nhận việc; Ctrl-C để dừng sau học bạ đang dở.",
        "Taking up work; Ctrl-C ends it after the unit in hand.",
    )
    with _heeding(stop):
        if processes == 1:
            working.work(home, stop, once=once)
            return
        with _board(home):  # What keeps every worker from its work is said once, before any is started again and again.
            pass
        with working.Workers(home, processes, once=once) as workers:
            worst = workers.wait(stop)
    raise typer.Exit(worst)


@jobs.callback()
def listed(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Theo dõi đến khi xong / watch until all have ended.")] = False,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Danh sách việc, mới nhất trước / the jobs, newest first."""
    if context.invoked_subcommand is not None:
        return
    with _board(home) as board:
        found = board.jobs()
        if as_json:
            print_json([_as_json(job) for job in found])
        elif not found:
            tell(lang, "Chưa có việc nào (hocba jobs add).", "There are no jobs yet (hocba jobs add).")
        elif not watch:
            out.print(_table(found, lang))
        else:
            with Live(_table(found, lang), console=out, auto_refresh=False) as live, suppress(KeyboardInterrupt):
                while any(job.state not in ENDED for job in found):
                    time.sleep(WATCH_SECONDS)
                    found = board.jobs()
                    live.update(_table(found, lang), refresh=True)


@jobs.command("add")
def add(
    kind: Annotated[Kind, typer.Argument(help="Việc gì / what is to be done.")],
    school: Annotated[
        str | None, typer.Option("--school", help="Mã trường; không có: mọi trường / school code.")
    ] = None,
    year: Annotated[str | None, typer.Option("--year", help="Năm học, ví dụ 2025-2026 / school year.")] = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Lớp; không có: cả trường / class.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Thư mục để kiểm tra, hoặc để xuất vào / to verify, or to export to.")
    ] = None,
    within: Annotated[int, typer.Option(min=0, help="Số ngày đến hạn (retimestamp) / days until the end.")] = 180,
    turn: Annotated[Turn, typer.Option("--turn", help="Lượt: gấp, thường, ban đêm / whose turn.")] = Turn.NORMAL,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Giao một việc / order a job: prepare, seal, issue, stamp, retimestamp, verify, export."""
    now = dt.datetime.now(dt.UTC)
    order: dict[str, str] = {}
    if kind is Kind.VERIFY:
        order = {"folder": str(_given(folder, "--folder").absolute())}
    elif kind is Kind.EXPORT:
        order = {"folder": str(_given(folder, "--folder").absolute())} | ({"school": school} if school else {})
    elif kind is Kind.STAMP:
        order = {"school": school} if school else {}
    elif kind is Kind.RETIMESTAMP:
        order = {"before": (now + dt.timedelta(days=within)).isoformat()}
    else:
        order = {"year": _given(year, "--year"), "planned": now.astimezone(VIETNAM).isoformat(timespec="seconds")}
        if class_name is not None:
            order |= {"class": class_name, "school": _given(school, "--school")}
        elif school is not None:
            order |= {"school": school}
    with _board(home) as board:
        job_id = board.order(kind, order, priority=Priority[turn.name])
    if as_json:
        print_json({"id": job_id})
    else:
        tell(lang, f"Đã giao việc {job_id}. Xem: hocba jobs.", f"Ordered {job_id}. To see it: hocba jobs.")


@jobs.command("show")
def show(job: JobArgument, home: Home = Path(), lang: Lang = "vi", as_json: AsJson = False) -> None:
    """Một việc và từng kết quả / one job, and what became of each unit.

    Với --json mỗi dòng là một kết quả. / With --json each line is one outcome.
    Mã thoát / exit status: 0 mọi thứ đã xong / all is done; 1 có học bạ bị từ chối hoặc việc hỏng / something was refused.
    """
    with _board(home) as board:
        found = board.job(job)
        if not as_json:
            out.print(_table([found], lang))
        for unit, outcome in board.outcomes(job):
            if as_json:
                print_json({"unit": unit, **outcome.to_json()})
            elif outcome.vi:
                err.print(f"{unit}: {outcome.vi if lang == 'vi' else outcome.en}", soft_wrap=True, markup=False)
    if found.problem is not None:
        note(lang, *found.problem)
    raise typer.Exit(EXIT_FAILED if found.refused or found.state is JobState.FAILED else EXIT_OK)


@jobs.command("cancel")
def cancel(job: JobArgument, home: Home = Path(), lang: Lang = "vi", as_json: AsJson = False) -> None:
    """Dừng một việc sau học bạ đang dở / stop a job after the unit in hand."""
    with _board(home) as board:
        board.cancel(job)
        found = board.job(job)
    if as_json:
        print_json(_as_json(found))
    else:
        tell(
            lang,
            f"Đã dừng {job} ({found.finished}/{found.total}). Làm tiếp: hocba jobs resume {job}.",
            f"Cancelled {job} ({found.finished}/{found.total}). To go on: hocba jobs resume {job}.",
        )


@jobs.command("resume")
def resume(job: JobArgument, home: Home = Path(), lang: Lang = "vi", as_json: AsJson = False) -> None:
    """Làm tiếp một việc đã dừng, hoặc làm lại phần bị từ chối / go on, or try again what was refused."""
    with _board(home) as board:
        going = board.resume(job)
        found = board.job(going)
    if as_json:
        print_json(_as_json(found))
    else:
        tell(lang, f"{going} sẽ được làm tiếp.", f"{going} goes on.")


@jobs.command("forget")
def forget(
    days: Annotated[int, typer.Option(min=0, help="Kết thúc trước số ngày này / that ended so many days ago.")] = 90,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Bỏ việc cũ khỏi danh sách; học bạ giữ nguyên / drop old jobs from the list; records stay as they are."""
    with _board(home) as board:
        many = board.forget(ended_before=dt.datetime.now(dt.UTC) - dt.timedelta(days=days))
    if as_json:
        print_json({"forgotten": many})
    else:
        tell(lang, f"Đã bỏ {many} việc.", f"Dropped {many} jobs.")


def _board(home: Path) -> AbstractContextManager["JobBoard"]:
    from ledger.jobs.board import JobBoard  # noqa: PLC0415 - see above

    return JobBoard.at(settings(home).jobs)


@contextmanager
def _heeding(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and a service manager's farewell set `stop`, and nothing else."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _given(value: Any, option: str) -> Any:  # noqa: ANN401 - what it is given, and not None
    if value is None:
        raise LedgerError(f"Việc này cần {option}.", f"This kind of job needs {option}.")
    return value


def _table(found: list[Job], lang: Language) -> Table:
    at, now = (0 if lang == "vi" else 1), dt.datetime.now(dt.UTC)
    table = Table(box=None, pad_edge=False)
    headings = (
        ("Việc", "Job"),
        ("Trạng thái", "State"),
        ("Xong/tổng", "Done/total"),
        ("", ""),
        ("Từ chối", "Refused"),
        ("/giây", "/s"),
        ("Còn", "Left"),
        ("Cho", "For"),
    )
    for heading in headings:
        table.add_column(heading[at], overflow="fold")
    for job in found:
        rate, left = job.rate(now), job.remaining(now)
        table.add_row(
            job.id,
            STATES[job.state][at],
            f"{job.finished}/{job.total}{'' if job.planned else '+'}",
            ProgressBar(total=max(job.total, 1), completed=job.finished, width=BAR_WIDTH) if out.is_terminal else "",
            str(job.refused) if job.refused else "",
            "" if rate is None else f"{rate:.1f}",
            "" if left is None else str(dt.timedelta(seconds=round(left.total_seconds()))),
            " ".join(value for name, value in job.order.items() if name in {"school", "year", "class", "folder"}),
        )
    return table


def _as_json(job: Job) -> dict[str, object]:
    now = dt.datetime.now(dt.UTC)
    rate, left = job.rate(now), job.remaining(now)
    return {
        "id": job.id,
        "kind": job.kind,
        "order": dict(job.order),
        "turn": job.priority.name.lower(),
        "state": job.state.value,
        "planned": job.planned,
        "total": job.total,
        "done": job.done,
        "already": job.already,
        "refused": job.refused,
        "rate": None if rate is None else round(rate, 2),
        "remaining_seconds": None if left is None else round(left.total_seconds()),
        "created_at": job.created_at.isoformat(),
        "began_at": None if job.began_at is None else job.began_at.isoformat(),
        "ended_at": None if job.ended_at is None else job.ended_at.isoformat(),
        "problem": None if job.problem is None else {"vi": job.problem[0], "en": job.problem[1]},
    }
