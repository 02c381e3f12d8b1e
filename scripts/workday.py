# SPDX-License-Identifier: Apache-2.0

"""What a school does with a class, step by step: the same for the command line and for the demo.

Each step goes on where an earlier run of it stopped, and yields as it goes, so that whoever calls can show progress.
"""

import datetime as dt
import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from ledger.anchoring import Anchorer, Progress
from ledger.chain.errors import Disagreement
from ledger.errors import BookletIssued, LedgerError, NothingToBind, YearsMissing
from ledger.paper.moments import VIETNAM
from ledger.record.check import CheckOptions, check_workbook
from ledger.record.sheets.class_sheet import SheetReading
from ledger.right_signer import SHOWN_ROLES
from ledger.signing import SignerIdentity
from ledger.stamping import Unstamped
from ledger.store.reader import Unit
from ledger.store.tables import FileRole
from ledger.unit import FINAL_STATES, Role, Slot, UnitKind, UnitState
from scripts.compose import Ledger
from scripts.crew import CrewScribe, LocalArchivist, LocalHand
from signer.keys import SigningKey
from verifier_api.trust import Trust

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
            "trường với Sở GDĐT; học bạ trong đợt này chưa được neo. Khi đã rõ nguyên nhân, hãy chạy lại với --retry.",
            f"The contract undid {count} errands (mined, without effect). Check the school's rights with the authority; "
            "the records in them are not anchored. Once the cause is known, run again with --retry.",
        )


