# SPDX-License-Identifier: Apache-2.0

"""Who signed what: subject teachers each for their own subject, deputies within their dates, everybody under the hierarchy that the
authority approved; and who it was, said in words.
"""

import datetime as dt
import hashlib
from dataclasses import replace
from uuid import uuid4

import pytest

from ledger.proof.manifest import IssuedFile, Manifest, ManifestSigner
from ledger.proof.signer_list import ApprovedSigner
from ledger.record.subjects import SUBJECTS
from ledger.unit import Slot
from tests.simulators.issuing_world import PIN, SCHOOL
from verifier_api import checks, roles
from verifier_api.approval import Approvals
from verifier_api.examination import Examination, FileKind
from verifier_api.judgements import SignatureJudgement
from verifier_api.trust import Anchors, RegistrySettings, Trust, TrustSettings
from verifier_api.verdict import Conclusion, Language, Outcome, Standing, Verdict
from verifier_api.wording import role_text

SIGNED = dt.datetime(2026, 5, 28, 2, 0, tzinfo=dt.UTC)
ANCHORED = SIGNED + dt.timedelta(days=2)
DAY = dt.timedelta(days=1)
ROOTS = {"vgca": b"the government's root", "public": b"a public root"}
SUBJECTS_TAUGHT = ("NGU_VAN", "TOAN")
FIELDS = ("GVBM-TOAN", "GVBM-NGU_VAN", "GVCN", "CBQL", "KY_PHAT_HANH")
"""In the order in which they signed, which among subject teachers is any."""


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def home(field):
    return "vgca" if field == "KY_PHAT_HANH" else "public"


def judgement(field, *, by=None, hierarchy=None, **seen):
    at = SIGNED + dt.timedelta(minutes=FIELDS.index(field) if field in FIELDS else 0)
    hierarchy = hierarchy or home(field)
    return SignatureJudgement(
        **{
            "field": field,
            "signer": by or field,
            "stated_reason": "",
            "cert_der": b"",
            "cert_sha256": digest(by or field),
            "hierarchy": hierarchy,
            "issuer_root_sha256": hashlib.sha256(ROOTS[hierarchy]).digest(),
            "claimed_at": at,
            "timestamped_at": at,
            "intact": True,
            "valid": True,
            "trusted": True,
            "revoked": False,
            "revoked_at": None,
            "covers_entire_file": True,
            "sub_indication": "OK",
            "outcome": Outcome.PASSED,
            "reason": "",
            **seen,
        }
    )


def line(field, *, by=None, **said):
    slot = Slot.parse(field)
    return ApprovedSigner(
        **{
            "cert_sha256": digest(by or field).hex(),
            "role": slot.role.value,
            "school": SCHOOL,
            "subjects": (slot.subject,) if slot.subject else None,
            "valid_from": SIGNED - 30 * DAY,
            "hierarchy": home(field),
            **said,
        }
    )


EVERYBODY = tuple(line(field) for field in FIELDS)


def manifest(fields=FIELDS, *, profile="hcmc", by=None):
    slots = [Slot.parse(field) for field in fields]
    return Manifest(
        id=uuid4(),
        school=SCHOOL,
        year="2025-2026",
        level="THCS",
        profile=profile,
        record_sha256="0" * 64,
        files=(IssuedFile(role="xml", sha256="1" * 64, size=1),),
        signers=tuple(
            ManifestSigner(
                role=slot.role.value,
                cert_sha256=digest((by or {}).get(str(slot), str(slot))).hex(),
                subject=slot.subject or None,
            )
            for slot in slots
        ),
    )


def trusting(*lines):
    return Trust(
        settings=TrustSettings(
            registry=RegistrySettings(
                chain_id=PIN.chain_id, address=PIN.address, code_hash=PIN.code_hash, confirmations=1
            ),
            rpc=(),
            hierarchies={name: (f"{name}.pem",) for name in ROOTS},
            roles={
                "GVBM": ("public",),
                "GVCN": ("public",),
                "CBQL": ("public",),
                # Private schools may seal under a public root.
                "KY_PHAT_HANH": ("vgca", "public"),
            },
            signers=lines,
        ),
        pin=PIN,
        anchors=Anchors(roots={name: (root,) for name, root in ROOTS.items()}),
    )


