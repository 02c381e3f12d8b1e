# SPDX-License-Identifier: Apache-2.0

"""A desk that lies, or goes away: between the agent and a real desk, it changes what that one says. Driven by its state.

Example::

    desk = LyingDesk(world.browser().client)
    desk.tells("/items", lambda told: told["items"].reverse())     # the JSON of every answer whose path ends so
    desk.sends("/pdf", lambda answer: httpx.Response(302, headers={"Location": "https://evil.example"}))
    desk.away = 3                                                   # the next three questions are not heard
    DeskClient(httpx.Client(transport=desk, base_url=URL))
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class LyingDesk(httpx.BaseTransport):
    """What the agent reaches in place of `honest`."""

    honest: httpx.Client
    away: int = 0
    """So many questions are lost before they arrive."""
    deaf: Callable[[httpx.Request], bool] = field(default=lambda _: False)
    """Which questions are heard, and their answers lost."""
    asked: list[str] = field(default_factory=list)
    lies: dict[str, Callable[[httpx.Response], httpx.Response]] = field(default_factory=dict)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.away:
            self.away -= 1
            raise httpx.ConnectError("nobody there", request=request)
        told = self.honest.request(
            request.method, request.url.raw_path.decode(), content=request.read(), headers=request.headers
        )
        if self.deaf(request):
            raise httpx.ReadTimeout("no answer", request=request)
        answer = httpx.Response(told.status_code, content=told.content)
        lie = next((lie for end, lie in self.lies.items() if request.url.path.endswith(end)), None)
        return answer if lie is None else lie(answer)

    def sends(self, path: str, lie: Callable[[httpx.Response], httpx.Response]) -> None:
        """Another answer to every question whose path ends in `path`."""
        self.lies[path] = lie

    def tells(self, path: str, lie: Callable[[Any], Any]) -> None:
        """The same in JSON: `lie` changes what it is given, or returns something else to be told."""

        def lied(answer: httpx.Response) -> httpx.Response:
            told = answer.json()
            instead = lie(told)
            return httpx.Response(answer.status_code, content=json.dumps(told if instead is None else instead))

        self.sends(path, lied)
