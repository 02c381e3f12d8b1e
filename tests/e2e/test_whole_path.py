# SPDX-License-Identifier: Apache-2.0

"""The whole path on real input: the demo as a user runs it, then everything a parent, a school and a stranger do with it.

One demo serves all tests of this module. A test that changes something (a recall) does so to a unit of its own.
"""

import dataclasses
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import zxingcpp
from given_workbooks import FOLDER
from PIL import Image

from ledger.proof.receipt import Receipt
from ledger.proof.root_token import token_over
from ledger.record.check import check_workbook
from ledger.unit import Role, UnitState
from scripts.compose import Ledger
from scripts.demo_pki import load_pki
from scripts.sample_class import make_workbook
from scripts.settings import Settings

ROOT = Path(__file__).parents[2]
HOCBA = [sys.executable, "-m", "scripts"]
DEMO = "import sys; from scripts.walkthrough import main; sys.exit(main())"
"""As scripts/demo starts it."""
BOUND = 41
"""The list number whose record is bound into a booklet, and recalled then; no other test looks at it."""
RECALLED = 42
"""The list number whose record is recalled by a test here; no other test looks at it."""

pytestmark = [pytest.mark.slow, pytest.mark.chain, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Demo:
    """A demo that is being served."""

    folder: Path
    url: str

    @property
    def out(self):
        return self.folder / "out"

    @property
    def summary(self):
        return json.loads((self.out / "summary.json").read_text())

    def pdf(self, stt):
        return self.out / f"9A1-{stt:02d}.pdf"

    def unit(self, stt):
        return self.summary["units"][stt - 1]["unit"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


@contextmanager
def running(command, url, *, within):
    """A process of ours until the end of the block, once `url` answers."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until = time.monotonic() + within
        while not answers(url):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < until, "not up in time"
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "demo"
    port = free_port()
    command = [sys.executable, "-c", DEMO, "--folder", str(folder), "--port", str(port)]
    if not FOLDER.exists():
        sheet = folder.parent / "sheet.xlsx"
        sheet.write_bytes(make_workbook(grade=9, class_name="9A1", pupils=42, seed=1))
        command += ["--sheet", str(sheet)]
    with running(command, f"http://127.0.0.1:{port}/healthz", within=500):
        yield Demo(folder, f"http://127.0.0.1:{port}")


def hocba(*words, **more):
    done = subprocess.run([*HOCBA, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False, **more)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def ask(url, data=None, kind="application/pdf"):
    request = urllib.request.Request(url, data=data, headers={"Content-Type": kind} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_demo_leaves_what_it_promises(demo):
    summary = demo.summary
    assert len(summary["units"]) == 42
    assert summary["verified"] == {"files": 84, "passed": 84}
    for unit in summary["units"]:
        assert all((demo.out / unit[kind]).stat().st_size for kind in ("pdf", "xml", "receipt"))
        receipt = Receipt.parse((demo.out / unit["receipt"]).read_bytes())
        (token,) = receipt.tokens
        token_over(receipt.root_bytes, token)


def test_a_stranger_verifies_with_files_receipt_trust_and_a_node(demo, tmp_path):
    taken = tmp_path / "somewhere"
    taken.mkdir()
    for stt in (1, 2):
        for suffix in (".pdf", ".xml", ".receipt.json"):
            shutil.copy(demo.pdf(stt).with_suffix(suffix), taken)
    shutil.copytree(demo.out / "trust", taken / "trust")
    done = hocba("verify", taken, "--json")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [(v["conclusion"], v["standing"]) for v in verdicts] == [("TOTAL_PASSED", "CURRENT")] * 4
    assert [s["role"] for s in verdicts[0]["signatures"]] == ["GVCN", "CBQL", "KY_PHAT_HANH"]
    assert all(s["signed_at"] for s in verdicts[0]["signatures"])
    assert verdicts[0]["school"]["name"]


def test_no_file_verifies_after_one_byte_is_changed(demo, tmp_path):
    """Fifty positions of one file, and one of every other, each beside its genuine receipt."""
    shutil.copytree(demo.out / "trust", tmp_path / "trust")
    positions = [(1, k / 50) for k in range(50)] + [(stt, stt / 42) for stt in range(2, 42)]
    for n, (stt, share) in enumerate(positions):
        data = bytearray(demo.pdf(stt).read_bytes())
        data[min(int(share * len(data)), len(data) - 1)] ^= 0x01
        (tmp_path / f"{n}.pdf").write_bytes(data)
        shutil.copy(demo.pdf(stt).with_suffix(".receipt.json"), tmp_path / f"{n}.receipt.json")
    done = hocba("verify", tmp_path, "--json")
    conclusions = [json.loads(line)["conclusion"] for line in done.stdout.splitlines()]
    assert conclusions == ["TOTAL_FAILED"] * len(positions)
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("name", "conclusion", "code", "status"),
    [
        ("genuine", "TOTAL_PASSED", "bytes.issued", 200),
        ("one byte changed", "TOTAL_FAILED", "bytes.", 200),
        ("bytes appended", "TOTAL_FAILED", "bytes.appended", 200),
        ("cut short", "TOTAL_FAILED", "", 200),
        ("no PDF", "TOTAL_FAILED", "intake.not_a_record", 200),
    ],
)
def test_the_service_answers_each_file_in_its_own_words(demo, name, conclusion, code, status):
    data = demo.pdf(3).read_bytes()
    data = {
        "genuine": data,
        "one byte changed": data[:2000] + bytes([data[2000] ^ 1]) + data[2001:],
        "bytes appended": data + b"%",
        "cut short": data[: len(data) // 2],
        "no PDF": b"Con oi, day khong phai PDF",
    }[name]
    answered, verdict = ask(f"{demo.url}/v1/verify", data)
    assert (answered, verdict["conclusion"]) == (status, conclusion)
    assert any(finding["code"].startswith(code) for finding in verdict["findings"])


def test_sixty_megabytes_and_nothing_are_refused_with_words(demo):
    status, problem = ask(f"{demo.url}/v1/verify", b"%PDF-" + b"\0" * 60_000_000)
    assert (status, problem["conclusion"]) == (413, "TOTAL_FAILED")
    assert problem["detail"]
    assert hocba("verify", empty_file(demo), "--trust", demo.out / "trust").returncode == 1


def empty_file(demo):
    path = demo.folder / "empty.pdf"
    path.touch()
    return path


@pytest.mark.browser
def test_a_parent_scans_the_printed_code_and_reads_the_verdict(demo, tmp_path, browser):
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-f", "1", "-l", "1", demo.pdf(5), tmp_path / "page"], check=True)
    codes = zxingcpp.read_barcodes(Image.open(next(tmp_path.glob("page*.png"))))
    assert [code.text for code in codes] == [f"{demo.url}/q/{demo.unit(5)}"]
    page = browser.new_page(viewport={"width": 390, "height": 844}, locale="vi-VN")
    page.goto(codes[0].text)
    words = page.inner_text("main")
    assert "có hiệu lực" in words
    assert "2025-2026" in words
    receipt = json.loads(demo.pdf(5).with_suffix(".receipt.json").read_text())
    record = demo.pdf(5).with_suffix(".xml").read_text()
    for tag in ("HO_VA_TEN", "SO_CCCD", "MA_HOC_SINH", "NGAY_SINH"):
        value = record.partition(f"<{tag}>")[2].partition("<")[0]
        assert value
        assert value not in page.content()
    assert receipt["salt"] not in page.content()
    page.close()


@pytest.mark.browser
def test_a_dropped_file_is_judged_on_the_page(demo, browser):
    page = browser.new_page(locale="vi-VN")
    page.goto(f"{demo.url}/kiem-tra")
    page.set_input_files("input[type=file]", demo.pdf(6))
    page.locator("form button[type=submit]").first.click()
    page.get_by_text("Giáo viên chủ nhiệm").first.wait_for(timeout=60_000)
    assert "có hiệu lực" in page.inner_text("main")
    page.close()


@pytest.mark.browser
def test_a_recalled_record_is_red_everywhere_and_stays_verifiable(demo, browser):
    home = demo.folder / "home"
    unit = demo.unit(RECALLED)
    password, wrong = home / "keys" / "operator.password", demo.folder / "wrong.password"
    wrong.write_text("sai\n")
    done = hocba("recall", unit, "--reason", "wrong-data", "--home", home, "--pin-file", wrong)
    assert done.returncode == 1
    done = hocba("recall", unit, "--reason", "wrong-data", "--home", home, "--pin-file", password, "--lang", "vi")
    assert done.returncode == 0, done.stderr
    status, verdict = ask(f"{demo.url}/v1/verify", demo.pdf(RECALLED).read_bytes())
    assert (status, verdict["conclusion"], verdict["standing"]) == (200, "TOTAL_PASSED", "RECALLED")
    assert (verdict["recall_reason"], verdict["recalled_at"] is not None) == ("wrong-data", True)
    assert hocba("verify", demo.pdf(RECALLED)).returncode == 1
    page = browser.new_page(locale="vi-VN")
    page.goto(f"{demo.url}/q/{unit}")
    assert "thu hồi" in page.inner_text("h1").lower() + page.inner_text("main").lower()
    page.close()
    again = hocba("recall", unit, "--reason", "fraud", "--home", home, "--pin-file", password)
    assert again.returncode == 1
    assert "recalled" in again.stderr


def test_a_booklet_is_bound_sealed_anchored_and_stands_as_its_unit_stands(demo, tmp_path):
    home, pki = demo.folder / "home", demo.folder / "pki"
    pupil = demo.unit(BOUND)
    unit = Ledger.open(Settings.load(home)).reader.unit(UUID(pupil))
    where = ("--school", unit.school_code, "--year", unit.school_year)
    in_class = (*where, "--class", "9A1")
    pin = tmp_path / "seal.pin"
    pin.write_text(json.loads((pki / "pki.json").read_text())["passphrases"]["KY_PHAT_HANH"] + "\n")
    bind = ("booklet", "--key", pki / "p12" / "KY_PHAT_HANH.p12", *in_class, "--pupil", unit.pupil_code)
    for _ in range(2):  # The second time there is nothing left to do.
        done = hocba(*bind, "--home", home, "--pin-file", pin, "--lang", "vi")
        assert done.returncode == 0, done.stderr
    password = home / "keys" / "operator.password"
    assert hocba("anchor", *where, "--home", home, "--pin-file", password).returncode == 0
    assert hocba("receipt", *in_class, "--home", home, "--out", tmp_path / "out").returncode == 0
    (cover,) = (tmp_path / "out").glob("*-so-hoc-ba.pdf")
    assert len(list((tmp_path / "out").glob("*.pdf"))) >= RECALLED
    done = hocba("verify", cover, "--trust", demo.out / "trust", "--json")
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["conclusion"], verdict["standing"]) == (0, "TOTAL_PASSED", "CURRENT")
    assert "standing.units_current" in {finding["code"] for finding in verdict["findings"]}
    assert [signature["role"] for signature in verdict["signatures"]] == ["KY_PHAT_HANH"]

    alone = tmp_path / "alone"
    alone.mkdir()
    for path in (tmp_path / "out").glob(f"{cover.stem}.*"):
        shutil.copy(path, alone)
    done = hocba("verify", alone / cover.name, "--trust", demo.out / "trust", "--json")
    assert (done.returncode, json.loads(done.stdout)["standing"]) == (2, "UNKNOWN")

    done = hocba("recall", pupil, "--reason", "wrong-data", "--home", home, "--pin-file", password)
    assert done.returncode == 0, done.stderr
    status, verdict = ask(f"{demo.url}/v1/verify", cover.read_bytes())
    assert (status, verdict["conclusion"], verdict["standing"]) == (200, "TOTAL_PASSED", "RECALLED")


@pytest.mark.browser
def test_a_stopped_node_is_neither_red_nor_green(demo, tmp_path, browser):
    trust = json.loads((demo.out / "trust" / "trust.json").read_text())
    shutil.copytree(demo.out / "trust", tmp_path / "trust")
    (tmp_path / "trust" / "trust.json").write_text(json.dumps({**trust, "rpc": ["http://127.0.0.1:9"]}))
    done = hocba("verify", demo.pdf(7), "--trust", tmp_path / "trust", "--json")
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["conclusion"], verdict["standing"]) == (2, "INDETERMINATE", "UNKNOWN")
    assert "chain.unreachable" in {finding["code"] for finding in verdict["findings"]}
    assert not [finding for finding in verdict["findings"] if finding["outcome"] == "FAILED"]

    settings = (demo.folder / "home" / "hocba.toml").read_text()
    home = tmp_path / "home"
    home.mkdir()
    database = demo.folder / "home" / "hocba.sqlite"
    (home / "hocba.toml").write_text(
        settings.replace("../out/trust", "../trust")
        .replace("sqlite:///hocba.sqlite", f"sqlite:////{database}")
        .replace("../attester/", f"{demo.folder}/attester/")
    )
    port = free_port()
    with running([*HOCBA, "serve", "--home", str(home), "--port", str(port)], f"http://127.0.0.1:{port}/", within=60):
        status, verdict = ask(f"http://127.0.0.1:{port}/v1/verify", demo.pdf(7).read_bytes())
        assert (status, verdict["conclusion"]) == (200, "INDETERMINATE")
        page = browser.new_page(locale="vi-VN")
        page.goto(f"http://127.0.0.1:{port}/q/{demo.unit(7)}")
        assert "chưa" in page.inner_text("h1").lower() + page.inner_text("main").lower()
        assert page.locator(".banner.good, .banner.bad").count() == 0
        page.close()


def test_foreign_eyes_agree_on_the_pdf(demo):
    report = subprocess.run(["pdfsig", "-nocert", demo.pdf(8)], capture_output=True, text=True, check=False).stdout
    assert report.count("Signature is Valid") == 3
    assert subprocess.run(["qpdf", "--check", demo.pdf(8)], capture_output=True, check=False).returncode == 0


def test_foreign_eyes_agree_on_the_xml(demo, tmp_path):
    for slot in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        done = subprocess.run(
            [
                "xmlsec1", "--verify", "--insecure", "--enabled-reference-uris", "same-doc",
                "--id-attr:Id", "DU_LIEU_HOC_BA", "--id-attr:Id", "DIEM_TONG_KET",
                "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:SignatureProperties",
                "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:Signature",
                "--node-id", f"sig-{slot}", demo.pdf(8).with_suffix(".xml"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_a_sitting_that_cannot_end_well_is_refused_before_anything_begins(demo, tmp_path):
    """On a class that was imported and that nobody has signed."""
    home, pin, sheet = tmp_path / "home", tmp_path / "pin", tmp_path / "9A9.xlsx"
    pin.write_text("sai-mat-khau\n")
    sheet.write_bytes(make_workbook(grade=9, class_name="9A9", pupils=2, seed=9))
    shutil.copytree(demo.folder / "home", home, ignore=shutil.ignore_patterns("files"))
    shutil.copytree(demo.out / "trust", tmp_path / "out" / "trust")
    code = school_of(sheet)
    ledger = Ledger.open(Settings.load(home))
    school = ledger.reader.schools()[0]
    ledger.writer.register_school(dataclasses.replace(school, code=code))
    assert hocba("import", sheet, "--home", home, "--synthetic").returncode == 0
    principal = load_pki(demo.folder / "pki").identities[Role.PRINCIPAL].certificate
    assert hocba("signers", "request", principal, "--role", "cbql", "--school", code, "--home", home).returncode == 0
    waiting = [json.loads(line) for line in hocba("signers", "list", "--json", "--home", home).stdout.splitlines()]
    number = next(line["number"] for line in waiting if line["school"] == code)
    assert hocba("signers", "approve", number, "--home", home).returncode == 0
    key = demo.folder / "pki" / "p12" / "GVCN.p12"
    words = ["--school", code, "--year", "2025-2026", "--class", "9A9", "--home", home, "--pin-file", pin]
    done = hocba("sign", "--role", "GVCN", "--key", key, *words)
    assert done.returncode == 1
    assert "Mật khẩu" in done.stderr
    units = ledger.reader.units(school_code=code, school_year="2025-2026", class_name="9A9")
    assert [unit.state for unit in units] == [UnitState.DRAFT, UnitState.DRAFT]
    pin.write_text(json.loads((demo.folder / "pki" / "pki.json").read_text())["passphrases"]["CBQL"] + "\n")
    other = demo.folder / "pki" / "p12" / "CBQL.p12"
    for role, key, why in (("GVCN", other, "Sở duyệt"), ("CBQL", other, "chờ")):
        done = hocba("sign", "--role", role, "--key", key, *words)
        assert done.returncode == 1
        assert why in done.stderr
    units = ledger.reader.units(school_code=code, school_year="2025-2026", class_name="9A9")
    assert [unit.state for unit in units] == [UnitState.DRAFT, UnitState.DRAFT]


def school_of(sheet):
    return check_workbook(sheet.read_bytes(), file=sheet.name).draft.school.code
