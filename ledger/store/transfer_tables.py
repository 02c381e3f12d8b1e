# SPDX-License-Identifier: Apache-2.0

"""The table of transfers between schools, and who has departed from a school by it."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ledger.store.tables import Base

OPEN = "accepted_at IS NULL AND withdrawn_at IS NULL"


class TransferRow(Base):
    """One school gives a pupil to another."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("from_school <> to_school", name="between_schools"),
        CheckConstraint("NOT mid_year OR confirmation_sha256 IS NOT NULL", name="confirmed_in_mid_year"),
        CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted_by_somebody"),
        Index("uq_transfer_open", "pupil_code", unique=True, sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    pupil_code: Mapped[str] = mapped_column(String(16), index=True)
    level: Mapped[str] = mapped_column(String(4))
    school_year: Mapped[str] = mapped_column(String(9))
    """The first school year at the new school; in mid-year, the one that goes on there."""
    from_school: Mapped[str] = mapped_column(ForeignKey("school.code"))
    to_school: Mapped[str] = mapped_column(ForeignKey("school.code"))
    mid_year: Mapped[bool]
    confirmation_sha256: Mapped[str | None] = mapped_column(String(64))
    """The stored confirmation of results up to the transfer, signed by the old school."""
    released_at: Mapped[dt.datetime]
    released_by: Mapped[str] = mapped_column(String(128))
    why: Mapped[str]
    accepted_at: Mapped[dt.datetime | None]
    accepted_by: Mapped[str | None] = mapped_column(String(128))
    withdrawn_at: Mapped[dt.datetime | None]


def departed(
    session: Session, pupil_codes: Iterable[str], *, school_code: str, level: str, school_year: str
) -> dict[str, str]:
    """Which of these pupils this school has released, for this year or an earlier one, and to which school.

    From the release on, and not only from the other school's acceptance: what was confirmed to the other school is not changed
    behind its back. Who was taken in again since is not among them.
    """
    query = (
        select(TransferRow)
        .where(
            TransferRow.pupil_code.in_(list(pupil_codes)),
            TransferRow.level == level,
            TransferRow.school_year <= school_year,
            TransferRow.withdrawn_at.is_(None),
        )
        .order_by(TransferRow.id)
    )
    gone: dict[str, str] = {}
    for row in session.scalars(query):
        if row.from_school == school_code:
            gone[row.pupil_code] = row.to_school
        elif row.to_school == school_code and row.accepted_at is not None:
            gone.pop(row.pupil_code, None)
    return gone
