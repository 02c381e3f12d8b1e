# SPDX-License-Identifier: Apache-2.0

"""Pages: the first sentence says what is so, an outage is neither green nor red, and both languages are complete."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import pytest

from ledger.chain.registry import RecallReason
from ledger.short_code import short_code
from scripts.commands.verdict_table import VerdictTable
from tests.simulators.issuing_world import NOW, PUPIL, SCHOOL_NAME, SIGNERS, TRUST, World
from tests.simulators.web_client import ask, get, upload
from verifier_api import wording
from verifier_api.banner import Tone, banner_of_file, banner_of_unit
from verifier_api.verdict import Conclusion, Standing, Verdict

TEMPLATES = Path(wording.__file__).parent / "templates"
STRANGER = UUID(int=99, version=4)


class Page(HTMLParser):
    """What a test wants to know of a page."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "path", "circle", "rect"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1][0] if self.open else "", " ".join(data.split())))

    @property
    def headline(self):
        (text,) = [text for tag, text in self.texts if tag == "h1"]
        return text

    @property
    def tone(self):
        (tone,) = [a["class"].split()[1] for tag, a in self.tags if "banner" in (a.get("class") or "").split()]
        return tone

    @property
    def text(self):
        return " ".join(text for _, text in self.texts)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def app(world):
    return world.app()


def check(app, data, **request):
    return upload(app, data, path="/kiem-tra", **request)


def test_a_genuine_current_file_is_green_in_words(world, app):
    page = Page(check(app, world.issue().pdf).text)
    assert (page.tone, page.headline) == ("good", "Học bạ thật, đang có hiệu lực")
    for word in (SCHOOL_NAME, "2025-2026", "Trung học cơ sở", "28/05/2026 14:30 (giờ Việt Nam)", *SIGNERS.values()):
        assert word in page.text
    assert PUPIL not in page.text


def test_a_deputy_is_called_one_on_the_page_and_in_the_table(world, capsys):
    lines = [
        line.model_copy(update={"delegated_by": "d" * 64}) if line.role == "CBQL" else line
        for line in TRUST.settings.signers
    ]
    trust = replace(TRUST, settings=TRUST.settings.model_copy(update={"signers": tuple(lines)}))
    verifier, unit = world.verifier(trust), world.issue()
    page = Page(check(world.app(verifier=verifier), unit.pdf).text)
    assert page.tone == "good"
    assert ("th", "Phó hiệu trưởng ký thay theo ủy quyền") in page.texts
    assert ("th", "Hiệu trưởng") not in page.texts
    table = VerdictTable("vi")
    table.add("a.pdf", verifier.verify(unit.pdf))
    table.turn()
    assert "Phó hiệu trưởng ký thay theo ủy quyền" in " ".join(capsys.readouterr().out.split())


def test_the_verdict_page_leads_to_the_receipt(world, app):
    unit = world.issue()
    assert f'href="/v1/receipts/{unit.sha256}"' in check(app, unit.pdf).text
    assert "/v1/receipts/" not in check(app, b"%PDF-1.7 of somebody else").text


@pytest.mark.parametrize("state", [{"depth": 3, "final": False}, {"depth": 0, "final": False}, {"batched": False}])
def test_a_file_that_waits_for_its_anchor_is_neither_green_nor_red(world, app, state):
    page = Page(check(app, world.issue(**state).pdf).text)
    assert (page.tone, page.headline) == ("open", "Đã phát hành, đang chờ ghi lên chuỗi khối")


@pytest.mark.parametrize(
    ("leg", "headline"),
    [
        ("chain_down", "Chưa kết luận được: chưa hỏi được chuỗi khối"),
        ("ledger_down", "Chưa kết luận được: chưa tra được sổ cái"),
    ],
)
def test_an_outage_is_neither_green_nor_red(world, app, leg, headline):
    unit = world.issue()
    setattr(world, leg, True)
    for answer in (check(app, unit.pdf), get(app, f"/q/{unit.id}")):
        page = Page(answer.text)
        assert (page.tone, page.headline) == ("open", headline)
    assert get(app, f"/q/{unit.id}").status_code == (503 if leg == "ledger_down" else 200)


@pytest.mark.parametrize(
    ("data", "headline"),
    [
        (b"", "Tệp rỗng"),
        (b"words", "Tệp này không phải học bạ số"),
        (b"%PDF-1.7 of somebody else", "Đây là bản in hoặc bản quét, không phải tệp gốc"),
    ],
)
def test_a_file_that_is_not_ours_is_red_and_says_why(app, data, headline):
    page = Page(check(app, data).text)
    assert (page.tone, page.headline) == ("bad", headline)


