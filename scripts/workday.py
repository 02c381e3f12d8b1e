# SPDX-License-Identifier: Apache-2.0

"""What a school does with a class, step by step: the same for the command line and for the demo.

Each step goes on where an earlier run of it stopped, and yields as it goes, so that whoever calls can show progress.
"""

import datetime as dt
import io
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from ledger.errors import BookletIssued, LedgerError, NothingToBind, YearsMissing
from ledger.paper.moments import VIETNAM
from ledger.record.check import CheckOptions, check_workbook
from ledger.record.sheets.class_sheet import SheetReading
from ledger.store.reader import Unit
from ledger.store.tables import FileRole
from ledger.unit import FINAL_STATES, PROFILES, Role, UnitKind, UnitState
from scripts.compose import Ledger
from scripts.crew import LocalArchivist, LocalHand, Sitting, utc_now
from signer.keys import load_pkcs12
from verifier_api.trust import Trust
from verifier_api.verdict import Verdict
from verifier_api.verifier import Verifier

POLL_SECONDS = 0.25
MINING_SECONDS = 600.0
"""How long a command waits for the chain before it gives up; what it began goes on at the next call."""

T = TypeVar("T")


class ChainTooSlow(LedgerError):
    """The chain has not confirmed in time. Nothing is lost."""

    def __init__(self, still_open: int) -> None:
        super().__init__(
            f"Chuỗi khối chưa xác nhận xong {still_open} đợt. Không mất gì cả; hãy chạy lại hocba anchor sau ít phút.",
            f"The chain has not confirmed {still_open} errands yet. Nothing is lost; run hocba anchor again later.",
        )


class UndoneOnChain(LedgerError):
    """The contract took a transaction into a block and undid it."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"Hợp đồng trên chuỗi đã từ chối {count} đợt (giao dịch vào khối nhưng không có hiệu lực). Hãy kiểm tra quyền của "
            "trường với Sở GDĐT; học bạ trong đợt này chưa được neo.",
            f"The contract undid {count} errands (mined, without effect). Check the school's rights with the authority; "
            "the records in them are not anchored.",
        )


class NotApproved(LedgerError):
    """A key whose certificate the authority has not approved for what it is to sign."""

    def __init__(self, name: str, role: Role, school: str) -> None:
        super().__init__(
            f"Chứng thư của {name} không có trong danh sách người ký được Sở duyệt cho vai trò {role} của trường {school}. "
            "Chưa ký gì cả; hãy chọn đúng tệp chữ ký số, hoặc đề nghị Sở duyệt chứng thư này.",
            f"The certificate of {name} is not on the authority's list for role {role} of school {school}. Nothing was "
            "signed; choose the right key file, or ask the authority to approve this certificate.",
        )


class NotAllBound(LedgerError):
    """Some pupils of a class have no booklet; those of the others are made."""

    def __init__(self, bound: int, refused: Sequence[LedgerError]) -> None:
        super().__init__(
            "\n".join(
                [f"Đã đóng {bound} sổ học bạ; {len(refused)} sổ chưa đóng được:", *(f"  - {e.vi}" for e in refused)]
            ),
            "\n".join(
                [f"Bound {bound} booklets; {len(refused)} could not be bound:", *(f"  - {e.en}" for e in refused)]
            ),
        )


class NothingToSign(LedgerError):
    """Nobody waits for this role."""

    def __init__(self, role: Role, class_name: str) -> None:
        super().__init__(
            f"Lớp {class_name} không có học bạ nào đang chờ «{role}» ký. Hãy kiểm tra lớp, năm học, hoặc người ký trước.",
            f"No unit of class {class_name} waits for {role}. Check class and year, or whether the signer before is done.",
        )


@dataclass(frozen=True)
class ClassKey:
    """One class of one school year."""

    school_code: str
    school_year: str
    class_name: str


def read_sheet(path: Path, *, synthetic: bool) -> SheetReading:
    """Reads and checks a class sheet. `synthetic` allows the sample data's province part 099."""
    return check_workbook(source_of(path), file=path.name, options=CheckOptions(allow_synthetic_province=synthetic))


