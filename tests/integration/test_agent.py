# SPDX-License-Identifier: Apache-2.0

"""The agent and a real desk: a class signed with one PIN from a file and from a token, and no lie, outage or clock that costs more than it must."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from simulators.soft_tokens import Drawer

from ledger.duty import Duty
from ledger.store.signing_tables import ItemState
from ledger.unit import Role, Slot
from scripts.cli import main
from signer.agent.desk import MAX_ANSWER_BYTES, DeskClient
from signer.agent.errors import ClocksDisagree, DeskMisbehaves, DeskRefused, DeskUnreachable, NotWhatIsShown
from signer.agent.sitting import RETRY_PAUSES_SECONDS, Shown, Sitting
from signer.errors import TokenRemoved
from signer.keys import SigningKey
from tests.simulators.desk_world import PASSWORD, URL, Clock, DeskWorld
from tests.simulators.lying_desk import LyingDesk
from tests.simulators.school_office import SHEET
from tests.simulators.signing_room import START, Room, certificate, staffed_pki

HOMEROOM = Slot(Role.HOMEROOM)
CLASS = len(SHEET.records)
TEACHER = "an.le"
PATIENCE_SECONDS = 60
VALUES = "POST /agent/v1/rounds/{}/values"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return staffed_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def begun(pki, tmp_path_factory):
    room = Room.opened(tmp_path_factory.mktemp("begun"), pki)
    room.writer.assign(room.school_class, HOMEROOM, account=TEACHER, replacing="", by="văn thư")
    DeskWorld(room.office, clock=Clock(START)).add(TEACHER, Duty.TEACHER)
    return room


@pytest.fixture
def room(begun, tmp_path):
    return begun.copied(tmp_path / "room")


@pytest.fixture
def world(room):
    with room.desk.work:
        yield DeskWorld(room.office, clock=Clock(START), signing=room.desk)


@pytest.fixture
def lying(world):
    return LyingDesk(world.browser().client)


@pytest.fixture
def client(lying):
    with DeskClient(httpx.Client(transport=lying, base_url=URL)) as client:
        client.sign_in(TEACHER, PASSWORD)
        yield client


@pytest.fixture
def key(room):
    return room.key("GVCN")


class Paused(list):
    """Remembers how long it was to wait, and does not."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def sitting(room, client, key):
    return begin(room, client, key)


def begin(room, client, key, **more):
    (work,) = client.waiting()
    progress = until(client, client.open(work, key.who), busy=False)
    assert progress.problem is None
    sitting = Sitting(
        client, progress.id, work.slot, key.who, now=more.pop("now", room.now), pause=more.pop("pause", Paused())
    )
    sitting.round = progress.id
    return sitting


def until(client, progress, *, busy):
    end = time.monotonic() + PATIENCE_SECONDS
    while progress.busy is not busy:
        assert time.monotonic() < end
        time.sleep(0.02)
        progress = client.progress(progress.id)
    return progress


def finished(client, sitting):
    return until(client, client.finish(sitting.round), busy=False)


def signed(room):
    return [unit.signed_slots for unit in room.units()]


def answered(room, sitting):
    return len(room.lines.round(sitting.round).those(ItemState.ANSWERED))


class Slow(SigningKey):
    """A key that does something between two signatures."""

    def __init__(self, key, then) -> None:
        self._key, self._then = key, then

    @property
    def who(self):
        return self._key.who

    @property
    def batch(self):
        return 1

    def sign_digests(self, digests) -> Iterator[bytes]:
        for number, digest in enumerate(digests):
            self._then(number)
            yield from self._key.sign_digests([digest])


def test_a_class_is_fetched_checked_signed_sent_and_stored(room, client, sitting, key):
    records = list(sitting.fetch())
    assert [record.item.pupil for record in records] == [record.pupil.name for record in SHEET.records]
    assert all(record.pdf.startswith(b"%PDF-") for record in records)
    assert [step for step in sitting.sign(key, records) if isinstance(step, Shown)] == records
    progress = finished(client, sitting)
    assert (progress.stored, progress.stopped, progress.problem) == (CLASS, (), None)
    assert signed(room) == [(HOMEROOM,)] * CLASS
    assert client.waiting() == ()


