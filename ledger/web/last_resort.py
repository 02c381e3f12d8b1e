# SPDX-License-Identifier: Apache-2.0

"""What becomes of an error that is in nobody's table."""

import logging
import traceback
from collections.abc import Callable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_logger = logging.getLogger(__name__)


class LastResort:
    """Turns what nobody foresaw into a 500 with an id.

    The log gets the error's kind and where it arose, never its words: those may quote the request. `shown` makes the answer
    from the id.
    """

    def __init__(self, app: ASGIApp, *, shown: Callable[[Request, str], Response], new_id: Callable[[], UUID]) -> None:
        self._app = app
        self._shown = shown
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's own
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            number = str(self._new_id())
            where = " < ".join(
                f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
                for frame in reversed(traceback.extract_tb(error.__traceback__))
            )
            _logger.error("internal error %s: %s at %s", number, type(error).__name__, where)  # noqa: TRY400
            if not started:
                await self._shown(Request(scope), number)(scope, receive, send)
