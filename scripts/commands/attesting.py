# SPDX-License-Identifier: Apache-2.0

"""The attester, which seals reports and bulk results for the public verifier."""

import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from scripts.attesting import AttesterSettings, attester
from scripts.commands.terminal import Lang, tell
from scripts.crew import utc_now

DEFAULT_ATTESTER_PORT = 8010

AttesterHome = Annotated[
    Path,
    typer.Option("--home", help="Thư mục có attester.toml / folder with attester.toml.", envvar="HOCBA_ATTESTER_HOME"),
]


def attest(
    home: AttesterHome = Path(),
    host: Annotated[str, typer.Option(help="Địa chỉ lắng nghe / address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Cổng / port.")] = DEFAULT_ATTESTER_PORT,
    lang: Lang = "vi",
) -> None:
    """Chạy dịch vụ ký biên bản kiểm tra / serve the sealing of reports, with a key of its own."""
    # uvicorn raises the signal that stopped it once more; this lets the key be given back in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    with attester(AttesterSettings.load(home), now=utc_now) as app:
        tell(
            lang,
            f"Dịch vụ ký biên bản: http://{host}:{port} (Ctrl-C để dừng)",
            f"Attester: http://{host}:{port} (Ctrl-C stops it)",
        )
        uvicorn.run(
            app, host=host, port=port, log_config=None, access_log=False, server_header=False, proxy_headers=False
        )
