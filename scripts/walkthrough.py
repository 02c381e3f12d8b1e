# SPDX-License-Identifier: Apache-2.0

"""The demo: a class workbook becomes 42 signed, anchored and verified records, with nothing real left out but the people.

It plays three parts that are three organisations in life: the authority (deploys the registry, registers the school, publishes
whom to trust), the school (imports, signs, anchors), and a stranger who verifies with nothing but files, receipts, trust
settings and a chain node. Every run starts clean in `demo/`; results lie in `demo/out/`.
"""

import argparse
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import qrcode
import uvicorn
from asn1crypto import pem

from ledger.chain.web3_registry import Web3Registry
from ledger.record.model import ClassSheet
from ledger.record.sheets.class_sheet import SheetReading
from ledger.rounds import Stopped
from ledger.store.reader import School, Unit
from ledger.store.signing_tables import Holding
from ledger.unit import MOET, PROFILES, Role, SigningProfile, Slot, UnitState
from scripts import campaign, registration, workday
from scripts.campaign import Kind, Question
from scripts.commands.classes import show_findings
from scripts.commands.signing import assigned_roles
from scripts.commands.terminal import err, exhaust, out, track
from scripts.compose import Ledger, public_reader, public_verifier, registry_reader
from scripts.crew import CrewScribe, utc_now
from scripts.demo_attester import TOKEN, AttesterProcess, write_attester
from scripts.demo_pki import ATTESTER, DemoPki, OtherSigner, Person, PkiServer, create_pki
from scripts.demo_pki import free_port as free_pki_port
from scripts.deploy import Deployment, deploy, write_deployment
from scripts.devchain import DEFAULT_PORT, Devchain, free_port
from scripts.public_service import attesting_service
from scripts.receipt_folder import ReceiptFolder
from scripts.sample_class import make_workbook
from scripts.settings import DEFAULT_DESK_URL, DEFAULT_WORKERS, SETTINGS_FILE, TEMPLATE, Settings
from scripts.sittings import LocalSitting
from signer.keys import load_pkcs12
from verifier_api.app import create_app
from verifier_api.trust import TRUST_FILE, RegistrySettings, Trust, TrustSettings
from verifier_api.verdict import Language, Verdict

ROOT = Path(__file__).parents[1]
SHARED_SHEET = ROOT.parent / "shared" / "data" / "thcs-9A1.xlsx"
MARKER = ".hocba-demo"
"""Lies in `demo/`, so that a folder of the same name with somebody's work in it is never emptied."""
CONFIRMATIONS = 3
BLOCK_SECONDS = 1.0
ROLES = (Role.HOMEROOM, Role.PRINCIPAL, Role.SEAL)


@dataclass(frozen=True)
class Folders:
    """Where the demo keeps what."""

    demo: Path

    @property
    def out(self) -> Path:
        """What the school hands out, and what a stranger needs to verify it."""
        return self.demo / "out"

    @property
    def home(self) -> Path:
        """The school's installation."""
        return self.demo / "home"

    @property
    def attester(self) -> Path:
        """The service that seals reports: a folder of its own, as it is another machine in life."""
        return self.demo / "attester"

    @property
    def chain_state(self) -> Path:
        """Where the local chain keeps itself."""
        return self.out / "chain-state.json"


