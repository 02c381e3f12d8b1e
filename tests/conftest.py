# SPDX-License-Identifier: Apache-2.0

"""The suite on PostgreSQL: with `HOCBA_TEST_DATABASE=postgresql` it is the test files that open a ledger's database, and no others.

Which those are is found by looking at what each file imports, directly or by way of the simulators: whatever leads to
`tests.simulators.databases`. Nobody keeps a list. A file named `…_postgresql.py` or `…_sqlite.py` is about that database and
runs only there.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.simulators.compiled_statements import share
from tests.simulators.databases import POSTGRESQL, server, stop_server

HERE = Path(__file__).parent
DATABASES = HERE / "simulators" / "databases.py"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """On PostgreSQL, leaves out what would be the same on SQLite; on SQLite, what is about PostgreSQL."""
    if collection_path.suffix != ".py":
        return None
    of_the_other = collection_path.stem.endswith("_sqlite" if POSTGRESQL else "_postgresql")
    return True if of_the_other or (POSTGRESQL and not leads_to_a_database(collection_path)) else None


def pytest_configure() -> None:
    """Before anything opens an engine."""
    share()


def pytest_unconfigure() -> None:
    """Whoever started the server stops it."""
    stop_server()


@pytest.fixture(autouse=True)
def _databases_end_with_their_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Those in the folder of a test; others end when their file does."""
    if not (POSTGRESQL and "tmp_path" in request.fixturenames):
        yield
        return
    folder = request.getfixturevalue("tmp_path")
    yield
    server().forget(folder)


def leads_to_a_database(test: Path) -> bool:
    """Whether a test file imports `tests.simulators.databases`, directly or not."""
    seen, waiting = set(), [test]
    while waiting:
        file = waiting.pop()
        if file == DATABASES:
            return True
        if file not in seen:
            seen.add(file)
            waiting.extend(imported_by(file))
    return False


@cache
def imported_by(file: Path) -> frozenset[Path]:
    """The files of the tests that one imports, by either of the names that they go by."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    places = [(root, name) for root in (HERE, file.parent) for name in names]
    return frozenset(
        path
        for root, name in places
        if (path := root.joinpath(*name.removeprefix("tests.").split(".")).with_suffix(".py")).is_file()
    )
