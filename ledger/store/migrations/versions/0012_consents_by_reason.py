# SPDX-License-Identifier: Apache-2.0

"""A consent is to a recall for one reason: one that was taken back, and decided anew for another, wants another consent."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    once = sa.text("kind = 'approve' AND state <> 'failed' AND replacement_id IS NULL")
    op.drop_index("uq_act_approve_recall", "act")
    op.create_index(
        "uq_act_approve_recall", "act", ["unit_id", "reason"], unique=True, sqlite_where=once, postgresql_where=once
    )
