# SPDX-License-Identifier: Apache-2.0

"""The API: each problem with its code, outages told apart from verdicts, headers on everything, and nothing personal anywhere."""

import json
import logging
from pathlib import Path
from uuid import UUID

import anyio
import pytest

from ledger.chain.registry import RecallReason
from tests.simulators.bulk_world import BulkWorld
from tests.simulators.issuing_world import NOW, PUPIL, SCHOOL, SCHOOL_NAME, SIGNERS, World
from tests.simulators.web_client import ask, get, upload
from verifier_api import problems
from verifier_api.documents import VerdictBody

STRANGER = UUID(int=99, version=4)
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def app(world):
    return world.app()


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"https://hocba.example/problems#{body['code']}"
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["code"]


def test_a_unit_is_told_by_its_id(world, app):
    unit = world.issue()
    answer = get(app, f"/v1/units/{unit.id}")
    body = answer.json()
    assert (answer.status_code, body["standing"], body["conclusion"]) == (200, "CURRENT", "INDETERMINATE")
    assert body["school"]["code"] == SCHOOL
    assert body["signatures"] == []
    assert answer.headers["cache-control"] == "public, max-age=30"


def test_a_file_is_told_by_its_digest_in_any_case(world, app):
    unit = world.issue()
    assert get(app, f"/v1/digests/{unit.sha256.upper()}").json()["standing"] == "CURRENT"


def test_every_verdict_is_what_openapi_says(world, app):
    replacement = world.issue()
    recalled = world.issue()
    world.recall(recalled, reason=RecallReason.WRONG_DATA, replaced_by=replacement)
    for answer in (
        upload(app, recalled.pdf),
        upload(app, b"nonsense"),
        get(app, f"/v1/units/{recalled.id}"),
        get(app, f"/v1/digests/{replacement.sha256}"),
    ):
        body = VerdictBody.model_validate(answer.json())
        assert set(answer.json()) == set(VerdictBody.model_fields) - {"as_of"}  # Nobody asked about an earlier moment.
        assert body.judged_at == NOW


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/v1/units/{STRANGER}", (404, "unknown-unit")),
        ("/v1/units/1", (400, "bad-unit-id")),
        ("/v1/units/{" + str(STRANGER) + "}", (400, "bad-unit-id")),
        (f"/v1/units/urn:uuid:{STRANGER}", (400, "bad-unit-id")),
        (f"/v1/units/{STRANGER.hex}", (400, "bad-unit-id")),
        ("/v1/units/%00", (400, "bad-unit-id")),
        ("/v1/digests/" + "0" * 64, (404, "unknown-digest")),
        ("/v1/digests/" + "0" * 63, (400, "bad-digest")),
        ("/v1/digests/" + "g" * 64, (400, "bad-digest")),
        ("/v1/digests/" + "１" * 64, (400, "bad-digest")),
        ("/v1/receipts/" + "0" * 64, (404, "unknown-digest")),
        ("/v1/receipts/x", (400, "bad-digest")),
        ("/v1/nothing", (404, "not-found")),
        ("/v1/verify", (405, "method-not-allowed")),
    ],
)
def test_a_question_that_cannot_be_answered_is_a_problem(app, path, expected):
    assert problem(get(app, path)) == expected


def test_a_receipt_is_handed_out_by_file_digest_once_it_is_final(world, app):
    unit = world.issue()
    answer = get(app, f"/v1/receipts/{unit.sha256}")
    assert answer.content == unit.receipt.to_json()
    assert str(unit.id) in answer.headers["content-disposition"]
    assert problem(get(app, f"/v1/receipts/{unit.id}")) == (400, "bad-digest")


@pytest.mark.parametrize("state", [{"final": False}, {"batched": False}])
def test_a_receipt_that_waits_for_its_anchor_is_not_handed_out(world, app, state):
    answer = get(app, f"/v1/receipts/{world.issue(**state).sha256}")
    assert problem(answer) == (409, "receipt-pending")
    assert answer.headers["retry-after"] == "60"


def test_schools_are_listed_with_what_can_be_compared_with_the_chain(app):
    (school,) = get(app, "/v1/schools").json()
    assert (school["code"], school["name"]) == (SCHOOL, SCHOOL_NAME)
    assert len(school["seal_cert_sha256"]) == 64


@pytest.mark.parametrize("path", ["/v1/units/{id}", "/v1/digests/{sha256}", "/v1/receipts/{sha256}", "/v1/schools"])
def test_a_ledger_that_is_down_is_a_503_and_no_verdict(world, app, path):
    unit = world.issue()
    world.ledger_down = True
    answer = get(app, path.format(id=unit.id, sha256=unit.sha256))
    assert problem(answer) == (503, "ledger-unavailable")
    assert answer.headers["retry-after"] == "60"
    assert answer.headers["cache-control"] == "no-store"


def test_a_file_is_judged_while_the_ledger_is_down_as_indeterminate(world, app):
    unit = world.issue()
    world.ledger_down = True
    body = upload(app, unit.pdf).json()
    assert (body["conclusion"], body["standing"]) == ("INDETERMINATE", "UNKNOWN")


