# SPDX-License-Identifier: Apache-2.0

"""The report on paper: the verdict's own words, whatever it is; and what a stranger wrote is text, whatever it is."""

import dataclasses
import io
import json
import re
import subprocess

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from test_attester_reading import VERDICTS

from ledger.paper.typesetter import FONTS
from scripts.attester.drawable import drawable, has_ink
from scripts.attester.drawing import ATTACHMENT, FIELD, draw_report
from scripts.attester.wording import LIMITS, NAME, STANDINGS, WORDS
from tests.simulators.attesting_world import URL, body, both, told
from tests.simulators.issuing_world import NOW, PUPIL, SCHOOL_NAME, SIGNERS
from verifier_api.banner import banner_of_file
from verifier_api.wording import role_text, signature_result

SEALED_BY = "Sở Giáo dục và Đào tạo Mẫu"


def drawn(verdict, **options):
    return draw_report(told(verdict), **{"verifier_url": URL, "sealed_by": SEALED_BY, "created": NOW, **options})


def text_of(pdf: bytes) -> str:
    """The report's words in reading order, its lines joined."""
    run = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s+", " ", run.stdout.decode().replace("\u200b", ""))


def has(text: str, words: str) -> bool:
    """Whether `words` are in it, wherever lines were broken."""
    return re.sub(r"\s+", "", words) in re.sub(r"\s+", "", text)


@pytest.mark.parametrize("kind", VERDICTS)
def test_it_says_what_the_verdict_says_in_both_languages(kind):
    verdict = VERDICTS[kind]
    text, banner = text_of(drawn(verdict)), banner_of_file(verdict)
    said = [*NAME, verdict.file_sha256, verdict.conclusion.value, *STANDINGS[verdict.standing], *banner.title]
    said += [*banner.sentence, *(word for limit in LIMITS for word in limit), SEALED_BY, f"{URL}/kiem-tra"]
    for found in verdict.findings:
        said += [found.vi, found.en, found.code]
    for signature in verdict.signatures:
        said += [signature.signer, *role_text(signature), *signature_result(signature, verdict)[1]]
    assert [words for words in said if not has(text, words.upper() if words == NAME.vi else words)] == []


def test_the_moment_is_told_in_vietnams_time_and_in_utc():
    text = text_of(drawn(VERDICTS["passed"]))
    assert has(text, "02/06/2026 10:04:00 (+07:00), tức 2026-06-02 03:04:00 UTC")
    assert has(text, "28/05/2026 09:12:00 (+07:00)")
    assert has(text, "2026-05-28 02:12:00 UTC")
    assert has(text, "28/05/2026 14:30:00 (+07:00) = 2026-05-28 07:30:00 UTC")


def test_school_record_and_chain_are_named_and_nobody_who_is_not_in_the_verdict():
    verdict = VERDICTS["recalled"]
    text = text_of(drawn(verdict))
    details = next(found.details for found in verdict.findings if "root" in found.details)
    for words in (SIGNERS["KY_PHAT_HANH"], "79000601", "2025-2026", str(verdict.unit), str(verdict.replaced_by)):
        assert has(text, words)
    assert has(text, details["root"])
    assert has(text, "Wrong data")
    assert not has(text, PUPIL)
    assert not has(text, SCHOOL_NAME), "the certificate's own spelling is shown"


def test_the_tones_differ_in_word_and_sign_and_not_in_colour_alone():
    told_apart = {}
    for kind in ("passed", "forged", "chain down"):
        pdf = drawn(VERDICTS[kind])
        told_apart[kind] = (banner_of_file(VERDICTS[kind]).tone, text_of(pdf)[:400], _grey_sign(pdf))
    for part in range(3):
        assert len({each[part] for each in told_apart.values()}) == 3


