# SPDX-License-Identifier: Apache-2.0

"""What anybody does: serve the public verifier, run a chain of one's own."""

import logging
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import uvicorn

from scripts.commands.terminal import (
    Home,
    Lang,
    settings,
    tell,
)
from scripts.devchain import DEFAULT_CHAIN_ID, DEFAULT_PORT
from scripts.devchain import main as run_devchain
from scripts.public_service import public_service
from verifier_api.telemetry import json_lines

SERVING: Final[Mapping[str, Any]] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    # Whose address counts, the settings say (proxy_header); uvicorn would believe any X-Forwarded-For from this machine.
    "proxy_headers": False,
}
"""How uvicorn serves the public application."""


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
        uvicorn.run(app, host=host, port=port, **SERVING)


def devchain(
    state: Annotated[Path, typer.Option(help="Tệp lưu trạng thái / state file.")] = Path("devchain.json"),
    port: Annotated[int, typer.Option(help="Cổng / port.")] = DEFAULT_PORT,
    chain_id: Annotated[int, typer.Option(help="Mã chuỗi / chain id.")] = DEFAULT_CHAIN_ID,
    block_time: Annotated[float | None, typer.Option(help="Giây mỗi khối / seconds per block.")] = None,
) -> None:
    """Chạy một chuỗi thử (anvil) / run a chain of one's own on this machine."""
    words = ["--state", str(state), "--port", str(port), "--chain-id", str(chain_id)]
    raise typer.Exit(run_devchain([*words, *(["--block-time", str(block_time)] if block_time else [])]))
