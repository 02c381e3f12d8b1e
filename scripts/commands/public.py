# SPDX-License-Identifier: Apache-2.0

"""What anybody does: verify files, serve the public verifier, run a chain of one's own."""

import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.table import Table

from scripts import workday
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    AsJson,
    Home,
    Lang,
    note,
    out,
    print_json,
    settings,
    tell,
    track,
)
from scripts.compose import ReceiptFolder, public_verifier
from scripts.devchain import DEFAULT_CHAIN_ID, DEFAULT_PORT
from scripts.devchain import main as run_devchain
from scripts.public_service import public_service
from verifier_api.telemetry import json_lines
from verifier_api.trust import TRUST_FILE, Trust
from verifier_api.verdict import Conclusion, Language, Standing, Verdict
from verifier_api.wording import role_text

RECORD_SUFFIXES = (".pdf", ".xml")

CONCLUSIONS = {
    Conclusion.TOTAL_PASSED: ("✓ thật", "✓ genuine"),
    Conclusion.INDETERMINATE: ("? chưa kết luận được", "? not concluded"),
    Conclusion.TOTAL_FAILED: ("✗ không hợp lệ", "✗ not valid"),
}
STANDINGS = {
    Standing.CURRENT: ("đang có hiệu lực", "current"),
    Standing.RECALLED: ("đã thu hồi", "recalled"),
    Standing.REPLACED: ("đã bị thay thế", "replaced"),
    Standing.UNANCHORED: ("chưa neo", "not anchored"),
    Standing.UNKNOWN: ("không rõ", "unknown"),
}


def verify(
    files: Annotated[list[Path], typer.Argument(help="Tệp .pdf, .xml hoặc thư mục / files or folders.")],
    receipt: Annotated[
        Path | None, typer.Option(help="Biên nhận của tệp; không có thì tìm bên cạnh tệp / the file's receipt.")
    ] = None,
    rpc: Annotated[list[str] | None, typer.Option(help="Nút chuỗi; có thể lặp lại / chain node; repeatable.")] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="Thư mục tin cậy; mặc định: trust bên cạnh tệp / trust folder.", envvar="HOCBA_TRUST"),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Không hỏi chuỗi khối / do not ask the chain.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Số tiến trình / worker processes.")] = 2,
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Kiểm tra học bạ từ tệp, biên nhận và chuỗi / verify records, no server needed.

    Mã thoát / exit status: 0 mọi tệp đều thật và đang có hiệu lực / all genuine and current; 1 có tệp không hợp lệ, đã thu hồi
    hoặc không phải của hệ thống / something failed, is no longer current or is not ours; 2 có điều chưa kiểm tra được /
    something could not be checked; 3 dùng sai / wrong use.
    """
    paths = list(_records(files))
    missing = [path for path in (*paths, *([receipt] if receipt else [])) if not path.is_file()]
    if missing or not paths:
        named = ", ".join(map(str, missing or files))
        note(lang, f"Không có tệp học bạ: {named}.", f"No record to verify: {named}.")
        raise typer.Exit(EXIT_USAGE)
    if receipt is not None and len(paths) != 1:
        note(lang, "--receipt chỉ dùng với một tệp.", "--receipt goes with one file.")
        raise typer.Exit(EXIT_USAGE)
    believed = Trust.load(trust or _beside(paths[0]))
    issued = ReceiptFolder(sorted({path.parent for path in paths}))
    with public_verifier(believed, issued, rpc=rpc or (), offline=offline, workers=min(jobs, len(paths))) as verifier:
        given = None if receipt is None else receipt.read_bytes()
        verdicts = workday.verdicts(verifier, paths, jobs=jobs, receipt=given)
        shown = verdicts if as_json or len(paths) == 1 else track(verdicts, total=len(paths), label="hocba verify")
        judged = []
        for path, verdict in shown:
            judged.append((path, verdict))
            if as_json:
                print_json({"file": str(path), **verdict.to_dict(lang)})
    if not as_json:
        _show(judged, lang)
    raise typer.Exit(exit_status([verdict for _, verdict in judged]))


def exit_status(verdicts: Sequence[Verdict]) -> int:
    """The exit status for these verdicts (DESIGN.md section 9)."""
    statuses = {_status(verdict) for verdict in verdicts}
    return next(status for status in (EXIT_FAILED, EXIT_UNKNOWN, EXIT_OK) if status in statuses or status == EXIT_OK)


def serve(
    home: Home = Path(),
    host: Annotated[str, typer.Option(help="Địa chỉ lắng nghe / address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Cổng / port.")] = 8000,
    lang: Lang = "vi",
) -> None:
    """Chạy trang tra cứu công khai / serve the public verifier, read-only."""
    # uvicorn raises the signal that stopped it once more; this lets the worker processes be ended in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(handlers=[json_lines()], level=logging.WARNING)
    logging.getLogger("verifier_api").setLevel(logging.INFO)
    with public_service(settings(home)) as app:
        tell(
            lang,
            f"Trang tra cứu: http://{host}:{port} (Ctrl-C để dừng)",
            f"Verifier: http://{host}:{port} (Ctrl-C stops it)",
        )
        uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


def devchain(
    state: Annotated[Path, typer.Option(help="Tệp lưu trạng thái / state file.")] = Path("devchain.json"),
    port: Annotated[int, typer.Option(help="Cổng / port.")] = DEFAULT_PORT,
    chain_id: Annotated[int, typer.Option(help="Mã chuỗi / chain id.")] = DEFAULT_CHAIN_ID,
    block_time: Annotated[float | None, typer.Option(help="Giây mỗi khối / seconds per block.")] = None,
) -> None:
    """Chạy một chuỗi thử (anvil) / run a chain of one's own on this machine."""
    words = ["--state", str(state), "--port", str(port), "--chain-id", str(chain_id)]
    raise typer.Exit(run_devchain([*words, *(["--block-time", str(block_time)] if block_time else [])]))


