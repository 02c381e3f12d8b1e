# SPDX-License-Identifier: Apache-2.0

"""One event loop per thread, kept from call to call, and nothing done with a result but giving it back."""

import asyncio
import threading

import pytest

from signer import sessions


@pytest.fixture(autouse=True)
def closed():
    yield
    sessions.close()


class Dear:
    """A structure whose text costs more than a signature."""

    asked = 0

    def __repr__(self) -> str:
        self.asked += 1
        return "a book"


async def result() -> Dear:
    return Dear()


async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_the_text_of_a_result_is_never_asked_for():
    assert sessions.run(result()).asked == 0


def test_a_thread_keeps_its_loop_and_shares_it_with_no_other():
    mine, others = sessions.run(loop()), []
    other = threading.Thread(target=lambda: (others.append(sessions.run(loop())), sessions.close()))
    other.start()
    other.join()
    assert sessions.run(loop()) is mine
    assert others[0] is not mine


def test_after_closing_a_new_loop_is_opened():
    before = sessions.run(loop())
    sessions.close()
    assert before.is_closed()
    assert sessions.run(loop()) is not before