def found(*signed, listed=None, kind=FileKind.XML, issued=None, subjects=SUBJECTS_TAUGHT):
    """What step 6 finds in a file with these signatures, after the manifest and the list."""
    issued = issued or manifest(by={each.field: each.signer for each in signed})
    expected = checks.Expected(
        manifest=issued,
        trust=trusting(*(EVERYBODY if listed is None else listed)),
        seal_certificates=None,
        anchored_at=ANCHORED,
        now=ANCHORED + DAY,
    )
    seen = Examination(kind=kind, signatures=signed, claimed_subjects=subjects)
    return [*checks.signatures(seen, expected)]


def complaints(*signed, **parts):
    return {finding.code for finding in found(*signed, **parts) if finding.outcome in {Outcome.FAILED, Outcome.UNKNOWN}}


def signed_by(fields=FIELDS, **others):
    """All who should sign, except that `others` sign in somebody's place; underscores for hyphens."""
    by = {name.replace("__", "-"): who for name, who in others.items()}
    return tuple(judgement(field, by=by.get(field)) for field in fields)


PAPER = tuple(field for field in FIELDS if not field.startswith("GVBM"))


# Who has to sign which file.


def test_the_xml_carries_everybody():
    assert complaints(*signed_by()) == set()
    assert [finding.code for finding in found(*signed_by())][:2] == ["signatures.valid", "signatures.listed"]


def test_the_pdf_carries_those_on_paper_and_is_not_short_of_subject_teachers():
    issued = manifest()
    assert complaints(*signed_by(PAPER), kind=FileKind.PDF, issued=issued) == set()
    assert complaints(*signed_by(PAPER[1:]), kind=FileKind.PDF, issued=issued) == {"signatures.missing"}


@pytest.mark.parametrize("missing", FIELDS)
def test_one_signature_missing_in_the_xml(missing):
    left = [field for field in FIELDS if field != missing]
    (finding,) = [one for one in found(*signed_by(left), issued=manifest()) if one.code == "signatures.missing"]
    assert roles.words(missing)[0] in finding.vi
    assert missing not in finding.vi


@pytest.mark.parametrize("missing", FIELDS)
def test_one_signature_missing_in_manifest_and_xml(missing):
    left = [field for field in FIELDS if field != missing]
    (finding,) = [one for one in found(*signed_by(left), issued=manifest(left)) if one.outcome is Outcome.FAILED]
    assert finding.code == "signatures.missing"
    assert roles.words(missing)[0] in finding.vi
    assert roles.words(missing)[1] in finding.en


def test_a_subject_of_the_record_that_no_teacher_signed():
    (finding,) = [
        one for one in found(*signed_by(), subjects=(*SUBJECTS_TAUGHT, "GDTC")) if one.outcome is Outcome.FAILED
    ]
    assert finding.vi == "Thiếu chữ ký bắt buộc: giáo viên Giáo dục thể chất."


def test_a_teacher_of_a_subject_that_the_record_does_not_have():
    assert complaints(*signed_by(), subjects=("TOAN",)) == {"signatures.missing"}


def test_an_unread_record_has_no_subjects_and_passes_for_none():
    assert complaints(*signed_by(), subjects=()) == {"signatures.missing"}


def test_a_subject_teacher_whom_the_manifest_does_not_list():
    issued = manifest([field for field in FIELDS if field != "GVBM-TOAN"])
    assert complaints(*signed_by(), issued=issued) == {"signatures.stranger", "signatures.missing"}


