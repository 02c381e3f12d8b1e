# SPDX-License-Identifier: Apache-2.0

"""What the attester lets in: every verdict that the verifier gives on a file, and hardly anything else."""

import datetime as dt
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain.registry import RecallReason
from ledger.proof.leaf import leaf_hash
from ledger.proof.manifest import IssuedFile
from ledger.proof.receipt import Receipt
from scripts.attester import reading
from scripts.attester.errors import NotAVerdict, NotNow
from scripts.attester.reading import MAX_REPORT_BYTES, MAX_RESULT_LINES, check_result, read_report
from tests.simulators.attesting_world import body, both
from tests.simulators.issuing_world import NOW, PIN, World
from verifier_api.examination import Examination, FileKind
from verifier_api.judgements import MAX_FIELD_CHARACTERS, MAX_NAME_CHARACTERS, MAX_REASON_CHARACTERS
from verifier_api.signatures import MAX_SIGNATURES

SCHEMA = Path(reading.__file__).parents[2] / "verifier_api" / "verdict-1.schema.json"


def verdicts():
    """One of each kind that a file can get."""
    world = World()
    unit, recalled, pending = world.issue(), world.issue(), world.issue(batched=False)
    world.recall(recalled, reason=RecallReason.WRONG_DATA, replaced_by=unit)
    judge = world.verifier().verify
    found = {
        "passed": judge(unit.pdf),
        "forged": judge(world.forged(unit)),
        "recalled": judge(recalled.pdf),
        "pending": judge(pending.pdf),
        "foreign": judge(b"%PDF-1.7 of somebody else"),
        "empty": judge(b""),
        "bomb": judge(b"%PDF bomb"),
    }
    world.chain_down = True
    found["chain down"] = judge(unit.pdf)
    world.ledger_down = True
    found["ledger down"] = judge(unit.pdf)
    return found


VERDICTS = verdicts()
GOOD = both(VERDICTS["passed"])


@pytest.mark.parametrize("kind", VERDICTS)
def test_what_the_verifier_says_of_a_file_is_read_whole(kind):
    told = read_report(body(both(VERDICTS[kind])), now=NOW)
    assert told.verdict == VERDICTS[kind]
    assert json.loads(told.machine) == VERDICTS[kind].to_dict("vi")


def test_the_members_are_those_of_the_published_schema():
    schema = json.loads(SCHEMA.read_text())
    models = {
        None: reading.ToldVerdict,
        "FindingBody": reading.ToldFinding,
        "SignatureBody": reading.ToldSignature,
        "VerdictSchool": reading.ToldSchool,
    }
    for name, model in models.items():
        described = schema if name is None else schema["$defs"][name]
        fields = model.model_fields
        assert set(described["properties"]) == set(fields)
        assert set(described["required"]) == {name for name, field in fields.items() if field.is_required()}


def changed(**members):
    return {language: {**said, **members} for language, said in GOOD.items()}


def in_finding(**members):
    return {
        language: {**said, "findings": [{**said["findings"][0], **members}, *said["findings"][1:]]}
        for language, said in GOOD.items()
    }


def in_signature(**members):
    return {
        language: {**said, "signatures": [{**said["signatures"][0], **members}, *said["signatures"][1:]]}
        for language, said in GOOD.items()
    }