def test_an_altered_file_is_red_even_of_a_current_unit(world, app):
    page = Page(check(app, world.forged(world.issue())).text)
    assert (page.tone, page.headline) == ("bad", "Tệp đã bị sửa")


def test_an_intact_signature_in_a_file_that_is_not_ours_is_not_shown_as_a_principals(world, app):
    page = Page(check(app, world.forged(world.issue())).text)
    assert page.text.count(wording.TEXTS["uncompared"].vi) == len(SIGNERS)
    cells = [a for tag, a in page.tags if tag == "td" and a.get("class")]
    assert [cell["class"] for cell in cells] == ["skipped"] * len(SIGNERS)


def test_a_file_that_could_not_be_examined_is_open(app):
    page = Page(check(app, b"%PDF bomb").text)
    assert (page.tone, page.headline) == ("open", "Chưa kết luận được: chưa kiểm tra xong tệp")


def test_a_recalled_unit_is_red_for_file_and_code_alike_with_when_and_why(world, app):
    unit = world.issue()
    world.recall(unit, reason=RecallReason.CIVIL_STATUS_CHANGE)
    for answer in (check(app, unit.pdf), get(app, f"/q/{unit.id}")):
        page = Page(answer.text)
        assert (page.tone, page.headline) == ("bad", "Đã thu hồi")
        assert "01/06/2026 10:04 (giờ Việt Nam)" in page.text
        assert "Thay đổi hộ tịch" in page.text


@pytest.mark.parametrize("reason", RecallReason)
def test_every_reason_for_a_recall_has_its_words(reason):
    assert reason.name.lower().replace("_", "-") in wording.REASONS


def test_a_replaced_unit_leads_to_the_one_that_replaces_it(world, app):
    new, old = world.issue(), world.issue()
    world.recall(old, reason=RecallReason.WRONG_DATA, replaced_by=new)
    answer = get(app, f"/q/{old.id}")
    assert Page(answer.text).headline == "Đã thu hồi, có học bạ thay thế"
    assert f'href="/q/{new.id}"' in answer.text


def test_the_page_behind_a_code_says_that_a_code_proves_no_paper(world, app):
    answer = get(app, f"/q/{world.issue().id}")
    page = Page(answer.text)
    assert (answer.status_code, page.tone, page.headline) == (
        200,
        "good",
        "Mã này là của học bạ thật, đang có hiệu lực",
    )
    assert wording.TEXTS["qr_limits_title"].vi in page.text
    assert "So từng mục trên bản giấy" in page.text
    assert answer.headers["x-robots-tag"] == "noindex"
    for word in (PUPIL, SIGNERS["GVCN"]):
        assert word not in page.text


def test_a_short_code_leads_to_the_same_page_however_it_is_typed(world, app):
    unit = world.issue()
    code = short_code(unit.id)
    scanned = Page(get(app, f"/q/{unit.id}").text)
    for typed in (code, code.lower(), code.replace("-", ""), code.replace("-", " ")):
        assert Page(get(app, f"/q/{typed}").text).headline == scanned.headline


def test_the_form_for_a_typed_code_leads_to_its_page(world, app):
    code = short_code(world.issue().id)
    answer = get(app, f"/q?ma=%20{code}%20")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/q/{code}")
    assert get(app, "/q?ma=//evil.example").headers["location"] == "/q/%2F%2Fevil.example"
    assert ('name="ma"' in get(app, "/").text) is True


def test_a_mistyped_short_code_and_an_unknown_one_are_told_apart(app):
    code = short_code(UUID(int=77, version=4))
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert get(app, f"/q/{wrong}").status_code == 400
    assert get(app, f"/q/{code}").status_code == 404


def test_a_short_code_asked_of_a_ledger_that_is_down_is_no_answer(world, app):
    code = short_code(world.issue().id)
    world.ledger_down = True
    assert get(app, f"/q/{code}").status_code == 503


def test_an_unknown_code_is_a_404_in_words(app):
    answer = get(app, f"/q/{STRANGER}")
    page = Page(answer.text)
    assert (answer.status_code, page.tone, page.headline) == (404, "bad", "Không có học bạ mang mã này")


@pytest.mark.parametrize("path", ["/q/1", "/q/%3Cscript%3Ealert(1)%3C/script%3E", '/q/"onload=x'])
def test_a_code_that_is_none_is_a_400_in_words_and_nothing_of_it_becomes_markup(app, path):
    answer = get(app, path)
    page = Page(answer.text)
    assert answer.status_code in (400, 404)
    assert all(tag != "script" or a.get("src", "").startswith("/static/") for tag, a in page.tags)
    assert not any("onload" in a for _, a in page.tags)


