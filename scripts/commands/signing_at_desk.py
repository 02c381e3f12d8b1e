# SPDX-License-Identifier: Apache-2.0

"""A round between a desk and the key in this computer. Loads no ledger: a teacher's PC needs none."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from ledger.errors import LedgerError
from ledger.unit import Slot
from scripts.commands import shown
from scripts.commands.terminal import EXIT_FAILED, err, exhaust, note, secret, tell, track
from scripts.crew import utc_now
from signer.agent.desk import DeskClient, RoundProgress, Waiting
from signer.agent.errors import DeskRefused
from signer.agent.sitting import Shown, Sitting
from signer.keys import SigningKey
from verifier_api.verdict import Language

POLL_SECONDS = 0.3
"""How often a desk is asked how far it has come."""


def sign_in(client: DeskClient, account: str | None, file: Path | None, lang: Language) -> None:
    """With a name and a password, or with the code that the desk's page shows."""
    if account is None:
        code = secret(
            lang, file, vi="Mã ghép (hiện trên trang Ký của bàn làm việc)", en="Pairing code (from the desk's page)"
        )
        name = client.pair(code)
    else:
        password = secret(lang, file, vi=f"Mật khẩu tài khoản {account}", en=f"Password of {account}")
        name = client.sign_in(account, password)
    note(lang, f"Đã đăng nhập: {name}.", f"Signed in: {name}.")


def chosen(waiting: Sequence[Waiting], *, class_name: str | None, slot: Slot | None) -> Waiting:
    """The one round that the options leave; several are listed, to choose by options."""
    left = [
        work for work in waiting if class_name in {None, work.class_name} and (slot is None or str(slot) == work.slot)
    ]
    if len(left) == 1:
        return left[0]
    if not left:
        raise LedgerError("Không có việc ký nào đang chờ bạn.", "Nothing waits for your signature.")
    lines = [
        f"  --class {work.class_name} --role {work.slot.replace('-', ' --subject ')}   {work.count}" for work in left
    ]
    raise LedgerError(
        "\n".join(["Có nhiều việc đang chờ; hãy chọn một:", *lines]),
        "\n".join(["Several rounds wait for you; choose one:", *lines]),
    )


def sign(
    client: DeskClient,
    work: Waiting,
    key: SigningKey,
    *,
    blind: bool,
    show: Path | None,
    yes: bool,
    lang: Language,
) -> None:
    """A round between the desk and the key in this computer."""
    progress = _until(client, client.open(work, key.who), lambda now: now.prepared, "Chuẩn bị", "Preparing", lang=lang)
    if progress.notice is not None:
        note(lang, progress.notice.vi, progress.notice.en)
    sitting = Sitting(client, progress.id, work.slot, key.who, now=utc_now)
    if blind:
        note(
            lang,
            "CHÚ Ý: chỉ tải mã băm. Bạn ký mà không xem được tệp; nội dung do máy chủ bảo đảm.",
            "NOTE: digests only. You sign without seeing the files, and rely on the server for what they say.",
        )
        records = sitting.fetch_digests_blindly()
    else:
        label = "Tải và kiểm tra tệp" if lang == "vi" else "Fetching and checking"
        records = list(track(sitting.fetch(), total=progress.prepared, label=label))
    if records:
        returned = {one.stt: one.reason for one in work.returned}
        sheets = [_sheet(record, returned.get(record.item.stt)) for record in records]
        heading = (f"Lớp {work.class_name}, {work.role}", f"Class {work.class_name}, {work.slot}")
        shown.show(heading, sheets, folder=show, lang=lang)
        shown.require_yes(sheets, yes=yes, lang=lang)
        label = f"{'Ký' if lang == 'vi' else 'Signing'} {work.slot}"
        made = (step for step in sitting.sign(key, records) if isinstance(step, Shown))
        exhaust(track(made, total=len(records), label=label))
    progress = client.finish(progress.id)
    progress = _until(client, progress, lambda now: now.stored, "Lưu trên máy chủ", "Storing at the desk", lang=lang)
    for one in progress.stopped:
        err.print(one.vi if lang == "vi" else one.en, soft_wrap=True, markup=False)
    tell(
        lang,
        f"Đã ký {progress.stored} học bạ lớp {work.class_name}.",
        f"Signed {progress.stored} records of class {work.class_name}.",
    )
    if progress.stopped:
        raise typer.Exit(EXIT_FAILED)


def _sheet(record: Shown, returned: str | None) -> shown.Sheet:
    notes = (*record.item.warnings, *(() if returned is None else (f"↩ {returned}",)))
    return shown.Sheet(record.item.stt, record.item.pupil, notes, record.pdf)


def _until(
    client: DeskClient,
    progress: RoundProgress,
    done: Callable[[RoundProgress], int],
    vi: str,
    en: str,
    *,
    lang: Language,
) -> RoundProgress:
    """Waits while the desk works, with a bar."""
    newest = [progress]

    def steps() -> object:
        seen = 0
        while True:
            now = newest[0]
            yield from range(seen, done(now))
            seen = max(seen, done(now))
            if now.problem is not None:
                raise DeskRefused(now.problem.vi, now.problem.en, status=0)
            if not now.busy:
                return
            time.sleep(POLL_SECONDS)
            newest[0] = client.progress(now.id)

    exhaust(track(steps(), total=progress.total, label=vi if lang == "vi" else en))  # type: ignore[arg-type]
    return newest[0]
