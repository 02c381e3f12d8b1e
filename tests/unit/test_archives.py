# SPDX-License-Identifier: Apache-2.0

"""How long an archived PDF lasts: as long as its last timestamp's certificate, or one above it, whichever ends first."""

import functools

import pytest

from ledger.archives import archive_ends, certificates_in
from ledger.errors import NotArchived
from signer.archive import stamps_until
from tests.integration import laid_out_paper as paper
from tests.simulators.aging_pki import TSA_TERMS, Authority, Years, der, year


@functools.cache
def years() -> Years:
    return Years()


@functools.cache
def archived(*, ca_until: float = 30) -> bytes:
    made = years() if ca_until == 30 else Years()
    if ca_until != 30:
        made.authorities["time"] = Authority("TSA CA", ca_until, made.roots["public"])
    stamps = {role: paper.stamp(key.common_name) for role, key in made.people.items()}
    with made.at(0.1):
        return made.archived(made.signed(paper.unsigned(), stamps, dict.fromkeys(paper.FIELDS, "GV")))


def test_it_lasts_as_long_as_the_certificate_of_its_timestamp():
    assert archive_ends(archived()) == year(TSA_TERMS[0][1])


def test_an_authority_above_that_ends_earlier_ends_it():
    assert archive_ends(archived(ca_until=2)) == year(2)


def test_the_last_timestamp_counts():
    with years().at(2.9):
        renewed = years().renewed(archived())
        until = stamps_until(timestamper=years().stamper(), validation_data=years().data())
    assert archive_ends(renewed) == until == year(TSA_TERMS[1][1])


def test_every_certificate_that_it_carries_is_found():
    found = {certificate.dump() for certificate in certificates_in(archived())}
    assert found >= {key.certificate.dump() for key in years().people.values()}
    assert der(years().authorities["time"].certificate) in found


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"<html>"])
@pytest.mark.parametrize("ask", [archive_ends, certificates_in])
def test_what_is_no_pdf_is_said(data, ask):
    with pytest.raises(NotArchived):
        ask(data)


def test_a_file_without_a_timestamp_lasts_no_time_at_all():
    with pytest.raises(NotArchived, match="no document timestamp"):
        archive_ends(paper.unsigned())


def test_a_token_that_is_garbage_is_said():
    pdf = archived()
    start = pdf.rindex(b"/Contents") + 40
    with pytest.raises(NotArchived):
        archive_ends(pdf[:start] + b"0" * 40 + pdf[start + 40 :])