def _grey_sign(pdf: bytes) -> bytes:
    """The banner's sign, as ink or no ink: what is left of it on a bad copier."""
    args = ["pdftoppm", "-r", "40", "-gray", "-f", "1", "-l", "1", "-x", "40", "-y", "80", "-W", "30", "-H", "90", "-"]
    run = subprocess.run(args, input=pdf, capture_output=True, check=True)
    return bytes(255 * (pixel > 150) for pixel in run.stdout[-30 * 90 :])


def test_the_same_verdict_and_date_give_the_same_bytes():
    first, other = (drawn(VERDICTS["passed"]) for _ in range(2))
    assert first == other
    assert drawn(VERDICTS["passed"], created=NOW.replace(year=2027)) != first


def test_it_is_a_tagged_pdf_a_with_one_empty_field_and_the_verdict_attached():
    with pikepdf.open(io.BytesIO(drawn(VERDICTS["recalled"]))) as pdf:
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
        assert pdf.Root.MarkInfo.Marked
        (field,) = pdf.Root.AcroForm.Fields
        assert (str(field.T), str(field.FT), "/V" in field) == (FIELD, "/Sig", False)
        attached = pdf.attachments[ATTACHMENT].get_file().read_bytes()
    assert json.loads(attached) == VERDICTS["recalled"].to_dict("vi")


HOSTILE = [
    '#panic("x") $ x^2 $ *bold* _it_ `raw` = heading',
    '#read("/etc/passwd") #import "parts_v2.typ": *',
    "</text>{{ 7 * 7 }}\\u{41}",
    '"); panic("',
    "https://evil.example/#link",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_markup_in_names_is_text(words):
    text = text_of(drawn(with_signer(words)))
    assert has(text, words)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Nguyễn\u202eA năV", "Nguyễn[U+202E]A năV"),
        ("null\x00tab\tline\nend\x7f", "null[U+0000]tab[U+0009]line[U+000A]end[U+007F]"),
        ("soft\u00adhyphen\u200bspace\ufeff", "soft[U+00AD]hyphen[U+200B]space[U+FEFF]"),
        ("王小明", "[U+738B][U+5C0F][U+660E]"),
        ("\U0001f600", "[U+1F600]"),
        ("Иван Ω é", "Иван Ω é"),
        ("e\u0301", "é"),
        ("a\u0338", "a[U+0338]"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_its_number(words, shown):
    assert drawable(words, widest=1_000) == shown
    assert has(text_of(drawn(with_signer(words))), shown)


def test_a_long_word_stays_on_its_page():
    pdf = drawn(with_signer("W" * 500))
    boxes = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    right = [float(edge) for edge in re.findall(r'xMax="([\d.]+)"', boxes)]
    assert max(right) < 595 - 18 / 25.4 * 72 + 1
    assert has(text_of(pdf), "W" * 500)


def test_whatever_is_drawn_as_itself_is_in_every_font_of_ours():
    ours = {chr(code) for code in range(0x20, 0x30000) if has_ink(chr(code))}
    for path in FONTS.glob("*.ttf"):
        assert {ord(character) for character in ours} <= set(TTFont(path).getBestCmap())
    assert all(character.isprintable() for character in ours)


def test_every_word_of_its_own_is_drawn_as_itself():
    for text in (NAME, *STANDINGS.values(), *WORDS.values(), *LIMITS):
        assert [character for character in text.vi + text.en if not has_ink(character)] == []


def with_signer(name):
    verdict = VERDICTS["passed"]
    return dataclasses.replace(
        verdict, signatures=(dataclasses.replace(verdict.signatures[0], signer=name), *verdict.signatures[1:])
    )


def test_the_longest_verdict_that_is_let_in_can_be_drawn():
    verdict = VERDICTS["passed"]
    many = dataclasses.replace(
        verdict,
        findings=verdict.findings + (verdict.findings[0],) * (200 - len(verdict.findings)),
        signatures=(dataclasses.replace(verdict.signatures[0], signer="Nguyễn Văn An " * 35),) * 200,
    )
    assert len(body(both(many))) < 512 * 1024
    assert has(text_of(drawn(many)), "Trang 1/")
