# SPDX-License-Identifier: Apache-2.0

"""Ctrl-C at a terminal reaches every process there; it is for the one that people started, which says how the others end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_for_children() -> Iterator[None]:
    """Processes that are started inside never hear of an interrupt, from their first instruction on.

    A process takes over what the thread that starts it has blocked. Here an interrupt waits until the end of the block.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