def test_a_subject_teacher_on_a_pdf_is_a_stranger():
    signed = signed_by(("GVBM-TOAN", *PAPER))
    assert complaints(*signed, kind=FileKind.PDF, issued=manifest()) == {"signatures.stranger"}


def test_subject_teachers_sign_in_any_order_and_before_all_others():
    swapped = ("GVBM-NGU_VAN", "GVBM-TOAN", *PAPER)
    assert complaints(*signed_by(swapped), issued=manifest()) == set()
    early = tuple(
        replace(each, timestamped_at=SIGNED - DAY) if each.field == "GVBM-NGU_VAN" else each for each in signed_by()
    )
    # In the file Toán comes first, and it was signed a day later.
    assert complaints(*early) == set()
    late = tuple(
        replace(each, timestamped_at=SIGNED + dt.timedelta(minutes=30)) if each.field == "GVBM-TOAN" else each
        for each in signed_by()
    )
    # The one who signed late comes first in the file: looking at neighbours alone would not find it.
    assert complaints(*late) == {"signatures.order"}
    between = ("GVBM-TOAN", "GVCN", "GVBM-NGU_VAN", "CBQL", "KY_PHAT_HANH")
    assert "signatures.order" in complaints(*signed_by(between), issued=manifest())


def test_moet_needs_no_subject_teacher_and_takes_none():
    assert complaints(*signed_by(PAPER), issued=manifest(PAPER, profile="moet")) == set()
    assert complaints(*signed_by(), issued=manifest(profile="moet")) == {"signatures.missing"}


# Whom the authority approved.


def test_the_teacher_of_another_subject_signed():
    """Both are teachers of this school, both are on the list, and neither may sign the other's subject."""
    swapped = signed_by(GVBM__TOAN="GVBM-NGU_VAN", GVBM__NGU_VAN="GVBM-TOAN")
    told = [one for one in found(*swapped) if one.outcome is Outcome.FAILED]
    assert {one.code for one in told} == {"signatures.not_listed"}
    assert "giáo viên Toán" in told[0].vi
    assert "teacher of Toán" in told[0].en


def test_the_homeroom_teacher_signs_a_subject_without_being_listed_for_it():
    assert complaints(*signed_by(GVBM__TOAN="GVCN")) == {"signatures.not_listed"}
    both = (*EVERYBODY, line("GVBM-TOAN", by="GVCN"))
    assert complaints(*signed_by(GVBM__TOAN="GVCN"), listed=both) == set()


def test_a_teacher_may_be_listed_for_several_subjects_or_any():
    several = line("GVBM-TOAN", subjects=("GDTC", "TOAN"))
    for teacher in (several, line("GVBM-TOAN", subjects=None)):
        assert complaints(*signed_by(), listed=(teacher, *EVERYBODY[1:])) == set()
    assert complaints(*signed_by(), listed=(line("GVBM-TOAN", subjects=("GDTC",)), *EVERYBODY[1:])) == {
        "signatures.not_listed"
    }


@pytest.mark.parametrize("place", range(len(FIELDS)), ids=FIELDS)
@pytest.mark.parametrize(
    "change",
    [
        {"school": "79000999"},
        {"valid_to": SIGNED - DAY},
        {"valid_from": SIGNED + DAY},
        {"cert_sha256": "f" * 64},
        None,
    ],
    ids=["another school", "ended the day before", "begins the day after", "another certificate", "not on the list"],
)
def test_a_line_that_does_not_fit(place, change):
    lines = [*EVERYBODY]
    gone = lines.pop(place)
    if change is not None:
        lines.append(gone.model_copy(update=change))
    assert complaints(*signed_by(), listed=lines) == {"signatures.not_listed"}


@pytest.mark.parametrize("kind", FileKind)
def test_the_seal_under_a_public_root_while_the_line_says_vgca(kind):
    signed = (*signed_by()[:-1], judgement("KY_PHAT_HANH", hierarchy="public"))
    told = [one for one in found(*signed, issued=manifest()) if one.outcome is Outcome.FAILED]
    assert [one.code for one in told] == ["signatures.other_hierarchy"]
    assert "con dấu số của trường" in told[0].vi
    private = (*EVERYBODY[:-1], line("KY_PHAT_HANH", hierarchy="public"))
    assert complaints(*signed, issued=manifest(), listed=private) == set()


