# SPDX-License-Identifier: Apache-2.0

"""Uploads: whatever is sent, the answer is a verdict or a problem, never a 500, and no more is read than the bound."""

import tempfile
import threading

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.web.bodies import LINGERING_BYTES
from tests.simulators.issuing_world import World
from tests.simulators.web_client import BASE, Stream, ask, stream, upload
from verifier_api.intake import MAX_FILE_BYTES
from verifier_api.uploads import MAX_BODY_BYTES, UploadPlaces

MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def part(name: str, data: bytes, filename: str | None = "a.pdf") -> bytes:
    tail = b"" if filename is None else f'; filename="{filename}"'.encode()
    return b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + tail + b"\r\n\r\n" + data + b"\r\n"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def app(world):
    return world.app()


def test_a_genuine_file_passes(world, app):
    answer = upload(app, world.issue().pdf)
    assert answer.status_code == 200
    assert (answer.json()["conclusion"], answer.json()["standing"]) == ("TOTAL_PASSED", "CURRENT")
    assert answer.headers["cache-control"] == "no-store"


def test_the_bare_file_passes_too(world, app):
    unit = world.issue()
    answer = ask(app, "POST", "/v1/verify", content=unit.pdf, headers={"Content-Type": "application/pdf"})
    assert answer.json()["conclusion"] == "TOTAL_PASSED"


def test_a_receipt_in_the_form_stands_in_for_the_ledger(world, app):
    unit = world.issue()
    world.ledger_down = True
    assert upload(app, unit.pdf).json()["conclusion"] == "INDETERMINATE"
    files = {"file": ("a.pdf", unit.pdf), "receipt": ("r.json", unit.receipt.to_json())}
    assert ask(app, "POST", "/v1/verify", files=files).json()["conclusion"] == "TOTAL_PASSED"


