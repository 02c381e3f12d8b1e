# SPDX-License-Identifier: Apache-2.0

"""Roots stamped over a real socket: by `hocba anchor` though the chain is down, by a job, and not by an authority that is dead or lies."""

import http.server
import json
import subprocess
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from asn1crypto import pem, tsp
from eth_account import Account

from ledger.chain.errors import Unreachable
from ledger.chain.registry import RegistryPin
from ledger.jobs.job import ALREADY, DONE, Told
from ledger.proof.receipt import Receipt
from ledger.proof.root_token import token_over
from ledger.stamping import Stamping, Unstamped
from scripts import workday
from scripts.bench.signing_school import _NO_CHAIN
from scripts.compose import Ledger
from scripts.deeds import StampingRoots
from scripts.demo_pki import Person, PkiServer, create_pki, free_port
from scripts.root_stamps import LocalRootStamper
from scripts.settings import SchoolSettings, Settings, SigningSettings
from signer import sessions
from tests.simulators import root_stamper
from tests.simulators.anchoring_world import chain_with_schools
from tests.simulators.root_stamper import SimulatedStamper, roots_of
from tests.simulators.school_ledger import SCHOOL, YEAR, SchoolLedger
from verifier_api import root_tokens
from verifier_api.examination import examine
from verifier_api.trust import Anchors, Trust, TrustSettings
from verifier_api.verdict import Outcome

OPERATOR_KEY = b"\x02" * 32
PASSWORD = "mật khẩu của trường"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return create_pki(
        tmp_path_factory.mktemp("pki"),
        school_code=SCHOOL,
        school_name="Trường THCS Hoa Mai",
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=free_port(),
        now=root_stamper.now(),
    )


@pytest.fixture(scope="module")
def served(pki):
    with PkiServer(pki):
        yield pki


@pytest.fixture
def school(tmp_path):
    """A ledger with one sealed batch."""
    school = SchoolLedger.created(tmp_path)
    school.issued(2)
    school.sealer(chain_with_schools()).seal(school_code=SCHOOL, school_year=YEAR)
    return school


def trusting(pki) -> Trust:
    """Whom the school trusts, and a node where nobody answers."""
    return Trust(
        settings=TrustSettings(
            registry=_NO_CHAIN,
            rpc=("http://127.0.0.1:9",),
            hierarchies={name: (f"{name}.pem",) for name in pki.roots},
            roles={},
        ),
        pin=RegistryPin(chain_id=1, address=_NO_CHAIN.address, code_hash=_NO_CHAIN.code_hash),
        anchors=Anchors(roots={name: pki.root_certificates(name) for name in pki.roots}),
    )


def opened(school, tmp_path, *, tsa: str) -> Ledger:
    keystore = tmp_path / "operator.json"
    # Keys are stretched for half a second each time, on purpose; not here.
    quick = Account.encrypt(OPERATOR_KEY, PASSWORD, kdf="pbkdf2", iterations=1000)
    keystore.write_text(json.dumps(quick))
    return Ledger.open(
        Settings(
            home=tmp_path,
            database=school.url,
            files=str(tmp_path / "files"),
            signing=SigningSettings(tsa=tsa, location="Hải Phòng"),
            schools={SCHOOL: SchoolSettings(operator=str(keystore))},
        )
    )


def receipt_of(school) -> Receipt:
    return Receipt.parse(school.reader.receipt_of_unit(school.issued_ids()[0]).receipt)


def anchored_while_the_chain_is_down(ledger: Ledger, trust: Trust) -> list[Unstamped]:
    told: list[Unstamped] = []
    steps = workday.anchor(
        ledger, trust, school_code=SCHOOL, school_year=YEAR, password=PASSWORD, unstamped=told.append
    )
    with pytest.raises(Unreachable):
        next(steps)
    return told


def test_the_second_witness_is_had_though_the_chain_is_down(school, served, tmp_path):
    assert anchored_while_the_chain_is_down(opened(school, tmp_path, tsa=served.tsa_url), trusting(served)) == []
    receipt = receipt_of(school)
    (der,) = receipt.tokens
    stamped_at = token_over(receipt.root_bytes, der).stamped_at
    assert abs((stamped_at - datetime.now(UTC)).total_seconds()) < 60
    # It carries what proves it: no list is fetched, and none lies in the trust folder.
    (judged,) = examine(root_tokens.asked(receipt.root_bytes, [der]), trusting(served).anchors).tokens
    assert (judged.outcome, judged.stamped_at) == (Outcome.PASSED, stamped_at)


