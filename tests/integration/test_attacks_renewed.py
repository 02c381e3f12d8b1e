# SPDX-License-Identifier: Apache-2.0

"""A longer file whose beginning was issued: a renewed document timestamp is fine, whoever added it; anything else is not."""

import functools
import hashlib
import io

import attacked_school as world
import pytest
from attacked_school import FAILED, OPEN, PASSED
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper

from ledger.store.reader import ReceiptEntry
from signer import sessions
from signer.archive import archive, retimestamp
from signer.validation_data import ValidationData
from verifier_api.verdict import Check, Outcome, Standing


def stamped(pdf, of):
    stamper = PdfTimeStamper(of.timestamper(world.now), field_name="Timestamp-9")
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    return sessions.run(stamper.async_timestamp_pdf(writer, "sha256", bytes_reserved=12288)).getvalue()


def data():
    return ValidationData.offline(world.roots_of(world.pki()), crls=world.pki().crls(world.now()), now=world.now)


@functools.cache
def renewed():
    pdf = world.genuine().pdf
    for _ in range(2):
        pdf = retimestamp(pdf, timestamper=world.pki().timestamper(world.now), validation_data=data())
    return pdf


def changed(key):
    writer = IncrementalPdfFileWriter(io.BytesIO(world.genuine().pdf))
    writer.root[pdf_name(key)] = pdf_name("/1.4")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


WAYS = {
    "its receipt beside it": lambda: {"receipt": world.genuine_receipt()},
    "a ledger that never saw it": lambda: {"issued": world.Shelf(world.genuine_receipt())},
    "a ledger that renewed it": lambda: {"issued": listed(renewed())},
}


def listed(pdf):
    """A ledger that has the digest of `pdf` for a renewed form of the genuine paper."""
    receipt = world.genuine_receipt()
    issued = world.Shelf(receipt)
    digest = hashlib.sha256(pdf).hexdigest()
    issued.by_file[digest] = ReceiptEntry(receipt.manifest.id, receipt.to_json(), final=True, renewed=True)
    return issued


@pytest.mark.parametrize("way", WAYS)
def test_a_renewed_paper_is_genuine(way):
    verdict = world.judge(renewed(), **WAYS[way]())
    assert (verdict.conclusion, verdict.standing, world.complaints(verdict)) == (PASSED, Standing.CURRENT, set())
    assert "bytes.renewed" in world.codes(verdict, Outcome.PASSED)


def test_anybody_may_add_a_timestamp_of_an_authority_that_is_trusted():
    assert world.judge(stamped(world.genuine().pdf, world.pki()), world.genuine_receipt()).conclusion is PASSED


def test_a_timestamp_of_a_stranger_leaves_it_open():
    verdict = world.judge(stamped(world.genuine().pdf, world.stranger()), world.genuine_receipt())
    assert (verdict.conclusion, world.complaints(verdict)) == (OPEN, {"signatures.indeterminate"})


ADDITIONS = {
    "a byte": lambda: renewed() + b"\n",
    "a catalog entry": lambda: changed("/Version"),
    "a catalog entry under a timestamp": lambda: stamped(changed("/Version"), world.pki()),
    "garbage instead of a timestamp": lambda: renewed()[:-9],
}


@pytest.mark.parametrize("what", ADDITIONS)
@pytest.mark.parametrize("way", ["its receipt beside it", "a ledger that never saw it"])
def test_anything_else_appended_is_not_ours(what, way):
    verdict = world.judge(ADDITIONS[what](), **WAYS[way]())
    assert verdict.conclusion is FAILED
    assert verdict.finding(Check.BYTES).outcome is Outcome.FAILED


def test_a_signature_added_after_the_issue_is_not_covered_by_its_receipt():
    """An insider anchors the paper before the seal signed; the sealed one, archived, is longer and still not what was issued."""
    unsealed = world.archived(world.signed_by((world.TEACHER, world.PRINCIPAL)))
    receipt = world.anchored(world.manifest_of(unsealed))
    sealed = world.signed(unsealed, world.SEAL)
    pdf = archive(sealed.pdf, timestamper=world.pki().timestamper(world.now), validation_data=data())
    verdict = world.judge(pdf, receipt)
    assert verdict.conclusion is FAILED
    assert "bytes.appended" in world.complaints(verdict)


def test_by_its_digest_alone_only_the_ledgers_word_is_told():
    verdict = world.verifier(issued=listed(renewed())).digest(hashlib.sha256(renewed()).hexdigest())
    assert (verdict.conclusion, verdict.standing) == (OPEN, Standing.CURRENT)
    assert "bytes.renewal_listed" in world.codes(verdict, Outcome.SKIPPED)
    assert "bytes.issued" not in world.codes(verdict, Outcome.PASSED)


def test_a_ledger_that_calls_another_file_renewed_is_contradicted():
    other = world.genuine(1).pdf
    verdict = world.judge(other, issued=listed(other))
    assert verdict.conclusion is OPEN
    assert "bytes.ledger_contradicts" in world.complaints(verdict)
