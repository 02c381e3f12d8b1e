# SPDX-License-Identifier: Apache-2.0

"""A school on the command line: consent, registration, approved signers, a class signed by three and issued; and everything it refuses.

One chain and one PKI serve all tests; each works on its own copy of a school whose class is imported and whose people are approved.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import pem

from ledger.store.reader import Unit
from ledger.unit import UnitState
from scripts import workday
from scripts.cli import main
from scripts.compose import Ledger
from scripts.demo_pki import STAFF, DemoPki, PkiServer, create_pki
from scripts.demo_pki import free_port as free_pki_port
from scripts.deploy import deploy
from scripts.devchain import Devchain
from scripts.sample_class import make_workbook
from scripts.settings import SETTINGS_FILE, Settings
from tests.simulators.databases import INSTALLED, copy_folder, installed
from tests.simulators.school_office import CODE, SHEET, WORKBOOK, YEAR
from tests.simulators.signing_room import PRINCIPAL, TEACHER
from tests.small_classes import half_year
from verifier_api.trust import TRUST_FILE, RegistrySettings, TrustSettings

pytestmark = [pytest.mark.chain, pytest.mark.slow, pytest.mark.timeout(300)]

CLASS = len(SHEET.records)
IN_CLASS = ("--school", CODE, "--year", YEAR, "--class", SHEET.class_info.name)
NOBODY = "http://127.0.0.1:9/tsa"


@dataclass(frozen=True)
class School:
    """One installation, and whoever holds keys around it."""

    folder: Path
    pki: DemoPki

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(Settings.load(self.home))

    def units(self) -> list[Unit]:
        return self.ledger.reader.units(school_code=CODE, school_year=YEAR)

    def signed(self) -> list[tuple[str, ...]]:
        return [tuple(map(str, unit.signed_slots)) for unit in self.units()]

    def secret(self, text: str) -> str:
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:8]}.secret"
        path.write_text(text + "\n")
        return str(path)

    def key(self, name: str) -> tuple[str, ...]:
        identity = self.pki.identities[name]
        return "--key", str(identity.pkcs12), "--pin-file", self.secret(identity.passphrase)

    def sign(self, name: str, *more: str, role: str | None = None) -> int:
        role = role or name.partition("-")[0]
        return main(["sign", *self.key(name), "--role", role, *IN_CLASS, "--home", str(self.home), *more])

    def run(self, *words: object) -> int:
        return main([*map(str, words), "--home", str(self.home)])

    def approve(self, name: str, *more: str) -> None:
        certificate, role = self.pki.identities[name].certificate, name.partition("-")[0]
        assert self.run("signers", "request", certificate, "--role", role, "--school", CODE, *more) == 0
        lines = self.ledger.signing_reader.registrations(school_code=CODE)
        assert self.run("signers", "approve", lines[-1].id, "--by", "Sở") == 0

    def stamps_at(self, tsa: str) -> None:
        self.set("tsa", f'"{tsa}"')

    def set(self, name: str, value: str) -> None:
        path, start = self.home / SETTINGS_FILE, f"{name} = "
        lines = [start + value if line.startswith(start) else line for line in path.read_text().splitlines()]
        path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = create_pki(
        tmp_path_factory.mktemp("pki"),
        school_code=CODE,
        school_name=SHEET.school.name,
        teacher=TEACHER,
        principal=PRINCIPAL,
        host="127.0.0.1",
        port=free_pki_port(),
        now=datetime.now(UTC),
        others=STAFF,
    )
    with PkiServer(made):
        yield made


@pytest.fixture(scope="module")
def begun(pki, tmp_path_factory):
    """From an empty folder to a class that waits for its first signature, by commands alone."""
    school = School(tmp_path_factory.mktemp("school"), pki)
    with Devchain() as chain:
        deployment = deploy(chain.url, chain.wallet(0))
        assert main(["init", str(school.home), "--tsa", pki.tsa_url]) == 0
        installed(school.home)
        school.set("workers", "1")  # Each starts for seconds, and classes are small; test_crew.py has several.
        published(school.home / "trust", chain, deployment, pki)
        keystore, password = school.folder / "authority.json", school.secret("mật khẩu của Sở")
        chain.wallet(0).write_keystore(keystore, password="mật khẩu của Sở")
        seal, statement = pki.identities["KY_PHAT_HANH"], school.folder / "consent.p7m"
        consent = ("consent", CODE, "--operator", chain.wallet(1).address, "--seal", seal.pkcs12, "--out", statement)
        assert school.run(*consent, "--pin-file", school.secret(seal.passphrase)) == 0
        register = (
            "school", CODE, "--name", SHEET.school.name, "--authority", SHEET.school.authority_name,
            "--consent", statement, "--authority-key", keystore, "--pin-file", password,
        )  # fmt: skip
        assert school.run(*register) == 1  # Whose seal that is, the authority has to hear from the school.
        digest = hashlib.sha256(seal.certificate.read_bytes()).hexdigest()
        assert school.run(*register, "--seal-sha256", digest.upper()) == 0
        assert school.run(*register, "--seal-sha256", digest) == 0  # Safe to repeat.
        for name in ("GVCN", "CBQL"):
            school.approve(name)
        publish = ("signers", "publish", "--authority-key", keystore, "--pin-file", password)
        assert school.run(*publish) == 0
    sheet = school.folder / "9A1.xlsx"
    sheet.write_bytes(WORKBOOK)
    assert school.run("import", sheet, "--synthetic") == 0
    return school


def published(folder, chain, deployment, pki):
    folder.mkdir()
    hierarchies = {}
    for name in pki.roots:
        hierarchies[name] = (f"{name}-root.pem",)
        for end, der in (("root", pki.root_certificates(name)[0]), ("ca", pki.certificate(name, f"{name}-ca").dump())):
            (folder / f"{name}-{end}.pem").write_bytes(pem.armor("CERTIFICATE", der))
    settings = TrustSettings(
        registry=RegistrySettings(
            chain_id=deployment.chain_id,
            address=deployment.address,
            code_hash=deployment.code_hash,
            confirmations=1,
        ),
        rpc=(chain.url,),
        hierarchies=hierarchies,
        intermediates=tuple(f"{name}-ca.pem" for name in pki.roots),
        roles={"GVBM": ("public",), "GVCN": ("public",), "CBQL": ("public",), "KY_PHAT_HANH": ("vgca",)},
    )
    (folder / TRUST_FILE).write_text(settings.model_dump_json())


@pytest.fixture
def school(begun, tmp_path, capsys):
    capsys.readouterr()
    school = School(copy_folder(begun.folder, tmp_path / "school", database=f"home/{INSTALLED}"), begun.pki)
    installed(school.home, copied=True)
    return school


def test_a_class_is_signed_by_three_and_issued(school, capsys):
    assert school.run("issue", *IN_CLASS) == 1
    assert "còn chờ GVCN ký: STT 1, 2, 3, 4, 5." in capsys.readouterr().err
    assert school.sign("GVCN") == 0
    said = capsys.readouterr()
    assert f"Đã ký {CLASS} học bạ lớp 9A1." in said.out
    assert school.run("issue", *IN_CLASS) == 1
    assert "còn chờ CBQL ký: STT 1, 2, 3, 4, 5." in capsys.readouterr().err
    assert school.sign("CBQL", "--lang", "en") == 0
    assert f"Signed {CLASS} records of class 9A1." in capsys.readouterr().out
    assert school.sign("KY_PHAT_HANH") == 0
    assert school.signed() == [("GVCN", "CBQL", "KY_PHAT_HANH")] * CLASS
    assert school.run("issue", *IN_CLASS) == 0
    assert f"Đã phát hành {CLASS} học bạ." in capsys.readouterr().out
    assert {unit.state for unit in school.units()} == {UnitState.ISSUED}
    assert school.run("return", school.units()[0].id, "--role", "CBQL", "--reason", "muộn") == 1
    assert "issued" in capsys.readouterr().err


def test_without_the_homeroom_teacher_the_principal_begins(school):
    assert school.sign("CBQL") == 1
    assert school.sign("CBQL", "--no-homeroom") == 0
    assert school.signed() == [("CBQL",)] * CLASS
    assert school.sign("GVCN") == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("GVCN-expired", "không dùng được lúc này"),
        ("GVCN-not-yet", "không dùng được lúc này"),
        ("GVCN-second", "chưa được Sở duyệt"),
        ("CBQL", "chưa được Sở duyệt để ký vai trò GVCN"),
        ("KY_PHAT_HANH", "thuộc hệ thống"),
    ],
)
def test_who_may_not_sign_is_told_why_and_what_to_do_and_nothing_is_drawn(school, capsys, name, told):
    assert school.sign(name, role="GVCN") == 1
    said = capsys.readouterr().err
    assert told in said
    assert "ãy" in said
    assert {unit.state for unit in school.units()} == {UnitState.DRAFT}


def test_an_approved_certificate_of_another_person_is_refused_by_both_names(school, capsys):
    school.approve("GVCN-second")
    assert school.sign("GVCN-second") == 1
    said = capsys.readouterr().err
    assert TEACHER.name in said
    assert "Hồ Thị Thay Lớp" in said
    assert school.run("assign", "--role", "GVCN", "--account", "hai", *IN_CLASS, "--replacing", "nghỉ ốm") == 0
    assert school.sign("GVCN-second") == 0
    assert school.signed() == [("GVCN",)] * CLASS


def test_a_pupil_leaves_in_mid_year_with_a_confirmation_that_head_and_seal_have_signed(school, capsys, tmp_path):
    new_school = "79000502"
    with_it = replace(school.ledger.reader.school(CODE), code=new_school, name="Trường THCS Mới")
    school.ledger.writer.register_school(with_it)
    pupil, file = school.units()[0].pupil_code, tmp_path / "xac-nhan.pdf"
    leaving = (pupil, "--school", CODE, "--to", new_school, "--year", YEAR, "--level", "THCS")
    assert school.run("transfer", "confirm", *leaving, "--out", file) == 0
    release = ("transfer", "release", *leaving, "--confirmation", file, "--by", "van.thu")
    assert school.run(*release) == 1
    assert "thiếu chữ ký số của hiệu trưởng" in capsys.readouterr().err
    sign = ("transfer", "sign", file, "--school", CODE)
    assert school.run(*sign, "--role", "GVCN", *school.key("GVCN")) == 3
    assert school.run(*sign, "--role", "CBQL", *school.key("CBQL-deputy")) == 1  # Nobody has approved that certificate.
    assert school.run(*sign, "--role", "CBQL", *school.key("CBQL")) == 0
    assert school.run(*sign, "--role", "KY_PHAT_HANH", *school.key("KY_PHAT_HANH")) == 0
    capsys.readouterr()
    assert school.run(*release) == 0
    said = capsys.readouterr()
    assert "con dấu đã đăng ký của trường" in said.out
    assert "!" not in said.err
    handed = tmp_path / "handed.pdf"
    assert school.run("transfer", "show", 1, "--school", new_school, "--confirmation", handed, "--lang", "en") == 0
    assert "the school's registered seal" in capsys.readouterr().out
    assert handed.read_bytes() == file.read_bytes()
    assert school.run("transfer", "show", 1, "--school", "79000999") == 1
    assert school.run("transfer", "accept", 1, "--school", new_school, "--by", "nhan") == 0
    assert PRINCIPAL.name in capsys.readouterr().out


def test_a_pupil_leaves_in_january_with_a_confirmation_that_was_drawn_from_the_class_sheet(school, capsys, tmp_path):
    new_school = "79000502"
    with_it = replace(school.ledger.reader.school(CODE), code=new_school, name="Trường THCS Mới")
    school.ledger.writer.register_school(with_it)
    sheet, file = tmp_path / "9A2.xlsx", tmp_path / "xac-nhan.pdf"
    sheet.write_bytes(half_year(make_workbook(grade=9, class_name="9A2", pupils=1, seed=12)))
    (pupil,) = (record.pupil for record in workday.read_sheet(sheet, synthetic=True).draft.records)
    assert school.run("import", sheet, "--synthetic") == 1
    leaving = (pupil.code, "--school", CODE, "--to", new_school, "--year", YEAR, "--level", "THCS")
    confirm, release = ("transfer", "confirm", *leaving), ("transfer", "release", *leaving, "--confirmation", file)
    assert school.run(*confirm, "--out", file) == 1
    assert school.run(*confirm, "--out", file, "--sheet", sheet, "--by", "van.thu") == 0
    assert school.run(*release) == 1
    assert "thiếu chữ ký số của hiệu trưởng" in capsys.readouterr().err
    sign = ("transfer", "sign", file, "--school", CODE)
    for role in ("CBQL", "KY_PHAT_HANH"):
        assert school.run(*sign, "--role", role, *school.key(role)) == 0
    assert school.run(*release) == 0
    capsys.readouterr()
    assert school.run("transfer", "accept", 1, "--school", new_school, "--by", "nhan") == 0
    said = capsys.readouterr()
    assert "kế thừa 0 học bạ" in said.out
    assert PRINCIPAL.name in said.out
    assert "!" not in said.err
    assert school.run("audit", "--offline", "--files", "--lang", "en") == 0


def test_while_the_tsa_is_down_nothing_is_lost_and_nothing_is_issued(school, capsys):
    school.stamps_at(NOBODY)
    assert school.sign("GVCN") == 1
    said = capsys.readouterr().err
    assert "máy chủ dấu thời gian" in said.lower()
    assert f"{CLASS} học bạ chưa xong; chạy lại lệnh để làm tiếp." in said
    assert school.signed() == [()] * CLASS
    school.stamps_at(school.pki.tsa_url)
    for name in ("GVCN", "CBQL", "KY_PHAT_HANH"):
        assert school.sign(name) == 0
    school.stamps_at(NOBODY)
    assert school.run("issue", *IN_CLASS) == 1
    said = capsys.readouterr().err
    assert f"{CLASS} học bạ đã ký nhưng chưa phát hành được" in said
    assert "STT 5: " in said
    assert {unit.state for unit in school.units()} == {UnitState.SIGNING}
    school.stamps_at(school.pki.tsa_url)
    assert school.run("issue", *IN_CLASS) == 0


def test_a_record_is_given_back_and_signed_again(school, capsys):
    school.sign("GVCN")
    school.sign("CBQL")
    first = school.units()[0].id
    assert school.run("return", first, "--role", "GVCN", "--reason", " ") == 1
    assert "cần có lý do" in capsys.readouterr().err
    assert school.run("return", first, "--role", "GVCN", "--reason", "Thiếu nhận xét") == 0
    assert school.signed() == [(), *[("GVCN", "CBQL")] * (CLASS - 1)]
    assert school.sign("GVCN") == 0
    assert "Đã ký 1 học bạ" in capsys.readouterr().out
    assert school.sign("CBQL") == 0
    assert school.signed() == [("GVCN", "CBQL")] * CLASS


def test_signers_are_listed_refused_and_ended(school, capsys):
    second = school.pki.identities["GVCN-second"].certificate
    request = ("signers", "request", second, "--role", "GVCN", "--school", CODE)
    assert school.run(*request) == 0
    assert school.run(*request) == 1
    assert "đang chờ Sở duyệt" in capsys.readouterr().err
    number = school.ledger.signing_reader.registrations(school_code=CODE)[-1].id
    assert school.run("signers", "refuse", number, "--reason", " ") == 1
    assert school.run("signers", "refuse", number, "--reason", "Sai tên") == 0
    assert school.run("signers", "approve", number) == 1
    teacher = next(line.id for line in school.ledger.signing_reader.registrations() if line.role.value == "GVCN")
    assert school.run("signers", "end", teacher, "--reason", "chuyển trường") == 0
    assert school.run("signers", "end", teacher, "--reason", "chuyển trường") == 1
    capsys.readouterr()
    assert school.run("signers", "list", "--json") == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["state"] for line in listed] == ["approved", "approved", "approved", "refused"]
    assert school.run("signers", "list", "--lang", "en") == 0
    assert "refused" in capsys.readouterr().out
    assert school.sign("GVCN") == 1
    assert "đã hết hạn hoặc đã kết thúc" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("signers", "request", "nothing.pem", "--role", "GVCN", "--school", CODE),
        ("signers", "request", "hocba.toml", "--role", "GVCN", "--school", CODE),
        ("signers", "approve", "99"),
        ("signers", "end", "99", "--reason", "x"),
        ("assign", "--role", "GVCN", "--account", "an", "--school", CODE, "--year", YEAR, "--class", "9Z"),
        ("issue", "--school", CODE, "--year", YEAR, "--class", "9Z"),
        ("return", "00000000-0000-4000-8000-000000000000", "--role", "CBQL", "--reason", "x"),
    ],
)
def test_what_does_not_exist_is_said_in_words(school, capsys, words):
    words = [str(school.home / word) if word.endswith((".pem", ".toml")) else word for word in words]
    assert school.run(*words) == 1
    said = capsys.readouterr().err
    assert said.strip()
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--role", "GVBM", *IN_CLASS), 3),
        (("--role", "GVCN", "--subject", "TOAN", *IN_CLASS), 3),
        (("--role", "GVCN"), 3),
        (("--role", "GVCN", "--school", CODE, "--year", YEAR, "--class", "9Z"), 1),
    ],
)
def test_wrong_use_of_sign_is_told_apart_from_a_failure(school, capsys, words, status):
    assert school.run("sign", *school.key("GVCN"), *words) == status
    assert capsys.readouterr().err.strip()
