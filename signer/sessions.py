# SPDX-License-Identifier: Apache-2.0

"""One event loop and one HTTP session per thread, kept open from signature to signature.

pyHanko speaks asyncio; a round of signing is a plain loop in a worker process. A new event loop per signature would also
mean a new connection to the time-stamping authority per signature. `run` may not be called where a loop is running
already: an async server hands signing to a worker.
"""

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from typing import TypeVar

import aiohttp

Result = TypeVar("Result")


class _Desk(threading.local):
    """What one thread keeps open."""

    runner: asyncio.Runner | None = None
    session: aiohttp.ClientSession | None = None


_desk = _Desk()


def run(work: Coroutine[object, object, Result]) -> Result:
    """Do `work` to its end on this thread's own event loop."""
    if _desk.runner is None:
        _desk.runner = asyncio.Runner()
    # Not `Runner.run`: on a main thread it sets a signal handler that holds the task, and `signal` asks for the text of that
    # handler each time. With it comes the text of what the task gave back, a CMS structure written out in full: half of the
    # time that a signature took.
    return _desk.runner.get_loop().run_until_complete(work)


def http_session() -> aiohttp.ClientSession:
    """The HTTP session of this thread; to be called from work that `run` is doing."""
    if _desk.session is None:
        _desk.session = aiohttp.ClientSession()
    return _desk.session


def close() -> None:
    """Close this thread's connections and loop. A later `run` opens new ones."""
    session, runner = _desk.session, _desk.runner
    _desk.session = _desk.runner = None
    if runner is not None:
        if session is not None:
            runner.run(session.close())
        runner.close()


atexit.register(close)
