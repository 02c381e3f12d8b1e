# SPDX-License-Identifier: Apache-2.0

"""The desk: accounts, sign-in and sessions."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
