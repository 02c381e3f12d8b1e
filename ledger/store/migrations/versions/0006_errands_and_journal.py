# SPDX-License-Identifier: Apache-2.0

"""Numbers apart from attempts, acts beside batches and recalls, and the journal.

What stands in an older ledger comes along: an attempt's number is set aside for its errand. The journal of such a ledger begins with
the first deed after this; `hocba audit` says from when on it vouches.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ERRAND_STATES = ("sealed", "prepared", "sent", "mined", "final", "failed")
REASONS = ("wrong-data", "civil-status", "reassessment", "issued-in-error", "fraud", "other")
DEEDS = (
    "school-registered",
    "class-imported",
    "booklet-bound",
    "unit-issued",
    "paper-renewed",
    "batch-sealed",
    "batch-final",
    "batch-failed",
    "recall-decided",
    "recall-to-approve",
    "recall-approved",
    "unit-recalled",
    "recall-failed",
    "unit-replaced",
    "year-to-lock",
    "year-locked",
    "to-publish",
    "published",
    "act-failed",
    "transferred-out",
    "transferred-in",
    "transfer-withdrawn",
    "amended",
)
FOREVER = "a journal entry stays as it is"


def _by_value(name: str, *values: str, length: int = 16) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=length)


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    with op.batch_alter_table("school") as school:
        school.add_column(sa.Column("relayed", sa.Boolean(), server_default=sa.false(), nullable=False))
        school.add_column(sa.Column("batch_count", sa.Integer(), nullable=True))
        school.add_column(sa.Column("batch_hours", sa.Integer(), nullable=True))
        school.create_check_constraint("batch_count_counts", "batch_count IS NULL OR batch_count > 0")
        school.create_check_constraint("batch_hours_count", "batch_hours IS NULL OR batch_hours > 0")
    with op.batch_alter_table("batch") as batch:
        batch.add_column(sa.Column("signature", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("deadline", sa.DateTime(), nullable=True))
        batch.create_check_constraint("signed_until", "(signature IS NULL) = (deadline IS NULL)")
    with op.batch_alter_table("recall") as recall:
        recall.add_column(sa.Column("evidence_sha256", sa.String(length=64), nullable=True))
    _acts()
    _numbers()
    _journal()


def _acts() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", _by_value("kind", "publish", "lock", "approve", "replace"), nullable=False),
        sa.Column("school_code", sa.String(length=8), nullable=True),
        sa.Column("school_year", sa.String(length=9), nullable=True),
        sa.Column("topic", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("replacement_id", sa.Uuid(), nullable=True),
        sa.Column("reason", _by_value("reason", *REASONS), nullable=True),
        sa.Column("state", _by_value("state", *ERRAND_STATES), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'publish') = (topic IS NOT NULL AND digest IS NOT NULL)", name=op.f("ck_act_what_to_publish")
        ),
        sa.CheckConstraint("(kind = 'lock') = (school_year IS NOT NULL)", name=op.f("ck_act_year_to_lock")),
        sa.CheckConstraint(
            "(kind IN ('approve', 'replace')) = (unit_id IS NOT NULL)", name=op.f("ck_act_unit_withdrawn")
        ),
        sa.CheckConstraint(
            "kind <> 'replace' OR replacement_id IS NOT NULL", name=op.f("ck_act_replacement_named")
        ),
        sa.CheckConstraint(
            "kind IN ('approve', 'replace') OR replacement_id IS NULL", name=op.f("ck_act_replacement_of_a_unit")
        ),
        sa.CheckConstraint("(kind = 'approve') = (reason IS NOT NULL)", name=op.f("ck_act_reason_approved")),
        sa.CheckConstraint("kind <> 'lock' OR school_code IS NULL", name=op.f("ck_act_authority_locks")),
        sa.CheckConstraint(
            "kind NOT IN ('approve', 'replace') OR school_code IS NOT NULL", name=op.f("ck_act_school_of_the_unit")
        ),
        sa.ForeignKeyConstraint(["school_code"], ["school.code"], name=op.f("fk_act_school_code")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_act_unit_id")),
        sa.ForeignKeyConstraint(["replacement_id"], ["unit.id"], name=op.f("fk_act_replacement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
    )
    op.create_index(op.f("ix_act_state"), "act", ["state"])
    for kind, column in (("lock", "school_year"), ("replace", "unit_id")):
        once = sa.text(f"kind = '{kind}' AND state <> 'failed'")
        op.create_index(f"uq_act_{kind}", "act", [column], unique=True, sqlite_where=once, postgresql_where=once)
    for name, columns, of_what in (
        ("recall", ["unit_id"], "IS NULL"),
        ("replacement", ["unit_id", "replacement_id"], "IS NOT NULL"),
    ):
        once = sa.text(f"kind = 'approve' AND state <> 'failed' AND replacement_id {of_what}")
        op.create_index(
            f"uq_act_approve_{name}", "act", columns, unique=True, sqlite_where=once, postgresql_where=once
        )


def _numbers() -> None:
    op.create_table(
        "number",
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", _by_value("state", "held", "free", "lost"), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("recall_id", sa.Integer(), nullable=True),
        sa.Column("act_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state = 'free') = (batch_id IS NULL AND recall_id IS NULL AND act_id IS NULL)",
            name=op.f("ck_number_free_for_nothing"),
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
    )
    held = sa.text("state = 'held'")
    for errand in ("batch_id", "recall_id", "act_id"):
        op.create_index(
            f"uq_number_{errand}", "number", [errand], unique=True, sqlite_where=held, postgresql_where=held
        )
    op.execute(
        "INSERT INTO number (sender, nonce, state, batch_id, recall_id) "
        "SELECT sender, nonce, 'held', batch_id, recall_id FROM attempt"
    )
    # Its constraints change throughout, and nothing points at it: it is made anew.
    op.execute("CREATE TABLE attempt_before AS SELECT * FROM attempt")
    op.drop_table("attempt")
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
        sa.ForeignKeyConstraint(
            ["sender", "nonce"], ["number.sender", "number.nonce"], name=op.f("fk_attempt_sender_nonce")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("tx_hash", name=op.f("uq_attempt_tx_hash")),
    )
    op.execute(
        "INSERT INTO attempt (sender, nonce, tx_hash, raw, signed_at) "
        "SELECT sender, nonce, tx_hash, raw, signed_at FROM attempt_before ORDER BY id"
    )
    op.drop_table("attempt_before")


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("deed", _by_value("deed", *DEEDS, length=32), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sa.UniqueConstraint("previous", name=op.f("uq_journal_previous")),
        sa.UniqueConstraint("hash", name=op.f("uq_journal_hash")),
    )
    op.create_index(op.f("ix_journal_subject"), "journal", ["subject"])
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER journal_no_{deed.lower()} BEFORE {deed} ON journal "
                f"BEGIN SELECT RAISE(ABORT, '{FOREVER}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION journal_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{FOREVER}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_stays()"
    )
