# SPDX-License-Identifier: Apache-2.0

"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    op.create_table(
        "school",
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("profile", sa.String(length=32), nullable=False),
        sa.Column("operator", sa.String(length=42), nullable=False),
        sa.Column("seal_cert_sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_school")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_code", sa.String(length=8), nullable=False),
        sa.Column("school_year", sa.String(length=9), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_count", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sealed",
                "prepared",
                "sent",
                "mined",
                "final",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("sealed_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["school_code"], ["school.code"], name=op.f("fk_batch_school_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("school_code", "root", name=op.f("uq_batch_school_code_root")),
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_state"), ["state"], unique=False)

    op.create_table(
        "class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_code", sa.String(length=8), nullable=False),
        sa.Column("school_year", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("enrolled", sa.Integer(), nullable=False),
        sa.Column("sheet_sha256", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["school_code"], ["school.code"], name=op.f("fk_class_school_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class")),
        sa.UniqueConstraint("school_code", "school_year", "name", name=op.f("uq_class_school_code_school_year_name")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column("school_code", sa.String(length=8), nullable=False),
        sa.Column("school_year", sa.String(length=9), nullable=False),
        sa.Column("level", sa.String(length=4), nullable=False),
        sa.Column("pupil_code", sa.String(length=16), nullable=False),
        sa.Column("stt", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "signing",
                "issued",
                "anchored",
                "locked",
                "recalled",
                "replaced",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("record_sha256", sa.String(length=64), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(manifest IS NULL) = (state IN ('draft', 'signing'))", name=op.f("ck_unit_manifest_when_issued")
        ),
        sa.CheckConstraint("replaces IS NULL OR replaces <> id", name=op.f("ck_unit_not_itself")),
        sa.ForeignKeyConstraint(["class_id"], ["class.id"], name=op.f("fk_unit_class_id")),
        sa.ForeignKeyConstraint(["replaces"], ["unit.id"], name=op.f("fk_unit_replaces")),
        sa.ForeignKeyConstraint(["school_code"], ["school.code"], name=op.f("fk_unit_school_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_class_id"), ["class_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_state"), ["state"], unique=False)
        batch_op.create_index(
            "uq_unit_current",
            ["pupil_code", "school_year", "level"],
            unique=True,
            sqlite_where=sa.text("state NOT IN ('recalled', 'replaced')"),
            postgresql_where=sa.text("state NOT IN ('recalled', 'replaced')"),
        )

    op.create_table(
        "leaf",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_leaf_batch_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_leaf_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_leaf")),
        sa.UniqueConstraint("leaf", name=op.f("uq_leaf_leaf")),
    )
    with op.batch_alter_table("leaf", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_leaf_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "recall",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("school_code", sa.String(length=8), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "wrong-data",
                "civil-status",
                "reassessment",
                "issued-in-error",
                "fraud",
                "other",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sealed",
                "prepared",
                "sent",
                "mined",
                "final",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["school_code"], ["school.code"], name=op.f("fk_recall_school_code")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_recall_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_recall_unit_id")),
    )
    with op.batch_alter_table("recall", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recall_state"), ["state"], unique=False)

    op.create_table(
        "signature",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("GVCN", "CBQL", "KY_PHAT_HANH", name="role", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("cert_sha256", sa.String(length=64), nullable=False),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_signature_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "role", name=op.f("pk_signature")),
        sa.UniqueConstraint("unit_id", "position", name=op.f("uq_signature_unit_id_position")),
    )
    op.create_table(
        "unit_file",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("pdf", "xml", name="role", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_file_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "role", name=op.f("pk_unit_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_unit_file_sha256")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("recall_id", sa.Integer(), nullable=True),
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.Integer(), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("(batch_id IS NULL) <> (recall_id IS NULL)", name=op.f("ck_attempt_one_errand")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_attempt_batch_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_attempt_recall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_attempt_batch_id")),
        sa.UniqueConstraint("recall_id", name=op.f("uq_attempt_recall_id")),
        sa.UniqueConstraint("sender", "nonce", name=op.f("uq_attempt_sender_nonce")),
        sa.UniqueConstraint("tx_hash", name=op.f("uq_attempt_tx_hash")),
    )
