# SPDX-License-Identifier: Apache-2.0

"""`hocba attest` as it runs: its own folder, process, key and port, with a time-stamping authority and CRLs on the network."""

import dataclasses
import io
from datetime import UTC, datetime

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from scripts.attester.drawing import FIELD
from scripts.attester.errors import UnusableAttester
from scripts.attesting import ATTESTER_FILE, AttesterSettings, attester
from scripts.crew import utc_now
from scripts.demo_attester import PIN, TOKEN, AttesterProcess, write_attester
from scripts.demo_pki import ATTESTER, Person, PkiServer, create_pki, free_port
from scripts.public_service import attesting_service
from scripts.settings import AttesterAccess, PublicSettings, UnusableSettings
from signer.errors import WrongPassphrase
from tests.simulators.issuing_world import SCHOOL, SCHOOL_NAME, World
from tests.simulators.web_client import get
from verifier_api import problems
from verifier_api.problems import Refusal


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return create_pki(
        tmp_path_factory.mktemp("pki"),
        school_code=SCHOOL,
        school_name=SCHOOL_NAME,
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=free_port(),
        now=datetime.now(UTC),
        others=ATTESTER,
    )


@pytest.fixture
def folder(tmp_path, pki):
    write_attester(tmp_path / "attester", pki, verifier_url="https://hocba.example", location="Hải Phòng")
    return tmp_path / "attester"


def now_judged():
    world = World()
    return dataclasses.replace(world.verifier().verify(world.issue().pdf), judged_at=utc_now())


def test_the_verifier_has_its_verdicts_sealed_over_the_network(pki, folder):
    with AttesterProcess(folder, port=free_port()) as running:
        access = AttesterAccess(url=running.url, token_file=folder / TOKEN)
        service = attesting_service(PublicSettings(attester=access))
        assert service.stands()
        health = get(World().app(attesting=service), "/healthz")
        assert (health.status_code, health.json()["attester"], health.json()["status"]) == (200, "up", "ok")
        # The authority's server is not there yet.
        with pytest.raises(Refusal) as refusal:
            service.report(now_judged())
        assert refusal.value.problem is problems.REPORT_DOWN
        with PkiServer(pki):
            reader = PdfFileReader(io.BytesIO(service.report(now_judged())))
        assert [s.field_name for s in reader.embedded_signatures] == [FIELD, "Timestamp-1"]
        (folder / TOKEN).write_text("f" * 64)
        other = attesting_service(PublicSettings(attester=access))
        with pytest.raises(Refusal):
            other.report(now_judged())
        other.close()
    # The key's process has ended. Verdicts need it not, and who watches is told.
    assert not service.stands()
    health = get(World().app(attesting=service), "/healthz")
    assert (health.status_code, health.json()["attester"], health.json()["status"]) == (200, "down", "degraded")
    service.close()
    assert attesting_service(PublicSettings()) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (TOKEN, None),
        (TOKEN, b""),
        (TOKEN, b"short\n"),
        (TOKEN, b"a token with spaces, which nobody could send in a header"),
        (TOKEN, "một mã có dấu thì không gửi được trong tiêu đề".encode()),
        (TOKEN, b"\xff" * 40),
        (PIN, None),
        (PIN, b"\n"),
        ("vgca-root.pem", b"no certificate"),
        ("vgca-root.pem", None),
        (ATTESTER_FILE, None),
        (ATTESTER_FILE, b"key = \n"),
        (ATTESTER_FILE, b'key = "attester.p12"\n'),
    ],
)
def test_what_cannot_be_used_is_named_and_its_content_is_not(folder, name, content):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(UnusableAttester, match=name) as refused, attester(AttesterSettings.load(folder), now=utc_now):
        pass
    assert "short" not in str(refused.value)


def test_settings_that_nobody_knows_are_refused(folder):
    path = folder / ATTESTER_FILE
    path.write_text(path.read_text("utf-8") + 'database = "sqlite:///hocba.sqlite"\n', "utf-8")
    with pytest.raises(UnusableAttester, match="database"):
        AttesterSettings.load(folder)


def test_a_wrong_pin_stops_it_before_it_serves(folder):
    (folder / PIN).write_text("wrong\n")
    with pytest.raises(WrongPassphrase), attester(AttesterSettings.load(folder), now=utc_now):
        pass


@pytest.mark.parametrize("content", [None, b"short"])
def test_the_verifier_does_not_start_with_a_token_that_it_cannot_use(tmp_path, content):
    path = tmp_path / TOKEN
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableSettings, match=TOKEN):
        attesting_service(PublicSettings(attester=AttesterAccess(url="http://127.0.0.1:1", token_file=path)))


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:8010", "ftp://127.0.0.1", "http://localhost.example", "127.0.0.1:8010"]
)
def test_verdicts_leave_this_machine_under_tls_or_not_at_all(tmp_path, url):
    with pytest.raises(ValueError, match="url"):
        AttesterAccess(url=url, token_file=tmp_path)
