# SPDX-License-Identifier: Apache-2.0

"""Exporting: a whole ledger, or one school of it, as an archive that proves itself.

What leaves is a folder in BagIt form (`ledger.bag`): every file that any row names, the rows as lines of JSON, the journal, and
for each issued record its PDF, XML and receipt side by side, as `hocba verify FOLDER` takes them, with a node and without our
database. It appears whole or not at all: it is written beside its place, and renamed at the end.

An archive holds pupils' records and reasons that people typed; it is as secret as the ledger. It holds no account, password,
session or key of anybody.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ledger.bag import BagWriter
from ledger.batch import BatchState
from ledger.errors import LedgerError, UnknownSchool
from ledger.proof.receipt import with_tokens
from ledger.store.chain_tables import BatchRow, JournalRow, LeafRow
from ledger.store.database import revision_of
from ledger.store.named_files import named_files, pages, subjects_of
from ledger.store.row_files import archived_tables, lines_of, schema
from ledger.store.sessions import reading
from ledger.store.tables import ClassRow, FileRole, SchoolRow, UnitFileRow, UnitRow

FORMAT = "hocba-export/1"
FORMAT_FIELD, SCOPE_FIELD, REVISION_FIELD = "Hocba-Format", "Hocba-Scope", "Hocba-Revision"
WHOLE = "whole"
ROWS, FILES, UNITS, TRUST = "ledger", "files", "units", "trust"
_README = """\
Bản lưu trữ sổ cái học bạ số hocba, dạng BagIt (RFC 8493). Kiểm tra bằng công cụ BagIt bất kỳ.
  data/units   mỗi học bạ: PDF, XML, biên nhận; kiểm tra: hocba verify THƯ-MỤC --trust data/trust --rpc NÚT
  data/files   mọi tệp khác, tên là SHA-256 của nó      data/ledger  các bảng, mỗi dòng một JSON; schema.json giải thích
  data/trust   cấu hình tin cậy và các danh sách đã công bố. Không có tài khoản, mật khẩu hay khóa của ai.

An archive of a hocba ledger in BagIt form (RFC 8493), to be checked with any BagIt tool.
  data/units   each record: PDF, XML, receipt; to verify: hocba verify FOLDER --trust data/trust --rpc NODE
  data/files   every other file, named by its SHA-256   data/ledger  the tables, a JSON object a line; see schema.json
  data/trust   trust settings and published lists. No account, no password and no key of anybody.
