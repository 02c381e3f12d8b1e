# SPDX-License-Identifier: Apache-2.0

"""Short codes, booklets, which template drew a paper, and one successor for a recalled unit."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from ledger.short_code import lookup_key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KIND = sa.Enum("unit", "booklet", name="kind", native_enum=False, create_constraint=True, length=16)
FIRST_TEMPLATE = "unit_thcs_v1.typ"
CURRENT = "state NOT IN ('recalled', 'replaced')"


def upgrade() -> None:
    """Forward only: a ledger is never taken back to tables that know less."""
    with op.batch_alter_table("unit") as table:
        table.add_column(sa.Column("short_code", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("kind", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("template", sa.String(length=64), nullable=True))
    texts = [sa.column(name, sa.String()) for name in ("short_code", "kind", "state", "template")]
    unit = sa.table("unit", sa.column("id", sa.Uuid()), *texts)
    connection = op.get_bind()
    ids: list[UUID] = list(connection.scalars(sa.select(unit.c.id)))
    for unit_id in ids:
        filled = {"short_code": lookup_key(unit_id), "kind": "unit"}
        connection.execute(sa.update(unit).where(unit.c.id == unit_id).values(filled))
    # Until now there was one template.
    connection.execute(sa.update(unit).where(unit.c.state != "draft").values(template=FIRST_TEMPLATE))
    with op.batch_alter_table("unit") as table:
        table.alter_column("short_code", existing_type=sa.String(length=16), nullable=False)
        table.alter_column("kind", existing_type=sa.String(length=16), type_=KIND, nullable=False)
        table.create_unique_constraint(op.f("uq_unit_short_code"), ["short_code"])
        table.create_unique_constraint(op.f("uq_unit_replaces"), ["replaces"])
        table.drop_index("uq_unit_current")
        table.create_index(
            "uq_unit_current",
            ["pupil_code", "school_year", "level", "kind"],
            unique=True,
            sqlite_where=sa.text(CURRENT),
            postgresql_where=sa.text(CURRENT),
        )
