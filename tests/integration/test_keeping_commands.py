# SPDX-License-Identifier: Apache-2.0

"""`hocba retimestamp` and `hocba revocations` against authorities that answer over HTTP, as an operator runs them."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import laid_out_paper as paper
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.archives import archive_ends
from ledger.store.tables import FileRole
from ledger.store.writer import NewFile
from ledger.unit import Role
from scripts.cli import main
from scripts.commands.keeping import DEFAULT_WITHIN_DAYS
from scripts.compose import Ledger
from scripts.demo_pki import DemoPki, Person, PkiServer, create_pki, free_port
from scripts.settings import SETTINGS_FILE, Settings
from signer.archive import archive
from signer.pdf import sign_field
from signer.validation_data import ValidationData
from tests.simulators.databases import INSTALLED, installed
from tests.simulators.mortality import Fate
from tests.simulators.school_ledger import SchoolLedger, manifest_of, school
from verifier_api.errors import UnusableTrust
from verifier_api.signatures import judge_pdf
from verifier_api.trust import REVOCATIONS, Trust
from verifier_api.verdict import Outcome

NOW = datetime.now(UTC).replace(microsecond=0)
TWO_YEARS_AGO = NOW - timedelta(days=2 * 365)
"""The time-stamping authority's certificates last five years."""


def make(folder, when, authority) -> DemoPki:
    return create_pki(
        folder,
        school_code="79000701",
        school_name="Trường THCS Hoa Mai",
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=free_port(),
        now=when,
        authority=authority,
    )


def archived(pki: DemoPki) -> bytes:
    pdf = paper.unsigned()
    stamper = pki.timestamper(lambda: TWO_YEARS_AGO)
    for role in paper.FIELDS:
        key = paper.key_of(pki, role)
        pdf = sign_field(
            pdf,
            field=role,
            key=key,
            stamp=paper.stamp(key.common_name),
            first=role == "GVCN",
            reason=paper.FIELDS[role][0],
            name=key.common_name,
            location="Hải Phòng",
            timestamper=stamper,
            signed_at=TWO_YEARS_AGO,
        )
    data = ValidationData.offline(paper.all_roots(pki), crls=pki.crls(TWO_YEARS_AGO), now=lambda: TWO_YEARS_AGO)
    return archive(pdf, timestamper=stamper, validation_data=data)


@dataclass
class Installation:
    """A school whose papers were archived two years ago by one authority, and that asks another one today."""

    home: object
    old: DemoPki
    new: DemoPki

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(Settings.load(self.home))

    @property
    def trusted(self):
        return {"old": paper.all_roots(self.old), "new": paper.all_roots(self.new)}

    def prepare(self, tsa: str) -> None:
        assert main(["init", str(self.home), "--tsa", tsa]) == 0
        settings = installed(self.home) / SETTINGS_FILE
        settings.write_text(settings.read_text().replace("workers = 2", "workers = 1"))  # Each starts for seconds.
        trust = self.home / "trust"
        trust.mkdir()
        names = {}
        for name, ders in self.trusted.items():
            names[name] = [f"{name}-{number}.pem" for number in range(len(ders))]
            for file, der in zip(names[name], ders, strict=True):
                (trust / file).write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
        registry = {"chain_id": 1, "address": "0x" + "a" * 40, "code_hash": "0x" + "b" * 64, "confirmations": 1}
        roles = {role: ["old", "new"] for role in paper.FIELDS}
        settings = {"registry": registry, "rpc": [], "hierarchies": names, "roles": roles}
        (trust / "trust.json").write_text(json.dumps(settings))

    def issue(self, count: int) -> list:
        rows = SchoolLedger(self.home / INSTALLED, Fate())
        rows.writer.register_school(school())
        for unit in rows.signing(count):
            for role in (Role.PRINCIPAL, Role.SEAL):
                unit = rows.sign(unit, role)  # noqa: PLW2901 - it grows
            pdf = archived(self.old)
            kept = NewFile(self.ledger.files.put(pdf), len(pdf))
            xml = unit.file(FileRole.XML)
            rows.writer.issue(
                unit.id,
                manifest=manifest_of(unit, kept).canonical(),
                replaced={role: unit.file(role).sha256 for role in FileRole},
                pdf=kept,
                xml=NewFile(xml.sha256, xml.size),
            )
        return [unit.id for unit in rows.units(rows.issued_ids())]

    def pdf(self, unit_id) -> bytes:
        return self.ledger.files.get(self.ledger.reader.unit(unit_id).file(FileRole.PDF).sha256)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authorities")
    old, new = make(folder / "old", TWO_YEARS_AGO, "DEMO"), make(folder / "new", NOW, "DEMO 2")
    with PkiServer(old), PkiServer(new):
        yield old, new


@pytest.fixture
def installation(authorities, tmp_path):
    made = Installation(tmp_path / "home", *authorities)
    made.prepare(made.new.tsa_url)
    return made


