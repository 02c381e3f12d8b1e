# SPDX-License-Identifier: Apache-2.0

"""The one place where parts meet: from settings to a ledger, a signing crew, an anchorer, or a verifier.

Whoever is composed here is handed what it needs and reads no settings itself. `public_verifier` and `public_reader` give the
public side nothing that can write or sign. This module knows both sides, so the process that `hocba serve` starts has the
other side's code in memory, though no key and no way to reach one; `verifier_api` itself imports none of it, and
import-linter holds it to that.
"""

import datetime as dt
import functools
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

from fastapi import FastAPI

from ledger.anchoring import Anchorer
from ledger.booklets import Booklets
from ledger.chain.quorum import QuorumReader
from ledger.chain.quorum_sender import QuorumSender
from ledger.chain.registry import Registry, RegistryReader, Wallet
from ledger.chain.remote_wallet import SignerAccess
from ledger.chain.web3_registry import Web3Registry
from ledger.class_jobs import ClassJobs
from ledger.confirming import Confirmations
from ledger.deciding import Decisions
from ledger.desk.app import create_desk
from ledger.desk.deciding_desk import DecidingDesk
from ledger.desk.desk import Stores
from ledger.desk.open_id import Provider
from ledger.desk.signing_desk import SigningDesk
from ledger.drawing import Drawing
from ledger.errors import UnknownSchool
from ledger.importing import Importing
from ledger.issuing import Issuing
from ledger.record.check import CheckOptions
from ledger.registering import Registrations
from ledger.returning import Returning
from ledger.round_work import RoundWork
from ledger.rounds import Rounds
from ledger.sealing import Sealer
from ledger.signing import Scribe
from ledger.stamping import Stamping
from ledger.store.accounts import Accounts
from ledger.store.database import migrate, open_for_reading, open_for_writing
from ledger.store.errand_writer import ErrandWriter
from ledger.store.errands import Errands
from ledger.store.files import FileStore, FolderFiles
from ledger.store.gap_numbers import GapNumbers
from ledger.store.journal_store import Journal
from ledger.store.reader import Reader
from ledger.store.s3_place import SCHEME, S3Place
from ledger.store.school_years import SchoolYears
from ledger.store.sign_ins import SignIns
from ledger.store.signing_reader import SigningReader
from ledger.store.signing_writer import SigningWriter
from ledger.store.transfers import Transfers
from ledger.store.uploads import Uploads
from ledger.store.ways_out import WaysOut
from ledger.store.writer import Writer
from ledger.transferring import Transferring
from ledger.warnings import ClassWarnings
from ledger.worklist import Worklist
from scripts.certificates import TrustedJudge
from scripts.confirmations import TrustedExaminer
from scripts.crew import CrewScribe, utc_now
from scripts.settings import OpenIdSettings, Settings, UnusableSettings
from scripts.wallets import open_wallet
from verifier_api.abreast import Abreast, LedgerIsAbreast, trusted
from verifier_api.examination import Examination, Examiner, examine
from verifier_api.examined import KeptExaminations, Remembering
from verifier_api.intake import IsolatedExaminer
from verifier_api.recent import ReadReceipts, recent
from verifier_api.trust import Trust
from verifier_api.verifier import Issued, Verifier

TOKEN_BYTES = 32
"""What opens a session has 256 bits of chance."""