def without(name):
    return {language: {k: v for k, v in said.items() if k != name} for language, said in GOOD.items()}


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"vi": GOOD["vi"]}, "en"),
        ({**GOOD, "fr": GOOD["vi"]}, "JSON"),
        (GOOD["vi"], "vi"),
        ([GOOD], "JSON"),
        (changed(extra="x"), "vi"),
        (in_finding(extra="x"), "vi.findings.0"),
        (in_signature(marks="10"), "vi.signatures.0"),
        (without("standing"), "vi.standing"),
        (without("signatures"), "vi.signatures"),
        (changed(format="hocba-verdict/2"), "vi.format"),
        (changed(standing="FINE"), "vi.standing"),
        (changed(conclusion=None), "vi.conclusion"),
        (changed(file_sha256=None), "vi.file_sha256"),
        (changed(file_sha256="A" * 64), "vi.file_sha256"),
        (changed(file_sha256="0" * 64 + "\n"), "vi.file_sha256"),
        (changed(unit="not an id"), "vi.unit"),
        (changed(school={"code": "1", "name": None}), "vi.school.code"),
        (changed(school_year="#sys.inputs"), "vi.school_year"),
        (changed(recall_reason="because [I] say so"), "vi.recall_reason"),
        (changed(judged_at="2026-06-02T03:04:00"), "vi.judged_at"),
        (changed(judged_at=1780369440), "vi.judged_at"),
        (changed(findings=[]), "vi.findings"),
        (changed(findings=GOOD["vi"]["findings"] * 40), "vi.findings"),
        (changed(signatures=GOOD["vi"]["signatures"] * 80), "vi.signatures"),
        (in_finding(code="#eval"), "vi.findings.0.code"),
        (in_finding(message="x" * 6_001), "vi.findings.0.message"),
        (in_finding(details={"x" * 201: 1}), "vi.findings.0.details"),
        (in_finding(details={"big": 10**30}), "details"),
        (in_signature(signer="x" * 100_000), "vi.signatures.0.signer"),
        (in_signature(delegated_by="x"), "vi.signatures.0.delegated_by"),
        # Of one verdict in two languages only the sentences differ.
        ({"vi": GOOD["vi"], "en": {**GOOD["en"], "school_year": "2024-2025"}}, "vi, en"),
        ({"vi": GOOD["vi"], "en": changed(standing="RECALLED")["en"]}, "vi, en"),
        # A conclusion that its own findings do not amount to.
        (changed(conclusion="TOTAL_FAILED"), "conclusion"),
        (in_finding(outcome="FAILED"), "conclusion"),
        (in_finding(outcome="SKIPPED"), "conclusion"),
    ],
)
def test_anything_else_is_refused_by_the_name_of_its_place(said, place):
    with pytest.raises(NotAVerdict) as refused:
        read_report(body(said), now=NOW)
    assert refused.value.place.startswith(place)


def test_a_refusal_repeats_nothing_of_what_was_sent():
    for said in (changed(**{"Nguyễn Văn A": 1}), in_signature(signer=["Nguyễn Văn A"]), in_finding(message=7)):
        with pytest.raises(NotAVerdict) as refused:
            read_report(body(said), now=NOW)
        assert "Nguyễn" not in str(refused.value) + refused.value.vi


@pytest.mark.parametrize("data", [b"", b"\xff", b"null", b"[" * 100_000, b'{"vi": ' * 50_000, b'{"vi": NaN, "en": 1}'])
def test_what_is_no_json_is_refused(data):
    with pytest.raises(NotAVerdict):
        read_report(data, now=NOW)


def test_details_that_no_two_programs_read_alike_are_refused():
    for number in (b"NaN", b"Infinity", b"1e999"):
        data = body(in_finding(details={"size": "HERE"})).replace(b'"HERE"', number)
        with pytest.raises(NotAVerdict):
            read_report(data, now=NOW)


def test_what_an_id_or_a_digest_is_answered_with_is_not_about_a_file():
    world = World()
    unit = world.issue()
    for verdict in (world.verifier().digest(unit.sha256), world.verifier().unit(unit.id)):
        with pytest.raises(NotAVerdict):
            read_report(body(both(verdict)), now=NOW)


@pytest.mark.parametrize(
    ("seconds", "fits"),
    [(-3600, False), (-61, False), (-60, True), (0, True), (300, True), (301, False), (9**9, False)],
)
def test_only_a_verdict_of_now_becomes_a_report(seconds, fits):
    now = NOW + dt.timedelta(seconds=seconds)
    if fits:
        assert read_report(body(GOOD), now=now).verdict.judged_at == NOW
        return
    with pytest.raises(NotNow):
        read_report(body(GOOD), now=now)


