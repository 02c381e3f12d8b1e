# SPDX-License-Identifier: Apache-2.0

"""A class as production signs it, beside stock pyHanko in the same run: `python -m scripts.bench [pupils ...]`.

Real rounds: SQLite with every commit on disk, the file store with every file on disk, `CrewScribe` on two processes, PDF and XML,
and a time-stamping authority (certomancer) on the loopback and on the same two processors, whose time is told apart. Wall time is
what a teacher waits; processor time is what tells a slower program from a busy machine.

* *One signer, 45 pupils*: prepare, sign, time-stamp, store. Cold: with the crew's start and end, which `hocba sign` has behind it
  when the PIN is typed. Target: 3 s beyond the token's own time.
* *A slow token*, such as a USB token takes 0.3 s a signature (`--token 0.3`, 27 s; shorter unless asked for).
* *End to end*: render, three signatures (PAdES B-T and XML), archive. Target: 12 s. Beside it stock pyHanko makes a B-LTA of each
  signature, PDF alone, in one process, for a few records (`--stock`), scaled to the class.
* *Linear*: seconds a pupil in schools of `pupils` (45 and 450, or as named; 4,500 takes some minutes), in classes of 45.
"""

import argparse
import io
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from ledger.rounds import Stopped
from ledger.store.tables import FileRole
from ledger.unit import Role, Slot, UnitState
from scripts import workday
from scripts.bench.signing_school import ROLES, SigningSchool, signing_school
from scripts.commands.terminal import exhaust
from scripts.crew import CrewScribe
from scripts.sittings import LocalSitting
from scripts.workday import ClassKey
from signer import sessions
from signer.certificate import SignerCertificate
from signer.keys import SigningKey

PUPILS: Final = 45
SIGNER_SECONDS: Final = 3.0
CLASS_SECONDS: Final = 12.0
ASSIGNED: Final = frozenset({Role.HOMEROOM})
TICKS: Final = os.sysconf("SC_CLK_TCK")


class SlowToken(SigningKey):
    """A key file that takes as long as a token does. Its own time is `spent`."""

    def __init__(self, key: SigningKey, seconds: float) -> None:
        self._key = key
        self._seconds = seconds
        self.spent = 0.0

    @property
    def who(self) -> SignerCertificate:
        """Who signs with it."""
        return self._key.who

    def sign_digests(self, digests: Sequence[bytes]) -> Iterator[bytes]:
        """Sign, slowly."""
        for digest in digests:
            start = time.perf_counter()
            time.sleep(self._seconds)
            (value,) = self._key.sign_digests([digest])
            self.spent += time.perf_counter() - start
            yield value

    def close(self) -> None:
        """Give it back."""
        self._key.close()


@dataclass(frozen=True)
class Spent:
    """Seconds."""

    wall: float
    ours: float
    """Of processors, in this process and in the crew's."""
    authority: float
    """Of processors, in the time-stamping authority."""

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall + other.wall, self.ours + other.ours, self.authority + other.authority)

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s wall   {self.ours:6.2f} s processor   {self.authority:5.2f} s in the authority"


class Meter:
    """Measures deeds at one school."""

    def __init__(self, school: SigningSchool) -> None:
        self._authority = school.server.pid or 0

    def of(self, deed: Callable[[], object]) -> Spent:
        """What `deed` takes."""
        start, ours, authority = self._now()
        deed()
        end, ours_then, authority_then = self._now()
        return Spent(end - start, ours_then - ours, authority_then - authority)

    def _now(self) -> tuple[float, float, float]:
        times = os.times()
        here = times.user + times.system + times.children_user + times.children_system
        crew = sum(_processor_seconds(child.pid or 0) for child in multiprocessing.active_children())
        return time.perf_counter(), here + crew, _processor_seconds(self._authority)


