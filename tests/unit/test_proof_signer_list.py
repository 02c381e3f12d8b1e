# SPDX-License-Identifier: Apache-2.0

"""The authority's signer list: one form for what it says, lines with dates, and nothing ever taken out."""

import datetime as dt
import hashlib
import json

import pytest
import rfc8785
from eth_utils.crypto import keccak

from ledger.proof.errors import MalformedSignerList
from ledger.proof.signer_list import SIGNERS_TOPIC, ApprovedSigner, SignerList
from scripts import schemas

MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SCHOOL = "79000401"
PRINCIPAL, DEPUTY, TEACHER, SEAL = ("0123"[i] * 64 for i in range(4))


def line(cert=PRINCIPAL, role="CBQL", **said):
    return ApprovedSigner(
        **{"cert_sha256": cert, "role": role, "school": SCHOOL, "valid_from": MAY, "hierarchy": "public", **said}
    )


LINES = (
    line(),
    line(DEPUTY, delegated_by=PRINCIPAL, valid_from=MAY + 10 * DAY, valid_to=MAY + 20 * DAY),
    line(TEACHER, "GVBM", subjects=("TOAN", "TIN_HOC")),
    line(SEAL, "KY_PHAT_HANH", hierarchy="vgca"),
)
LIST = SignerList(authority="Sở GDĐT TP. Hồ Chí Minh", issued_at=MAY, lines=LINES)


def said(**changes):
    return rfc8785.dumps({**json.loads(LIST.canonical()), **changes})


def with_line(number, **changes):
    lines = json.loads(LIST.canonical())["lines"]
    lines[number] = {name: value for name, value in {**lines[number], **changes}.items() if value is not None}
    return said(lines=lines)


def test_what_is_written_is_read_again():
    assert SignerList.parse(LIST.canonical()) == LIST
    assert LIST.sha256() == hashlib.sha256(LIST.canonical()).digest()
    assert keccak(text="hocba.signers.v1") == SIGNERS_TOPIC


def test_a_list_names_no_more_than_digests_roles_and_dates():
    """Its members are pinned: nothing in it can hold a person's name or number."""
    for each in json.loads(LIST.canonical())["lines"]:
        allowed = {"cert_sha256", "role", "school", "subjects", "valid_from", "valid_to", "hierarchy", "delegated_by"}
        assert set(each) <= allowed
    assert set(schemas.signer_list_schema()["required"]) == {"format", "authority", "issued_at", "lines"}
    assert "hierarchy" in schemas.signer_list_schema()["$defs"]["ApprovedSigner"]["required"]


def test_a_moment_is_written_in_one_way():
    hanoi = dt.timezone(dt.timedelta(hours=7))
    assert LIST.model_copy(update={"issued_at": MAY}).canonical() == (
        SignerList(authority=LIST.authority, issued_at=MAY.astimezone(hanoi), lines=LINES).canonical()
    )
    with pytest.raises(MalformedSignerList, match="canonical"):
        SignerList.parse(said(issued_at="2026-05-01T07:00:00+07:00"))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "JSON", id="nothing"),
        pytest.param(LIST.canonical() + b"\n", "canonical", id="a byte more"),
        pytest.param(LIST.canonical().replace(b'"lines":', b'"lines": '), "canonical", id="another spelling"),
        pytest.param(said(format="hocba-signers/2"), "format", id="another format"),
        pytest.param(said(note="x"), "note", id="more than is known"),
        pytest.param(said(issued_at="2026-05-01T00:00:00"), "issued_at", id="a time without a zone"),
        pytest.param(said(authority=""), "authority", id="of nobody"),
        pytest.param(with_line(0, name="Trần Văn Bình"), "name", id="a person's name"),
        pytest.param(with_line(0, role="HIEU_TRUONG"), "role", id="an unknown role"),
        pytest.param(with_line(0, school="7900040"), "school", id="no school code"),
        pytest.param(with_line(0, cert_sha256="AB" * 32), "cert_sha256", id="capitals"),
        pytest.param(with_line(0, hierarchy=None), "names no hierarchy", id="no hierarchy"),
        pytest.param(with_line(0, subjects=["TOAN"]), "names subjects", id="a principal of mathematics"),
        pytest.param(with_line(2, subjects=[]), "subjects", id="no subject at all"),
        pytest.param(with_line(2, subjects=["TOAN", "TOAN"]), "twice", id="a subject twice"),
        pytest.param(with_line(1, valid_to="2026-05-10T00:00:00Z"), "ends before", id="ended before it began"),
        pytest.param(with_line(1, delegated_by=DEPUTY), "somebody else", id="delegated by oneself"),
        pytest.param(with_line(1, delegated_by=TEACHER), "not listed as principal", id="delegated by a teacher"),
        pytest.param(with_line(1, school="79000402"), "not listed as principal", id="delegated into another school"),
        pytest.param(with_line(2, delegated_by=PRINCIPAL), "signs as CBQL", id="a teacher by delegation"),
        pytest.param(said(lines=[*json.loads(LIST.canonical())["lines"]] * 2), "twice", id="every line twice"),
    ],
)
def test_what_is_not_quite_a_list_is_refused(data, problem):
    with pytest.raises(MalformedSignerList, match=problem):
        SignerList.parse(data)


def test_a_deputy_cannot_delegate_further():
    with pytest.raises(ValueError, match="not listed as principal"):
        SignerList(authority="Sở", issued_at=MAY, lines=(*LINES, line("9" * 64, delegated_by=DEPUTY)))


@pytest.mark.parametrize(
    ("asked", "covered"),
    [
        ({}, True),
        ({"subject": "TIN_HOC"}, True),
        ({"subject": "NGU_VAN"}, False),
        ({"subject": ""}, False),
        ({"school": "79000402"}, False),
        ({"role": "GVCN"}, False),
        ({"cert_sha256": PRINCIPAL}, False),
        ({"at": MAY}, True),
        ({"at": MAY - DAY / 86400}, False),
        ({"at": MAY + 4000 * DAY}, True),
    ],
)
def test_a_line_covers_what_it_says_and_nothing_beside_it(asked, covered):
    signed = {"cert_sha256": TEACHER, "role": "GVBM", "school": SCHOOL, "subject": "TOAN", "at": MAY + DAY}
    assert LINES[2].covers(**{**signed, **asked}) is covered


def test_a_line_ends_with_its_last_moment():
    deputy = {"cert_sha256": DEPUTY, "role": "CBQL", "school": SCHOOL}
    assert [LINES[1].covers(**deputy, at=MAY + days * DAY) for days in (9.99, 10, 19.99, 20)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_teacher_of_any_subject():
    any_subject = line(TEACHER, "GVBM")
    assert any_subject.covers(cert_sha256=TEACHER, role="GVBM", school=SCHOOL, subject="NGU_VAN", at=MAY)


def test_ending_a_line_loses_nothing_and_taking_it_out_does():
    ended = LIST.model_copy(update={"lines": (line(valid_to=MAY + DAY), *LINES[1:], line("9" * 64))})
    assert ended.lost_since(LIST) == ()
    assert LIST.lost_since(ended) == (line("9" * 64),)
    other_subject = LIST.model_copy(update={"lines": (*LINES[:2], line(TEACHER, "GVBM"), LINES[3])})
    assert other_subject.lost_since(LIST) == (LINES[2],)