class NotAllCarried(LedgerError):
    """Several things keep errands from their end; whatever they did not keep is done."""

    def __init__(self, reasons: Sequence[LedgerError]) -> None:
        super().__init__(
            "\n".join(["Chưa lên chuỗi hết, vì:", *(f"  - {reason.vi}" for reason in reasons)]),
            "\n".join(["Not everything is on the chain, because:", *(f"  - {reason.en}" for reason in reasons)]),
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


def bind(
    ledger: Ledger, trust: Trust, key: ClassKey, seal: SigningKey, *, pupils: Sequence[str] = ()
) -> tuple[int, Iterator[object]]:
    """How many booklets of the class are to be made (of `pupils`, or of all), and their making: bound, drawn, sealed and issued.

    Goes on where it was stopped; a booklet that is issued already is left as it is. Raises `NothingToBind` for a pupil without
    an anchored record, before any booklet is made; and at the end, the others' being made, `NotAllBound` for pupils whose booklet
    would lack a year or is issued with other units.
    """
    who = seal.who
    identity = SignerIdentity(who.certificate.dump(), tuple(one.dump() for one in who.chain), SHOWN_ROLES[Role.SEAL])
    ledger.registrations(trust).require_may_sign(identity, Slot(Role.SEAL), school_code=key.school_code)
    final = [unit for state in FINAL_STATES for unit in units_of(ledger, key, state)]
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
        with CrewScribe.at(ledger.settings.signing, workers=ledger.settings.workers) as scribe:
            hand = LocalHand(Slot(Role.SEAL), seal, shown_role=identity.shown_role, scribe=scribe)
            waiting = ledger.issuing.waiting_for(hand.slot, standing_at(UnitState.SIGNING), assigned=nobody)
            yield from ledger.issuing.sign(hand, waiting)
        yield from _issued(ledger, trust, standing_at(UnitState.SIGNING))
        if refused:
            raise NotAllBound(len(ids), refused)

    return 3 * len(chosen), work()


def issue(ledger: Ledger, trust: Trust, key: ClassKey, *, assigned: frozenset[Role]) -> tuple[int, Iterator[object]]:
    """How many units of the class are signed by all, and the issuing itself."""
    signing = units_of(ledger, key, UnitState.SIGNING)
    ready = [unit for unit in signing if not ledger.issuing.next_slots(unit, assigned=assigned)]
    return len(ready), _issued(ledger, trust, ready)


def waited_for(ledger: Ledger, key: ClassKey, *, assigned: frozenset[Role]) -> Mapping[str, list[int]]:
    """Whose signature the class still waits for: each slot with the places in the list of those who lack it.

    Of drafts, which nobody has begun to sign, the role that begins. Raises `UnknownClass`.
    """
    ledger.signing_reader.school_class(school_code=key.school_code, school_year=key.school_year, name=key.class_name)
    found: dict[str, list[int]] = {}
    for unit in units_of(ledger, key, UnitState.DRAFT):
        first = ledger.issuing.profile(unit).next_role([], assigned=assigned)
        found.setdefault(str(first), []).append(unit.stt)
    for unit in units_of(ledger, key, UnitState.SIGNING):
        for slot in sorted(ledger.issuing.next_slots(unit, assigned=assigned)):
            found.setdefault(str(slot), []).append(unit.stt)
    return found


def _issued(ledger: Ledger, trust: Trust, ready: list[Unit]) -> Iterator[object]:
    roots = [root for roots in trust.anchors.roots.values() for root in roots]
    workers = ledger.settings.workers
    with LocalArchivist(tsa=ledger.settings.signing.tsa, roots=roots, workers=workers) as archivist:
        yield from ledger.issuing.issue(archivist, ready)


def anchor(
    ledger: Ledger,
    trust: Trust,
    *,
    school_code: str,
    school_year: str,
    password: str,
    only_if_due: bool = False,
    unstamped: Callable[[Unstamped], None] = lambda _: None,
) -> Iterator[Progress]:
    """Seals what is issued and carries it, and whatever else the school has decided, until all is final; tells how it stands.

    With `only_if_due` a batch is closed by the school's own policy alone. The head of the journal is published along with it.
    Once all is sent, or the chain could not be asked, batches without a token over their root get one; `unstamped` is told
    why not.
    """
    anchorer = ledger.school_anchorer(trust, school_code=school_code, password=password)
    sealer = ledger.sealer(trust)
    if only_if_due:
        sealer.seal_if_due(ledger.reader.school(school_code), school_year=school_year, now=dt.datetime.now(dt.UTC))
    else:
        sealer.seal(school_code=school_code, school_year=school_year)
    ledger.decisions.publish_head(school_code)
    steps = carried(anchorer)
    try:
        first = next(steps, None)
    except Exception:
        # The second witness of time is wanted most when the first one does not answer.
        stamp_roots(ledger, trust, school_code=school_code, unstamped=unstamped)
        raise
    stamp_roots(ledger, trust, school_code=school_code, unstamped=unstamped)
    if first is not None:
        yield first
    yield from steps


def stamp_roots(
    ledger: Ledger, trust: Trust, *, school_code: str | None, unstamped: Callable[[Unstamped], None]
) -> None:
    """Asks for the tokens that batches lack, of one school or of all. That an authority does not answer is told, and no more."""
    waiting = ledger.stamping.waiting(school_code)
    if not waiting:
        return
    # Loading what talks to the authority takes longer than looking that there is nothing to say.
    from scripts.root_stamps import LocalRootStamper  # noqa: PLC0415

    roots = [root for roots in trust.anchors.roots.values() for root in roots]
    for answer in ledger.stamping.stamp(LocalRootStamper(tsa=ledger.settings.signing.tsa, roots=roots), waiting):
        if isinstance(answer, Unstamped):
            unstamped(answer)


def carried(anchorer: Anchorer, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[Progress]:
    """Ticks until nothing is open that the chain alone can move.

    What keeps some errands from their end is told when the others are there: raises `UndoneOnChain`, `ChainTooSlow`, an
    obstacle of the last pass, or `NotAllCarried` for several of them.
    """
    until, still_open, failed = time.monotonic() + MINING_SECONDS, 1, 0
    obstacles: tuple[LedgerError, ...] = ()
    while still_open and time.monotonic() <= until:
        if (progress := if_agreed(anchorer.tick)) is not None:
            failed += progress.failed
            still_open, obstacles = progress.open, progress.obstacles
            yield progress
        if still_open:
            sleep(POLL_SECONDS)
    reasons: list[LedgerError] = [UndoneOnChain(failed)] if failed else []
    reasons += obstacles
    if still_open:
        reasons.append(ChainTooSlow(still_open))
    if reasons:
        raise reasons[0] if len(reasons) == 1 else NotAllCarried(reasons)


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


def units_of(ledger: Ledger, key: ClassKey, state: UnitState) -> list[Unit]:
    """The units of a class in one state."""
    return ledger.reader.units(
        school_code=key.school_code, school_year=key.school_year, class_name=key.class_name, states=[state]
    )


def until_mined(ask: Callable[[], T | None]) -> T:
    """Asks until there is an answer; raises `ChainTooSlow` after `MINING_SECONDS`."""
    end = time.monotonic() + MINING_SECONDS
    while (answer := if_agreed(ask)) is None:
        if time.monotonic() > end:
            raise ChainTooSlow(1)
        time.sleep(POLL_SECONDS)
    return answer


def if_agreed(ask: Callable[[], T | None]) -> T | None:
    """The answer; None while several nodes tell different things, as they do for a moment when a block is new to some of them."""
    try:
        return ask()
    except Disagreement as error:
        if not error.may_pass:
            raise
        return None
