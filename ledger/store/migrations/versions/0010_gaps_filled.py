# SPDX-License-Identifier: Apache-2.0

"""Numbers that are used up with an empty transaction, kept apart from those of errands by what their transactions point at."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBERS = "sender, nonce, state, batch_id, recall_id, act_id"
ATTEMPTS = "sender, nonce, tx_hash, raw, fee, tip, signed_at"


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    # Their constraints change throughout, and nothing else points at them: both are made anew.
    for table in ("attempt", "number"):
        op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")
        op.drop_table(table)
    _numbers()
    _attempts()
    op.execute(f"INSERT INTO number ({NUMBERS}, fills) SELECT {NUMBERS}, false FROM number_before")
    op.execute(f"INSERT INTO attempt ({ATTEMPTS}, fills) SELECT {ATTEMPTS}, false FROM attempt_before ORDER BY id")
    for table in ("attempt", "number"):
        op.drop_table(f"{table}_before")


def _numbers() -> None:
    state = sa.Enum("held", "free", "lost", name="state", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "number",
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("recall_id", sa.Integer(), nullable=True),
        sa.Column("act_id", sa.Integer(), nullable=True),
        sa.Column("fills", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'free') = (batch_id IS NULL AND recall_id IS NULL AND act_id IS NULL AND NOT fills)",
            name=op.f("ck_number_free_for_nothing"),
        ),
        sa.CheckConstraint(
            "NOT fills OR (state = 'held' AND batch_id IS NULL AND recall_id IS NULL AND act_id IS NULL)",
            name=op.f("ck_number_fills_for_no_errand"),
        ),
        sa.CheckConstraint(
            "(batch_id IS NULL OR recall_id IS NULL) AND (batch_id IS NULL OR act_id IS NULL) "
            "AND (recall_id IS NULL OR act_id IS NULL)",
            name=op.f("ck_number_one_errand"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_number_batch_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_number_recall_id")),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"], name=op.f("fk_number_act_id")),
        sa.PrimaryKeyConstraint("sender", "nonce", name=op.f("pk_number")),
        sa.UniqueConstraint("sender", "nonce", "fills", name=op.f("uq_number_sender_nonce_fills")),
    )
    held = sa.text("state = 'held'")
    for errand in ("batch_id", "recall_id", "act_id"):
        op.create_index(
            f"uq_number_{errand}", "number", [errand], unique=True, sqlite_where=held, postgresql_where=held
        )


def _attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=True),
        sa.Column("tip", sa.BigInteger(), nullable=True),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.Column("fills", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender", "nonce", "fills"],
            ["number.sender", "number.nonce", "number.fills"],
            name=op.f("fk_attempt_sender_nonce_fills"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("tx_hash", name=op.f("uq_attempt_tx_hash")),
    )
