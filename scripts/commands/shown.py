# SPDX-License-Identifier: Apache-2.0

"""What is about to be signed, shown before it is: how many records, of whom, every warning, and any of the files."""

import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import LedgerError
from scripts.commands.terminal import note, out, tell
from verifier_api.verdict import Language


@dataclass(frozen=True)
class Sheet:
    """One record as its signer may look at it."""

    stt: int
    pupil: str
    notes: tuple[str, ...]
    """Warnings of the class sheet, and why it was given back if it was."""
    pdf: bytes | None
    """None where the signer signs the XML alone, or took the digests without the files."""


class NotAgreed(LedgerError):
    """Whoever was to sign said no. Nothing was signed."""

    def __init__(self) -> None:
        super().__init__(
            "Đã dừng; chưa ký gì. Hãy chạy lại khi sẵn sàng.", "Stopped; nothing was signed. Run again when ready."
        )


def show(heading: tuple[str, str], sheets: Sequence[Sheet], *, folder: Path | None, lang: Language) -> None:
    """Tells what is about to be signed; with `folder`, every file is put there."""
    names = f"{sheets[0].pupil} … {sheets[-1].pupil}"
    tell(lang, f"{heading[0]}: {len(sheets)} học bạ, {names}", f"{heading[1]}: {len(sheets)} records, {names}")
    for sheet in sheets:
        for one in sheet.notes:
            out.print(f"  ⚠ STT {sheet.stt} {sheet.pupil}: {one}", soft_wrap=True, markup=False)
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in sheets:
        if sheet.pdf is not None:
            (folder / f"{sheet.stt:02d}.pdf").write_bytes(sheet.pdf)
    tell(lang, f"Các tệp sắp ký nằm trong {folder}.", f"What is to be signed lies in {folder}.")


def require_yes(sheets: Sequence[Sheet], *, yes: bool, lang: Language) -> None:
    """Asks, unless `yes` says so already: a number opens that pupil's file, Enter signs. Raises `NotAgreed`.

    Where nobody sits at a terminal nobody can be asked, and silence is no consent.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise LedgerError(
            "Không có ai ở bàn phím để xác nhận. Chưa ký gì; hãy xem các tệp (--show) rồi chạy lại với --yes.",
            "Nobody is at the keyboard to say yes. Nothing was signed; look at the files (--show), then run with --yes.",
        )
    by_stt = {sheet.stt: sheet for sheet in sheets}
    question = "Gõ STT để xem, Enter để ký, q để dừng: " if lang == "vi" else "A number opens, Enter signs, q stops: "
    with tempfile.TemporaryDirectory() as folder:
        while answer := input(question).strip().lower():
            if answer == "q":
                raise NotAgreed
            sheet = by_stt.get(int(answer)) if answer.isdecimal() else None
            if sheet is None or sheet.pdf is None:
                note(lang, "Không có tệp PDF với số này.", "There is no PDF of that number.")
                continue
            path = Path(folder) / f"{sheet.stt:02d}.pdf"
            path.write_bytes(sheet.pdf)
            if not webbrowser.open(path.as_uri()):
                note(lang, f"Hãy mở tệp {path}.", f"Open {path}.")
