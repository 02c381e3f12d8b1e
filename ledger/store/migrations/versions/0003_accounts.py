# SPDX-License-Identifier: Apache-2.0

"""The desk: accounts, sign-in and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    op.create_table(
        "open_id_request",
        sa.Column("state_sha256", sa.String(length=64), nullable=False),
        sa.Column("visit_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=128), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("invitation_sha256", sa.String(length=64), nullable=True),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_open_id_request")),
    )
    op.create_index(op.f("ix_open_id_request_ends_at"), "open_id_request", ["ends_at"])
    op.create_table(
        "throttle",
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.CheckConstraint("failures > 0", name=op.f("ck_throttle_some")),
        sa.PrimaryKeyConstraint("key_sha256", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_since"), "throttle", ["since"])
    op.create_table(
        "account",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=128), nullable=False),
        sa.Column("school_code", sa.String(length=8), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("name = lower(name)", name=op.f("ck_account_lower_case")),
        sa.ForeignKeyConstraint(["school_code"], ["school.code"], name=op.f("fk_account_school_code")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
    )
    op.create_index(op.f("ix_account_school_code"), "account", ["school_code"])
    op.create_table(
        "account_duty",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column(
            "duty",
            sa.Enum(
                "clerk",
                "principal",
                "teacher",
                "authority",
                name="duty",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_account_duty_account")),
        sa.PrimaryKeyConstraint("account", "duty", name=op.f("pk_account_duty")),
    )
    op.create_table(
        "desk_session",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("browser", "agent", name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("seen_at >= began_at", name=op.f("ck_desk_session_forwards")),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_desk_session_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_desk_session")),
    )
    op.create_index(op.f("ix_desk_session_account"), "desk_session", ["account"])
    op.create_table(
        "invitation",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_invitation_account")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_invitation_token_sha256")),
    )
    op.create_table(
        "known_browser",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_known_browser_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_known_browser")),
    )
    op.create_index(op.f("ix_known_browser_account"), "known_browser", ["account"])
    op.create_table(
        "open_id",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("linked_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_open_id_account")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_open_id")),
    )
    op.create_index(op.f("ix_open_id_account"), "open_id", ["account"])
    op.create_table(
        "pairing_code",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_pairing_code_account")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_pairing_code")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_pairing_code_code_sha256")),
    )
    op.create_table(
        "uploaded_sheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_uploaded_sheet_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploaded_sheet")),
    )
    op.create_index(op.f("ix_uploaded_sheet_account"), "uploaded_sheet", ["account"])
    op.create_index(op.f("ix_uploaded_sheet_uploaded_at"), "uploaded_sheet", ["uploaded_at"])