class DemoFailure(Exception):
    """The demo cannot go on; its sentence says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; 0 when every record was issued and verified."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="hocba: từ bảng lớp đến mã QR kiểm tra được.")
    parser.add_argument("--exit", action="store_true", help="dừng sau khi kiểm tra / stop instead of serving")
    parser.add_argument("--lang", choices=["vi", "en"], default="vi")
    parser.add_argument("--profile", choices=list(PROFILES), default=MOET.name, help="ai phải ký / who must sign")
    parser.add_argument("--sheet", type=Path, help="bảng lớp khác / another class workbook")
    parser.add_argument("--folder", type=Path, default=ROOT / "demo", help="thư mục kết quả / folder for the results")
    parser.add_argument("--port", type=int, default=8000, help="cổng của trang tra cứu / port of the verifier")
    asked = parser.parse_args(arguments)
    # Ended politely or by Ctrl-C, the chain and the PKI behind it are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with ExitStack() as stack:
            folders = Folders(stack.enter_context(cleared(asked.folder)))
            demo = Demo(folders, lang=asked.lang, port=asked.port, profile=PROFILES[asked.profile])
            demo.run(stack, sheet=asked.sheet, serve=not asked.exit)
    except DemoFailure as failure:
        err.print(f"\n{failure}", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def cleared(folder: Path) -> Iterator[Path]:
    """An empty demo folder, held against a second demo until the end."""
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise DemoFailure(
            f"{folder} không phải của bản chạy thử; hãy dời đi. / {folder} is not the demo's; move it away."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with marker.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoFailure(f"Bản chạy thử khác đang dùng {folder}. / Another demo is using {folder}.") from None
        for child in folder.iterdir():
            if child != marker:
                shutil.rmtree(child) if child.is_dir() else child.unlink()
        yield folder


class Demo:
    """One run, step by step."""

    def __init__(self, folders: Folders, *, lang: Language, port: int, profile: SigningProfile) -> None:
        self._folders = folders
        self._profile = profile
        self._lang: Language = lang
        self._port = port
        self._attester_port = free_port()
        self._began = time.monotonic()
        self._step_began = self._began

    def run(self, stack: ExitStack, *, sheet: Path | None, serve: bool) -> None:
        """All of it, in the order of the story. What is started goes onto `stack`."""
        source = self._sheet(sheet)
        try:
            reading = workday.read_sheet(source, synthetic=True)
        except OSError as error:
            raise DemoFailure(f"{source}: {error.strerror}") from error
        if serve and not _is_free(self._port):
            raise DemoFailure(
                f"Cổng {self._port} đang được dùng; hãy chạy lại với --port. / Port {self._port} is taken; use --port."
            )
        chain, deployment = self._chain(stack)
        pki = self._pki(stack, reading)
        ledger, trust = self._installation(chain, deployment, pki, reading, source)
        units = self._issue(ledger, trust, pki, reading)
        self._hand_out(ledger, units)
        self._verify(trust)
        self._summary(ledger, units, deployment, chain)
        if serve:
            self._serve(ledger.settings, trust)

    def _sheet(self, asked: Path | None) -> Path:
        if asked is not None or SHARED_SHEET.exists():
            return asked or SHARED_SHEET
        made = self._folders.demo / "thcs-9A1.xlsx"
        made.write_bytes(make_workbook(grade=9, class_name="9A1", pupils=42, seed=1))
        return made

    def _chain(self, stack: ExitStack) -> tuple[Devchain, Deployment]:
        port = DEFAULT_PORT if _is_free(DEFAULT_PORT) else free_port()
        chain = Devchain(state=self._folders.chain_state, port=port, block_time=BLOCK_SECONDS)
        stack.enter_context(chain)
        deployment = deploy(chain.url, chain.wallet(0))
        write_deployment(deployment, self._folders.out / "deployments" / f"{deployment.chain_id}.json")
        self._done(
            f"Chuỗi cục bộ {chain.url}, hợp đồng {deployment.address}",
            f"Local chain {chain.url}, registry {deployment.address}",
        )
        return chain, deployment

    def _pki(self, stack: ExitStack, reading: SheetReading) -> DemoPki:
        draft = reading.draft
        if draft is None:
            show_findings(Path("sheet"), reading, lang=self._lang)
            raise DemoFailure("Bảng lớp không đọc được. / The workbook cannot be read.")
        info = draft.class_info
        pki = create_pki(
            self._folders.demo / "pki",
            school_code=draft.school.code,
            school_name=draft.school.name,
            teacher=Person(info.homeroom.name, info.homeroom.personal_id or ""),
            principal=Person(info.principal.name, info.principal.personal_id or ""),
            host="127.0.0.1",
            port=free_pki_port(),
            now=utc_now(),
            others={
                **{str(slot): OtherSigner(teacher) for slot, teacher in self._subject_teachers(draft).items()},
                **ATTESTER,
            },
        )
        stack.enter_context(PkiServer(pki))
        self._done("Chứng thư thử: hai hệ thống, dấu thời gian, OCSP, CRL", "Demo PKI: two hierarchies, TSA, OCSP, CRL")
        return pki

    def _installation(
        self, chain: Devchain, deployment: Deployment, pki: DemoPki, reading: SheetReading, source: Path
    ) -> tuple[Ledger, Trust]:
        """The authority publishes whom to trust and registers the school; the school imports its class."""
        show_findings(source, reading, lang=self._lang)
        if reading.class_sheet is None:
            raise DemoFailure("Hãy sửa các lỗi trên rồi chạy lại. / Mend the errors above and run again.")
        sheet = reading.class_sheet
        trust = self._publish_trust(chain, deployment, pki)
        operator = chain.wallet(1)
        home = self._folders.home
        (home / "keys").mkdir(parents=True)
        password = home / "keys" / "operator.password"
        password.write_text(secrets.token_urlsafe(16) + "\n")
        password.chmod(0o600)
        operator.write_keystore(home / "keys" / "operator.json", password=password.read_text().strip())
        public_url = f"http://127.0.0.1:{self._port}"
        write_attester(self._folders.attester, pki, verifier_url=public_url, location=sheet.school.place)
        (home / SETTINGS_FILE).write_text(
            TEMPLATE.format(
                public_url=public_url,
                desk_url=DEFAULT_DESK_URL,
                tsa=pki.tsa_url,
                location=sheet.school.place,
                workers=DEFAULT_WORKERS,
            ).replace('trust = "trust"', 'trust = "../out/trust"')
            + f'\n[schools.{sheet.school.code}]\noperator = "keys/operator.json"\n'
            + f'\n[public.attester]\nurl = "http://127.0.0.1:{self._attester_port}"\n'
            + f'token_file = "../attester/{TOKEN}"\n',
            encoding="utf-8",
        )
        ledger = Ledger.open(Settings.load(home))
        seal = pki.identities[Role.SEAL]
        statement = registration.give_consent(
            trust,
            load_pkcs12(seal.pkcs12.read_bytes(), seal.passphrase),
            school=sheet.school.code,
            operator=operator.address,
            now=utc_now(),
        )
        digest = hashlib.sha256(seal.certificate.read_bytes()).hexdigest()
        signed = registration.read_consent(trust, statement, school=sheet.school.code, now=utc_now(), known_seal=digest)
        registration.register_school(
            ledger,
            trust,
            chain.wallet(0),
            School(
                code=sheet.school.code,
                name=sheet.school.name,
                authority=sheet.school.authority_name,
                profile=self._profile.name,
                operator=signed.consent.operator,
                seal_cert_sha256=signed.consent.seal_sha256,
            ),
            signed.digest,
        )
        trust = self._approve(ledger, trust, chain, pki, sheet)
        plan = ledger.importing.plan(sheet)
        ledger.importing.carry_out(plan, source=source.read_bytes())
        self._done(
            f"Đã đăng ký {sheet.school.name}, nhập lớp {sheet.class_info.name}: {len(plan.pupils)} học sinh",
            f"Registered {sheet.school.name}, imported class {sheet.class_info.name}: {len(plan.pupils)} pupils",
        )
        return ledger, trust

    def _publish_trust(self, chain: Devchain, deployment: Deployment, pki: DemoPki) -> Trust:
        folder = self._folders.out / "trust"
        folder.mkdir(parents=True)
        hierarchies: dict[str, tuple[str, ...]] = {}
        for name in pki.roots:
            hierarchies[name] = (f"{name}-root.pem",)
            (folder / f"{name}-root.pem").write_bytes(_pem(pki.root_certificates(name)[0]))
            (folder / f"{name}-ca.pem").write_bytes(_pem(pki.certificate(name, f"{name}-ca").dump()))
        settings = TrustSettings(
            registry=RegistrySettings(
                chain_id=deployment.chain_id,
                address=deployment.address,
                code_hash=deployment.code_hash,
                confirmations=CONFIRMATIONS,
            ),
            rpc=(chain.url,),
            hierarchies=hierarchies,
            intermediates=tuple(f"{name}-ca.pem" for name in pki.roots),
            roles={"GVBM": ("public",), **{role.value: (pki.identities[role].hierarchy,) for role in ROLES}},
        )
        (folder / TRUST_FILE).write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return Trust.load(folder)

    def _issue(self, ledger: Ledger, trust: Trust, pki: DemoPki, reading: SheetReading) -> list[Unit]:
        """The school's day: render, three signatures, archive, anchor."""
        assert reading.class_sheet is not None  # noqa: S101 - the step before has made sure
        info, code = reading.class_sheet.class_info, reading.class_sheet.school.code
        key, assigned = workday.ClassKey(code, info.school_year, info.name), assigned_roles(homeroom=True)
        with CrewScribe.at(ledger.settings.signing, workers=ledger.settings.workers) as scribe:
            rounds = ledger.rounds(trust, scribe)
            for slot in (*self._subject_teachers(reading.class_sheet), *map(Slot, ROLES)):
                identity = pki.identities[str(slot)]
                with load_pkcs12(identity.pkcs12.read_bytes(), identity.passphrase) as signer:
                    self._sign(LocalSitting(ledger, rounds, key, slot, signer, assigned=assigned), slot)
        total, work = workday.issue(ledger, trust, key, assigned=assigned)
        exhaust(track(work, total=total, label=self._say("Dấu thời gian lưu trữ", "Archive timestamps")))
        self._done(f"Đã phát hành {total} học bạ", f"Issued {total} records")
        password = (self._folders.home / "keys" / "operator.password").read_text().strip()
        exhaust(workday.anchor(ledger, trust, school_code=code, school_year=info.school_year, password=password))
        units = ledger.reader.units(school_code=code, school_year=info.school_year, states=[UnitState.ANCHORED])
        self._done(
            f"Đã neo {len(units)} học bạ dưới một gốc Merkle, đủ {CONFIRMATIONS} xác nhận",
            f"Anchored {len(units)} records under one Merkle root, {CONFIRMATIONS} confirmations",
        )
        return units

    def _subject_teachers(self, sheet: ClassSheet) -> dict[Slot, Person]:
        """Who signs which subject, where the profile has a place for them; taken from the first pupil who has the subject."""
        if not self._profile.hears_subject_teachers:
            return {}
        found: dict[Slot, Person] = {}
        for record in sheet.records:
            for subject in record.year.subjects:
                if subject.teacher is not None:
                    person = Person(subject.teacher.name, subject.teacher.personal_id or "")
                    found.setdefault(Slot(Role.SUBJECT, subject.code), person)
        return found

    def _sign(self, sitting: LocalSitting, slot: Slot) -> None:
        """One signer, one PIN, one class."""
        total, work = sitting.render()
        if total:
            exhaust(track(work, total=total, label=self._say("Lập PDF và XML", "Rendering PDF and XML")))
            self._done(f"Đã lập {total} PDF và XML", f"Rendered {total} PDF and XML")
        total, prepared = sitting.prepare()
        self._all_done(track(prepared, total=total, label=self._say(f"Chuẩn bị {slot}", f"Preparing {slot}")))
        total, work = sitting.sign()
        exhaust(track(work, total=total, label=self._say(f"Ký {slot}", f"Signing {slot}")))
        total, finished = sitting.finish()
        self._all_done(track(finished, total=total, label=self._say(f"Dấu thời gian {slot}", f"Time-stamping {slot}")))
        self._done(f"{slot}: đã ký {total} học bạ, một mã PIN", f"{slot}: {total} records signed with one PIN")

    def _all_done(self, steps: Iterator[UUID | Stopped]) -> None:
        """Runs the steps; the demo has no use for a class of which some are not signed."""
        stopped = [one for one in steps if isinstance(one, Stopped)]
        if stopped:
            raise DemoFailure("\n".join(one.vi if self._lang == "vi" else one.en for one in stopped))

    def _approve(self, ledger: Ledger, trust: Trust, chain: Devchain, pki: DemoPki, sheet: ClassSheet) -> Trust:
        """The school asks for its people's certificates, the authority approves them and publishes its list on the chain."""
        registrations, code = ledger.registrations(trust), sheet.school.code
        registration.approve_seal(
            ledger, trust, code, pki.identities[Role.SEAL].certificate.read_bytes(), by=sheet.school.authority_name
        )
        for slot in (*self._subject_teachers(sheet), Slot(Role.HOMEROOM), Slot(Role.PRINCIPAL)):
            number = registrations.request(
                school_code=code,
                certificate=pki.identities[str(slot)].certificate.read_bytes(),
                role=slot.role,
                subjects=frozenset({slot.subject} - {""}),
                holding=Holding.FILE,
                by=sheet.school.name,
            )
            registrations.decide(number, approved=True, by=sheet.school.authority_name)
        registration.publish_signer_list(
            ledger.settings.trust,
            Web3Registry(chain.url, trust.pin),
            chain.wallet(0),
            registration.signer_list(ledger, authority=sheet.school.authority_name, now=utc_now()),
        )
        return Trust.load(ledger.settings.trust)

    def _hand_out(self, ledger: Ledger, units: list[Unit]) -> None:
        written = list(workday.hand_out(ledger, units, self._folders.out))
        self._done(f"Đã ghi {len(written)} PDF, XML, biên nhận", f"Wrote {len(written)} PDFs, XMLs, receipts")

    def _verify(self, trust: Trust) -> None:
        """As a stranger: files, receipts, trust settings and the chain; no database."""
        files = sorted((*self._folders.out.glob("*.pdf"), *self._folders.out.glob("*.xml")))
        wrong = []
        with public_verifier(trust, ReceiptFolder([self._folders.out]), workers=DEFAULT_WORKERS) as verifier:
            label = self._say("Kiểm tra từng tệp", "Verifying every file")

            def judged(path: Path) -> tuple[Path, Verdict]:
                question = Question(Kind.FILE, str(path))
                return path, campaign.answer(verifier, question, campaign.bring(question)).verdict

            verdicts = campaign.in_order(judged, files, jobs=DEFAULT_WORKERS)
            for path, verdict in track(verdicts, total=len(files), label=label):
                if not verdict.good:
                    worst = verdict.worst
                    wrong.append(f"{path.name}: {'' if worst is None else worst.message(self._lang)}")
        if wrong:
            raise DemoFailure("\n".join(["Có tệp không kiểm tra được: / Files that do not verify:", *wrong]))
        self._done(
            f"Đã kiểm tra {len(files)} tệp: tất cả đều thật và đang có hiệu lực",
            f"Verified {len(files)} files: all genuine and current",
        )

    def _summary(self, ledger: Ledger, units: list[Unit], deployment: Deployment, chain: Devchain) -> None:
        first = units[0]
        link = ledger.drawing.link(first.id)
        image = self._folders.out / "qr.png"
        qrcode.make(link).save(image)
        summary = {
            "school": first.school_code,
            "school_year": first.school_year,
            "class": first.class_name,
            "verified": {"files": 2 * len(units), "passed": 2 * len(units)},
            "seconds": round(time.monotonic() - self._began, 1),
            "trust": "trust",
            "node": {
                "rpc": chain.url,
                "chain_id": deployment.chain_id,
                "registry": deployment.address,
                "state": self._folders.chain_state.name,
                "pid": chain.pid,
                "restart": f"hocba devchain --state {self._folders.chain_state.name} --port {chain.url.rpartition(':')[2]}",
            },
            "qr": {"image": image.name, "link": link},
            "units": [
                {
                    "stt": unit.stt,
                    "unit": str(unit.id),
                    "pdf": f"{workday.hand_out_name(unit)}.pdf",
                    "xml": f"{workday.hand_out_name(unit)}.xml",
                    "receipt": f"{workday.hand_out_name(unit)}.receipt.json",
                    "link": ledger.drawing.link(unit.id),
                }
                for unit in units
            ],
        }
        (self._folders.out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
        shown = os.path.relpath(self._folders.out)
        out.print(self._say(f"\nKết quả: {shown}", f"\nResults: {shown}"), markup=False)
        out.print(self._say(f"Mã QR: {os.path.relpath(image)}", f"QR code: {os.path.relpath(image)}"), markup=False)
        out.print(self._say(f"Liên kết: {link}", f"Link: {link}"), markup=False)

    def _serve(self, settings: Settings, trust: Trust) -> None:
        reader = public_reader(settings)
        with (
            AttesterProcess(self._folders.attester, port=self._attester_port),
            public_verifier(trust, reader, workers=settings.workers) as verifier,
        ):
            app = create_app(
                verifier=verifier,
                reader=reader,
                registry=registry_reader(trust),
                public_url=settings.public_url,
                attesting=attesting_service(settings.public),
            )
            out.print(
                self._say(
                    f"Trang tra cứu: {settings.public_url} (Ctrl-C để dừng)",
                    f"Verifier: {settings.public_url} (Ctrl-C stops it)",
                ),
                markup=False,
            )
            uvicorn.run(app, host="127.0.0.1", port=self._port, log_level="warning", server_header=False)

    def _say(self, vi: str, en: str) -> str:
        return vi if self._lang == "vi" else en

    def _done(self, vi: str, en: str) -> None:
        """One line per finished step, with its time."""
        now = time.monotonic()
        out.print(f"  {now - self._step_began:6.1f} s  {self._say(vi, en)}", markup=False, soft_wrap=True)
        self._step_began = now


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _pem(der: bytes) -> bytes:
    return bytes(pem.armor("CERTIFICATE", der))


if __name__ == "__main__":
    sys.exit(main())
