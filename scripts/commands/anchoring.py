# SPDX-License-Identifier: Apache-2.0

"""What goes to the chain: a school's batches and recalls with its key, and with the authority's whatever is the authority's."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ledger.anchoring import Progress
from ledger.chain.registry import Wallet
from ledger.unit import FINAL_STATES
from scripts import workday
from scripts.commands.terminal import (
    EXIT_FAILED,
    EXIT_UNKNOWN,
    AuthorityKey,
    ByOption,
    Home,
    Lang,
    PasswordFile,
    SchoolOption,
    YearOption,
    authority_password,
    by_whom,
    note,
    secret,
    settings,
    tell,
)
from scripts.compose import Ledger
from scripts.wallets import is_remote
from verifier_api.trust import Trust
from verifier_api.verdict import Language

GiveUpOption = Annotated[
    bool,
    typer.Option("--give-up", help="Kết thúc việc không còn ý nghĩa, cần --note / end what makes no sense any more."),
]
NoteOption = Annotated[str, typer.Option("--note", help="Lý do của --retry, --give-up / why, for the journal.")]
RetryOption = Annotated[
    bool, typer.Option("--retry", help="Thử lại việc đã bị hợp đồng từ chối / try again what the contract undid.")
]


def anchor(
    school: SchoolOption,
    year: YearOption,
    due: Annotated[
        bool, typer.Option("--due", help="Chỉ đóng đợt khi đến hạn của trường / close a batch only if it is due.")
    ] = False,
    retry: RetryOption = False,
    give_up: GiveUpOption = False,
    note_text: NoteOption = "",
    by: ByOption = "",
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Neo học bạ lên chuỗi khối / anchor what is issued, until it is final."""
    ledger = Ledger.open(settings(home))
    password = operator_password(pin_file, lang, key=ledger.settings.operator_of(school))
    _see_to_failed(ledger, school, retry=retry, give_up=give_up, by=by_whom(by), why=note_text, lang=lang)
    carry_for_school(ledger, school=school, year=year, password=password, lang=lang, due=due)
    final = ledger.reader.units(school_code=school, school_year=year, states=FINAL_STATES)
    tell(lang, f"{len(final)} học bạ đã neo.", f"{len(final)} records are anchored.")
    if failed := ledger.errands.failed(school):
        note(
            lang,
            f"{len(failed)} việc đã bị hợp đồng từ chối và chưa được thử lại (--retry) hay kết thúc (--give-up).",
            f"{len(failed)} were undone by the contract and neither tried again (--retry) nor given up (--give-up).",
        )
        raise typer.Exit(EXIT_FAILED)


def carry(
    authority_key: AuthorityKey,
    publish_journal: Annotated[
        bool, typer.Option(help="Công bố đầu nhật ký của sổ cái / publish the head of the ledger's journal.")
    ] = True,
    retry: RetryOption = False,
    give_up: GiveUpOption = False,
    note_text: NoteOption = "",
    by: ByOption = "",
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Gửi việc của Sở lên chuỗi / send what is the authority's to send."""
    ledger = Ledger.open(settings(home))
    trust = Trust.load(ledger.settings.trust)
    wallet = authority_wallet(ledger, authority_key, pin_file, lang)
    _see_to_failed(ledger, None, retry=retry, give_up=give_up, by=by_whom(by), why=note_text, lang=lang)
    if publish_journal:
        ledger.decisions.publish_head(None)
    carry_for_authority(ledger, trust, wallet, lang)


def _see_to_failed(
    ledger: Ledger, school: str | None, *, retry: bool, give_up: bool, by: str, why: str, lang: Language
) -> None:
    """What failed is ended or tried again, as a person has decided who has looked."""
    if give_up:
        ended = ledger.decisions.give_up(school, by=by, why=why)
        note(lang, f"Đã kết thúc {len(ended)} việc.", f"Gave up {len(ended)}.")
    if retry:
        again = ledger.decisions.retry(school, by=by, why=why)
        note(lang, f"Thử lại {len(again)} việc.", f"Trying {len(again)} again.")


def carry_for_authority(ledger: Ledger, trust: Trust, wallet: Wallet, lang: Language) -> None:
    """Carries the authority's errands until all is final."""
    watch(workday.carried(ledger.anchorer(trust, wallet, school_code=None)), lang)
    tell(lang, "Mọi việc của Sở đã lên chuỗi xong.", "Everything of the authority's is on the chain.")


def carry_for_school(
    ledger: Ledger, *, school: str, year: str, password: str, lang: Language, due: bool = False
) -> None:
    """Seals and carries until all is final, telling how much is still on its way."""
    trust = Trust.load(ledger.settings.trust)
    carrying = workday.anchor(
        ledger,
        trust,
        school_code=school,
        school_year=year,
        password=password,
        only_if_due=due,
        unstamped=lambda why: note(lang, why.vi, why.en),
    )
    watch(carrying, lang)


def watch(progress: Iterable[Progress], lang: Language) -> None:
    """Tells people what changes while the chain confirms. Ends with status 2 where something waits for somebody else."""
    waits = False
    for last in _changes(progress):
        if last.signed:
            note(
                lang,
                f"Trường đã ký {last.signed} đợt; Sở sẽ gửi lên chuỗi (hocba carry).",
                f"The school signed {last.signed} batches; the authority sends them (hocba carry).",
            )
        if last.open:
            note(lang, f"Đang chờ chuỗi xác nhận: {last.open} đợt…", f"Waiting for the chain: {last.open} errands…")
        if last.filled:
            note(
                lang,
                f"{last.filled} số thứ tự bị bỏ trống đã được dùng bằng giao dịch rỗng, để các giao dịch sau đi tiếp.",
                f"{last.filled} numbers that nothing had were used up with empty transactions, so that later ones go on.",
            )
        if last.stuck:
            note(
                lang,
                f"{last.stuck} giao dịch chờ đã lâu dù đã tăng phí. Hãy kiểm tra nút chuỗi và số dư tài khoản.",
                f"{last.stuck} transactions have waited for long, at raised fees. Check the node and the account's funds.",
            )
        if waits := bool(last.unapproved):
            count = len(last.unapproved)
            note(
                lang,
                f"{count} việc chờ Sở chấp thuận trên chuỗi (hocba approve), sau đó chạy lại lệnh này.",
                f"{count} wait for the authority's approval on the chain (hocba approve); then run this again.",
            )
        if last.open and last.obstacles:
            note(
                lang,
                f"{len(last.obstacles)} trở ngại cần người xem xét, sẽ nêu khi các việc khác xong.",
                f"{len(last.obstacles)} obstacles need somebody to look; they are told once the others are through.",
            )
    if waits:
        raise typer.Exit(EXIT_UNKNOWN)


def _changes(progress: Iterable[Progress]) -> Iterable[Progress]:
    before: Progress | None = None
    for now in progress:
        if before is None or _shown(now) != _shown(before):
            yield now
        before = now


def _shown(progress: Progress) -> tuple[object, ...]:
    return progress.filled, progress.open, progress.stuck, progress.unapproved, len(progress.obstacles)


def operator_password(pin_file: Path | None, lang: Language, *, key: str = "") -> str:
    """What opens the school's chain key; nobody is asked where a signer elsewhere holds it."""
    if is_remote(key):
        return ""
    return secret(lang, pin_file, vi="Mật khẩu khóa chuỗi của trường", en="Password of the school's chain key")


def authority_wallet(ledger: Ledger, key: str, pin_file: Path | None, lang: Language) -> Wallet:
    """The authority's chain key, opened."""
    return ledger.wallet(key, lambda: authority_password(pin_file, lang))