@dataclass(frozen=True)
class Ledger:
    """An open ledger, for writing."""

    settings: Settings
    reader: Reader
    writer: Writer
    errands: Errands
    errand_writer: ErrandWriter
    gap_numbers: GapNumbers
    journal: Journal
    stamping: Stamping
    decisions: Decisions
    transfers: Transfers
    transferring: Transferring
    files: FileStore
    importing: Importing
    booklets: Booklets
    drawing: Drawing
    issuing: Issuing
    signing_reader: SigningReader
    signing_writer: SigningWriter
    returning: Returning
    desk: Stores
    deciding: DecidingDesk

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Opens the ledger of `settings`, and brings its tables up to date first."""
        engine = open_for_writing(settings.database)
        migrate(engine)
        reader, writer = Reader(engine), Writer(engine, now=utc_now)
        files = file_store(settings.files)
        return cls(
            settings=settings,
            reader=reader,
            writer=writer,
            errands=(errands := Errands(engine)),
            errand_writer=(errand_writer := ErrandWriter(engine, now=utc_now)),
            gap_numbers=GapNumbers(engine, now=utc_now),
            journal=(journal := Journal(engine)),
            stamping=Stamping(errands, errand_writer),
            decisions=(
                decisions := Decisions(
                    reader, errands, errand_writer, journal, files, ways_out=WaysOut(engine, now=utc_now)
                )
            ),
            transfers=(transfers := Transfers(engine, now=utc_now)),
            transferring=(
                transferring := Transferring(
                    reader,
                    transfers,
                    files,
                    journal,
                    Confirmations(
                        reader,
                        drawing := Drawing(files, public_url=settings.public_url),
                        lines := SigningReader(engine),
                        TrustedExaminer.of(settings.trust, now=utc_now),
                        now=utc_now,
                    ),
                    new_id=uuid4,
                )
            ),
            files=files,
            importing=Importing(reader, writer, files, now=utc_now, new_id=uuid4),
            booklets=Booklets(reader, writer, files, now=utc_now, new_id=uuid4),
            drawing=drawing,
            issuing=Issuing(reader, writer, files, drawing, lines),
            signing_reader=lines,
            signing_writer=(signing := SigningWriter(engine, now=utc_now)),
            returning=Returning(reader, signing, files),
            desk=Stores(
                reader=reader,
                lines=lines,
                accounts=Accounts(engine, now=utc_now),
                sign_ins=SignIns(engine, now=utc_now),
                uploads=Uploads(engine, now=utc_now),
                files=files,
            ),
            deciding=DecidingDesk(
                decisions=decisions,
                errands=errands,
                journal=journal,
                years=SchoolYears(engine),
                transfers=transfers,
                transferring=transferring,
            ),
        )

    def registrations(self, trust: Trust) -> Registrations:
        """What decides who may sign, by the roots that are trusted here."""
        return Registrations(
            self.reader,
            self.signing_reader,
            self.signing_writer,
            TrustedJudge(trust.anchors, now=utc_now),
            role_hierarchies=trust.settings.roles,
            now=utc_now,
        )

    def rounds(self, trust: Trust, scribe: Scribe) -> Rounds:
        """What carries signing rounds; `scribe` does the work on the documents."""
        return Rounds(
            reader=self.reader,
            lines=self.signing_reader,
            writer=self.signing_writer,
            files=self.files,
            issuing=self.issuing,
            registrations=self.registrations(trust),
            scribe=scribe,
            now=utc_now,
            new_id=uuid4,
        )

    def sealer(self, trust: Trust) -> Sealer:
        """What closes batches for the registry that is trusted here."""
        return Sealer(
            self.reader, self.errands, self.errand_writer, chain_id=trust.pin.chain_id, registry=trust.pin.address
        )

    def school_anchorer(self, trust: Trust, *, school_code: str, password: str) -> Anchorer:
        """What carries one school's errands, with its operator key; a keystore is opened by `password`."""
        if (school := self.settings.schools.get(school_code)) is None:
            raise UnknownSchool(school_code)
        wallet = self.wallet(school.operator, lambda: password)
        return self.anchorer(trust, wallet, school_code=school_code)

    def wallet(self, key: str, password: Callable[[], str]) -> Wallet:
        """A chain key as settings and commands name it, opened; `password` is asked only where there is one."""
        access = self.settings.web3signer
        held = SignerAccess(access.authorities, access.client_certificate, access.token)
        return open_wallet(key, password, access=held)

    def anchorer(self, trust: Trust, wallet: Wallet, *, school_code: str | None) -> Anchorer:
        """What carries the errands of one account: a school's, or the authority's for None."""
        return Anchorer(
            self.reader,
            self.errands,
            self.errand_writer,
            registry_access(trust),
            wallet,
            gap_numbers=self.gap_numbers,
            school_code=school_code,
            finality=trust.settings.registry.confirmations,
            now=utc_now,
            chain_id=trust.pin.chain_id,
            registry=trust.pin.address,
        )


def file_store(line: str) -> FileStore:
    """The files at `line`, as `Settings.files` has it. Asks nothing yet."""
    if not line.startswith(SCHEME):
        return FolderFiles(Path(line))
    # boto3 takes a third of a second to load, and most installations have a folder.
    from ledger.store.s3_files import S3Files  # noqa: PLC0415

    return S3Files.at(S3Place.parse(line))


@contextmanager
def composed_desk(
    ledger: Ledger,
    trust: Trust,
    *,
    synthetic: bool = False,
) -> Iterator[FastAPI]:
    """The desk over an open ledger, with the processes that prepare signatures; they end with the `with` block.

    What it orders for whole classes is done by workers (`scripts.working`).

    Raises `UnusableSettings` for single sign-on whose secret cannot be read.
    """
    # DBOS takes a second to load, and no other command of this module asks for it.
    from ledger.jobs.board import JobBoard  # noqa: PLC0415

    desk, options = ledger.settings.desk, CheckOptions(allow_synthetic_province=synthetic)
    provider = None if desk.openid is None else _provider(desk.openid)
    with CrewScribe.at(ledger.settings.signing, workers=ledger.settings.workers) as scribe:
        rounds = ledger.rounds(trust, scribe)
        with RoundWork(rounds, ledger.signing_reader) as work, JobBoard.at(ledger.settings.jobs) as board:
            yield create_desk(
                ledger.desk,
                importing=ledger.importing,
                signing=SigningDesk(
                    lines=ledger.signing_reader,
                    writer=ledger.signing_writer,
                    rounds=rounds,
                    work=work,
                    worklist=Worklist(ledger.reader, ledger.signing_reader, ledger.issuing),
                    warnings=ClassWarnings(ledger.files, options=options),
                    issuing=ledger.issuing,
                    registrations=ledger.registrations(trust),
                    returning=ledger.returning,
                    class_jobs=ClassJobs(board),
                ),
                deciding=ledger.deciding,
                public_url=desk.public_url,
                now=utc_now,
                new_token=functools.partial(secrets.token_urlsafe, TOKEN_BYTES),
                new_id=uuid4,
                provider=provider,
                options=options,
            )


