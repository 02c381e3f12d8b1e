# SPDX-License-Identifier: Apache-2.0

"""Signing rounds: registered certificates, assignments, rounds and what is prepared for them, subjects."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
