# SPDX-License-Identifier: Apache-2.0

"""An object store that fails, is slow, lies or cannot be reached: a file is kept or not, and whoever asked is told which and why."""

import base64
import hashlib
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from ledger.errors import CannotRead, CannotStore, DamagedFile, LedgerError, UnknownFile, UnusableFiles
from ledger.store.files import FolderFiles
from ledger.store.s3_files import CLOCK, KEYS, LATER, PLACE, SPACE, Patience, S3Files
from ledger.store.s3_place import S3Place
from scripts.compose import file_store
from scripts.settings import Settings, UnusableSettings
from tests.simulators.object_store import BUCKET, HASTE, Fault, ObjectStore

DATA = b"one signed revision" * 500
NAME = hashlib.sha256(DATA).hexdigest()
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def object_store():
    with ObjectStore() as store:
        yield store


@pytest.fixture
def prefix():
    return f"{uuid.uuid4()}/"


@pytest.fixture
def store(object_store, prefix):
    object_store.road.faults = []
    object_store.road.asked.clear()
    return object_store.files(prefix)


PASSING = [Fault.SERVER_ERROR, Fault.SLOW_DOWN, Fault.CUT_OFF, Fault.LOST_ANSWER, Fault.SLOW, Fault.OVERTAKEN]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_by_itself_is_got_over_and_a_file_is_written_once(object_store, store, prefix, fault):
    object_store.road.faults = [fault]
    assert store.put(DATA) == NAME
    assert object_store.road.asked["PUT"] == 2
    assert object_store.versions(prefix) == 1
    assert store.get(NAME) == DATA


@pytest.mark.parametrize("fault", [*PASSING[:-1], Fault.HALF_AN_ANSWER])
def test_a_file_is_read_whole_whatever_befell_the_first_answer(object_store, store, fault):
    store.put(DATA)
    object_store.road.faults = [fault]
    assert store.get(NAME) == DATA
    assert object_store.road.asked["GET"] == 2


LASTING = [
    (Fault.SERVER_ERROR, LATER, "InternalError, HTTP 500"),
    (Fault.SLOW_DOWN, LATER, "SlowDown, HTTP 503"),
    (Fault.CUT_OFF, LATER, "Connection"),
    (Fault.SLOW, LATER, "ReadTimeout"),
    (Fault.FULL, SPACE, "XMinioStorageFull, HTTP 507"),
    (Fault.DENIED, KEYS, "AccessDenied, HTTP 403"),
]


@pytest.mark.parametrize("lasting", LASTING, ids=lambda lasting: lasting[0].name)
def test_what_lasts_is_told_with_its_remedy_and_is_never_called_missing(object_store, store, prefix, lasting):
    fault, remedy, cause = lasting
    store.put(DATA)
    before = object_store.versions(prefix)
    deeds = [
        (CannotStore, lambda: store.put(b"another")),
        (CannotRead, lambda: store.get(NAME)),
        (CannotRead, lambda: store.size(NAME)),
        (CannotRead, lambda: NAME in store),
        (CannotRead, lambda: list(store.digests())),
    ]
    for kind, deed in deeds if fault in {Fault.DENIED, Fault.FULL} else deeds[:2]:
        object_store.road.faults = [fault] * HASTE.attempts
        with pytest.raises(kind) as caught:
            deed()
        assert remedy.vi in caught.value.vi
        assert remedy.en in caught.value.en
        assert cause in caught.value.en
        object_store.road.faults = []
    if fault is not Fault.SLOW:  # What was too slow to be heard of may have arrived.
        assert object_store.versions(prefix) == before
    assert store.put(b"another") in store
    assert store.get(NAME) == DATA


def test_half_an_answer_is_never_a_damaged_file(object_store, store):
    store.put(DATA)
    object_store.road.faults = [Fault.HALF_AN_ANSWER] * HASTE.attempts
    with pytest.raises(CannotRead, match="later"):
        store.get(NAME)


def test_writers_who_overtake_each_other_for_ever_are_told(object_store, store):
    object_store.road.faults = [Fault.OVERTAKEN, None, Fault.OVERTAKEN, None, Fault.OVERTAKEN]
    with pytest.raises(CannotStore, match="later"):
        store.put(DATA)
    assert NAME not in store


def test_a_whole_file_is_never_written_over(object_store, store, prefix):
    for _ in range(3):
        store.put(DATA)
    assert object_store.versions(prefix) == 1
    assert object_store.road.asked["PUT"] == 3


def test_damage_is_repaired_only_while_it_is_still_the_same_damage(object_store, store, prefix):
    """Whoever repairs says which bytes it wants away; the store refuses if others stand there by then."""
    key = f"{prefix}{NAME[:2]}/{NAME}"
    asked = []

    class Watched:
        """The real client; what is damaged changes between its reading and its repair."""

        def __getattr__(self, question):
            return getattr(store._client, question)

        def put_object(self, **values):
            asked.append({name for name in values if name.startswith("If")})
            if len(asked) == 2:
                object_store.inside.put_object(Bucket=BUCKET, Key=key, Body=b"damaged otherwise")
            return store._client.put_object(**values)

    object_store.inside.put_object(Bucket=BUCKET, Key=key, Body=b"damaged")
    S3Files(Watched(), bucket=BUCKET, prefix=prefix).put(DATA)
    assert asked == [{"IfNoneMatch"}, {"IfMatch"}, {"IfMatch"}]
    assert store.get(NAME) == DATA