def run(capsys, *words):
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.slow
def test_what_ends_is_renewed_once_and_the_rest_is_left(installation, capsys):
    ids = installation.issue(3)
    before = {unit_id: installation.pdf(unit_id) for unit_id in ids}
    home = ("--home", str(installation.home))
    status, out, _ = run(capsys, "retimestamp", *home)
    assert (status, out) == (0, "Đến hạn: 0. Đã gia hạn đến " + day(installation) + ": 0. Chưa gia hạn được: 0.\n")
    status, out, _ = run(capsys, "retimestamp", *home, "--within", "1200", "--dry-run", "--json")
    assert status == 0
    assert set(json.loads(out)["due"]) == {str(unit_id) for unit_id in ids}
    assert {unit_id: installation.pdf(unit_id) for unit_id in ids} == before
    damaged = installation.ledger.reader.unit(ids[1]).file(FileRole.PDF).sha256
    path = installation.home / "files" / damaged[:2] / damaged
    path.write_bytes(path.read_bytes()[:-1])
    status, out, err = run(capsys, "retimestamp", *home, "--all", "--json", "--lang", "en")
    told = json.loads(out)
    assert (status, len(told["renewed"]), [one["unit"] for one in told["failed"]]) == (1, 2, [str(ids[1])])
    assert str(ids[1]) in err
    path.write_bytes(before[ids[1]])
    status, out, err = run(capsys, "retimestamp", *home, "--all", "--lang", "en")
    assert (status, out.splitlines()[0][:7]) == (0, "Due: 1.")
    assert "Renewing timestamps" in err
    status, out, _ = run(capsys, "retimestamp", *home, "--all", "--lang", "en")
    assert status == 0
    assert "Due: 0." in out
    assert "3 records that end soon have to wait" in out
    for unit_id in ids:
        renewed = installation.pdf(unit_id)
        assert renewed.startswith(before[unit_id])
        assert archive_ends(renewed) > archive_ends(before[unit_id])
        judged = judge_pdf(renewed, roots=installation.trusted, field_names=frozenset(paper.FIELDS))
        assert judged.outcome is Outcome.PASSED
        assert len(judged.document_timestamps) == 2


def day(installation) -> str:
    return f"{installation.new.certificate('public', 'tsa').not_valid_after:%d/%m/%Y}"


def test_an_authority_that_is_down_is_said_at_once(installation, capsys):
    settings = installation.home / "hocba.toml"
    settings.write_text(settings.read_text().replace(installation.new.tsa_url, "http://127.0.0.1:9/tsa"))
    status, _, err = run(capsys, "retimestamp", "--home", str(installation.home))
    assert status == 1
    assert "127.0.0.1:9" in err


def test_half_a_year_is_the_default():
    assert DEFAULT_WITHIN_DAYS == 180


def test_lists_are_fetched_into_the_trust_folder_and_believed(installation, tmp_path, capsys):
    pdf = tmp_path / "paper.pdf"
    pdf.write_bytes(archived(installation.old))
    trust = ("--trust", str(installation.home / "trust"))
    status, out, _ = run(capsys, "revocations", *trust, "--named-in", str(pdf), "--json")
    results = json.loads(out)
    assert (status, {one["problem"] for one in results}) == (0, {None})
    assert sum(one["new"] for one in results) == len(results) >= 4
    loaded = Trust.load(installation.home / "trust")
    assert len(loaded.anchors.crls) == len(results)
    judged = judge_pdf(
        pdf.read_bytes(), roots=loaded.anchors.roots, field_names=frozenset(paper.FIELDS), crls=loaded.anchors.crls
    )
    assert all(one.known is not None and one.known.until > NOW for one in judged.signatures)
    status, out, _ = run(capsys, "revocations", *trust, "--named-in", str(pdf))
    assert status == 0
    assert re.fullmatch(r"\d+ địa chỉ, \d+ danh sách mới, 0 chưa tải được.\n", out)


def test_a_list_that_cannot_be_had_is_named(installation, capsys):
    path = installation.home / "trust" / "trust.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "revocation_lists": ["http://127.0.0.1:9/ca.crl"]}))
    status, out, err = run(capsys, "revocations", "--home", str(installation.home), "--lang", "en")
    assert status == 1
    assert "http://127.0.0.1:9/ca.crl" in err
    assert "1 not fetched" in out


@pytest.mark.parametrize("name", ["a.crl", "a.ocsp"])
def test_a_trust_folder_with_an_unreadable_list_is_refused_by_its_name(installation, name):
    folder = installation.home / "trust" / REVOCATIONS
    folder.mkdir()
    (folder / name).write_bytes(b"-----BEGIN X509 CRL-----")
    with pytest.raises(UnusableTrust, match=name):
        Trust.load(installation.home / "trust")
