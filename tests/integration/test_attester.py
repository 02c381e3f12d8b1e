# SPDX-License-Identifier: Apache-2.0

"""The attester's service: what it seals holds in pyHanko's and openssl's eyes, and everybody and everything else is refused."""

import dataclasses
import datetime as dt
import io
import json
import subprocess
import threading
from contextlib import suppress

import httpx
import pytest
from asn1crypto import cms, pem, x509
from pyhanko.pdf_utils.generic import NumberObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext
from starlette.testclient import TestClient

from scripts.attester.app import create_attester
from scripts.attester.drawing import FIELD
from scripts.attester.reading import MAX_REPORT_BYTES
from signer.errors import PinLocked, TokenRemoved
from tests.simulators.attesting_world import AT, TOKEN, URL, Office, body, both
from tests.simulators.issuing_world import NOW
from verifier_api import problems
from verifier_api.attesting import AttestingService
from verifier_api.problems import Refusal
from verifier_api.rates import Limits, Rates


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return Office.opened(tmp_path_factory.mktemp("attester"))


@pytest.fixture
def world(office):
    with office.world() as opened:
        yield opened


def context(office):
    return ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in office.roots],
        moment=NOW,
        crls=office.pki.crls(NOW),
        revocation_mode="require",
        other_certs=[office.pki.certificate("vgca", "vgca-ca"), office.pki.certificate("public", "public-ca")],
    )


def status_of(office, pdf):
    reader = PdfFileReader(io.BytesIO(pdf))
    (signature,) = reader.embedded_regular_signatures
    trusted = context(office)
    return validate_pdf_signature(signature, trusted, trusted), signature, reader


def test_a_report_is_sealed_time_stamped_certified_and_archived(office, world):
    pdf = world.report(world.small.issue().pdf)
    status, signature, reader = status_of(office, pdf)
    assert status.bottom_line
    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert status.timestamp_validity.trusted
    assert status.timestamp_validity.timestamp == NOW
    assert status.modification_level is ModificationLevel.LTA_UPDATES
    assert (signature.field_name, signature.docmdp_level) == (FIELD, MDPPerm.FILL_FORMS)
    assert signature.signer_cert.sha256 == office.key().who.certificate_sha256
    (stamp,) = reader.embedded_timestamp_signatures
    stamped = validate_pdf_timestamp(stamp, context(office))
    assert (stamped.intact, stamped.valid, stamped.trusted, stamped.timestamp) == (True, True, True, NOW)
    assert stamp.evaluate_signature_coverage().name == "ENTIRE_FILE"
    assert len(reader.root["/DSS"]["/CRLs"]) >= 2


def test_a_red_report_is_sealed_like_a_green_one(office, world):
    unit = world.small.issue()
    world.small.chain_down = True
    for file in (world.small.forged(unit), b"%PDF-1.7 of somebody else", unit.pdf):
        assert status_of(office, world.report(file))[0].bottom_line


def test_whoever_changes_a_report_breaks_its_seal(office, world):
    pdf = world.report(world.small.issue().pdf)
    assert _holds(office, pdf)
    attached = pdf.index(b"/EmbeddedFile")
    flipped = pdf[:attached] + bytes([pdf[attached] ^ 1]) + pdf[attached + 1 :]
    assert not _holds(office, flipped)
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Rotate"] = NumberObject(180)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(pdf)
    assert not _holds(office, out.getvalue())


def _holds(office, pdf):
    with suppress(Exception):
        return status_of(office, pdf)[0].bottom_line
    return False