def source_of(path: Path) -> bytes:
    """The bytes that an import keeps as its source: the file, or a folder's files as one ZIP."""
    if not path.is_dir():
        return path.read_bytes()
    tables = sorted(path.glob("*.csv"))
    if not tables:
        raise LedgerError(
            f"Thư mục {path.name} không có tệp .csv nào. Hãy xuất mỗi trang thành một tệp, ví dụ “Học sinh.csv”.",
            f"The folder {path.name} holds no .csv file. Export each sheet as a file of its own, such as “Học sinh.csv”.",
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for each in tables:
            archive.writestr(zipfile.ZipInfo(each.name), each.read_bytes())
    return packed.getvalue()


def require_ready(ledger: Ledger, trust: Trust, key: ClassKey, sitting: Sitting, *, assigned: frozenset[Role]) -> None:
    """Refuses a sitting that could not end well, while nothing has begun: not a file is rendered, not a state moved.

    The key opens, its certificate is in time and on the authority's list for this role and school, and somebody waits for this
    role. Raises `WrongPassphrase` and its kin, `NotApproved` or `NothingToSign`.
    """
    require_approved(trust, sitting, school_code=key.school_code)
    profile = PROFILES[ledger.reader.school(key.school_code).profile]
    drafts = _units(ledger, key, UnitState.DRAFT)
    waiting = ledger.issuing.waiting_for(sitting.role, _units(ledger, key, UnitState.SIGNING), assigned=assigned)
    if not waiting and not (drafts and profile.next_role([], assigned=assigned) is sitting.role):
        raise NothingToSign(sitting.role, key.class_name)


def require_approved(trust: Trust, sitting: Sitting, *, school_code: str) -> None:
    """Refuses a key that does not open, is out of date, or is not on the authority's list for this role and school."""
    loaded = load_pkcs12(sitting.pkcs12, sitting.passphrase)
    loaded.require_valid_at(utc_now())
    cert_sha256 = loaded.certificate_sha256.hex()
    if trust.signers is not None and not any(
        line.covers(cert_sha256=cert_sha256, role=sitting.role.value, school=school_code, at=utc_now())
        for line in trust.lines_of(cert_sha256)
    ):
        raise NotApproved(loaded.common_name, sitting.role, school_code)


def prepare(ledger: Ledger, key: ClassKey, *, planned_issue_date: dt.datetime) -> tuple[int, Iterator[object]]:
    """How many drafts of the class there are to render, and the rendering itself."""
    drafts = _units(ledger, key, UnitState.DRAFT)
    return len(drafts), ledger.issuing.prepare(drafts, planned_issue_date=planned_issue_date)


def sign(ledger: Ledger, key: ClassKey, sitting: Sitting, *, assigned: frozenset[Role]) -> tuple[int, Iterator[object]]:
    """How many units of the class wait for this signer, and the signing itself. Raises `NothingToSign` for none.

    The caller has asked `require_ready` before it rendered anything.
    """
    waiting = ledger.issuing.waiting_for(sitting.role, _units(ledger, key, UnitState.SIGNING), assigned=assigned)
    if not waiting:
        raise NothingToSign(sitting.role, key.class_name)
    hand = LocalHand(sitting, workers=ledger.settings.workers)

    def work() -> Iterator[object]:
        with hand:
            yield from ledger.issuing.sign(hand, waiting)

    return len(waiting), work()


def bind(
    ledger: Ledger, trust: Trust, key: ClassKey, sitting: Sitting, *, pupils: Sequence[str] = ()
) -> tuple[int, Iterator[object]]:
    """How many booklets of the class are to be made (of `pupils`, or of all), and their making: bound, drawn, sealed and issued.

    Goes on where it was stopped; a booklet that is issued already is left as it is. Raises `NothingToBind` for a pupil without
    an anchored record, before any booklet is made; and at the end, the others' being made, `NotAllBound` for pupils whose booklet
    would lack a year or is issued with other units.
    """
    require_approved(trust, sitting, school_code=key.school_code)
    final = [unit for state in FINAL_STATES for unit in _units(ledger, key, state)]
    levels = {unit.pupil_code: unit.level for unit in final}
    if missing := [code for code in pupils or [""] if code not in levels and (code or not levels)]:
        raise NothingToBind(missing[0] or key.class_name, "TH/THCS/THPT")
    chosen = sorted(pupils or levels)

    def work() -> Iterator[object]:
        ids, refused = [], []
        for code in chosen:
            try:
                ids.append(ledger.booklets.bind(code, level=levels[code], school_code=key.school_code))
            except (BookletIssued, NothingToBind, YearsMissing) as error:
                refused.append(error)
        planned = dt.datetime.now(VIETNAM).replace(microsecond=0)

        def standing_at(state: UnitState) -> list[Unit]:
            return [unit for unit in map(ledger.reader.unit, ids) if unit.state is state]

        yield from ledger.issuing.prepare(standing_at(UnitState.DRAFT), planned_issue_date=planned)
        nobody: frozenset[Role] = frozenset()
        with LocalHand(sitting, workers=ledger.settings.workers) as hand:
            waiting = ledger.issuing.waiting_for(sitting.role, standing_at(UnitState.SIGNING), assigned=nobody)
            yield from ledger.issuing.sign(hand, waiting)
        yield from _issued(ledger, trust, standing_at(UnitState.SIGNING))
        if refused:
            raise NotAllBound(len(ids), refused)

    return 3 * len(chosen), work()


def issue(ledger: Ledger, trust: Trust, key: ClassKey, *, assigned: frozenset[Role]) -> tuple[int, Iterator[object]]:
    """How many units of the class are signed by all, and the issuing itself."""
    signing = _units(ledger, key, UnitState.SIGNING)
    waiting = {unit.id for role in Role for unit in ledger.issuing.waiting_for(role, signing, assigned=assigned)}
    ready = [unit for unit in signing if unit.id not in waiting]
    return len(ready), _issued(ledger, trust, ready)


def _issued(ledger: Ledger, trust: Trust, ready: list[Unit]) -> Iterator[object]:
    roots = [root for roots in trust.anchors.roots.values() for root in roots]
    workers = ledger.settings.workers
    with LocalArchivist(tsa=ledger.settings.signing.tsa, roots=roots, workers=workers) as archivist:
        yield from ledger.issuing.issue(archivist, ready)


def anchor(ledger: Ledger, trust: Trust, *, school_code: str, school_year: str, password: str) -> Iterator[int]:
    """Seals what is issued and carries it, and any recall, until all is final. Yields how many errands are still open."""
    anchorer, registry = ledger.anchorer(trust, school_code=school_code, password=password)
    ledger.sealer(trust).seal(school_code=school_code, school_year=school_year)
    until = time.monotonic() + MINING_SECONDS
    while True:
        progress = anchorer.tick(head=registry.head().number)
        if progress.failed:
            raise UndoneOnChain(progress.failed)
        yield progress.open
        if not progress.open:
            return
        if time.monotonic() > until:
            raise ChainTooSlow(progress.open)
        time.sleep(POLL_SECONDS)


def hand_out(ledger: Ledger, units: list[Unit], folder: Path) -> Iterator[Path]:
    """Writes PDF, XML and receipt of each anchored unit side by side into `folder`; yields each PDF's path.

    Names hold class and list number only: a file name travels further than its file, and should name nobody.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for unit in units:
        entry = ledger.reader.receipt_of_unit(unit.id)
        if entry is None or entry.receipt is None or not entry.final:
            continue
        pdf = folder / f"{hand_out_name(unit)}.pdf"
        pdf.write_bytes(ledger.files.get(unit.file(FileRole.PDF).sha256))
        (folder / f"{hand_out_name(unit)}.xml").write_bytes(ledger.files.get(unit.file(FileRole.XML).sha256))
        (folder / f"{hand_out_name(unit)}.receipt.json").write_bytes(entry.receipt)
        yield pdf


def hand_out_name(unit: Unit) -> str:
    """The name, without suffix, under which a unit's files are handed out: never a path, and different for different units."""
    booklet = "-so-hoc-ba" if unit.kind is UnitKind.BOOKLET else ""
    return f"{quote(unit.class_name, safe='')}-{unit.stt:02d}{booklet}"


def verdicts(
    verifier: Verifier, paths: Sequence[Path], *, jobs: int, receipt: bytes | None = None
) -> Iterator[tuple[Path, Verdict]]:
    """Each file with its verdict, in order. A receipt is `receipt`, or the file's sibling, or looked up by the verifier."""

    def one(path: Path) -> tuple[Path, Verdict]:
        beside = path.with_suffix(".receipt.json")
        own = beside.read_bytes() if receipt is None and beside.is_file() else receipt
        return path, verifier.verify(path.read_bytes(), receipt=own)

    with ThreadPoolExecutor(max_workers=jobs) as threads:
        yield from threads.map(one, paths)


def _units(ledger: Ledger, key: ClassKey, state: UnitState) -> list[Unit]:
    return ledger.reader.units(
        school_code=key.school_code, school_year=key.school_year, class_name=key.class_name, states=[state]
    )


def until_mined(ask: Callable[[], T | None]) -> T:
    """Asks until there is an answer; raises `ChainTooSlow` after `MINING_SECONDS`."""
    end = time.monotonic() + MINING_SECONDS
    while (answer := ask()) is None:
        if time.monotonic() > end:
            raise ChainTooSlow(1)
        time.sleep(POLL_SECONDS)
    return answer
