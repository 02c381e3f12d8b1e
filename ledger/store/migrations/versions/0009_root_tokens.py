# SPDX-License-Identifier: Apache-2.0

"""A time-stamp token over each batch's root. Older batches get theirs from the next run that looks for such."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    with op.batch_alter_table("batch") as batch:
        batch.add_column(sa.Column("token", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("stamped_at", sa.DateTime(), nullable=True))
        batch.create_check_constraint("stamped_once", "(token IS NULL) = (stamped_at IS NULL)")