def test_a_receipt_of_another_file_harms_no_file_that_the_ledger_knows(world, app):
    files = {"file": ("a.pdf", world.issue().pdf), "receipt": ("r.json", world.issue().receipt.to_json())}
    assert ask(app, "POST", "/v1/verify", files=files).json()["conclusion"] == "TOTAL_PASSED"
    files["file"] = ("a.pdf", b"%PDF-1.7 unknown")
    assert ask(app, "POST", "/v1/verify", files=files).json()["conclusion"] == "TOTAL_FAILED"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "intake.empty"),
        (b"just words", "intake.not_a_record"),
        (b"\x00" * 1000, "intake.not_a_record"),
        (b"%PDF bomb", "intake.exhausted"),
        (b"%PDF-1.7 of somebody else", "bytes.printed"),
        (b"<html></html>", "bytes.not_issued"),
        (b"%PDF-" + bytes(MAX_FILE_BYTES), "intake.too_large"),
    ],
)
def test_what_is_wrong_with_a_file_is_a_finding(app, data, code):
    answer = upload(app, data)
    assert answer.status_code == 200
    assert answer.json()["conclusion"] != "TOTAL_PASSED"
    assert code in [finding["code"] for finding in answer.json()["findings"]]


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Content-Type": "multipart/form-data"}, b"no boundary", "broken-upload"),
        (MULTIPART, b"not multipart at all", "broken-upload"),
        (MULTIPART, part("file", b"%PDF-")[:-20], "broken-upload"),
        (
            {"Content-Type": "multipart/form-data; boundary=b; charset=undefined"},
            part("file", b"x") + b"--b--",
            "broken-upload",
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=b; charset=punycode"},
            part("\\x", b"x") + b"--b--",
            "broken-upload",
        ),
        (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "broken-upload"),
        (MULTIPART, part("tep", b"%PDF-") + b"--b--", "no-file"),
        (MULTIPART, part("file", b"%PDF-", None) + b"--b--", "no-file"),
        (MULTIPART, part("file", b"", "") + b"--b--", "no-file"),
        (MULTIPART, part("receipt", b"{}") + b"--b--", "no-file"),
        (MULTIPART, b"--b--\r\n", "no-file"),
        (MULTIPART, part("file", b"%PDF-") + part("file", b"%PDF-") + b"--b--", "one-file"),
        (MULTIPART, part("file", b"%PDF-") * 100 + b"--b--", "broken-upload"),
        (MULTIPART, part("x", b"y", None) * 100 + b"--b--", "broken-upload"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"file=x", "unsupported-media-type"),
        ({"Content-Type": "application/json"}, b"{}", "unsupported-media-type"),
        ({}, b"%PDF-", "unsupported-media-type"),
    ],
)
def test_what_is_wrong_with_a_request_is_a_problem(app, headers, body, code):
    answer = ask(app, "POST", "/v1/verify", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


def test_an_empty_body_is_an_empty_file_and_has_a_verdict(app):
    answer = ask(app, "POST", "/v1/verify", content=b"", headers={"Content-Type": "application/pdf"})
    assert answer.status_code == 200
    assert [finding["code"] for finding in answer.json()["findings"]] == ["intake.empty"]


def test_a_file_that_is_too_large_has_a_problem_and_a_verdict_in_one(app):
    headers = {"Content-Type": "application/pdf"}
    answer = ask(app, "POST", "/v1/verify", content=b"%PDF-" + b"x" * MAX_FILE_BYTES * 3, headers=headers)
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (413, 413, "too-large")
    assert (body["conclusion"], body["findings"][0]["code"]) == ("TOTAL_FAILED", "intake.too_large")


def test_a_charset_with_a_null_character_is_refused(app):
    headers = {"Content-Type": "multipart/form-data; boundary=b; charset=a\x00b"}
    status, answer = stream(app, "/v1/verify", headers, Stream([part("file", b"x") + b"--b--"]))
    assert status == 400
    assert b"broken-upload" in answer


@pytest.mark.parametrize("filename", ["a" * 500_000, "../../etc/passwd", "\x01\x02", "học bạ \U0001f600.pdf", ""])
def test_a_strange_file_name_changes_nothing(world, app, filename):
    answer = ask(
        app, "POST", "/v1/verify", content=part("file", world.issue().pdf, filename) + b"--b--", headers=MULTIPART
    )
    assert answer.status_code < 500
    if answer.status_code == 200:
        assert answer.json()["conclusion"] == "TOTAL_PASSED"


def test_sixty_declared_megabytes_are_refused_before_any_is_read(app):
    body = Stream(bytes(1_000_000) for _ in range(60))
    status, answer = stream(app, "/v1/verify", {**MULTIPART, "Content-Length": "60000000"}, body)
    assert (status, body.taken_before_answer) == (413, 0)
    assert b"too-large" in answer


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/pdf"])
def test_sixty_undeclared_megabytes_are_read_up_to_the_bound_and_no_further(app, kind):
    def chunks():
        if "multipart" in kind:
            yield part("file", b"%PDF-")[:-2]
        yield from (bytes(1_000_000) for _ in range(60))

    body = Stream(chunks())
    status, _ = stream(app, "/v1/verify", {"Content-Type": kind}, body)
    assert status == 413
    assert body.taken_before_answer < MAX_BODY_BYTES + 2_000_000


def test_a_length_that_lies_does_not_lift_the_bound(app):
    body = Stream(bytes(1_000_000) for _ in range(60))
    status, _ = stream(app, "/v1/verify", {"Content-Type": "application/pdf", "Content-Length": "10"}, body)
    assert status == 413
    assert body.taken_before_answer < MAX_BODY_BYTES + 2_000_000


def test_a_client_may_finish_sending_what_was_refused_but_not_for_ever(app):
    sixty, endless = Stream(bytes(1_000_000) for _ in range(60)), Stream(bytes(1_000_000) for _ in range(10_000))
    headers = {"Content-Type": "application/pdf"}
    assert stream(app, "/v1/verify", headers, sixty)[0] == 413
    assert sixty.taken == 60_000_000
    assert stream(app, "/v1/verify", headers, endless)[0] == 413
    assert endless.taken < MAX_BODY_BYTES + LINGERING_BYTES + 2_000_000


def test_a_client_that_asked_before_sending_is_not_lingered_on(app):
    body = Stream(bytes(1_000_000) for _ in range(60))
    headers = {"Content-Type": "application/pdf", "Content-Length": "60000000", "Expect": "100-continue"}
    assert stream(app, "/v1/verify", headers, body)[0] == 413
    assert body.taken == 0


@pytest.mark.parametrize(("length", "status"), [("9" * 5000, 413), ("-5", 400), ("²", 400), ("1e3", 400)])
def test_an_impossible_length_is_refused(app, length, status):
    body = Stream([])
    assert stream(app, "/v1/verify", {**MULTIPART, "Content-Length": length}, body)[0] == status


def test_a_part_larger_than_memory_buffers_never_becomes_a_temporary_file(world, app, monkeypatch):
    # The file system is the world outside: any attempt to make a file in it fails here.
    def refuse(*args, **kwargs):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert upload(app, b"%PDF-" + bytes(15_000_000)).status_code == 200


def test_a_slow_upload_is_given_up(world):
    app = world.app(places=UploadPlaces(receiving_seconds=0.05))

    async def run():
        asked = []

        async def never():
            asked.append(1)
            if len(asked) == 1:
                await anyio.sleep_forever()
            return {"type": "http.disconnect"}  # While the server lingers, the client goes.

        sent = []

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/v1/verify", "raw_path": b"/v1/verify", "query_string": b"",
            "headers": [(b"content-type", b"application/pdf")], "scheme": "http", "http_version": "1.1",
            "server": ("x", 80), "client": ("192.0.2.1", 1), "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip
        await app(scope, never, send)
        return sent[0]["status"]

    assert anyio.run(run) == 408


def test_when_all_places_are_taken_the_next_is_told_to_come_back(world):
    unit = world.issue()
    entered, leave = threading.Event(), threading.Event()
    verifier = world.verifier()

    class Slow:
        """The verifier, held up at the door."""

        def verify(self, data, *, receipt=None):
            entered.set()
            leave.wait(30)
            return verifier.verify(data, receipt=receipt)

        unit, digest = verifier.unit, verifier.digest

    app = world.app(verifier=Slow(), places=UploadPlaces(1, waiting_seconds=0.05))

    async def run():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client, anyio.create_task_group() as tasks:
            answers = []

            async def first():
                answers.append(await client.post("/v1/verify", files={"file": ("a.pdf", unit.pdf)}))

            tasks.start_soon(first)
            await anyio.to_thread.run_sync(entered.wait)
            second = await client.post("/v1/verify", files={"file": ("a.pdf", unit.pdf)})
            looked_up = await client.get(f"/v1/units/{unit.id}")
            leave.set()
        return answers[0], second, looked_up

    first, second, looked_up = anyio.run(run)
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (503, "busy", "10")
    assert first.json()["conclusion"] == "TOTAL_PASSED"
    assert looked_up.status_code == 200


_FRAGMENTS = st.sampled_from(
    [b"--b", b"\r\n", b"--", b'Content-Disposition: form-data; name="file"; filename="x"', b"\r\n\r\n", b"%PDF-1.7",
     b'Content-Disposition: form-data; name="receipt"', b"\x00", b"\xff", b"filename*=utf-8''%ff", b";", b'"', b"\n"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_FRAGMENTS | st.binary(max_size=20), max_size=25), st.text(max_size=30))
def test_no_body_and_no_content_type_makes_a_server_error(pieces, parameter):
    kind = "multipart/form-data; boundary=b; charset=" + parameter.encode("unicode-escape").decode()
    status, _ = stream(World().app(), "/v1/verify", {"Content-Type": kind}, Stream(pieces))
    assert status in {200, 400, 413, 415}
