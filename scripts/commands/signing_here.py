# SPDX-License-Identifier: Apache-2.0

"""A round in the ledger's own folder, with the key at hand."""

import sys
from pathlib import Path

import typer

from ledger.rounds import Stopped
from ledger.unit import Role, Slot
from scripts import workday
from scripts.commands import shown
from scripts.commands.terminal import EXIT_FAILED, err, exhaust, note, tell, track
from scripts.compose import Ledger
from scripts.crew import CrewScribe
from scripts.sittings import LocalSitting
from signer.keys import SigningKey
from verifier_api.trust import Trust
from verifier_api.verdict import Language


def sign(
    ledger: Ledger,
    scribe: CrewScribe,
    where: workday.ClassKey,
    slot: Slot,
    key: SigningKey,
    *,
    assigned: frozenset[Role],
    show: Path | None,
    yes: bool,
    lang: Language,
) -> None:
    """One signer, one class, from drafts to stored signatures."""
    rounds = ledger.rounds(Trust.load(ledger.settings.trust), scribe)
    sitting = LocalSitting(ledger, rounds, where, slot, key, assigned=assigned)
    total, work = sitting.render()
    if total:
        exhaust(track(work, total=total, label="Lập PDF, XML" if lang == "vi" else "Rendering PDF, XML"))
    total, work = sitting.prepare()
    preparing = track(work, total=total, label="Chuẩn bị" if lang == "vi" else "Preparing")
    stopped = [one for one in preparing if isinstance(one, Stopped)]
    if sitting.notice is not None:
        note(lang, *sitting.notice)
    sheets = [shown.Sheet(one.stt, one.pupil, one.notes, one.pdf) for one in sitting.to_show(lang)]
    if sheets:
        heading = (f"Lớp {where.class_name}, {slot}", f"Class {where.class_name}, {slot}")
        shown.show(heading, sheets, folder=show, lang=lang)
        # Here the files are the school's own; where a script signs, whoever wrote it has said yes.
        shown.require_yes(sheets, yes=yes or not sys.stdin.isatty(), lang=lang)
    total, work = sitting.sign()
    if total:
        exhaust(track(work, total=total, label=f"{'Ký' if lang == 'vi' else 'Signing'} {slot}"))
    total, finished = sitting.finish()
    label = "Đóng dấu thời gian, lưu" if lang == "vi" else "Time-stamping, storing"
    unfinished = [one for one in track(finished, total=total, label=label) if isinstance(one, Stopped)]
    done = total - len(unfinished)
    stopped += unfinished
    for one in stopped:
        err.print(one.vi if lang == "vi" else one.en, soft_wrap=True, markup=False)
    tell(lang, f"Đã ký {done} học bạ lớp {where.class_name}.", f"Signed {done} records of class {where.class_name}.")
    if stopped:
        note(
            lang, f"{len(stopped)} học bạ chưa xong; chạy lại lệnh để làm tiếp.", f"{len(stopped)} are left; run again."
        )
        raise typer.Exit(EXIT_FAILED)
