# SPDX-License-Identifier: Apache-2.0

"""The journal tells of confirmations that were drawn from a sheet, before any record of the year was begun."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DEEDS_BEFORE = (
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
    "recall-withdrawn",
    "recall-declined",
    "errand-retried",
    "errand-given-up",
)
DEEDS = (*DEEDS_BEFORE, "confirmation-drawn")
FOREVER = "a journal entry stays as it is"


def _deeds(values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name="deed", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    values = ", ".join(f"'{deed}'" for deed in DEEDS)
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_journal_deed"), "journal", type_="check")
        op.create_check_constraint(op.f("ck_journal_deed"), "journal", f"deed IN ({values})")
        return
    # SQLite changes no CHECK: the table is made anew with every row, and its guards go with the old one.
    with op.batch_alter_table("journal", recreate="always") as journal:
        journal.alter_column("deed", existing_type=_deeds(DEEDS_BEFORE), type_=_deeds(DEEDS), existing_nullable=False)
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_no_{deed.lower()} BEFORE {deed} ON journal "
            f"BEGIN SELECT RAISE(ABORT, '{FOREVER}'); END"
        )
