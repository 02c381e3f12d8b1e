# SPDX-License-Identifier: Apache-2.0

"""Sealed reports and signed results, as the verifier's clients meet them; and a verifier to which nobody gave an attester."""

import hashlib
import io
import json

import httpx
import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from starlette.testclient import TestClient

from scripts.attester.drawing import ATTACHMENT
from tests.simulators.attesting_world import TOKEN, Office
from tests.simulators.bulk_world import BulkWorld, bearer, zipped
from tests.simulators.issuing_world import PUPIL, World
from tests.simulators.web_client import ask, get, upload
from verifier_api.attesting import AttestingService
from verifier_api.client import Client, Problem, accepts

REPORT = "/v1/verify/report"
FORM = "/kiem-tra/bien-ban"
BASE = "https://hocba.example"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return Office.opened(tmp_path_factory.mktemp("attester"))


@pytest.fixture
def attesting(office):
    with office.world() as opened:
        yield opened


@pytest.fixture
def app(attesting):
    return attesting.small.app(attesting=attesting.service)


def attached(pdf: bytes) -> dict[str, object]:
    """The verdict inside a sealed report, without looking whether the seal holds."""
    reader = PdfFileReader(io.BytesIO(pdf))
    names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert (len(names), names[0]) == (2, ATTACHMENT)
    assert len(reader.embedded_regular_signatures) == 1
    return json.loads(names[1]["/EF"]["/F"].data)