def test_a_chain_that_is_down_gives_an_answer_that_is_not_cached(world, app):
    unit = world.issue()
    world.chain_down = True
    answer = get(app, f"/v1/units/{unit.id}")
    assert answer.json()["standing"] == "UNKNOWN"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/v1/units/{id}", "/q/{id}", "/healthz"])
def test_what_nobody_foresaw_is_a_500_with_an_id_and_a_log_line_without_its_words(world, caplog, path):
    unit = world.issue()
    number = UUID(int=7, version=4)
    app = world.app(new_id=lambda: number)
    world.ledger_broken = True
    with caplog.at_level(logging.DEBUG):
        answer = get(app, path.format(id=unit.id))
    assert answer.status_code == 500
    assert str(number) in answer.text
    assert str(number) in caplog.text
    assert "LookupError" in caplog.text
    assert "Traceback" not in answer.text + caplog.text
    assert PUPIL not in answer.text + caplog.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_same_broken_world_still_serves_uploads_without_stack_traces(world):
    world.ledger_broken = True
    answer = upload(world.app(), b"%PDF-1.7")
    assert problem(answer)[1] == "internal"


@pytest.mark.parametrize(
    "path", ["/", "/q/x", "/v1/units/x", "/v1/schools", "/static/page.css", "/nothing", "/healthz"]
)
def test_every_answer_carries_the_security_headers(app, path):
    headers = get(app, path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_plain_http_makes_no_promise_of_https(world):
    app = world.app(public_url="http://127.0.0.1:8000")
    assert "strict-transport-security" not in get(app, "/").headers


def test_other_sites_may_read_the_api_and_nothing_else(world, app):
    unit = world.issue()
    for path in (f"/v1/units/{unit.id}", "/v1/schools", f"/v1/units/{STRANGER}"):
        assert get(app, path).headers["access-control-allow-origin"] == "*"
    for answer in (get(app, f"/q/{unit.id}"), get(app, "/"), upload(app, unit.pdf)):
        assert "access-control-allow-origin" not in answer.headers


def test_messages_follow_the_language_asked_for(app):
    path = f"/v1/units/{STRANGER}"
    assert get(app, path).json()["title"] == problems.UNKNOWN_UNIT.title_vi
    assert get(app, path, headers={"Accept-Language": "en-GB"}).json()["title"] == problems.UNKNOWN_UNIT.title_en
    assert get(app, path + "?lang=en").json()["title"] == problems.UNKNOWN_UNIT.title_en


def test_openapi_describes_every_address_and_loads_no_third_party(app):
    paths = get(app, "/openapi.json").json()["paths"]
    assert set(paths) == {
        "/v1/verify", "/v1/verify/report", "/v1/units/{unit_id}", "/v1/digests/{sha256}", "/v1/receipts/{sha256}", "/v1/schools", "/healthz", "/v1/history",
    }  # fmt: skip
    assert get(app, "/docs").status_code == 404


def test_openapi_is_closed_under_its_references(tmp_path):
    with BulkWorld(tmp_path) as bulk:
        document = get(bulk.app, "/openapi.json").json()
    for path in ("/v1/verify/batch", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/result", "/v1/jobs/{job_id}/result.p7s"):
        for method, operation in document["paths"][path].items():
            assert operation["security"] == [{"key": []}], (path, method)
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    text = json.dumps(document)
    for name in (piece.partition('"')[0] for piece in text.split("#/components/schemas/")[1:]):
        assert name in document["components"]["schemas"]


def test_nothing_uploaded_and_nobody_who_signed_is_logged(world, app, caplog):
    unit = world.issue()
    with caplog.at_level(logging.DEBUG):
        upload(app, unit.pdf)
        upload(app, world.forged(unit), path="/kiem-tra")
        ask(app, "POST", "/v1/verify", files={"file": (f"{PUPIL}.pdf", b"%PDF bomb")})
    for word in (PUPIL, *SIGNERS.values(), "hoc-ba.pdf"):
        assert word not in caplog.text


def test_a_unit_known_by_its_id_alone_gives_no_personal_data(world, app):
    unit = world.issue()
    for path in (f"/v1/units/{unit.id}", f"/v1/digests/{unit.sha256}", f"/q/{unit.id}"):
        text = get(app, path).text
        for word in (PUPIL, SIGNERS["GVCN"], SIGNERS["CBQL"], unit.receipt.salt):
            assert word not in text


def test_the_parts_are_closed_when_the_application_ends(world):
    closed = []
    app = world.app(closers=[lambda: closed.append("examiner")])

    async def live():
        async with app.router.lifespan_context(app):
            assert closed == []

    anyio.run(live)
    assert closed == ["examiner"]


@pytest.mark.parametrize("row", problems.ALL, ids=lambda row: row.code)
def test_each_problem_is_documented_and_explained_on_its_page(app, row):
    assert f"| `{row.code}` | {row.status.value} |" in DOCUMENTATION.read_text()
    page = get(app, "/problems").text
    assert f'id="{row.code}"' in page
    values = {"limit": 20, "seconds": 120, "id": "…", "left": 1, "reason": "ratio"}
    assert row.detail("vi", values) != row.detail("en", values)


def test_codes_of_problems_are_unique():
    assert len({row.code for row in problems.ALL}) == len(problems.ALL)
