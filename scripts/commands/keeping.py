# SPDX-License-Identifier: Apache-2.0

"""Keeping papers alive: new document timestamps in time, and the revocation lists that verifiers compare with."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from ledger.archives import certificates_in
from ledger.retimestamping import NotRenewed, Renewed, Retimestamping
from scripts import revocation_lists
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_OK,
    AsJson,
    Home,
    Lang,
    note,
    print_json,
    settings,
    tell,
    track,
)
from scripts.compose import Ledger
from scripts.crew import utc_now
from scripts.renewing import LocalRenewer
from verifier_api.trust import Trust
from verifier_api.verdict import Language

DEFAULT_WITHIN_DAYS = 180
"""Half a year: a monthly run has six chances, and the summer holidays cost two of them."""

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)


def retimestamp(
    within: Annotated[
        int, typer.Option(min=0, help="Gia hạn tệp có dấu thời gian hết hạn trong số ngày này / days until the end.")
    ] = DEFAULT_WITHIN_DAYS,
    everything: Annotated[
        bool, typer.Option("--all", help="Mọi tệp sẽ được lâu hơn / every file that would last longer.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Chỉ liệt kê, chưa gia hạn / only say what is due.")
    ] = False,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Gia hạn dấu thời gian của học bạ đã phát hành / renew document timestamps before they end.

    Mã thoát / exit status: 0 xong / done; 1 có tệp chưa gia hạn được, hãy chạy lại / some file could not be renewed, run again.
    """
    ledger = Ledger.open(settings(home))
    keeping = Retimestamping(ledger.reader, ledger.writer, ledger.files)
    roots = [root for roots in Trust.load(ledger.settings.trust).anchors.roots.values() for root in roots]
    before = FOREVER if everything else utc_now() + dt.timedelta(days=within)
    workers = ledger.settings.workers
    with LocalRenewer(tsa=ledger.settings.signing.tsa, roots=roots, workers=workers) as renewer:
        until = renewer.lasting_until()
        unlooked = keeping.unlooked()
        looking = track(keeping.look(unlooked), total=len(unlooked), label=_word(lang, "Đọc hạn", "Reading ends"))
        failed = [found for found in (looking if unlooked else ()) if isinstance(found, NotRenewed)]
        due = keeping.due(ending_before=before, lasting_until=until)
        renewed: list[Renewed] = []
        if due.papers and not dry_run:
            label = _word(lang, "Gia hạn dấu thời gian", "Renewing timestamps")
            for answer in track(keeping.renew(renewer, due.papers), total=len(due.papers), label=label):
                (failed if isinstance(answer, NotRenewed) else renewed).append(answer)  # type: ignore[arg-type]
    for each in failed:
        note(lang, f"Học bạ {each.unit_id}: {each.vi}", f"Record {each.unit_id}: {each.en}")
    if as_json:
        print_json(
            {
                "lasting_until": until.isoformat(),
                "due": [str(paper.unit_id) for paper in due.papers],
                "waiting": [str(paper.unit_id) for paper in due.waiting],
                "renewed": [{"unit": str(one.unit_id), "sha256": one.sha256, "added": one.added} for one in renewed],
                "failed": [{"unit": str(one.unit_id), "problem": one.vi if lang == "vi" else one.en} for one in failed],
            }
        )
    else:
        _tell(lang, due=len(due.papers), waiting=len(due.waiting), renewed=renewed, failed=len(failed), until=until)
    raise typer.Exit(EXIT_FAILED if failed else EXIT_OK)


def revocations(
    trust: Annotated[
        Path | None, typer.Option(help="Thư mục tin cậy; mặc định của cài đặt / trust folder.", envvar="HOCBA_TRUST")
    ] = None,
    named_in: Annotated[
        list[Path] | None,
        typer.Option("--named-in", help="Học bạ PDF mà chứng thư trong đó nêu danh sách cần tải; lặp lại được / PDFs."),
    ] = None,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Tải danh sách thu hồi về thư mục tin cậy / fetch current revocation lists into the trust folder.

    Mã thoát / exit status: 0 xong / done; 1 có danh sách chưa tải được / some list could not be fetched.
    """
    folder = trust or settings(home).trust
    believed = Trust.load(folder)
    seen = [certificate.dump() for path in named_in or () for certificate in certificates_in(path.read_bytes())]
    wanted = revocation_lists.addresses(believed, seen)
    results = list(
        track(
            revocation_lists.refresh(believed, folder, wanted, seen),
            total=len(wanted),
            label=_word(lang, "Tải danh sách thu hồi", "Fetching revocation lists"),
        )
    )
    failed = [result for result in results if result.problem is not None]
    if as_json:
        print_json([{"address": one.address, "problem": one.problem, "new": one.new} for one in results])
    else:
        for each in failed:
            note(
                lang,
                f"{each.address}: {each.problem}. Hãy thử lại sau.",
                f"{each.address}: {each.problem}. Try again later.",
            )
        new = sum(one.new for one in results)
        tell(
            lang,
            f"{len(results)} địa chỉ, {new} danh sách mới, {len(failed)} chưa tải được.",
            f"{len(results)} addresses, {new} new lists, {len(failed)} not fetched.",
        )
    raise typer.Exit(EXIT_FAILED if failed else EXIT_OK)


def _tell(lang: Language, *, due: int, waiting: int, renewed: list[Renewed], failed: int, until: dt.datetime) -> None:
    day = f"{until:%d/%m/%Y}"
    tell(
        lang,
        f"Đến hạn: {due}. Đã gia hạn đến {day}: {len(renewed)}. Chưa gia hạn được: {failed}.",
        f"Due: {due}. Renewed until {day}: {len(renewed)}. Could not be renewed: {failed}.",
    )
    if waiting:
        tell(
            lang,
            f"{waiting} học bạ sắp hết hạn còn phải chờ: máy chủ dấu thời gian vẫn dùng chứng thư hết hạn ngày {day}. Hãy hỏi "
            "nhà cung cấp khi nào có chứng thư mới, rồi chạy lại lệnh này.",
            f"{waiting} records that end soon have to wait: the time-stamping authority still uses a certificate that ends on "
            f"{day}. Ask it when it will have a new one, and run this command again.",
        )
    if failed:
        note(lang, "Hãy chạy lại lệnh này để làm tiếp.", "Run this command again to go on.")


def _word(lang: Language, vi: str, en: str) -> str:
    return vi if lang == "vi" else en