def line(verdict, name="ho-so/9A1.pdf", language="vi"):
    return json.dumps({"name": name, "verdict": verdict.to_dict(language)}, ensure_ascii=False).encode() + b"\n"


GOOD_LINE = line(VERDICTS["passed"])


def test_a_result_is_one_verdict_a_line():
    lines = [line(verdict, language=language) for verdict in VERDICTS.values() for language in ("vi", "en")]
    assert check_result(b"".join(lines), now=NOW) == 2 * len(VERDICTS)
    assert check_result(line(VERDICTS["passed"], name="dòng\u2028lạ\n\r.pdf"), now=NOW) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}\n",
        GOOD_LINE.strip(),
        GOOD_LINE + b"\n",
        GOOD_LINE * (MAX_RESULT_LINES + 1),
        GOOD_LINE.replace(b'"name"', b'"names"'),
        GOOD_LINE.replace(b'{"name"', b'{ "name"'),
        # Twice the same member: one program reads the first, another the second.
        GOOD_LINE.replace(b'{"name"', b'{"verdict": {}, "name"'),
        GOOD_LINE.replace(b'"standing": "CURRENT"', b'"standing": "RECALLED", "standing": "CURRENT"'),
        GOOD_LINE.replace(b'"details": {}', b'"details": {"x": NaN}', 1),
        GOOD_LINE.replace(b'"conclusion": "TOTAL_PASSED"', b'"conclusion": "TOTAL_FAILED"'),
        GOOD_LINE + b'{"name": "9A2.pdf", "verdict": "current"}\n',
        b"[" * 100_000 + b"\n",
    ],
)  # fmt: skip
def test_a_result_of_anything_else_is_refused(data):
    assert data != GOOD_LINE, "a mutation that changes nothing proves nothing"
    with pytest.raises(NotAVerdict):
        check_result(data, now=NOW)


def test_a_result_may_be_a_day_old_and_not_of_tomorrow():
    assert check_result(GOOD_LINE, now=NOW + dt.timedelta(days=1)) == 1
    for now in (NOW + dt.timedelta(days=1, seconds=1), NOW - dt.timedelta(minutes=2)):
        with pytest.raises(NotNow):
            check_result(GOOD_LINE, now=now)


def of_the_worst_file():
    """What is said of a file with as many signatures as are judged, by strangers with long names, and a receipt made up for it."""
    world, data = World(), b"%PDF-1.7 hostile"
    unit = world.issue()
    stranger = replace(
        world.seen[unit.pdf].signatures[0],
        signer="Ễ" * MAX_NAME_CHARACTERS,
        reason="Ễ" * MAX_REASON_CHARACTERS,
        issuer_root_sha256=None,
        revoked_at=NOW,
    )
    fields = [f"{number:02}{'Ễ' * (MAX_FIELD_CHARACTERS - 2)}" for number in range(MAX_SIGNATURES)]
    world.seen[data] = Examination(
        kind=FileKind.PDF,
        signatures=tuple(replace(stranger, field=field) for field in fields),
        changed_after="Ễ" * MAX_REASON_CHARACTERS,
    )
    file = IssuedFile(role="pdf", sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    manifest = unit.receipt.manifest.model_copy(update={"files": (file,)})
    leaf = leaf_hash(salt=bytes(32), manifest_sha256=manifest.sha256())
    receipt = Receipt.of(manifest=manifest, salt=bytes(32), proof=(), root=leaf, chain_id=1, registry=PIN.address)
    return world.verifier().verify(data, receipt=receipt.to_json())


def test_no_file_is_so_odd_that_what_is_said_of_it_and_of_the_files_beside_it_is_not_sealed():
    worst = of_the_worst_file()
    assert len(worst.findings) > 2 * MAX_SIGNATURES
    said = body(both(worst))
    assert read_report(said, now=NOW).verdict == worst
    assert len(said) < MAX_REPORT_BYTES * 2 / 3
    line = {"name": "a.pdf", "verdict": worst.to_dict()}
    assert check_result(json.dumps(line, ensure_ascii=False).encode() + b"\n", now=NOW) == 1