def _provider(openid: OpenIdSettings) -> Provider:
    path = openid.client_secret_file
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableSettings(path, getattr(error, "strerror", None) or "cannot be read") from error
    return Provider(issuer=openid.issuer, client_id=openid.client_id, client_secret=secret, name=openid.name)


def registry_reader(trust: Trust, rpc: Sequence[str] = ()) -> RegistryReader:
    """Who is asked about the chain: one node, or several of which a majority must agree. `rpc` overrides the settings'."""
    nodes = [Web3Registry(url, trust.pin) for url in rpc or trust.settings.rpc]
    return nodes[0] if len(nodes) == 1 else QuorumReader(nodes, at_least=majority(nodes))


def registry_access(trust: Trust) -> Registry:
    """Who is asked and told: one node, or several of which a majority must agree, all of which get what is sent."""
    nodes = [Web3Registry(url, trust.pin) for url in trust.settings.rpc]
    return nodes[0] if len(nodes) == 1 else QuorumSender(nodes, at_least=majority(nodes))


def majority(nodes: Sequence[object]) -> int:
    """How many of them are more than half."""
    return len(nodes) // 2 + 1


@contextmanager
def public_verifier(
    trust: Trust,
    issued: Issued,
    *,
    rpc: Sequence[str] = (),
    offline: bool = False,
    workers: int,
    at: dt.datetime | None = None,
    examined: Path | None = None,
) -> Iterator[Verifier]:
    """A verifier with its worker processes, which end with the `with` block. It holds no key and writes nothing.

    With `at` it answers as it would have at that moment. In the file `examined` it keeps what it saw in each file, and looks into
    the same bytes once.
    """
    trust = trust if at is None else trust.as_of(at)
    worker: Callable[[bytes], Examination] = functools.partial(examine, anchors=trust.anchors)
    with ExitStack() as parts:
        examiner: Examiner = parts.enter_context(IsolatedExaminer(worker, workers=workers))
        if examined is not None:
            kept = KeptExaminations(examined, believed=trust.anchors.sha256().hex(), now=utc_now)
            examiner = Remembering(examiner, parts.enter_context(kept))
        if offline:
            yield Verifier.offline(trust=trust, issued=issued, examiner=examiner, now=utc_now, at=at)
        else:
            registry = registry_reader(trust, rpc)
            yield Verifier.live(
                trust=trust,
                issued=issued,
                registry=registry,
                examiner=examiner,
                now=utc_now,
                at=at,
                abreast=_abreast(issued, registry),
            )


@dataclass(frozen=True)
class PublicSide:
    """What the public service is made of."""

    verifier: Verifier
    at_once: Verifier
    """The same over what is kept: it asks nobody, and raises `NotKept`."""
    registry: RegistryReader
    """What is read directly, kept as well: whoever asks for a history again and again asks no node."""


@contextmanager
def public_side(trust: Trust, issued: Issued, *, workers: int) -> Iterator[PublicSide]:
    """A verifier that many ask at once: what ledger and chain say is kept for some seconds (`verifier_api.recent`)."""
    registry = registry_reader(trust)
    within = trust.settings.registry.newest_block_within
    worker: Callable[[bytes], Examination] = functools.partial(examine, anchors=trust.anchors)
    with ExitStack() as parts:
        aside = ThreadPoolExecutor(1)
        parts.callback(aside.shutdown, cancel_futures=True)
        examiner = parts.enter_context(IsolatedExaminer(worker, workers=workers))
        kept_receipts, kept_registry = recent(
            issued, registry, now=time.monotonic, newest_block_within=within, later=aside.submit
        )

        read = ReadReceipts()

        def over(receipts: Issued, chain: RegistryReader) -> Verifier:
            return Verifier.live(
                trust=trust,
                issued=receipts,
                registry=chain,
                examiner=examiner,
                now=utc_now,
                read_receipt=read,
                abreast=_abreast(issued, chain),
            )

        yield PublicSide(
            verifier=over(kept_receipts, kept_registry),
            at_once=over(kept_receipts.kept(), kept_registry.kept()),
            registry=kept_registry,
        )


def _abreast(issued: Issued, registry: RegistryReader) -> LedgerIsAbreast:
    """Who says whether a ledger lags; of a folder of receipts nobody says anything."""
    return Abreast(issued, registry) if isinstance(issued, Reader) else trusted


def public_reader(settings: Settings) -> Reader:
    """The ledger for reading only: all that the public service is given of it."""
    return Reader(open_for_reading(settings.database))
