# SPDX-License-Identifier: Apache-2.0

"""Renewing a document timestamp, ours and pyHanko's own, in the same run: `python -m scripts.bench.bench_retimestamp [rounds]`.

A record with three B-T signatures and one archive revision gets one more document timestamp, by
`signer.archive.retimestamp` and by the stock `async_update_archival_timestamp_chain`, in turns, so that a noisy machine slows
both. Time-stamping authority and revocation data are in process, so the network is not in the figures. Beside that: finding out
when a file ends, which `hocba retimestamp` does once per file that an older version issued, and how the same file grows by ten
renewals.
"""

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext

from ledger.archives import archive_ends
from scripts.bench.bench_signing import now, paper, stamp
from scripts.demo_pki import SIGNERS, DemoPki, Person, create_pki
from signer import sessions
from signer.archive import archive, retimestamp
from signer.keys import load_pkcs12
from signer.pdf import sign_field
from signer.validation_data import ValidationData

ROUNDS = 20
RENEWALS = 10


def roots(pki: DemoPki) -> list[bytes]:
    """Both hierarchies' roots, DER."""
    return [root for hierarchy in pki.roots for root in pki.root_certificates(hierarchy)]


def data(pki: DemoPki) -> ValidationData:
    """What is fetched once for many papers."""
    return ValidationData.offline(roots(pki), crls=pki.crls(now()), now=now)


def archived(pki: DemoPki) -> bytes:
    """A record as it is issued."""
    pdf = paper()
    for role in SIGNERS:
        key = load_pkcs12(pki.identities[role].pkcs12.read_bytes(), pki.identities[role].passphrase)
        pdf = sign_field(
            pdf,
            field=role,
            key=key,
            stamp=stamp(),
            first=role == "GVCN",
            reason=role,
            name=key.common_name,
            location="TP. Hồ Chí Minh",
            timestamper=pki.timestamper(now),
            signed_at=now(),
        )
    return archive(pdf, timestamper=pki.timestamper(now), validation_data=data(pki))


def stock(
    pdf: bytes, trusted: list[x509.Certificate], crls: tuple[crl.CertificateList, ...], stamper: TimeStamper
) -> bytes:
    """As pyHanko's documentation renews."""
    context = ValidationContext(trust_roots=trusted, crls=crls, allow_fetching=False)
    out = io.BytesIO()
    work = PdfTimeStamper(stamper).async_update_archival_timestamp_chain(
        PdfFileReader(io.BytesIO(pdf)), context, output=out
    )
    sessions.run(work)
    return out.getvalue()


def timed(work: Callable[[], bytes]) -> tuple[float, int]:
    """Milliseconds that `work` takes, and the size of what it makes."""
    start = time.perf_counter()
    made = work()
    return (time.perf_counter() - start) * 1000, len(made)


def main() -> None:
    """Run and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    person = Person("Lê Thị An", "079180000001")
    with tempfile.TemporaryDirectory() as folder:
        pki = create_pki(
            Path(folder),
            school_code="79000701",
            school_name="Trường THCS Hoa Mai",
            teacher=person,
            principal=person,
            host="127.0.0.1",
            port=9,
            now=now(),
        )
        pdf, stamper, known = archived(pki), pki.timestamper(now), data(pki)
        trusted, crls = [x509.Certificate.load(root) for root in roots(pki)], pki.crls(now())
        theirs, ours = [], []
        for _ in range(rounds + 1):
            theirs.append(timed(lambda: stock(pdf, trusted, crls, stamper)))
            ours.append(timed(lambda: retimestamp(pdf, timestamper=stamper, validation_data=known)))
        print(f"one renewal of a {len(pdf) // 1024} kB record, {rounds} rounds, median")
        medians = []
        for name, taken in (("stock", theirs[1:]), ("ours", ours[1:])):
            medians.append(statistics.median(ms for ms, _ in taken))
            added = statistics.median(size for _, size in taken) - len(pdf)
            print(f"  {name:6} {medians[-1]:7.1f} ms   {added / 1024:6.1f} kB")
        print(f"  ratio  {medians[1] / medians[0]:7.3f}")
        looked = []
        for _ in range(rounds):
            start = time.perf_counter()
            archive_ends(pdf)
            looked.append((time.perf_counter() - start) * 1000)
        print(f"when it ends: {statistics.median(looked):.1f} ms")
        files = [pdf]
        for _ in range(RENEWALS):
            files.append(retimestamp(files[-1], timestamper=stamper, validation_data=known))
        grown = [len(after) - len(before) for before, after in pairwise(files)]
        print(
            f"{RENEWALS} renewals: {len(pdf) // 1024} to {len(files[-1]) // 1024} kB, at most {max(grown) / 1024:.1f} kB each"
        )


if __name__ == "__main__":
    main()