def test_by_digests_alone_no_file_is_fetched(room, client, sitting, key, lying):
    records = sitting.fetch_digests_blindly()
    list(sitting.sign(key, records))
    assert finished(client, sitting).stored == CLASS
    assert not [path for path in lying.asked if path.endswith(("/pdf", "/xml"))]


@pytest.fixture(scope="module")
def prepared(begun, tmp_path_factory):
    """A round that is fetched and never signed: for lies, which leave nothing behind."""
    room = begun.copied(tmp_path_factory.mktemp("prepared") / "room")
    with room.desk.work:
        app = DeskWorld(room.office, clock=Clock(START), signing=room.desk)
        with DeskClient(httpx.Client(transport=LyingDesk(app.browser().client), base_url=URL)) as client:
            client.sign_in(TEACHER, PASSWORD)
            begin(room, client, room.key("GVCN"))
        yield room, app


class Unsigned:
    """The fixtures of a round that is the same for all tests here."""

    @pytest.fixture
    def room(self, prepared):
        return prepared[0]

    @pytest.fixture
    def world(self, prepared):
        return prepared[1]


class TestLies(Unsigned):
    """Nobody signs what they are not shown."""

    def lie_about_items(self, lying, lie):
        lying.tells("/items", lambda told: lie(told["items"]))

    def refused(self, room, sitting, kind=NotWhatIsShown):
        with pytest.raises(kind) as caught:
            list(sitting.fetch())
        assert "hãy" in caught.value.vi
        assert "Chưa ký" in caught.value.vi
        assert answered(room, sitting) == 0
        return caught.value

    @pytest.mark.parametrize("kind", ["pdf", "xml"])
    def test_another_pupils_file(self, room, lying, sitting, kind):
        answers = []
        lying.sends(f"/{kind}", lambda answer: answers.append(answer) or answers[0])
        assert "STT 2" in self.refused(room, sitting).vi

    @pytest.mark.parametrize("field", ["pdf", "xml"])
    def test_bytes_to_be_signed_of_another_pupil(self, room, lying, sitting, field):
        def swap(items):
            items[0][field], items[1][field] = items[1][field], items[0][field]

        self.lie_about_items(lying, swap)
        self.refused(room, sitting)

    def test_a_paper_that_carries_another_record_than_the_xml(self, room, lying, sitting):
        """Each of the two fits its own digest, and they are of two pupils."""
        papers = []

        def swap(items):
            for name in ("pdf", "pdf_place"):
                items[1][name] = items[0][name]

        self.lie_about_items(lying, swap)
        lying.sends("/pdf", lambda answer: papers.append(answer) or papers[0])
        assert "PDF ≠ XML" in self.refused(room, sitting).vi

    @pytest.mark.parametrize("place", [[0, 0], [-60_000, -1], [10**12, 10**12], [50, 10]])
    def test_a_place_where_no_value_goes(self, room, lying, sitting, place):
        self.lie_about_items(lying, lambda items: items[0].update(pdf_place=place))
        self.refused(room, sitting)

    @pytest.mark.parametrize("kind", ["pdf", "xml"])
    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing", b"<a/>", b"\xff" * 1000])
    def test_no_document_at_all(self, room, lying, sitting, kind, content):
        lying.sends(f"/{kind}", lambda _: httpx.Response(200, content=content))
        self.refused(room, sitting)

    @pytest.mark.parametrize("hours", [-1, 1])
    def test_a_clock_that_is_off_by_an_hour(self, room, client, key, hours):
        sitting = begin(room, client, key, now=lambda: room.at + timedelta(hours=hours))
        assert "chỉnh lại ngày giờ" in self.refused(room, sitting, ClocksDisagree).vi
        with pytest.raises(ClocksDisagree):
            sitting.fetch_digests_blindly()

    def test_another_time_than_the_file_claims(self, room, lying, sitting):
        later = (START + timedelta(seconds=30)).isoformat()
        self.lie_about_items(lying, lambda items: items[0].update(signed_at=later))
        self.refused(room, sitting, ClocksDisagree)