"""


class KeptFiles(Protocol):
    """Where the bytes are."""

    def get(self, sha256: str) -> bytes:
        """The bytes with this digest, checked."""


class NotWhole(LedgerError):
    """A file that the ledger names is not there as it was: an archive without it would prove nothing."""

    def __init__(self, sha256: str, cause: LedgerError) -> None:
        super().__init__(
            f"Chưa xuất được: tệp {sha256} không đọc được từ kho ({cause.vi}) Hãy chạy hocba audit --files rồi bổ sung tệp.",
            f"Nothing was exported: file {sha256} cannot be read ({cause.en}) Run hocba audit --files, and put it back.",
        )


class Exporting:
    """Writes archives. Reads one state of the ledger; what is kept in memory does not grow with it."""

    def __init__(self, engine: Engine, files: KeptFiles) -> None:
        self._engine = engine
        self._files = files

    def count(self, school_code: str | None = None) -> int:
        """How many units an archive will have, for whoever shows progress. Raises `UnknownSchool`."""
        with reading(self._engine) as session:
            query = select(func.count()).select_from(UnitRow)
            if school_code is not None:
                if session.get(SchoolRow, school_code) is None:
                    raise UnknownSchool(school_code)
                query = query.where(UnitRow.school_code == school_code)
            return session.scalar(query) or 0

    def export(
        self,
        path: Path,
        *,
        now: dt.datetime,
        school_code: str | None = None,
        trust: Iterable[tuple[str, bytes]] = (),
    ) -> Iterator[str]:
        """Writes the archive `path`, yielding the id of each unit as its files are in it; it stands when this has ended.

        `trust` are the files of the trust folder, without secrets. Raises `NotWhole` for a file that cannot be read.
        """
        with BagWriter(path) as bag, reading(self._engine) as session:
            bag.add("README.txt", _README.encode())
            for name, data in trust:
                bag.add(f"{TRUST}/{name}", data)
            yield from self._units(bag, session, school_code)
            for digest, _ in named_files(session, school_code=school_code):
                self._keep(bag, f"{FILES}/{digest[:2]}/{digest}", digest)
            revision = self._rows(bag, session, school_code)
            bag.finish(
                {
                    FORMAT_FIELD: FORMAT,
                    SCOPE_FIELD: WHOLE if school_code is None else school_code,
                    REVISION_FIELD: revision,
                },
                now=now,
            )

    def _units(self, bag: BagWriter, session: Session, school_code: str | None) -> Iterator[str]:
        """Each issued unit's files beside its receipt, class by class."""
        query = (
            select(
                UnitRow.id,
                UnitRow.school_code,
                UnitRow.school_year,
                UnitRow.class_id,
                ClassRow.name,
                UnitRow.manifest,
                LeafRow.receipt,
                BatchRow.state,
                BatchRow.token,
            )
            .join(ClassRow, ClassRow.id == UnitRow.class_id)
            .outerjoin(LeafRow, LeafRow.unit_id == UnitRow.id)
            .outerjoin(BatchRow, BatchRow.id == LeafRow.batch_id)
        )
        if school_code is not None:
            query = query.where(UnitRow.school_code == school_code)
        for page in pages(session, query, UnitRow.id):
            files: dict[Any, list[Any]] = {}
            beside = select(UnitFileRow.unit_id, UnitFileRow.role, UnitFileRow.sha256)
            for row in session.execute(beside.where(UnitFileRow.unit_id.in_([unit.id for unit in page]))):
                files.setdefault(row.unit_id, []).append(row)
            for unit in page:
                folder = f"{UNITS}/{unit.school_code}/{unit.school_year}/{_folder(unit.class_id, unit.name)}"
                for row in files.get(unit.id, ()):
                    suffix = "pdf" if row.role is FileRole.PDF else "xml"
                    issued = f"{folder}/{unit.id}.{suffix}"
                    unfinished = f"{FILES}/{row.sha256[:2]}/{row.sha256}"
                    self._keep(bag, unfinished if unit.manifest is None else issued, row.sha256)
                if unit.receipt is not None and unit.state is BatchState.FINAL:
                    tokens = () if unit.token is None else (unit.token,)
                    bag.add(f"{folder}/{unit.id}.receipt.json", with_tokens(unit.receipt, tokens))
                yield str(unit.id)

    def _rows(self, bag: BagWriter, session: Session, school_code: str | None) -> str:
        bag.add(f"{ROWS}/schema.json", json.dumps(schema(), ensure_ascii=False, indent=1).encode() + b"\n")
        for table in archived_tables():
            with bag.file(f"{ROWS}/{table.name}.jsonl") as write:
                lines = lines_of(session, table, school_code=school_code)
                if table.name == JournalRow.__tablename__ and school_code is not None:
                    lines = _journal_of(session, school_code)
                for line in lines:
                    write(line.encode())
        return revision_of(session.connection()) or ""

    def _keep(self, bag: BagWriter, name: str, digest: str) -> None:
        if bag.has(name):
            return
        try:
            data = self._files.get(digest)
        except LedgerError as error:
            raise NotWhole(digest, error) from error
        bag.add(name, data)


def _folder(class_id: int, name: str) -> str:
    """A name that every file system takes: that of the class as far as it is ASCII, and its number."""
    return f"{re.sub('[^A-Za-z0-9._-]+', '_', name)}-{class_id}"


def _journal_of(session: Session, school_code: str) -> Iterator[str]:
    """The journal as one school may see it: entries about others are links of the chain of hashes and nothing else."""
    query = select(*JournalRow.__table__.columns)
    for page in pages(session, query, JournalRow.seq):
        ours = subjects_of(session, school_code, [row.subject for row in page])
        for row in page:
            link = {"seq": row.seq, "previous": row.previous.hex(), "hash": row.hash.hex()}
            told = {
                **link,
                "at": row.at.isoformat(),
                "who": row.who,
                "deed": row.deed,
                "subject": row.subject,
                "why": row.why,
                "detail": row.detail,
            }
            yield json.dumps(told if row.subject in ours else link, ensure_ascii=False) + "\n"
