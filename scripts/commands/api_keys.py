# SPDX-License-Identifier: Apache-2.0

"""Keys for bulk checks by others: `hocba key add`, `hocba key revoke`, `hocba key list`."""

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scripts.commands.terminal import AsJson, Home, Lang, out, print_json, settings, tell
from scripts.public_service import bulk_store
from verifier_api.bulk_store import key_digest

KEY_PREFIX = "hocba_"
"""So that who finds one in a repository sees what it is."""
KEY_BYTES = 32
DEFAULT_PER_DAY = 10_000

key = typer.Typer(name="key", help="Khóa API cho tra cứu hàng loạt / API keys for bulk checks.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Ai giữ khóa, ví dụ dai-hoc-a / who holds the key.")]


@key.command("add")
def add(
    name: Name,
    home: Home = Path(),
    per_day: Annotated[
        int, typer.Option(min=0, help="Số tệp và mã băm mỗi ngày (UTC) / files and digests a day.")
    ] = DEFAULT_PER_DAY,
    lang: Lang = "vi",
    as_json: AsJson = False,
) -> None:
    """Tạo khóa; khóa chỉ hiện một lần / make a key, which is shown this once."""
    made = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    bulk_store(settings(home)).add_key(name, digest=key_digest(made), per_day=per_day)
    if as_json:
        print_json({"name": name, "key": made, "per_day": per_day})
        return
    tell(
        lang,
        "Khóa chỉ hiện lần này; máy chủ chỉ lưu mã băm của nó:",
        "The key is shown this once; the server keeps only its digest:",
    )
    out.print(made, soft_wrap=True, markup=False)


@key.command("revoke")
def revoke(name: Name, home: Home = Path(), lang: Lang = "vi") -> None:
    """Thu hồi khóa, có hiệu lực ngay / revoke a key, at once."""
    bulk_store(settings(home)).revoke_key(name)
    tell(lang, f"Đã thu hồi khóa {name}.", f"The key {name} is revoked.")


@key.command("list")
def show(home: Home = Path(), lang: Lang = "vi", as_json: AsJson = False) -> None:
    """Các khóa và hạn mức / the keys and their quotas."""
    holders = bulk_store(settings(home)).holders()
    if as_json:
        for each in holders:
            told = {"name": each.name, "per_day": each.per_day, "used_today": each.used_today, "revoked": each.revoked}
            print_json(told)
        return
    at = 0 if lang == "vi" else 1
    table = Table(box=None, pad_edge=False)
    for heading in (("Tên", "Name"), ("Mỗi ngày", "Per day"), ("Hôm nay", "Today"), ("Trạng thái", "State")):
        table.add_column(heading[at])
    for each in holders:
        state = (("đã thu hồi", "revoked") if each.revoked else ("đang dùng", "in use"))[at]
        table.add_row(each.name, str(each.per_day), str(each.used_today), state)
    out.print(table)
