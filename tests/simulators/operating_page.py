# SPDX-License-Identifier: Apache-2.0

"""The database and the roles that the operating page makes, in its own words, on the PostgreSQL server of this process."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from ledger.store.database import migrate, open_for_writing
from tests.simulators.databases import server

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
NAME, READER = "hocba", "hocba_reader"


@contextmanager
def made_by_the_page() -> Iterator[tuple[URL, URL]]:
    """The addresses of the owner and of the public service's role, over tables without a row; all of it is gone afterwards."""
    made, role = (
        block.replace("…", "secret") for block in re.findall(r"```sql\n(.*?)```", OPERATING.read_text(), re.DOTALL)
    )
    with server().control.connect() as control:
        for statement in made.strip().splitlines():
            control.execute(text(statement))
    owner, reader, admin = (make_url(server().url(NAME)).set(username=who) for who in (NAME, READER, "postgres"))
    engine = open_for_writing(owner)
    migrate(engine)
    engine.dispose()
    by_admin = create_engine(admin)
    with by_admin.begin() as connection:
        for statement in role.strip().splitlines():
            connection.execute(text(statement))
    by_admin.dispose()
    try:
        yield owner, reader
    finally:
        with server().control.connect() as control:
            for statement in (f"DATABASE {NAME} WITH (FORCE)", f"ROLE {READER}", f"ROLE {NAME}"):
                control.execute(text(f"DROP {statement}"))