WRONG_TYPES = {
    "no JSON": lambda _: httpx.Response(200, content=b"<html>"),
    "nothing": lambda _: httpx.Response(200, content=b""),
    "no text": lambda _: httpx.Response(200, content=b"\xff\xfe\x00"),
    "a list": lambda _: httpx.Response(200, content=b"[]"),
    "nested": lambda _: httpx.Response(200, content=b"[" * 100_000),
    "nothing in it": lambda _: httpx.Response(200, content=b"{}"),
    "null": lambda _: httpx.Response(200, content=b"null"),
}
WRONG_VALUES = [
    ("unit", "../../session"),
    ("unit", 7),
    ("stt", "một"),
    ("stt", -1),
    ("stt", 10**30),
    ("pupil", None),
    ("warnings", "text"),
    ("signed_at", "hôm qua"),
    ("signed_at", "2026-01-01T00:00:00"),
    ("pdf", "không phải base64"),
    ("pdf_place", [1]),
    ("pdf_place", "12"),
    ("xml", None),
    ("xml", {}),
]


class TestAnswersThatNoDeskGives(Unsigned):
    @pytest.mark.parametrize("wrong", WRONG_TYPES)
    @pytest.mark.parametrize("path", ["/waiting", "/items", "/values", "/finish"])
    def test_of_another_kind(self, lying, client, sitting, path, wrong):
        asks = {
            "/waiting": client.waiting,
            "/items": lambda: client.items(sitting.round),
            "/values": lambda: client.answer(sitting.round, {}),
            "/finish": lambda: client.finish(sitting.round),
        }
        lying.sends(path, WRONG_TYPES[wrong])
        with pytest.raises(DeskMisbehaves, match="hãy kiểm tra địa chỉ"):
            asks[path]()

    @pytest.mark.parametrize(("name", "value"), WRONG_VALUES)
    def test_with_a_value_of_another_kind(self, lying, sitting, name, value):
        lying.tells("/items", lambda told: told["items"][0].update({name: value}))
        with pytest.raises(DeskMisbehaves, match=name):
            list(sitting.fetch())

    def test_without_a_field(self, lying, sitting):
        lying.tells("/items", lambda told: told["items"][0].pop("xml") and None)
        with pytest.raises(DeskMisbehaves, match="xml missing"):
            list(sitting.fetch())

    def test_without_end(self, lying, sitting):
        def endless():
            while True:
                yield b" " * 1_000_000

        for path in ("/items", "/pdf"):
            lying.sends(path, lambda _: httpx.Response(200, content=endless()))
            with pytest.raises(DeskMisbehaves, match=f"{MAX_ANSWER_BYTES // 1_000_000} MB"):
                list(sitting.fetch())
            del lying.lies[path]

    @pytest.mark.parametrize("status", [301, 302, 307])
    def test_that_lead_elsewhere_are_not_followed(self, lying, client, status):
        lying.sends("/waiting", lambda _: httpx.Response(status, headers={"Location": "https://evil.example/"}))
        with pytest.raises(DeskRefused, match=str(status)):
            client.waiting()
        assert lying.asked[-1] == "GET /agent/v1/waiting"

    @pytest.mark.parametrize("token", ["", "một hai", "a\r\nHost: evil", None])
    def test_with_a_token_that_is_none(self, lying, client, token):
        lying.tells("/session", lambda told: told.update(token=token))
        with pytest.raises(DeskMisbehaves, match="token"):
            client.sign_in(TEACHER, PASSWORD)

    @pytest.mark.parametrize("url", ["http://desk.example", "ftp://127.0.0.1", "http://[::1", "desk", ""])
    def test_an_address_that_is_not_safe_or_none_is_refused(self, url):
        with pytest.raises(DeskRefused, match="https://"):
            DeskClient.at(url)


