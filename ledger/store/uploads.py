# SPDX-License-Identifier: Apache-2.0

"""Class sheets that were handed in at the desk and wait for their clerk to say yes."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, delete, select

from ledger.store.account_tables import AccountRow, UploadedSheetRow
from ledger.store.sessions import reading, writing

KEPT = dt.timedelta(days=1)
MOST_AT_ONCE = 5
"""Sheets of one account; the oldest gives way."""


@dataclass(frozen=True)
class UploadedSheet:
    """One file as it was handed in."""

    id: UUID
    file_name: str
    data: bytes
    uploaded_at: dt.datetime


class Uploads:
    """Keeps sheets for a day, each for the account that handed it in and for nobody else."""

    def __init__(self, engine: Engine, *, now: Callable[[], dt.datetime]) -> None:
        self._engine = engine
        self._now = now

    def add(self, upload_id: UUID, *, account: str, file_name: str, data: bytes) -> None:
        """Keeps a sheet. What is older than a day goes, whose ever it is."""
        now = self._now()
        with writing(self._engine) as session:
            # One upload of an account at a time: two would not see each other among the newest.
            session.execute(select(AccountRow.name).where(AccountRow.name == account).with_for_update())
            session.execute(delete(UploadedSheetRow).where(UploadedSheetRow.uploaded_at <= now - KEPT))
            session.add(
                UploadedSheetRow(id=upload_id, account=account, file_name=file_name, data=data, uploaded_at=now)
            )
            session.flush()
            newest = (
                select(UploadedSheetRow.id)
                .where(UploadedSheetRow.account == account)
                .order_by(UploadedSheetRow.uploaded_at.desc(), UploadedSheetRow.id)
            )
            surplus = session.scalars(newest.offset(MOST_AT_ONCE)).all()
            session.execute(delete(UploadedSheetRow).where(UploadedSheetRow.id.in_(surplus)))

    def find(self, upload_id: UUID, *, account: str) -> UploadedSheet | None:
        """A sheet of this account; None when there is none, or it is too old."""
        with reading(self._engine) as session:
            row = session.scalars(
                select(UploadedSheetRow).where(
                    UploadedSheetRow.id == upload_id,
                    UploadedSheetRow.account == account,
                    UploadedSheetRow.uploaded_at > self._now() - KEPT,
                )
            ).one_or_none()
            return None if row is None else UploadedSheet(row.id, row.file_name, row.data, row.uploaded_at)

    def discard(self, upload_id: UUID, *, account: str) -> None:
        """Forgets a sheet."""
        with writing(self._engine) as session:
            session.execute(
                delete(UploadedSheetRow).where(UploadedSheetRow.id == upload_id, UploadedSheetRow.account == account)
            )