def test_every_byte_is_sent_with_its_sha256(object_store, store):
    store.put(DATA)
    assert base64.b64decode(object_store.road.headers["x-amz-checksum-sha256"]) == bytes.fromhex(NAME)
    assert object_store.road.headers["if-none-match"] == "*"


def test_bytes_changed_in_the_store_are_not_believed(object_store, store, prefix):
    store.put(DATA)
    object_store.inside.put_object(Bucket=BUCKET, Key=f"{prefix}{NAME[:2]}/{NAME}", Body=DATA + b"!")
    with pytest.raises(DamagedFile):
        store.get(NAME)


def test_a_bucket_that_is_not_there_is_not_an_empty_one(object_store):
    nowhere = object_store.files(bucket="no-such-bucket")
    deeds = [
        (CannotStore, lambda: nowhere.put(DATA)),
        (CannotRead, lambda: nowhere.get(NAME)),
        (CannotRead, lambda: NAME in nowhere),
        (CannotRead, lambda: list(nowhere.digests())),
    ]
    for kind, deed in deeds:
        with pytest.raises(kind, match="NoSuchBucket") as caught:
            deed()
        assert PLACE.vi in caught.value.vi


def test_nobody_home_is_told_as_such(object_store):
    place = S3Place(BUCKET, endpoint="http://127.0.0.1:9")
    with pytest.raises(CannotRead, match="network"):
        S3Files.at(place, Patience(attempts=1)).get(NAME)
    with pytest.raises(CannotRead, match="endpoint"):
        S3Files.at(S3Place(BUCKET, endpoint="no address"))


def test_without_keys_it_says_which_are_missing_and_asks_nobody(object_store, prefix, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    object_store.road.asked.clear()
    with pytest.raises(CannotStore, match="AWS_ACCESS_KEY_ID"):
        S3Files.at(S3Place.parse(object_store.line(prefix)), HASTE).put(DATA)
    assert not object_store.road.asked


def test_more_names_than_one_answer_holds_are_all_listed(object_store, store, monkeypatch):
    names = sorted(store.put(b"%d" % number) for number in range(5))

    class InPairs:
        """The real client, and a store that lists two at a time."""

        def list_objects_v2(self, **values):
            return store._client.list_objects_v2(**values | {"MaxKeys": 2})

    assert list(S3Files(InPairs(), bucket=BUCKET, prefix=store._prefix).digests()) == names


@pytest.mark.parametrize(
    "line",
    [
        "s3://",
        "s3://ab",
        "s3://Bucket",
        "s3://key:secret@bucket/",
        "s3://bucket/../other",
        "s3://bucket/./other",
        "s3://bucket/a b/",
        "s3://bucket/?endpoint=http://store.example",
        "s3://bucket/?endpoint=https://key:secret@store.example",
        "s3://bucket/?endpoint=https://store.example/path",
        "s3://bucket/?endpoint=",
        "s3://bucket/?endpoint=https://one.example&endpoint=https://other.example",
        "s3://bucket/?secret=x",
        "s3://bucket/#part",
        "https://bucket/",
    ],
)
def test_a_line_that_says_no_place_is_refused_and_repeats_no_secret(line):
    with pytest.raises(UnusableFiles) as caught:
        S3Place.parse(line)
    assert "key:secret" not in caught.value.en + caught.value.vi


def test_a_place_is_read_from_one_line():
    line = "s3://hoc-ba/so/31312502?endpoint=https://s3.example.vn&region=vn-1"
    assert S3Place.parse(line) == S3Place("hoc-ba", "so/31312502/", "https://s3.example.vn", "vn-1")
    assert S3Place.parse("s3://hoc-ba") == S3Place("hoc-ba")


def settings(folder, files=None, environment=None):
    files_line = "" if files is None else f'files = "{files}"\n'
    (folder / "hocba.toml").write_text(f'{files_line}[signing]\ntsa = "https://tsa.example"\nlocation = "Huế"\n')
    return Settings.load(folder, environment or {})


def test_settings_say_where_files_lie_and_the_environment_has_the_last_word(object_store, prefix, tmp_path):
    assert settings(tmp_path).files == str(tmp_path / "files")
    assert settings(tmp_path, "elsewhere").files == str(tmp_path / "elsewhere")
    line = object_store.line(prefix)
    assert settings(tmp_path, line).files == line
    assert settings(tmp_path, "elsewhere", {"HOCBA_FILES": line}).files == line
    assert isinstance(file_store(settings(tmp_path).files), FolderFiles)
    assert file_store(line).put(DATA) == NAME
    assert object_store.keys(prefix) == [f"{prefix}{NAME[:2]}/{NAME}"]
    with pytest.raises(UnusableSettings, match="AWS_SECRET_ACCESS_KEY"):
        settings(tmp_path, "s3://key:secret@bucket/")


def test_boto3_is_loaded_only_where_it_is_needed():
    said = "import sys, scripts.compose; print(sorted({'boto3', 'botocore'} & set(sys.modules)))"
    child = [sys.executable, "-c", said]
    told = subprocess.run(child, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert told.stdout.strip() == "[]"


def test_every_remedy_says_something_in_both_languages():
    for remedy in (CLOCK, KEYS, LATER, PLACE, SPACE):
        assert "hãy" in remedy.vi
        assert "then run this again" in remedy.en


def test_an_unknown_file_is_still_unknown_when_the_first_answer_was_lost(object_store, store):
    object_store.road.faults = [Fault.LOST_ANSWER]
    with pytest.raises(UnknownFile):
        store.get(NAME)
    assert issubclass(UnknownFile, LedgerError)
