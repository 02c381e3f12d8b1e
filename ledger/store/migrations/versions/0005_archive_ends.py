# SPDX-License-Identifier: Apache-2.0

"""When the last document timestamp of a file ends, so that what has to be renewed is found; and what was renewed.

The end is left open for files that were issued before: `hocba retimestamp` looks into them once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    op.add_column("unit_file", sa.Column("archive_ends", sa.DateTime(), nullable=True))
    op.create_index(op.f("ix_unit_file_archive_ends"), "unit_file", ["archive_ends"])
    op.create_table(
        "earlier_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_earlier_file_unit_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_earlier_file")),
    )
    op.create_index(op.f("ix_earlier_file_unit_id"), "earlier_file", ["unit_id"])
