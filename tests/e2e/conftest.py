# SPDX-License-Identifier: Apache-2.0

"""A served application over a simulated world, and a browser that reaches nothing else."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from tests.simulators.issuing_world import World

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


@dataclass
class Site:
    """Where the world is served."""

    url: str
    world: World


@contextmanager
def served(make_app: Callable[[str], FastAPI]) -> Iterator[str]:
    """Serves what `make_app` makes of an address, on a port of its own, until the end of the block. Gives the address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            started.set()

    server = Server(uvicorn.Config(make_app(url), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert started.wait(30)
    yield url
    server.should_exit = True
    thread.join(30)
    listener.close()


@pytest.fixture
def site():
    """A served world."""
    world = World()
    with served(lambda url: world.app(public_url=url)) as url:
        yield Site(url, world)


@pytest.fixture(scope="module")
def browser():
    """Not longer than a module: Playwright keeps an event loop running in this thread, where signing wants its own."""
    # Playwright's own Node needs a library that a bare Debian lacks; the one that compiles the contract does not.
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(Path(sys.executable).parent / "node")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(request, browser: Browser, site: Site):
    """A page at one of two sizes. Anything that it asks of another site, or complains of, fails the test."""
    yield from watched_page(browser, site, viewport=request.param)


@pytest.fixture
def scriptless(browser: Browser, site: Site):
    """A phone's page without JavaScript."""
    yield from watched_page(browser, site, viewport=PHONE, java_script_enabled=False)


def watched_page(browser: Browser, site: Site, **context: object):
    opened = browser.new_context(locale="vi-VN", base_url=site.url, **context)
    page: Page = opened.new_page()
    strangers, complaints = [], []
    page.on("request", lambda request: None if request.url.startswith(site.url) else strangers.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    opened.close()
    assert strangers == []
    assert complaints == []


@pytest.fixture
def shots() -> Path | None:
    """Where to leave screenshots for people to look at: the folder in HOCBA_SHOTS, if there is one."""
    return Path(os.environ["HOCBA_SHOTS"]) if "HOCBA_SHOTS" in os.environ else None