def _records(files: Sequence[Path]) -> Iterator[Path]:
    for path in files:
        if path.is_dir():
            yield from sorted(child for child in path.iterdir() if child.suffix.lower() in RECORD_SUFFIXES)
        else:
            yield path


def _beside(path: Path) -> Path:
    candidates = [path.parent / "trust", Path("trust")]
    return next((folder for folder in candidates if (folder / TRUST_FILE).is_file()), candidates[0])


def _status(verdict: Verdict) -> int:
    if verdict.conclusion is Conclusion.TOTAL_FAILED or verdict.standing in (Standing.RECALLED, Standing.REPLACED):
        return EXIT_FAILED
    good = verdict.conclusion is Conclusion.TOTAL_PASSED and verdict.standing is Standing.CURRENT
    return EXIT_OK if good else EXIT_UNKNOWN


def _show(judged: Sequence[tuple[Path, Verdict]], lang: Language) -> None:
    at = 0 if lang == "vi" else 1
    table = Table(box=None, pad_edge=False)
    for heading in (("Tệp", "File"), ("Kết luận", "Conclusion"), ("Hiệu lực", "Standing"), ("Vì sao", "Why")):
        table.add_column(heading[at], overflow="fold")
    for path, verdict in judged:
        worst = verdict.worst
        if _status(verdict) == EXIT_OK or worst is None:
            deputies = [role_text(each).to(lang) for each in verdict.signatures if each.delegated_by is not None]
            why = "; ".join(filter(None, [verdict.school_name, *deputies]))
        else:
            why = f"{worst.message(lang)} ({worst.code})"
        table.add_row(path.name, CONCLUSIONS[verdict.conclusion][at], STANDINGS[verdict.standing][at], why)
    out.print(table)
    good = sum(_status(verdict) == EXIT_OK for _, verdict in judged)
    tell(
        lang,
        f"{good}/{len(judged)} tệp thật và đang có hiệu lực.",
        f"{good} of {len(judged)} files are genuine and current.",
    )