def result(world, *files):
    lines = [
        json.dumps({"name": f"{number}.pdf", "verdict": world.verdict(data).to_dict()}, ensure_ascii=False)
        for number, data in enumerate(files)
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def test_openssl_agrees_that_a_result_is_signed_and_nothing_else(office, world, tmp_path):
    unit = world.small.issue()
    data = result(world, unit.pdf, world.small.forged(unit))
    signature = world.service.signature(data)
    for name, der in (("root", office.roots[0]), ("ca", office.pki.certificate("vgca", "vgca-ca").dump())):
        (tmp_path / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", der))
    (tmp_path / "result.p7s").write_bytes(signature)

    def verified(content):
        (tmp_path / "result.jsonl").write_bytes(content)
        command = [
            *(
                "openssl",
                "cms",
                "-verify",
                "-inform",
                "DER",
                "-binary",
                "-in",
                "result.p7s",
                "-content",
                "result.jsonl",
            ),
            *("-CAfile", "root.pem", "-certfile", "ca.pem", "-purpose", "any", "-out", "verified.jsonl"),
            *("-attime", str(int(NOW.timestamp()))),
        ]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0

    assert verified(data)
    assert (tmp_path / "verified.jsonl").read_bytes() == data
    assert not verified(data.replace(b"TOTAL_FAILED", b"TOTAL_PASSED"))
    assert not verified(data + data)


def test_the_signature_over_a_result_is_detached_cades_with_a_timestamp_over_its_value(world):
    data = result(world, world.small.issue().pdf)
    signed = cms.ContentInfo.load(world.service.signature(data))["content"]
    assert signed["encap_content_info"]["content"].native is None
    (signer,) = signed["signer_infos"]
    said = {one["type"].native: one["values"][0] for one in signer["signed_attrs"]}
    assert said["signing_time"].native == NOW
    assert set(said) == {"content_type", "message_digest", "signing_certificate_v2", "signing_time"}
    (token,) = (
        one["values"][0] for one in signer["unsigned_attrs"] if one["type"].native == "signature_time_stamp_token"
    )
    info = token["content"]["encap_content_info"]["content"].parsed
    assert info["gen_time"].native == NOW


def refused(answer):
    """Status and code of a problem, in both languages or none at all."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"%PDF" not in answer.content
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    "shown",
    [None, "", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 48],
)
def test_without_the_token_nothing_is_read(world, shown):
    good = body(both(world.verdict(world.small.issue().pdf)))
    for path in ("/v1/reports", "/v1/results"):
        headers = {} if shown is None else {"Authorization": f"Bearer {shown}".encode()}
        answer = TestClient(world.app, base_url=AT).post(path, content=good, headers=headers)
        assert refused(answer) == (401, "token-required")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    answer = TestClient(world.app, base_url=AT).post("/v1/reports", content=good, headers={"Authorization": TOKEN})
    assert refused(answer) == (401, "token-required")
    assert world.post("/v1/reports", good).status_code == 200


def test_what_is_no_verdict_of_now_is_refused(world):
    verdict = world.verdict(world.small.issue().pdf)
    old = dataclasses.replace(verdict, judged_at=NOW - dt.timedelta(minutes=6))
    coming = dataclasses.replace(verdict, judged_at=NOW + dt.timedelta(minutes=2))
    assert refused(world.post("/v1/reports", b"{}")) == (422, "not-a-verdict")
    assert refused(world.post("/v1/reports", body({**both(verdict), "marks": 10}))) == (422, "not-a-verdict")
    assert refused(world.post("/v1/reports", body(both(old)))) == (409, "verdict-not-now")
    assert refused(world.post("/v1/reports", body(both(coming)))) == (409, "verdict-not-now")
    assert refused(world.post("/v1/results", body(both(verdict)))) == (422, "not-a-verdict")
    assert refused(world.post("/v1/results", b"any text that somebody wants signed\n")) == (422, "not-a-verdict")


def test_what_is_too_long_is_refused_before_it_is_read_to_the_end(world):
    assert refused(world.post("/v1/reports", b" " * (MAX_REPORT_BYTES + 1))) == (413, "too-large")

    def endless():
        for _ in range(1_000):
            yield b" " * 65_536

    answer = TestClient(world.app, base_url=AT).post(
        "/v1/reports", content=endless(), headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert refused(answer) == (413, "too-large")


def test_without_timestamps_nothing_is_handed_out_and_both_languages_say_so(world):
    good = body(both(world.verdict(world.small.issue().pdf)))
    world.tsa_down = True
    answers = [world.post("/v1/reports", good, **{"Accept-Language": language}) for language in ("vi", "en")]
    for answer in (*answers, world.post("/v1/results", result(world, world.small.issue().pdf))):
        assert refused(answer) == (503, "timestamp-unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert "không có biên bản nào" in answers[0].json()["detail"]
    assert "no report is handed out unsealed" in answers[1].json()["detail"]
    world.tsa_down = False
    assert world.post("/v1/reports", good).status_code == 200


def test_a_revoked_or_ended_certificate_seals_nothing(office, tmp_path):
    unit_pdf = b"%PDF-1.7 of somebody else"
    with office.world() as world:
        world.time = NOW + dt.timedelta(days=4 * 365)
        verdict = dataclasses.replace(world.verdict(unit_pdf), judged_at=world.time)
        assert refused(world.post("/v1/reports", body(both(verdict)))) == (503, "key-unavailable")
        assert world.post("/healthz", b"").status_code == 405
        assert TestClient(world.app, base_url=AT).get("/healthz").json() == {"key": False}
    other = Office.opened(tmp_path)
    with Office(other.pki.revoked("BIEN_BAN", since=NOW - dt.timedelta(days=1))).world() as world:
        assert TestClient(world.app, base_url=AT).get("/healthz").json() == {"key": True}
        with pytest.raises(Refusal) as refusal:
            world.report(unit_pdf)
        assert refusal.value.problem is problems.REPORT_DOWN


class Socket:
    """A key that can be pulled out, and a PIN that can be locked. Implements what `Seal` opens."""

    def __init__(self, office):
        self.office = office
        self.pulled = False
        self.locked = False
        self.opened = 0

    def __call__(self):
        self.opened += 1
        if self.locked:
            raise PinLocked("PIN bị khóa", "the PIN is locked")
        if self.pulled:
            raise TokenRemoved("đã rút", "pulled out")
        return _Pullable(self)


class _Pullable:
    def __init__(self, socket):
        self._socket = socket
        self._key = socket.office.key()
        self.who = self._key.who

    def sign(self, data):
        if self._socket.pulled:
            raise TokenRemoved("đã rút", "pulled out")
        return self._key.sign(data)

    def close(self):
        self._key.close()


def test_a_token_that_was_pulled_out_works_again_and_a_locked_one_is_not_asked_twice(office):
    socket = Socket(office)
    with office.world(open_key=socket) as world:
        good = body(both(world.verdict(world.small.issue().pdf)))
        socket.pulled = True
        for _ in range(2):
            assert refused(world.post("/v1/reports", good)) == (503, "key-unavailable")
        socket.pulled = False
        assert world.post("/v1/reports", good).status_code == 200
        socket.pulled = True
        assert refused(world.post("/v1/reports", good)) == (503, "key-unavailable")
        socket.locked, asked = True, socket.opened
        for _ in range(5):
            assert refused(world.post("/v1/reports", good)) == (503, "key-unavailable")
        assert socket.opened == asked + 1


def test_only_so_many_are_sealed_in_a_minute(office):
    with office.world(per_minute=2) as world:
        good = body(both(world.verdict(world.small.issue().pdf)))
        assert [world.post("/v1/reports", good).status_code for _ in range(2)] == [200, 200]
        answer = world.post("/v1/reports", good)
        assert refused(answer) == (503, "busy")
        assert answer.headers["retry-after"] == "30"
        # Whoever has no token takes none of it away.
        assert refused(world.post("/v1/reports", good, token="x" * 48)) == (401, "token-required")


def test_only_so_many_wait_for_the_key(office):
    goes_on, socket = threading.Event(), Socket(office)
    with office.world(open_key=lambda: _Slow(socket, goes_on)) as world:
        good = body(both(world.verdict(world.small.issue().pdf)))
        codes = []
        threads = [
            threading.Thread(target=lambda: codes.append(world.post("/v1/reports", good).status_code))
            for _ in range(17)
        ]
        for thread in threads:
            thread.start()
        # Whoever finds no place is answered although nothing has been sealed.
        for _ in range(200):
            if codes:
                break
            threads[0].join(0.05)
        assert codes == [503]
        goes_on.set()
        for thread in threads:
            thread.join()
    assert sorted(codes) == [200] * 16 + [503]


class _Slow(_Pullable):
    def __init__(self, socket, goes_on):
        super().__init__(socket)
        self._goes_on = goes_on

    def sign(self, data):
        assert self._goes_on.wait(60)
        return super().sign(data)


def test_nothing_of_a_verdict_is_logged(world, caplog):
    unit = world.small.issue()
    world.tsa_down = True
    world.post("/v1/reports", body(both(world.verdict(unit.pdf))))
    world.post("/v1/reports", b'{"Tran Van Binh": 1}')
    assert "nothing sealed: TimestampUnavailable" in caplog.text
    for word in (unit.sha256, str(unit.id), "Trần Văn Bình", "Tran Van Binh"):
        assert word not in caplog.text


class Broken:
    """Seals nothing, for a reason that nobody foresaw. Implements `Sealing`."""

    def report(self, told, *, verifier_url):  # noqa: ARG002 - as `Sealing` has it
        raise LookupError(told.verdict.file_sha256)

    def result(self, data):
        raise LookupError(data.decode())

    def ready(self):
        return True


def test_what_nobody_foresaw_is_a_500_with_an_id_and_no_word_of_it(world, caplog):
    rates = Rates(Limits(lookups_per_minute=0, files_per_minute=0), clock=lambda: 0.0)
    app = create_attester(Broken(), token=TOKEN, verifier_url=URL, now=lambda: NOW, rates=rates)
    unit = world.small.issue()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path, sent in (("/v1/reports", body(both(world.verdict(unit.pdf)))), ("/v1/results", result(world, unit.pdf))):
        answer = TestClient(app, base_url=AT).post(path, content=sent, headers=headers)
        assert refused(answer) == (500, "internal")
    assert "LookupError" in caplog.text
    assert unit.sha256 not in caplog.text


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(200, content=b"<html>a captive portal</html>"), problems.REPORT_DOWN),
        (httpx.Response(200, content=b""), problems.REPORT_DOWN),
        (httpx.Response(302, headers={"location": "https://elsewhere.example"}), problems.REPORT_DOWN),
        (httpx.Response(401, json={"code": "token-required"}), problems.REPORT_DOWN),
        (httpx.Response(409, json={"code": "verdict-not-now"}), problems.REPORT_DOWN),
        (httpx.Response(413, json=["odd"]), problems.REPORT_REFUSED),
        (httpx.Response(422, json={"code": "not-a-verdict"}), problems.REPORT_REFUSED),
        (httpx.Response(503, text="x"), problems.REPORT_DOWN),
    ],
)
def test_the_verifier_hands_on_nothing_but_what_was_sealed(world, answer, problem):
    http = httpx.Client(transport=httpx.MockTransport(lambda _: answer))
    service = AttestingService(AT, TOKEN, http=http)
    verdict = world.verdict(world.small.issue().pdf)
    for ask in (lambda: service.report(verdict), lambda: service.signature(b"{}\n")):
        with pytest.raises(Refusal) as refusal:
            ask()
        assert refusal.value.problem is problem
