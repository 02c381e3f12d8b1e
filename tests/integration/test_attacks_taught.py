# SPDX-License-Identifier: Apache-2.0

"""A unit under the profile `hcmc`, with a teacher for each subject: who may sign which subject, in real files.

The XML carries everybody; the PDF the three on paper, and so it cannot tell of a subject teacher.
"""

import functools
from dataclasses import replace
from uuid import uuid4

import attacked_school as world
import taught_record as taught
from attacked_school import FAILED, OPEN, PASSED, PRINCIPAL, ROLES_IN_ORDER, concluded

from ledger.paper.render import render_unit
from ledger.paper.wording import from_record
from ledger.proof.manifest import ManifestSigner
from ledger.record import xml as record_xml
from ledger.unit import Role
from signer.xml import sign_slot

RECORD = world.SHEET.records[0]
TOAN, NGU_VAN = "TOAN", "NGU_VAN"


@functools.cache
def teachers():
    """One teaches Toán, one everything else."""
    return {code: world.key_of("GVBM-TOAN" if code == TOAN else "GVBM-NGU_VAN") for code in taught.SUBJECTS}


def signed(keys, *, principal=None, keep=True):
    """The unit's two files, signed by these subject teachers and the three; and their manifest."""
    unit_id, when = uuid4(), world.now()
    document = record_xml.write(RECORD, unit_id=unit_id, created_at=when, planned_issue_date=when, subject_slots=True)
    pdf = render_unit(
        from_record(RECORD, unit_id=unit_id, planned_issue_date=when),
        record_xml=record_xml.data_element(document),
        qr_url=f"https://hocba.example/q/{unit_id}",
        created=when,
    )
    stamper = world.pki().timestamper(lambda: when)
    for code, key in keys.items():
        document = sign_slot(document, slot=f"GVBM-{code}", key=key, signing_time=when, timestamper=stamper)
    paper = world.Paper(unit_id, pdf, document)
    for role in ROLES_IN_ORDER:
        paper = world.signed(paper, role, key=principal if role is PRINCIPAL else None, xades=True)
    archived = world.archived(paper)
    paper = archived if keep else replace(archived, xml=paper.xml)
    subject_teachers = (
        ManifestSigner(role="GVBM", cert_sha256=key.certificate_sha256.hex(), subject=code)
        for code, key in keys.items()
    )
    listed = (*subject_teachers, *world.manifest_of(paper).signers)
    return paper, world.manifest_of(paper, profile="hcmc", signers=listed)


def lines(**subjects):
    """The authority's lines for the two teachers: all subjects that each has, unless `subjects` say otherwise."""
    ours = {"TOAN": (TOAN,), "NGU_VAN": tuple(code for code in taught.SUBJECTS if code != TOAN), **subjects}
    return [world.approved(Role.SUBJECT, teachers()[code], subjects=codes) for code, codes in ours.items() if codes]


@functools.cache
def genuine():
    return signed(teachers())


def test_everybody_signed_their_own_subject():
    paper, manifest = genuine()
    trust = world.trusting(*lines())
    for data in (paper.pdf, paper.xml):
        concluded(data, manifest, PASSED, trust=trust)
    told = world.judge(paper.xml, world.anchored(manifest), trust=trust).to_dict()["signatures"]
    assert [each["subject"] for each in told if each["role"] == "GVBM"] == [*taught.SUBJECTS]
    assert not any("subject" in each for each in told if each["role"] != "GVBM")


def test_a_teacher_signed_a_subject_of_somebody_else():
    paper, manifest = genuine()
    other = lines(TOAN=("NGU_VAN",))
    concluded(paper.xml, manifest, FAILED, "signatures.not_listed", trust=world.trusting(*other))
    # The PDF knows nothing of subject teachers, and says nothing false about them.
    concluded(paper.pdf, manifest, PASSED, trust=world.trusting(*other))


def test_a_subject_teacher_without_a_line():
    paper, manifest = genuine()
    concluded(paper.xml, manifest, FAILED, "signatures.not_listed", trust=world.trusting(*lines(TOAN=())))


def test_nobody_signed_a_subject_of_the_record():
    paper, manifest = signed({code: key for code, key in teachers().items() if code != TOAN})
    trust = world.trusting(*lines())
    verdict = concluded(paper.xml, manifest, FAILED, "signatures.missing", trust=trust)
    assert "giáo viên Toán" in next(one.vi for one in verdict.findings if one.code == "signatures.missing")
    # The manifest alone says that a subject is without its teacher, so the PDF is found out as well.
    concluded(paper.pdf, manifest, FAILED, "signatures.missing", trust=trust)


def test_the_manifest_lists_a_teacher_who_did_not_sign():
    paper, manifest = signed({code: key for code, key in teachers().items() if code != TOAN})
    absent = ManifestSigner(role="GVBM", cert_sha256=teachers()[TOAN].certificate_sha256.hex(), subject=TOAN)
    told = manifest.model_copy(update={"signers": (absent, *manifest.signers)})
    concluded(paper.xml, told, FAILED, "signatures.missing", trust=world.trusting(*lines()))


def test_another_teacher_signed_than_the_manifest_lists():
    paper, manifest = signed({**teachers(), TOAN: teachers()[NGU_VAN]})
    listed = tuple(
        one.model_copy(update={"cert_sha256": teachers()[TOAN].certificate_sha256.hex()})
        if one.subject == TOAN
        else one
        for one in manifest.signers
    )
    told = manifest.model_copy(update={"signers": listed})
    both = ("signatures.other_signer", "signatures.not_listed")
    concluded(paper.xml, told, FAILED, *both, trust=world.trusting(*lines()))


@functools.cache
def bare():
    """As genuine, but the XML's certificates are proven by nothing that the file itself keeps."""
    return signed(teachers(), keep=False)


def test_an_xml_that_does_not_keep_its_revocation_data():
    paper, manifest = bare()
    concluded(paper.xml, manifest, OPEN, "signatures.indeterminate", trust=world.trusting(*lines()))
    concluded(paper.pdf, manifest, PASSED, trust=world.trusting(*lines()))


def test_what_the_xml_says_of_revocation_is_told():
    paper, manifest = genuine()
    verdict = world.judge(paper.xml, world.anchored(manifest), trust=world.trusting(*lines()))
    assert "signatures.revocation_not_asked" in {finding.code for finding in verdict.findings}
    assert "signatures.xml_revocation_not_asked" not in {finding.code for finding in verdict.findings}


def test_the_ministrys_profile_has_no_place_for_them():
    """A manifest that says `moet` over a file with subject teachers is none that was ever issued."""
    paper, manifest = genuine()
    told = manifest.model_copy(update={"profile": "moet"})
    concluded(paper.xml, told, FAILED, "signatures.missing", trust=world.trusting(*lines()))


def test_the_seal_must_come_from_where_the_line_says():
    paper, manifest = genuine()
    trust = world.trusting_only(
        *(world.approved(role) for role in ROLES_IN_ORDER[:-1]),
        world.approved(ROLES_IN_ORDER[-1], hierarchy="public"),
        *lines(),
    )
    for data in (paper.pdf, paper.xml):
        concluded(data, manifest, FAILED, "signatures.other_hierarchy", trust=trust)