def test_a_certificate_that_was_approved_under_either_hierarchy():
    """When an authority moves its seals, the same certificate may have a line for each."""
    either = (*EVERYBODY, line("KY_PHAT_HANH", hierarchy="public"))
    assert complaints(*signed_by(), listed=either) == set()


def test_a_line_that_names_no_hierarchy_leaves_it_to_the_roles():
    open_lines = [each.model_copy(update={"hierarchy": None}) for each in EVERYBODY]
    assert complaints(*signed_by(), listed=open_lines) == set()
    signed = (judgement("GVBM-TOAN", hierarchy="vgca"), *signed_by()[1:])
    assert complaints(*signed, issued=manifest(), listed=open_lines) == {"signatures.untrusted"}


# Deputies.

DEPUTY = "the deputy"
DELEGATED = line(
    "CBQL", by=DEPUTY, delegated_by=digest("CBQL").hex(), valid_from=SIGNED - 5 * DAY, valid_to=SIGNED + 5 * DAY
)


def by_deputy(*, moved=dt.timedelta(), stamped=True):
    return tuple(
        replace(
            each,
            claimed_at=each.claimed_at + moved,
            timestamped_at=each.timestamped_at + moved if stamped else None,
        )
        for each in signed_by(CBQL=DEPUTY)
    )


def summaries(signed, *lines):
    return checks.summaries(signed, Approvals(trust=trusting(*lines), school=SCHOOL, existed_by=ANCHORED))


def test_a_deputy_signs_within_the_delegation_and_is_called_one():
    assert complaints(*by_deputy(), listed=(*EVERYBODY, DELEGATED)) == set()
    told = {each.role: each for each in summaries(by_deputy(), *EVERYBODY, DELEGATED)}
    assert told["CBQL"].delegated_by == digest("CBQL").hex()
    assert role_text(told["CBQL"]) == (
        "Phó hiệu trưởng ký thay theo ủy quyền",
        "Deputy principal, signing by delegation",
    )
    assert {each.delegated_by for role, each in told.items() if role != "CBQL"} == {None}


@pytest.mark.parametrize("days", [-6, 6])
def test_a_deputy_outside_the_dates_of_the_delegation(days):
    signed = by_deputy(moved=days * DAY)
    assert complaints(*signed, listed=(*EVERYBODY, DELEGATED)) == {"signatures.not_listed"}
    assert {each.delegated_by for each in summaries(signed, *EVERYBODY, DELEGATED)} == {None}


def test_a_deputy_without_a_line():
    assert complaints(*by_deputy(), listed=EVERYBODY) == {"signatures.not_listed"}


def test_a_deputy_whose_delegation_ended_before_the_xml_was_anchored():
    """Where the profile promises no time-stamp, nothing proves when an XML was signed: perhaps after the delegation."""
    ends = DELEGATED.model_copy(update={"valid_to": SIGNED + DAY})
    unproven = tuple(one for one in by_deputy(stamped=False) if one.field in PAPER)
    issued = manifest(PAPER, profile="moet", by={each.field: each.signer for each in unproven})
    assert complaints(*unproven, listed=(*EVERYBODY, ends), issued=issued) == {"signatures.indeterminate"}
    assert {each.delegated_by for each in summaries(unproven, *EVERYBODY, ends)} == {None}
    assert complaints(*unproven, listed=(*EVERYBODY, DELEGATED), issued=issued) == set()


def test_a_deputy_who_has_become_principal_signs_in_their_own_right():
    own = line("CBQL", by=DEPUTY)
    told = {each.role: each for each in summaries(by_deputy(), *EVERYBODY, DELEGATED, own)}
    assert told["CBQL"].delegated_by is None
    assert role_text(told["CBQL"]) == ("Hiệu trưởng", "Principal")


