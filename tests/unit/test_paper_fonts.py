# SPDX-License-Identifier: Apache-2.0

import unicodedata

import pytest
from fontTools.ttLib import TTFont
from paper_sample import NOW, QR_URL, RECORD_XML, fonts_of, unit

from ledger.paper.errors import UnprintableText
from ledger.paper.render import render_unit
from ledger.paper.typesetter import FONTS, TEMPLATES

STYLES = ("Regular", "Bold", "Italic", "BoldItalic")
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
VIETNAMESE = {
    unicodedata.normalize("NFC", case(vowel) + tone)
    for vowel in "aăâeêioôơuưy"
    for tone in TONES
    for case in (str.lower, str.upper)
} | set("đĐ")


@pytest.mark.parametrize("style", STYLES)
def test_every_vietnamese_letter_is_in_the_font(style):
    assert len(VIETNAMESE) == 146
    known = TTFont(FONTS / f"LiberationSerif-{style}.ttf").getBestCmap()
    assert {letter for letter in VIETNAMESE if ord(letter) not in known} == set()


@pytest.mark.parametrize("style", STYLES)
def test_everything_the_templates_say_is_in_the_font(style):
    known = TTFont(FONTS / f"LiberationSerif-{style}.ttf").getBestCmap()
    words = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.typ"))
    assert words == unicodedata.normalize("NFC", words)
    assert {c for c in words if not c.isspace() and ord(c) not in known} == set()


def test_fonts_may_be_embedded_and_bring_their_licence():
    for style in STYLES:
        assert TTFont(FONTS / f"LiberationSerif-{style}.ttf")["OS/2"].fsType == 0
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text(encoding="utf-8")


def test_a_paper_embeds_our_font_and_no_other(tmp_path):
    pdf = render_unit(unit(), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)
    rows = fonts_of(pdf, tmp_path)
    assert {row[0].split("+")[1] for row in rows} == {
        "LiberationSerif",
        "LiberationSerif-Bold",
        "LiberationSerif-Italic",
    }
    assert all(row[-5:-2] == ["yes", "yes", "yes"] for row in rows)  # embedded, subset, maps to Unicode


@pytest.mark.parametrize("character", ["김", "★", "ẟ", "😀"])
def test_a_character_that_the_font_lacks_is_refused_and_its_place_named(character):
    name = f"Park {character} Ji-hoon"
    with pytest.raises(UnprintableText) as refusal:
        render_unit(unit(pupil=name), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)
    assert refusal.value.character == character
    assert refusal.value.where == name
    assert f"U+{ord(character):04X}" in refusal.value.vi
    assert name in refusal.value.en


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\u00ad", "\x07", "\ue000", "\ufeff"])
def test_a_character_that_nobody_would_see_is_refused(character):
    with pytest.raises(UnprintableText):
        render_unit(unit(homeroom_comment=f"Tốt{character}."), record_xml=RECORD_XML, qr_url=QR_URL, created=NOW)


def test_decomposed_letters_print_as_composed_ones():
    plain = unit(pupil="Đặng Hữu Phước")
    decomposed = unit(pupil=unicodedata.normalize("NFD", "Đặng  Hữu Phước "))
    assert render_unit(decomposed, record_xml=RECORD_XML, qr_url=QR_URL, created=NOW) == render_unit(
        plain, record_xml=RECORD_XML, qr_url=QR_URL, created=NOW
    )
