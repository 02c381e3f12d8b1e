# SPDX-License-Identifier: Apache-2.0

"""Pupils who go to another school, with what their old one confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pupil_code", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=4), nullable=False),
        sa.Column("school_year", sa.String(length=9), nullable=False),
        sa.Column("from_school", sa.String(length=8), nullable=False),
        sa.Column("to_school", sa.String(length=8), nullable=False),
        sa.Column("mid_year", sa.Boolean(), nullable=False),
        sa.Column("confirmation_sha256", sa.String(length=64), nullable=True),
        sa.Column("released_at", sa.DateTime(), nullable=False),
        sa.Column("released_by", sa.String(length=128), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(), nullable=True),
        sa.Column("accepted_by", sa.String(length=128), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("from_school <> to_school", name=op.f("ck_transfer_between_schools")),
        sa.CheckConstraint(
            "NOT mid_year OR confirmation_sha256 IS NOT NULL", name=op.f("ck_transfer_confirmed_in_mid_year")
        ),
        sa.CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_transfer_one_end")),
        sa.CheckConstraint(
            "(accepted_at IS NULL) = (accepted_by IS NULL)", name=op.f("ck_transfer_accepted_by_somebody")
        ),
        sa.ForeignKeyConstraint(["from_school"], ["school.code"], name=op.f("fk_transfer_from_school")),
        sa.ForeignKeyConstraint(["to_school"], ["school.code"], name=op.f("fk_transfer_to_school")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index(op.f("ix_transfer_pupil_code"), "transfer", ["pupil_code"])
    still_open = sa.text("accepted_at IS NULL AND withdrawn_at IS NULL")
    op.create_index(
        "uq_transfer_open", "transfer", ["pupil_code"], unique=True, sqlite_where=still_open, postgresql_where=still_open
    )