def test_a_broken_signature_is_nobodys_delegation():
    signed = tuple(replace(each, valid=False, outcome=Outcome.FAILED) for each in by_deputy())
    assert {each.delegated_by for each in summaries(signed, *EVERYBODY, DELEGATED)} == {None}


# In words.


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.code)
def test_every_subject_teacher_is_named_by_subject(subject):
    assert roles.words(f"GVBM-{subject.code}") == (f"giáo viên {subject.name}", f"teacher of {subject.name}")


@pytest.mark.parametrize(
    "field", ["Signature3", "GVBM", "GVBM-", "GVBM-PHEP_THUAT", "GVCN-TOAN", "{subject}", "<b>", ""]
)
def test_a_strangers_field_keeps_its_name_and_no_role(field):
    assert roles.words(field) == (field, field)
    assert roles.role_of(field) == field
    (told,) = summaries((replace(judgement("GVCN"), field=field),), *EVERYBODY)
    assert (told.role, told.subject, told.delegated_by) == (field, None, None)


def as_json(signatures, language: Language = "vi"):
    verdict = Verdict(
        conclusion=Conclusion.TOTAL_PASSED,
        standing=Standing.CURRENT,
        findings=(),
        judged_at=SIGNED,
        signatures=signatures,
    )
    return verdict.to_dict(language)["signatures"]


def test_the_json_names_subject_and_delegation_only_where_there_is_one():
    told = {each["role"]: each for each in as_json(summaries(by_deputy(), *EVERYBODY, DELEGATED))}
    always = {"role", "signer", "signed_at", "outcome", "sub_indication"}
    assert set(told["GVBM"]) == always | {"subject"}
    assert told["GVBM"]["subject"] == "NGU_VAN"
    assert set(told["CBQL"]) == always | {"delegated_by"}
    assert set(told["GVCN"]) == set(told["KY_PHAT_HANH"]) == always


def test_the_page_names_subject_teachers_and_deputies():
    told = [role_text(each) for each in summaries(by_deputy(), *EVERYBODY, DELEGATED)]
    assert [text.vi for text in told] == [
        "Giáo viên Toán",
        "Giáo viên Ngữ văn",
        "Giáo viên chủ nhiệm",
        "Phó hiệu trưởng ký thay theo ủy quyền",
        "Nhà trường (con dấu số)",
    ]
    assert [text.en for text in told][:2] == ["Teacher of Toán", "Teacher of Ngữ văn"]


# The time of an XML signature.


def test_an_xml_signature_without_the_time_stamp_that_the_profile_promises():
    plain = (judgement("GVBM-TOAN", timestamped_at=None), *signed_by(FIELDS[1:]))
    (finding,) = [
        one for one in found(*plain) if one.outcome is Outcome.UNKNOWN and one.code == "signatures.indeterminate"
    ]
    assert finding.details["sub_indication"] == "SIG_CONSTRAINTS_FAILURE"
    assert finding.details["field"] == "GVBM-TOAN"


def test_the_ministrys_profile_promises_no_time_stamp_in_the_xml():
    plain = tuple(judgement(field, timestamped_at=None) for field in PAPER)
    assert complaints(*plain, issued=manifest(PAPER, profile="moet")) == set()


@pytest.mark.parametrize("stamp", [SIGNED, None], ids=["time-stamped", "plain"])
@pytest.mark.parametrize(
    ("ends", "codes"), [(DAY, set()), (-DAY, {"signatures.indeterminate"})], ids=["after", "before"]
)
def test_the_certificate_on_which_the_time_rests_has_to_outlast_the_anchor(stamp, ends, codes):
    signed = tuple(judgement(field, timestamped_at=stamp, certificate_ends=ANCHORED + ends) for field in PAPER)
    assert complaints(*signed, issued=manifest(PAPER, profile="moet")) == codes