def _processor_seconds(pid: int) -> float:
    """Of a process that runs (proc(5): the 14th and 15th field, counted after the name in brackets)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Sitting:
    """One signer at one class, step by step as `hocba sign` does it."""

    def __init__(
        self, school: SigningSchool, scribe: CrewScribe, where: ClassKey, role: Role, key: SigningKey | None = None
    ) -> None:
        rounds = school.ledger.rounds(school.trust, scribe)
        self._sitting = LocalSitting(
            school.ledger, rounds, where, Slot(role), key or school.key(role), assigned=ASSIGNED
        )

    def render(self) -> None:
        """Draw what is not drawn yet."""
        exhaust(self._sitting.render()[1])

    def sign(self) -> None:
        """Prepare, sign, finish."""
        for step in (self._sitting.prepare, self._sitting.sign, self._sitting.finish):
            for one in step()[1]:
                if isinstance(one, Stopped):
                    raise SystemExit(one.en)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description="Ký cả lớp, đo bên cạnh pyHanko. / A class signed, beside pyHanko.")
    parser.add_argument("pupils", type=int, nargs="*", default=[45, 450], help="for the linear part; 0 for none")
    parser.add_argument("--token", type=float, default=0.05, help="seconds a slow token takes a signature")
    parser.add_argument("--stock", type=int, default=5, help="records that stock pyHanko signs")
    parser.add_argument("--only-linear", action="store_true", help="the linear part alone")
    asked = parser.parse_args()
    if not asked.only_linear:
        with tempfile.TemporaryDirectory() as folder, signing_school(Path(folder), classes=3, pupils=PUPILS) as school:
            one_class(school, token=asked.token, stock_records=asked.stock)
    for pupils in filter(None, asked.pupils):
        with (
            tempfile.TemporaryDirectory() as folder,
            signing_school(Path(folder), classes=max(1, pupils // PUPILS), pupils=PUPILS) as school,
        ):
            linear(school)


def one_class(school: SigningSchool, *, token: float, stock_records: int) -> None:
    """Everything about a class of 45."""
    meter, (first, second, third) = Meter(school), school.classes
    print(f"{PUPILS} pupils, PDF and XML, {school.ledger.settings.workers} processes")
    whole = end_to_end(school, meter, first)
    with school.crew() as crew:
        for where in (second, third):
            Sitting(school, crew, where, Role.HOMEROOM).render()

    def cold() -> None:
        with school.crew() as crew:
            Sitting(school, crew, second, Role.HOMEROOM).sign()

    print(f"  one signer, cold         {meter.of(cold)}   target {SIGNER_SECONDS}")
    slow = SlowToken(school.key(Role.PRINCIPAL), token)
    with school.crew() as crew:
        taken = meter.of(Sitting(school, crew, second, Role.PRINCIPAL, slow).sign)
    print(
        f"  token of {token:.2f} s          {taken}   of it the token {slow.spent:.2f}, "
        f"beyond it {taken.wall - slow.spent:.2f}, target {SIGNER_SECONDS}"
    )
    if stock_records:
        stock = beside_stock(school, meter, third, stock_records)
        print(
            f"  stock B-LTA three times  {stock}   ratio of the whole {whole.wall / stock.wall:.3f} wall, "
            f"{whole.ours / stock.ours:.3f} processor"
        )


def end_to_end(school: SigningSchool, meter: Meter, where: ClassKey) -> Spent:
    """A class from drafts to issued records, the crew's start and its end included."""
    steps: dict[str, Spent] = {}

    def work() -> None:
        with school.crew() as crew:
            steps["render"] = meter.of(Sitting(school, crew, where, Role.HOMEROOM).render)
            for role in ROLES:
                steps[f"one signer, {role}"] = meter.of(Sitting(school, crew, where, role).sign)
        steps["archive"] = meter.of(
            lambda: exhaust(workday.issue(school.ledger, school.trust, where, assigned=ASSIGNED)[1])
        )

    whole = meter.of(work)
    for name, spent in steps.items():
        print(f"  {name:25}{spent}" + (f"   target {SIGNER_SECONDS}" if name.startswith("one") else ""))
    print(f"  end to end               {whole}   target {CLASS_SECONDS}")
    return whole


def beside_stock(school: SigningSchool, meter: Meter, where: ClassKey, records: int) -> Spent:
    """The same papers by pyHanko as its documentation has it; scaled to the class."""
    units = workday.units_of(school.ledger, where, UnitState.SIGNING)[:records]
    papers = [school.ledger.files.get(unit.file(FileRole.PDF).sha256) for unit in units]
    stamper, signers = HTTPTimeStamper(school.pki.tsa_url), {}
    for role in ROLES:
        identity = school.pki.identities[role]
        passphrase = identity.passphrase.encode()
        signers[role] = SimpleSigner.load_pkcs12_data(identity.pkcs12.read_bytes(), [], passphrase=passphrase)
    # One for all, so that stock asks for revocation data once, too.
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in school.roots()],
        other_certs=[school.pki.certificate(name, f"{name}-ca") for name in school.pki.roots],
        allow_fetching=True,
        revocation_mode="hard-fail",
        fetcher_backend=RequestsFetcherBackend(),
    )

    def one(pdf: bytes) -> None:
        for role, signer in signers.items():
            meta = PdfSignatureMetadata(
                field_name=role,
                md_algorithm="sha256",
                subfilter=SigSeedSubFilter.PADES,
                embed_validation_info=True,
                use_pades_lta=True,
                validation_context=context,
            )
            look = TextStampStyle(stamp_text=str(role))
            work = PdfSigner(meta, signer, timestamper=stamper, stamp_style=look).async_sign_pdf(
                IncrementalPdfFileWriter(io.BytesIO(pdf)), existing_fields_only=True
            )
            out = sessions.run(work)
            assert isinstance(out, io.BytesIO)  # noqa: S101 - the writer was given no output, and then makes this
            pdf = out.getvalue()

    one(papers[0])  # Warming up.
    taken = [meter.of(lambda: one(pdf)) for pdf in papers]  # noqa: B023 - called at once
    return Spent(*(PUPILS * statistics.median(getattr(each, name) for each in taken) for name in Spent.__annotations__))


def linear(school: SigningSchool) -> None:
    """All classes of a school, each rendered and signed by its homeroom teacher."""
    meter, pupils = Meter(school), PUPILS * len(school.classes)
    drawn = signed = Spent(0, 0, 0)
    with school.crew() as crew:
        for where in school.classes:
            sitting = Sitting(school, crew, where, Role.HOMEROOM)
            drawn += meter.of(sitting.render)
            signed += meter.of(sitting.sign)
    said = "; ".join(
        f"{name} {1000 * spent.wall / pupils:.1f} wall, {1000 * spent.ours / pupils:.1f} processor"
        for name, spent in (("render", drawn), ("sign", signed))
    )
    print(f"{pupils:5} pupils, ms a pupil: {said}", flush=True)
