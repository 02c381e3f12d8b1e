# SPDX-License-Identifier: Apache-2.0

"""Chain keys as settings and commands name them: a keystore's path, or `web3signer:http(s)://host:port/0xACCOUNT`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.chain.errors import Malformed
from ledger.chain.registry import Wallet
from ledger.chain.remote_wallet import RemoteWallet, SignerAccess
from ledger.chain.wallet import KeyWallet
from scripts.settings import WEB3SIGNER

_ACCOUNT_LENGTH: Final = 42


def open_wallet(named: str, password: Callable[[], str], *, access: SignerAccess | None = None) -> Wallet:
    """The wallet of a chain key, opened. `password` is asked only for a keystore; `access` opens the way to a signer."""
    if not is_remote(named):
        return KeyWallet.from_keystore(Path(named), password=password())
    url, _, account = named.removeprefix(WEB3SIGNER).rpartition("/")
    if not url.startswith(("http://", "https://")) or url.endswith("/") or len(account) != _ACCOUNT_LENGTH:
        raise Malformed(
            f"Khóa “{named}” viết chưa đúng. Hãy viết web3signer:https://máy-chủ:cổng/0x… (địa chỉ tài khoản).",
            f"The key '{named}' is not written as it should be. Write web3signer:https://host:port/0x… (the account).",
        )
    return RemoteWallet.opened(url, account, access=access)


def is_remote(named: str) -> bool:
    """Whether a signer elsewhere holds the key, so that nobody is asked for a password."""
    return named.startswith(WEB3SIGNER)
