# SPDX-License-Identifier: Apache-2.0

"""Over a real socket: a demo authority answers, a dead or lying one is said to be so, and nothing is signed then."""

import http.server
import socket
import threading
from datetime import UTC, datetime, timedelta

import laid_out_paper as paper
import pytest
from asn1crypto import tsp

from scripts.demo_pki import DemoPkiFailure, PkiServer, free_port, load_pki
from signer import sessions
from signer.archive import archive
from signer.errors import ClockWrong, TimestampUnavailable
from signer.timestamps import HttpTimestamper
from signer.validation_data import ValidationData
from verifier_api.signatures import judge_pdf
from verifier_api.verdict import Outcome


@pytest.fixture(scope="module")
def served():
    pki = paper.make_pki("served", port=free_port())
    with PkiServer(pki):
        yield pki


class Lying(http.server.BaseHTTPRequestHandler):
    """Answers every request with `body`, as a timestamp."""

    body = b""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args):
        pass


@pytest.fixture
def liar():
    server = http.server.HTTPServer(("127.0.0.1", 0), Lying)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_signed_stamped_and_archived_over_http(served):
    pdf, stamper = paper.unsigned(), HttpTimestamper(served.tsa_url)
    for role in paper.FIELDS:
        pdf = paper.sign(pdf, role, of=served, timestamper=stamper)
    online = ValidationData.online(paper.all_roots(served), now=paper.now)
    pdf = archive(pdf, timestamper=stamper, validation_data=online)
    roots = {hierarchy: served.root_certificates(hierarchy) for hierarchy in served.roots}
    found = judge_pdf(pdf, roots=roots, field_names=frozenset(paper.FIELDS))
    assert found.outcome is Outcome.PASSED, found


def test_nobody_listening_is_said_with_a_remedy():
    with pytest.raises(TimestampUnavailable) as refusal:
        paper.sign(paper.unsigned(), "GVCN", timestamper=HttpTimestamper(f"http://127.0.0.1:{free_port()}/"))
    assert "kiểm tra mạng" in refusal.value.vi
    assert "check the network" in refusal.value.en


def test_patience_ends():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(TimestampUnavailable):
            paper.sign(paper.unsigned(), "GVCN", timestamper=HttpTimestamper(url, timeout_seconds=0.2))


@pytest.mark.parametrize("body", [b"", b"\x30\x03\x02\x01\x02", b"<html>", b"\x30\x05\x30\x03\x02\x01\x02"])
def test_an_answer_that_is_no_token_is_refused(liar, body, monkeypatch):
    monkeypatch.setattr(Lying, "body", body)
    with pytest.raises(TimestampUnavailable):
        paper.sign(paper.unsigned(), "GVCN", timestamper=HttpTimestamper(liar))


def test_a_genuine_token_over_something_else_is_refused(liar, monkeypatch, served):
    class Fixed(HttpTimestamper):
        """Asks without a nonce, as clients may; then only the digest tells tokens apart."""

        def __init__(self, url):
            super().__init__(url)
            self.include_nonce = False

    genuine = sessions.run(served.timestamper(paper.now).async_timestamp(bytes(32), "sha256"))
    answer = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": genuine})
    monkeypatch.setattr(Lying, "body", answer.dump())
    with pytest.raises(TimestampUnavailable) as refusal:
        paper.sign(paper.unsigned(), "GVCN", timestamper=Fixed(liar))
    assert "another digest" in refusal.value.en


def test_the_infrastructure_is_reused_and_read_back(served):
    assert paper.make_pki("served", port=served.port) == served
    assert load_pki(served.folder) == served


def test_an_unfinished_infrastructure_is_built_anew(tmp_path):
    (tmp_path / "pki.json").write_text("{", "utf-8")
    with pytest.raises(DemoPkiFailure):
        load_pki(tmp_path)


def test_a_server_that_cannot_start_says_so(served):
    with pytest.raises(DemoPkiFailure), PkiServer(served):
        pass


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_is_told_and_nothing_is_signed(served, hours):
    wrong = HttpTimestamper(served.tsa_url, now=lambda: datetime.now(UTC) + timedelta(hours=hours))
    with pytest.raises(ClockWrong) as caught:
        sessions.run(wrong.async_timestamp(bytes(32), "sha256"))
    assert "60 phút" in caught.value.vi
