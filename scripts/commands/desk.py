# SPDX-License-Identifier: Apache-2.0

"""The desk, and the accounts of those who work at it."""

import secrets
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.table import Table

from ledger.desk.passwords import Passwords, problem_with
from ledger.desk.wording import DUTIES
from ledger.duty import Duty
from ledger.errors import AccountRefused
from scripts.commands.terminal import (
    AsJson,
    Home,
    Lang,
    PasswordFile,
    Synthetic,
    out,
    print_json,
    secret,
    settings,
    tell,
)
from scripts.compose import Ledger, composed_desk
from scripts.working import Workers
from verifier_api.trust import Trust
from verifier_api.verdict import Language

DEFAULT_DESK_PORT = 8001
INVITATION_BYTES = 32

account = typer.Typer(
    name="account",
    help="Tài khoản của bàn làm việc / accounts of the desk.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="Tên đăng nhập, ví dụ an.le / sign-in name.")]


def desk(
    home: Home = Path(),
    host: Annotated[str, typer.Option(help="Địa chỉ lắng nghe / address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Cổng / port.")] = DEFAULT_DESK_PORT,
    proxy: Annotated[
        str,
        typer.Option(
            help="Proxy đáng tin: từ đó mới tin X-Forwarded-For / the one proxy whose X-Forwarded-For is believed."
        ),
    ] = "127.0.0.1",
    work: Annotated[
        bool,
        typer.Option(
            help="Tự làm các việc hàng loạt; --no-work khi đã có hocba work / do bulk work too; not if hocba work does."
        ),
    ] = True,
    synthetic: Synthetic = False,
    lang: Lang = "vi",
) -> None:
    """Chạy bàn làm việc cho văn thư, giáo viên, hiệu trưởng, Sở / serve the desk."""
    # uvicorn raises the signal that stopped it once more; this lets the worker processes be ended in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ledger = Ledger.open(settings(home))
    trust = Trust.load(ledger.settings.trust)
    with composed_desk(ledger, trust, synthetic=synthetic) as app, Workers(home, 1 if work else 0):
        tell(
            lang,
            f"Bàn làm việc: http://{host}:{port}, người dùng vào {ledger.settings.desk.public_url} (Ctrl-C để dừng)",
            f"Desk: http://{host}:{port}, which people reach as {ledger.settings.desk.public_url} (Ctrl-C stops it)",
        )
        # Without an access log: paths hold the secrets of invitations.
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            forwarded_allow_ips=proxy,
        )


@account.command()
def add(
    name: NameArgument,
    display_name: Annotated[str, typer.Option("--display-name", help="Họ và tên / the person's name.")],
    duty: Annotated[
        list[Duty], typer.Option(help="Nhiệm vụ; có thể lặp lại / duty; repeatable.", case_sensitive=False)
    ],
    school: Annotated[
        str | None, typer.Option(help="Mã trường; bỏ trống cho Sở / school code; none: the authority.")
    ] = None,
    home: Home = Path(),
    lang: Lang = "vi",
) -> None:
    """Thêm tài khoản, in liên kết mời dùng một lần / add an account, print its one-time invitation."""
    ledger = Ledger.open(settings(home))
    ledger.desk.accounts.add(name, display_name=display_name, school_code=school, duties=duty)
    tell(lang, f"Đã thêm tài khoản {name}.", f"Added the account {name}.")
    _invite(ledger, name, lang)


@account.command()
def invite(name: NameArgument, home: Home = Path(), lang: Lang = "vi") -> None:
    """Liên kết mới để đặt mật khẩu hoặc liên kết OpenID / a new link for a password or an OpenID."""
    _invite(Ledger.open(settings(home)), name, lang)


@account.command("list")
def list_accounts(
    school: Annotated[str | None, typer.Option(help="Chỉ của trường này / of this school only.")] = None,
    home: Home = Path(),
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Xem các tài khoản / list the accounts."""
    found = Ledger.open(settings(home)).desk.accounts.all(school_code=school)
    if as_json:
        for one in found:
            print_json(
                {
                    "name": one.name,
                    "display_name": one.display_name,
                    "school": one.school_code,
                    "duties": sorted(one.duties),
                    "disabled": one.disabled,
                    "has_password": one.has_password,
                }
            )
        return
    at = 0 if lang == "vi" else 1
    headings = (("Tên", "Name"), ("Họ tên", "Person"), ("Trường", "School"), ("Nhiệm vụ", "Duties"), ("", ""))
    table = Table(*(heading[at] for heading in headings), box=None, pad_edge=False)
    shut = ("đã khóa", "disabled")[at]
    for one in found:
        duties = ", ".join(DUTIES[duty][at] for duty in Duty if duty in one.duties)
        table.add_row(one.name, one.display_name, one.school_code or "–", duties, shut if one.disabled else "")
    out.print(table)


@account.command()
def password(name: NameArgument, home: Home = Path(), pin_file: PasswordFile = None, lang: Lang = "vi") -> None:
    """Đặt mật khẩu, hỏi chứ không nhận làm đối số / set a password, asked for and never an argument."""
    accounts = Ledger.open(settings(home)).desk.accounts
    chosen = secret(lang, pin_file, vi=f"Mật khẩu mới của {name}", en=f"New password of {name}")
    if (problem := problem_with(chosen, accounts.account(name))) is not None:
        raise AccountRefused(problem.vi, problem.en)
    accounts.set_password(name, Passwords().hash(chosen))
    tell(
        lang,
        f"Đã đặt mật khẩu của {name}; mọi phiên đang mở đã kết thúc.",
        f"Set the password of {name}; all open sessions have ended.",
    )


@account.command()
def disable(name: NameArgument, home: Home = Path(), lang: Lang = "vi") -> None:
    """Khóa tài khoản, kết thúc mọi phiên / disable an account, end all its sessions."""
    Ledger.open(settings(home)).desk.accounts.disable(name)
    tell(lang, f"Đã khóa tài khoản {name}.", f"Disabled the account {name}.")


@account.command()
def enable(name: NameArgument, home: Home = Path(), lang: Lang = "vi") -> None:
    """Mở lại tài khoản / enable an account again."""
    Ledger.open(settings(home)).desk.accounts.enable(name)
    tell(lang, f"Đã mở lại tài khoản {name}.", f"Enabled the account {name} again.")


def _invite(ledger: Ledger, name: str, lang: Language) -> None:
    token = secrets.token_urlsafe(INVITATION_BYTES)
    ends_at = ledger.desk.accounts.invite(name, token)
    url = f"{ledger.settings.desk.public_url.rstrip('/')}/loi-moi/{token}"
    tell(
        lang,
        f"Gửi riêng liên kết này cho người dùng (một lần, đến {ends_at:%d/%m/%Y}): {url}",
        f"Give this link to its owner alone (once, until {ends_at:%Y-%m-%d}): {url}",
    )
