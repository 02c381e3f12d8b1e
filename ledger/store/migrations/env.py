# SPDX-License-Identifier: Apache-2.0

"""What Alembic runs for each command; `ledger.store.database.migrate` hands it the connection."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from ledger.store import account_tables, chain_tables, signing_tables, transfer_tables  # noqa: F401 - their tables belong to the metadata
from ledger.store.tables import Base, UtcDateTime


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Writes our time type as the database knows it: a migration must not depend on code that may change after it."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_server_default=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