def test_a_stock_tool_agrees_about_what_was_stamped(school, served, tmp_path):
    anchored_while_the_chain_is_down(opened(school, tmp_path, tsa=served.tsa_url), trusting(served))
    receipt = receipt_of(school)
    (tmp_path / "root.bin").write_bytes(receipt.root_bytes)
    (tmp_path / "token.der").write_bytes(receipt.tokens[0])
    (tmp_path / "roots.pem").write_bytes(b"".join(pem.armor("CERTIFICATE", root) for root in roots_of(served)))

    def openssl(data: str) -> subprocess.CompletedProcess[str]:
        asked = ("openssl", "ts", "-verify", "-token_in", "-in", "token.der", "-data", data, "-CAfile", "roots.pem")
        return subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    assert openssl("root.bin").returncode == 0
    (tmp_path / "other.bin").write_bytes(bytes(32))
    assert "message imprint mismatch" in openssl("other.bin").stderr


def test_an_authority_that_is_down_is_told_and_costs_nothing(school, pki, tmp_path):
    ledger = opened(school, tmp_path, tsa=f"http://127.0.0.1:{free_port()}/")
    (why,) = anchored_while_the_chain_is_down(ledger, trusting(pki))
    assert "lần chạy sau" in why.vi
    assert "the next run" in why.en
    assert receipt_of(school).tokens == ()


def test_an_authority_under_no_root_of_the_trust_folder_is_not_believed(school, served, tmp_path):
    """Its tokens are real; whoever verifies would not believe them either."""
    ledger = opened(school, tmp_path, tsa=served.tsa_url)
    (why,) = anchored_while_the_chain_is_down(ledger, trusting(root_stamper.authority()))
    assert "trusted authority" in why.en
    assert receipt_of(school).tokens == ()


class Lying(http.server.BaseHTTPRequestHandler):
    """Answers every request with what `answer` makes of it."""

    answer = staticmethod(lambda request: request)

    def do_POST(self):
        body = self.answer(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def lying(answer):
    server = http.server.HTTPServer(("127.0.0.1", 0), type("Liar", (Lying,), {"answer": staticmethod(answer)}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answered(pki, request: bytes, change=lambda _: None, **asked) -> bytes:
    """What the genuine authority answers, with something done to the request and to the token."""
    stamper = pki.timestamper(root_stamper.now)
    wanted = tsp.TimeStampReq.load(request)
    for name, value in asked.items():
        wanted[name] = value
    answer = sessions.run(stamper.async_request_tsa_response(tsp.TimeStampReq.load(wanted.dump(force=True))))
    change(answer["time_stamp_token"]["content"])
    return answer.dump(force=True)


def broken_value(signed):
    value = signed["signer_infos"][0]["signature"].native
    signed["signer_infos"][0]["signature"] = value[:-1] + bytes([value[-1] ^ 1])


SOMETHING_ELSE = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
LIES = {
    "no answer at all": (lambda _pki, _request: b"", "did not answer properly"),
    "another nonce": (lambda pki, request: answered(pki, request, nonce=7), "did not answer properly"),
    "another root": (lambda pki, request: answered(pki, request, message_imprint=SOMETHING_ELSE), "another digest"),
    "a broken signature": (lambda pki, request: answered(pki, request, broken_value), "signature does not hold"),
    "no certificate": (
        lambda pki, request: answered(pki, request, lambda signed: signed.__setitem__("certificates", [])),
        "its own certificate",
    ),
}


@pytest.mark.parametrize(("answer", "reason"), LIES.values(), ids=LIES)
def test_what_is_no_sound_token_is_not_kept_and_the_reason_is_told(school, served, tmp_path, answer, reason):
    with lying(lambda request: answer(served, request)) as url:
        (why,) = anchored_while_the_chain_is_down(opened(school, tmp_path, tsa=url), trusting(served))
    assert reason in why.en
    assert receipt_of(school).tokens == ()


def test_a_job_stamps_each_batch_once_and_tells_what_the_authority_did_not(school):
    stamping = Stamping(school.errands, school.errand_writer)
    stamper = SimulatedStamper(down=True)
    deed = StampingRoots(school.reader, school.errands, stamping, stamper=lambda: stamper)
    (unit,) = [unit for part in deed.parts({"school": SCHOOL}) for unit in deed.units({}, part)]
    refused = deed.do({}, unit)
    assert (refused.told, refused.en) == (Told.REFUSED, "Nobody answers.")
    stamper.down = False
    assert deed.do({}, unit) == DONE
    assert deed.do({}, unit) == ALREADY
    assert [unit for part in deed.parts({}) for unit in deed.units({}, part)] == []
    assert len(receipt_of(school).tokens) == 1


def test_the_installations_own_stamper_is_what_a_job_asks(school, served, tmp_path):
    stamper = LocalRootStamper(tsa=served.tsa_url, roots=roots_of(served))
    ledger = opened(school, tmp_path, tsa=served.tsa_url)
    deed = StampingRoots(ledger.reader, ledger.errands, ledger.stamping, stamper=lambda: stamper)
    assert [deed.do({}, unit) for unit in deed.units({}, SCHOOL)] == [DONE]
    assert len(receipt_of(school).tokens) == 1