class TestADeskThatGoesAway:
    def test_while_the_key_signs_and_comes_back_costs_no_signature(self, room, lying, client, key):
        pauses = Paused()
        sitting = begin(room, client, key, pause=pauses)
        records = list(sitting.fetch())
        lying.away = 3
        list(sitting.sign(key, records))
        assert pauses == list(RETRY_PAUSES_SECONDS[:3])
        assert finished(client, sitting).stored == CLASS
        assert signed(room) == [(HOMEROOM,)] * CLASS

    def test_is_not_asked_again_before_the_key_is_done(self, lying, client, sitting, key):
        """A token is not kept waiting for one timeout after the other. The others are of no round."""
        real, at = list(sitting.fetch()), []
        more = [replace(one, item=one.item.model_copy(update={"unit": uuid4()})) for one in real * 5]
        records = [*more, *real]
        lying.away = 1
        list(sitting.sign(Slow(key, lambda _: at.append(lying.asked.count(VALUES.format(sitting.round)))), records))
        assert at[-1] == 1
        assert finished(client, sitting).stored == CLASS

    def test_with_an_answer_that_is_lost_counts_once(self, lying, client, sitting, key):
        records = list(sitting.fetch())
        heard = []
        lying.deaf = lambda request: request.url.path.endswith("/values") and not heard.append(1) and len(heard) == 1
        list(sitting.sign(key, records))
        assert len(heard) == 2
        assert finished(client, sitting).stored == CLASS

    @pytest.mark.parametrize("status", [502, 503, 500])
    def test_behind_a_server_that_says_so_is_asked_again(self, room, lying, client, key, status):
        pauses = Paused()
        sitting = begin(room, client, key, pause=pauses)
        records = list(sitting.fetch())
        lying.sends("/values", lambda _: lying.lies.clear() or httpx.Response(status, content=b"Bad Gateway"))
        list(sitting.sign(key, records))
        assert pauses == list(RETRY_PAUSES_SECONDS[:1])
        assert finished(client, sitting).stored == CLASS

    def test_for_good_is_said_and_the_next_sitting_goes_on(self, room, lying, client, key):
        pauses = Paused()
        sitting = begin(room, client, key, pause=pauses)
        records = list(sitting.fetch())
        lying.away = 1000
        with pytest.raises(DeskUnreachable, match="hãy kiểm tra mạng"):
            list(sitting.sign(key, records))
        assert pauses == list(RETRY_PAUSES_SECONDS)
        lying.away = 0
        again = begin(room, client, key)
        list(again.sign(key, list(again.fetch())))
        assert finished(client, again).stored == CLASS

    def test_that_refuses_for_a_reason_is_not_pressed(self, room, client, key):
        pauses = Paused()
        sitting = begin(room, client, key, pause=pauses)
        records = list(sitting.fetch())
        client.sign_out()
        with pytest.raises(DeskRefused):
            list(sitting.sign(key, records))
        assert pauses == []


class TestAKeyThatStops:
    def test_a_token_that_is_pulled_out_costs_the_rest_and_no_more(self, room, client, sitting, key):
        def pulled(number):
            if number == 5:
                raise TokenRemoved("Thiết bị ký đã bị rút. Hãy cắm lại rồi ký tiếp.", "gone")

        records = list(sitting.fetch())
        with pytest.raises(TokenRemoved):
            list(sitting.sign(Slow(key, pulled), records))
        assert answered(room, sitting) == 2
        again = begin(room, client, key)
        left = list(again.fetch())
        assert len(left) == CLASS - 2
        list(again.sign(key, left))
        assert finished(client, again).stored == CLASS

    def test_ctrl_c_sends_what_was_signed(self, room, sitting, key):
        def stopped(number):
            if number == 5:
                raise KeyboardInterrupt

        records = list(sitting.fetch())
        with pytest.raises(KeyboardInterrupt):
            list(sitting.sign(Slow(key, stopped), records))
        assert answered(room, sitting) == 2


def test_two_agents_of_one_signer_at_once_sign_each_record_once(room, world, client, sitting, key):
    with DeskClient(httpx.Client(transport=LyingDesk(world.browser().client), base_url=URL)) as other_client:
        other_client.sign_in(TEACHER, PASSWORD)
        other = begin(room, other_client, key)
        assert other.round == sitting.round
        ours, theirs = list(sitting.fetch()), list(other.fetch())
        list(other.sign(key, theirs[:3]))
        list(sitting.sign(key, ours))
        assert finished(client, sitting).stored == CLASS
        assert finished(other_client, other).stopped == ()
    assert signed(room) == [(HOMEROOM,)] * CLASS


# The command, against a desk that is served.