def test_what_a_stranger_writes_into_a_certificate_is_text(world, app, monkeypatch):
    monkeypatch.setitem(SIGNERS, "GVCN", "<script>alert(1)</script>")
    html = check(app, world.issue().pdf).text
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_a_form_without_a_file_says_so_on_a_page(app):
    answer = ask(app, "POST", "/kiem-tra", files={"file": ("", b"")})
    assert answer.status_code == 400
    assert Page(answer.text).headline == "Chưa có tệp nào"


def test_an_unknown_page_offers_no_link_made_of_its_own_address(app):
    answer = get(app, "https://hocba.example//elsewhere.example/x")
    assert answer.status_code == 404
    assert "elsewhere" not in answer.text


@pytest.mark.parametrize("path", ["/", "/kiem-tra", "/problems", f"/q/{STRANGER}", "/nothing"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_page_has_its_language_one_headline_a_switch_and_a_way_past_the_header(app, path, language):
    page = Page(get(app, f"{path}?lang={language}").text)
    other = {"vi": "en", "en": "vi"}[language]
    assert ("html", {"lang": language}) in page.tags
    assert page.headline
    assert any(a.get("hreflang") == other and f"?lang={other}" in a["href"] for _, a in page.tags)
    assert any(a.get("href") == "#main" for _, a in page.tags)
    labelled = {a["for"] for tag, a in page.tags if tag == "label"}
    assert {a["id"] for tag, a in page.tags if tag == "input"} <= labelled
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby"):
        assert {a[attribute] for _, a in page.tags if attribute in a} <= set(ids)
    assert not any(name == "style" or name.startswith("on") for _, a in page.tags for name in a)


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "language"),
    [
        ("", None, None, "vi"),
        ("", None, "en-US,en;q=0.9", "en"),
        ("", None, "en;q=0.5,vi;q=0.8", "vi"),
        ("", None, "vi,en;q=0.9", "vi"),
        ("", None, "fr,en;q=0.1", "en"),
        ("", None, "de", "vi"),
        ("", None, "en;q=zero", "vi"),
        ("", None, ";;;,,q=,", "vi"),
        ("", "en", "vi", "en"),
        ("?lang=vi", "en", "en", "vi"),
        ("?lang=xx", None, "en", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_else_remembered_else_accepted(app, query, cookie, accepted, language):
    headers = {} if accepted is None else {"Accept-Language": accepted}
    if cookie is not None:
        headers["Cookie"] = f"lang={cookie}"
    answer = get(app, "/kiem-tra" + query, headers=headers)
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in answer.text


def test_the_switch_is_remembered_and_nothing_else_sets_a_cookie(app):
    assert "set-cookie" not in get(app, "/kiem-tra").headers
    cookie = get(app, "/kiem-tra?lang=en").headers["set-cookie"]
    assert cookie.startswith("lang=en;")
    for word in ("HttpOnly", "SameSite=lax", "Secure"):
        assert word in cookie


def test_every_text_is_used_and_stands_in_both_languages():
    used = {name for path in TEMPLATES.glob("*.html") for name in re.findall(r'say\("(\w+)"', path.read_text())}
    in_code = {"school", "school_code", "school_year", "level", "unit", "anchored_at", "recalled_at", "recall_reason"}
    in_code |= {"judged_at", "no_time", "uncompared", "zone"}
    assert used | in_code == set(wording.TEXTS)
    for table in (wording.TEXTS, wording.LEVELS, wording.ROLES, wording.OUTCOMES, wording.CHECKS, wording.REASONS):
        for text in table.values():
            assert text.vi
            assert text.en
            assert text.vi != text.en


@pytest.mark.parametrize("make", [banner_of_file, banner_of_unit])
@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("conclusion", Conclusion)
def test_green_needs_everything_and_red_needs_proof(make, conclusion, standing):
    tone = make(Verdict(conclusion=conclusion, standing=standing, findings=(), judged_at=NOW)).tone
    recalled = standing in (Standing.RECALLED, Standing.REPLACED)
    passed = conclusion is Conclusion.TOTAL_PASSED or (
        make is banner_of_unit and conclusion is Conclusion.INDETERMINATE
    )
    assert (tone is Tone.GOOD) == (passed and standing is Standing.CURRENT)
    assert (tone is Tone.BAD) == (recalled or conclusion is Conclusion.TOTAL_FAILED)
