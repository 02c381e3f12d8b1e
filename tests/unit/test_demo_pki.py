# SPDX-License-Identifier: Apache-2.0

"""The demo's certificates: three signers by default, more when asked, each with dates of its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509

from ledger.unit import Slot
from scripts.demo_pki import SIGNERS, STAFF, Person, create_pki, load_pki
from signer.keys import load_pkcs12

NOW = datetime(2026, 5, 28, tzinfo=UTC)


def made(folder, *, others=None):
    return create_pki(
        folder,
        school_code="79000701",
        school_name="THCS Hoa Mai",
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=9,
        now=NOW,
        others=others,
    )


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return made(tmp_path_factory.mktemp("pki"), others=STAFF)


def test_by_default_there_are_the_three(tmp_path):
    assert set(made(tmp_path).identities) == set(SIGNERS)


def test_everybody_else_is_there_by_name(pki):
    assert set(pki.identities) == {*SIGNERS, *STAFF}
    assert sum(name.startswith("GVBM") and bool(Slot.parse(name).subject) for name in STAFF) >= 2
    for name, other in STAFF.items():
        identity = pki.identities[name]
        key = load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase)
        assert (key.common_name, identity.hierarchy) == (other.person.name, "public")
        assert identity.passphrase not in repr(identity)


def certificate(pki, name):
    return x509.Certificate.load(pki.identities[name].certificate.read_bytes())


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("GVBM-TOAN", True),
        ("CBQL-deputy", True),
        ("GVCN-second", True),
        ("GVCN-expired", False),
        ("GVCN-not-yet", False),
    ],
)
def test_certificates_are_good_today_or_not(pki, name, valid):
    one = certificate(pki, name)
    assert (one.not_valid_before <= NOW < one.not_valid_after) is valid


def test_the_folder_is_read_again_and_made_anew_for_other_people(tmp_path):
    pki = made(tmp_path, others=STAFF)
    assert load_pki(pki.folder).identities == pki.identities
    before = certificate(pki, "GVCN").dump()
    assert certificate(made(pki.folder, others=STAFF), "GVCN").dump() == before
    fewer = made(pki.folder, others={"CBQL-deputy": replace(STAFF["CBQL-deputy"], days=(-1, 9))})
    assert set(fewer.identities) == {*SIGNERS, "CBQL-deputy"}
    assert certificate(fewer, "GVCN").dump() != before


def test_anybody_can_be_revoked(tmp_path):
    pki = made(tmp_path, others=STAFF)
    at = NOW + timedelta(days=1)
    serial = certificate(pki, "CBQL-deputy").serial_number

    def revoked(pki):
        return {
            each["user_certificate"].native
            for crl in pki.crls(at)
            for each in crl["tbs_cert_list"]["revoked_certificates"] or ()
        }

    assert serial not in revoked(pki)
    assert revoked(pki.revoked("CBQL-deputy", since=NOW)) == {serial}