@contextmanager
def served(world):
    server = uvicorn.Server(uvicorn.Config(world.app(), host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    end = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def secret(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text + "\n")
    return str(path)


def hocba(capsys, *words: object):
    status = main([*map(str, words)])
    said = capsys.readouterr()
    return status, said.out, said.err


def by_file(room, tmp_path):
    identity = room.pki.identities["GVCN"]
    return str(identity.pkcs12), identity.passphrase


def by_token(room, tmp_path):
    identity = room.pki.identities["GVCN"]
    private, _, _ = pkcs12.load_key_and_certificates(identity.pkcs12.read_bytes(), identity.passphrase.encode())
    (tmp_path / "drawer").mkdir()
    token = Drawer(tmp_path / "drawer").initialise("GVCN", pin="271828")
    token.put(private, x509.load_der_x509_certificate(certificate(room.pki, "GVCN")))
    return f"pkcs11:token=GVCN?module-path={token.drawer.module}", "271828"


@pytest.mark.parametrize("held", [by_file, by_token])
def test_hocba_sign_signs_a_class_at_a_desk(room, world, tmp_path, capsys, held):
    place, pin = held(room, tmp_path)
    words = [
        "--key", place, "--pin-file", secret(tmp_path, "pin", pin), "--account", TEACHER,
        "--password-file", secret(tmp_path, "password", PASSWORD), "--yes", "--show", tmp_path / "shown",
    ]  # fmt: skip
    with served(world) as url:
        status, out, err = hocba(capsys, "sign", "--desk", url, *words)
        assert (status, signed(room)) == (0, [(HOMEROOM,)] * CLASS), err
        assert f"Đã ký {CLASS} học bạ lớp 9A1" in out
        assert SHEET.records[0].pupil.name in out
        assert len(list((tmp_path / "shown").glob("*.pdf"))) == CLASS
        assert pin not in out + err
        status, _, err = hocba(capsys, "sign", "--desk", url, *words)
    assert status == 1
    assert "Không có việc ký nào đang chờ bạn" in err


@pytest.mark.parametrize(
    "case",
    [
        ({"pin": "sai"}, "Mật khẩu của tệp chữ ký số không đúng"),
        ({"password": "sai mật khẩu rồi"}, "không đúng"),
        ({"who": "CBQL"}, "chưa được Sở duyệt"),
        ({"who": "GVCN-second"}, "chưa được Sở duyệt"),
        ({"who": "GVCN-expired"}, "không dùng được lúc này"),
        ({"who": "GVCN-not-yet"}, "không dùng được lúc này"),
    ],
)
def test_hocba_sign_at_a_desk_refuses_in_words_and_signs_nothing(room, world, tmp_path, capsys, case):
    change, told = case
    identity = room.pki.identities[change.get("who", "GVCN")]
    with served(world) as url:
        status, _, err = hocba(
            capsys, "sign", "--desk", url, "--key", identity.pkcs12, "--account", TEACHER, "--yes",
            "--pin-file", secret(tmp_path, "pin", change.get("pin", identity.passphrase)),
            "--password-file", secret(tmp_path, "password", change.get("password", PASSWORD)),
        )  # fmt: skip
    assert (status, signed(room)) == (1, [()] * CLASS)
    assert told in err
    assert "ãy" in err
    assert "Traceback" not in err


@contextmanager
def nobody_there():
    """As in a scheduled job: questions find the end of the input."""
    before, sys.stdin = sys.stdin, StringIO("")
    try:
        yield
    finally:
        sys.stdin = before


def test_hocba_sign_asks_before_it_signs_and_nobody_there_to_answer_is_a_no(room, world, tmp_path, capsys):
    place, pin = by_file(room, tmp_path)
    with served(world) as url, nobody_there():
        status, _, err = hocba(
            capsys, "sign", "--desk", url, "--key", place, "--account", TEACHER, "--lang", "en",
            "--pin-file", secret(tmp_path, "pin", pin), "--password-file", secret(tmp_path, "password", PASSWORD),
        )  # fmt: skip
    assert (status, signed(room)) == (130, [()] * CLASS)
    assert "Đã dừng" in err


def test_a_desk_that_is_not_there_is_said_with_a_remedy(tmp_path, capsys):
    status, _, err = hocba(
        capsys, "sign", "--desk", "http://127.0.0.1:9", "--key", "x.p12", "--account", TEACHER,
        "--password-file", secret(tmp_path, "password", PASSWORD),
    )  # fmt: skip
    assert status == 1
    assert "hãy kiểm tra mạng và địa chỉ" in err
    assert PASSWORD not in err
