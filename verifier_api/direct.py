# SPDX-License-Identifier: Apache-2.0

"""Routes whose parameters are the request and the text in their path, called without FastAPI's solving of dependencies.

They stand in the OpenAPI document as all others do. What FastAPI does between route and handler for each request costs more than
a verdict on a known digest does, and such a handler needs none of it: it checks the text itself and answers with a response.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class DirectRoute(APIRoute):
    """A route whose handler takes the request and its path parameters, all of them text, and returns a response."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - FastAPI's own
        super().__init__(*arguments, **options)
        if self.methods == {"GET"}:
            # Without a body there is nothing to bound and no dependency to close. What is raised goes to the application's table.
            self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = cast("Callable[..., Awaitable[Response]]", self.endpoint)
        response = await handler(Request(scope, receive, send), **scope["path_params"])
        await response(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own place for this (its "custom request and APIRoute class")."""
        handler = cast("Callable[..., Awaitable[Response]]", self.endpoint)

        async def direct(request: Request) -> Response:
            return await handler(request, **request.path_params)

        return direct
