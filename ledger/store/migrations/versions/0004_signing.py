# SPDX-License-Identifier: Apache-2.0

"""Signing rounds: registered certificates, assignments, rounds and what is prepared for them; subject teachers' signatures."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    op.create_table(
        "registration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_code", sa.String(length=8), nullable=False),
        sa.Column("cert_sha256", sa.String(length=64), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "GVBM",
                "GVCN",
                "CBQL",
                "KY_PHAT_HANH",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("subjects", sa.String(length=512), server_default=sa.text("''"), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("account", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "holding",
            sa.Enum(
                "USB_TOKEN",
                "REMOTE_SIGNING",
                "FILE",
                name="holding",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("hierarchy", sa.String(length=32), nullable=False),
        sa.Column("delegated_by", sa.String(length=64), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending", "approved", "refused", name="state", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.DateTime(), nullable=True),
        sa.Column("valid_to", sa.DateTime(), nullable=True),
        sa.Column("requested_at", sa.DateTime(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name=op.f("ck_registration_decided")),
        sa.CheckConstraint(
            "delegated_by IS NULL OR (role = 'CBQL' AND valid_to IS NOT NULL)",
            name=op.f("ck_registration_deputies_for_a_time"),
        ),
        sa.CheckConstraint("state <> 'approved' OR valid_from IS NOT NULL", name=op.f("ck_registration_approved_from")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_registration_forwards")),
        sa.ForeignKeyConstraint(["school_code"], ["school.code"], name=op.f("fk_registration_school_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
    )
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registration_cert_sha256"), ["cert_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_registration_school_code"), ["school_code"], unique=False)
        batch_op.create_index(
            "uq_registration_pending",
            ["cert_sha256", "school_code", "role"],
            unique=True,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )

    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "GVBM",
                "GVCN",
                "CBQL",
                "KY_PHAT_HANH",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=32), server_default=sa.text("''"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("replacing", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("assigned_at", sa.DateTime(), nullable=False),
        sa.Column("assigned_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("(role = 'GVBM') = (subject <> '')", name=op.f("ck_assignment_subject_teachers_have_one")),
        sa.ForeignKeyConstraint(["class_id"], ["class.id"], name=op.f("fk_assignment_class_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_account"), ["account"], unique=False)
        batch_op.create_index(
            "uq_assignment_current",
            ["class_id", "role", "subject"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "signing_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "GVBM",
                "GVCN",
                "CBQL",
                "KY_PHAT_HANH",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=32), server_default=sa.text("''"), nullable=False),
        sa.Column("cert_sha256", sa.String(length=64), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("shown_role", sa.String(), nullable=False),
        sa.Column("account", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "closed", name="state", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["class_id"], ["class.id"], name=op.f("fk_signing_round_class_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_round")),
    )
    with op.batch_alter_table("signing_round", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signing_round_state"), ["state"], unique=False)
        batch_op.create_index(
            "uq_signing_round_open",
            ["class_id", "role", "subject", "cert_sha256"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "round_item",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("stt", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "prepared",
                "answered",
                "stored",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(), nullable=False),
        sa.Column("pdf_before", sa.String(length=64), nullable=False),
        sa.Column("xml_before", sa.String(length=64), nullable=False),
        sa.Column("pdf_prepared", sa.String(length=64), nullable=True),
        sa.Column("pdf_to_be_signed", sa.LargeBinary(), nullable=True),
        sa.Column("pdf_state", sa.LargeBinary(), nullable=True),
        sa.Column("xml_prepared", sa.String(length=64), nullable=False),
        sa.Column("xml_to_be_signed", sa.LargeBinary(), nullable=False),
        sa.Column("xml_state", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_value", sa.LargeBinary(), nullable=True),
        sa.Column("xml_value", sa.LargeBinary(), nullable=True),
        sa.Column("problem_vi", sa.Text(), nullable=True),
        sa.Column("problem_en", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'refused') = (problem_vi IS NOT NULL)", name=op.f("ck_round_item_refused_why")),
        sa.CheckConstraint(
            "state NOT IN ('answered', 'stored') OR xml_value IS NOT NULL", name=op.f("ck_round_item_answered_with")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["signing_round.id"], name=op.f("fk_round_item_round_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_round_item_unit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("round_id", "unit_id", name=op.f("pk_round_item")),
    )
    op.create_table(
        "unit_return",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "GVBM",
                "GVCN",
                "CBQL",
                "KY_PHAT_HANH",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=32), server_default=sa.text("''"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("returned_by", sa.String(), nullable=False),
        sa.Column("returned_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_return_unit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_return")),
    )
    with op.batch_alter_table("unit_return", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_return_unit_id"), ["unit_id"], unique=False)

    with op.batch_alter_table("school", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "ownership",
                sa.Enum("public", "private", name="ownership", native_enum=False, create_constraint=True, length=16),
                server_default="public",
                nullable=False,
            )
        )

    # Its primary key and the CHECK on its roles both widen, which no database alters in place.
    op.execute("CREATE TABLE signature_before AS SELECT * FROM signature")
    op.drop_table("signature")
    op.create_table(
        "signature",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "GVBM",
                "GVCN",
                "CBQL",
                "KY_PHAT_HANH",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=32), server_default=sa.text("''"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("cert_sha256", sa.String(length=64), nullable=False),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.Column("pdf_before", sa.String(length=64), nullable=True),
        sa.Column("xml_before", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(role = 'GVBM') = (subject <> '')", name=op.f("ck_signature_subject_teachers_have_one")),
        sa.CheckConstraint("(pdf_before IS NULL) = (xml_before IS NULL)", name=op.f("ck_signature_both_before")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_signature_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "role", "subject", name=op.f("pk_signature")),
        sa.UniqueConstraint("unit_id", "position", name=op.f("uq_signature_unit_id_position")),
    )
    op.execute(
        "INSERT INTO signature (unit_id, role, position, cert_sha256, signed_at) "
        "SELECT unit_id, role, position, cert_sha256, signed_at FROM signature_before"
    )
    op.drop_table("signature_before")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("subjects", sa.String(length=512), server_default=sa.text("''"), nullable=False))