@pytest.mark.parametrize("path", [REPORT, FORM])
def test_a_file_comes_back_as_a_sealed_report(attesting, app, path):
    unit = attesting.small.issue()
    for data, conclusion in ((unit.pdf, "TOTAL_PASSED"), (attesting.small.forged(unit), "TOTAL_FAILED")):
        answer = upload(app, data, path=path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["cache-control"] == "no-store"
        assert attached(answer.content)["conclusion"] == conclusion
        name = answer.headers["content-disposition"]
        assert name.startswith('attachment; filename="bien-ban-')
        assert PUPIL not in name
        assert "hoc-ba.pdf" not in name, "what the client called the file may be a pupil's name"


def test_a_bare_file_and_its_receipt_are_taken_as_by_the_other_address(attesting, app):
    unit = attesting.small.issue()
    bare = ask(app, "POST", REPORT, content=unit.pdf, headers={"Content-Type": "application/pdf"})
    assert attached(bare.content)["file_sha256"] == unit.sha256
    attesting.small.ledger_down = True
    files = {"file": ("x", unit.pdf), "receipt": ("r", unit.receipt.to_json())}
    assert attached(ask(app, "POST", REPORT, files=files).content)["unit"] == str(unit.id)


def test_where_nobody_seals_that_is_said_and_no_file_is_judged():
    world = World()
    unit = world.issue()
    plain = world.app()
    answer = upload(plain, unit.pdf, path=REPORT)
    assert (answer.status_code, answer.json()["code"]) == (404, "report-unconfigured")
    page = upload(plain, unit.pdf, path=FORM)
    assert page.status_code == 404
    assert "Nơi này không lập biên bản" in page.text
    assert world.asked == {}
    for text in (get(plain, "/kiem-tra").text, upload(plain, unit.pdf, path="/kiem-tra").text):
        assert "bien-ban" not in text


def test_the_pages_offer_a_report_where_somebody_seals(attesting, app):
    unit = attesting.small.issue()
    page, verdict = get(app, "/kiem-tra").text, upload(app, unit.pdf, path="/kiem-tra?lang=en").text
    assert f'formaction="{FORM}"' in page
    assert "Kiểm tra và tải biên bản (PDF có ký)" in page
    assert f'action="{FORM}"' in verdict
    assert "Download the sealed report" in verdict


def test_an_attester_that_cannot_seal_is_an_outage_in_words_and_never_a_report(attesting, app):
    unit = attesting.small.issue()
    attesting.tsa_down = True
    answer = upload(app, unit.pdf, path=REPORT)
    assert (answer.status_code, answer.json()["code"]) == (503, "report-unavailable")
    assert answer.headers["retry-after"] == "60"
    page = upload(app, unit.pdf, path=FORM, headers={"Accept-Language": "en"})
    assert page.status_code == 503
    assert "no report is handed out unsealed" in page.text
    assert upload(app, unit.pdf).status_code == 200, "the verdict itself needs no attester"


def test_an_attester_that_is_not_there_is_an_outage():
    world = World()
    unit = world.issue()

    def unreachable(request):
        raise httpx.ConnectError("refused", request=request)

    http = httpx.Client(transport=httpx.MockTransport(unreachable))
    app = world.app(attesting=AttestingService("http://127.0.0.1:9", TOKEN, http=http))
    assert upload(app, unit.pdf, path=REPORT).json()["code"] == "report-unavailable"


def test_what_is_wrong_with_an_upload_is_wrong_here_too(app):
    assert upload(app, b"", path=REPORT).status_code == 200
    assert ask(app, "POST", REPORT, files={"other": b"x"}).json()["code"] == "no-file"
    assert ask(app, "POST", REPORT, json={}).json()["code"] == "unsupported-media-type"
    assert get(app, REPORT).status_code == 405


def test_openapi_describes_it(app):
    described = get(app, "/openapi.json").json()["paths"]
    responses = described[REPORT]["post"]["responses"]
    assert "application/pdf" in responses["200"]["content"]
    assert {"404", "503", "422", "413"} <= set(responses)
    assert FORM not in described


@pytest.fixture
def bulk(tmp_path, attesting):
    with BulkWorld(tmp_path, attesting=attesting.service) as world:
        yield world


def test_the_result_of_a_job_can_be_had_signed(bulk, attesting, office):
    unit, key = bulk.world.issue(), bulk.key()
    started = bulk.send(key, zipped([(f"{n}.pdf", unit.pdf) for n in range(3)]))
    place = started.headers["location"]
    job = bulk.wait(key, place)
    assert job["signature"] == f"{place}/result.p7s"
    lines = ask(bulk.app, "GET", job["result"], headers=bearer(key)).content
    first, again = (ask(bulk.app, "GET", job["signature"], headers=bearer(key)) for _ in range(2))
    assert (first.status_code, first.headers["content-type"]) == (200, "application/pkcs7-signature")
    assert first.content == again.content, "asked for twice, it is the same"
    assert _signs(first.content, lines, office)
    assert not _signs(first.content, lines + b" ", office)
    assert unit.sha256.encode() not in bulk.lying_around(), "the signature lies encrypted like everything else"
    assert first.content not in bulk.lying_around()
    assert ask(bulk.app, "GET", job["signature"], headers=bearer(bulk.key("another"))).json()["code"] == "unknown-job"
    bulk.later(hours=1)
    assert ask(bulk.app, "GET", job["signature"], headers=bearer(key)).json()["code"] == "job-gone"


def _signs(signature: bytes, content: bytes, office: Office) -> bool:
    """Whether it is this office's intact signature over exactly this."""
    (signer,) = cms.ContentInfo.load(signature)["content"]["signer_infos"]
    intact, valid = validate_sig_integrity(
        signer,
        office.key().who.certificate,
        expected_content_type="data",
        actual_digest=hashlib.sha256(content).digest(),
    )
    return intact and valid


def test_a_job_whose_signature_cannot_be_made_keeps_its_result(bulk, attesting):
    unit, key = bulk.world.issue(), bulk.key()
    attesting.tsa_down = True
    place = bulk.send(key, zipped([(f"{n}.pdf", unit.pdf) for n in range(3)])).headers["location"]
    job = bulk.wait(key, place)
    assert ask(bulk.app, "GET", job["signature"], headers=bearer(key)).json()["code"] == "report-unavailable"
    assert ask(bulk.app, "GET", job["result"], headers=bearer(key)).status_code == 200
    attesting.tsa_down = False
    assert ask(bulk.app, "GET", job["signature"], headers=bearer(key)).status_code == 200


def test_without_an_attester_no_job_promises_a_signature(tmp_path):
    with BulkWorld(tmp_path) as bulk:
        unit, key = bulk.world.issue(), bulk.key()
        place = bulk.send(key, zipped([(f"{n}.pdf", unit.pdf) for n in range(3)])).headers["location"]
        assert bulk.wait(key, place)["signature"] is None
        answer = ask(bulk.app, "GET", f"{place}/result.p7s", headers=bearer(key))
        assert (answer.status_code, answer.json()["code"]) == (404, "report-unconfigured")


def test_a_small_archive_becomes_a_job_for_whoever_prefers_one(bulk):
    unit, key = bulk.world.issue(), bulk.key()
    headers = {**bearer(key), "Content-Type": "application/zip"}
    for wish, status in (("respond-async", 202), ("wait=5, Respond-Async;x", 202), ("respond-asynchronously", 200)):
        answer = ask(
            bulk.app,
            "POST",
            "/v1/verify/batch",
            content=zipped([("a.pdf", unit.pdf)]),
            headers={**headers, "Prefer": wish},
        )
        assert answer.status_code == status
        if status == 202:
            bulk.wait(key, answer.headers["location"])


def test_the_client_brings_reports_and_signed_results(bulk, attesting, office):
    unit = bulk.world.issue()
    app = bulk.world.app(bulk=bulk.bulk, attesting=attesting.service)
    with Client(BASE, http=TestClient(app, base_url=BASE), sleep=lambda _: None, key=bulk.key()) as client:
        assert attached(client.report(unit.pdf))["file_sha256"] == unit.sha256
        assert attached(client.report(unit.pdf, receipt=unit.receipt.to_json()))["conclusion"] == "TOTAL_PASSED"
        signed = client.verify_archive_signed(zipped([("a.pdf", unit.pdf), ("b.pdf", bulk.world.forged(unit))]))
    assert [(line["name"], accepts(line["verdict"])) for line in signed.lines()] == [("a.pdf", True), ("b.pdf", False)]
    assert _signs(signed.signature, signed.result, office)
    assert list((bulk.folder / "scratch").glob("*/*")) == [], "a fetched result is deleted"


def test_the_client_is_told_where_nothing_is_signed(tmp_path):
    with BulkWorld(tmp_path) as bulk:
        client = Client(BASE, http=TestClient(bulk.app, base_url=BASE), sleep=lambda _: None, key=bulk.key())
        for ask_for in (
            lambda: client.report(b"x"),
            lambda: client.verify_archive_signed(zipped([("a.pdf", b"%PDF")])),
        ):
            with pytest.raises(Problem, match="report-unconfigured"):
                ask_for()
