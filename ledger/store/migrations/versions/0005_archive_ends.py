# SPDX-License-Identifier: Apache-2.0

"""When the last document timestamp of a file ends: what has to be renewed by when."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
