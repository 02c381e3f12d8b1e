# SPDX-License-Identifier: Apache-2.0

"""Files in an S3-compatible store: Amazon's, MinIO, Ceph, or a provider's in Vietnam.

Imported only where such a store is used, because boto3 takes a third of a second to load.

What the store must be able to do: `If-None-Match: *` and `If-Match` on PUT, SHA-256 checksums, listing version 2. What its
policy must allow: `s3:GetObject`, `s3:PutObject` and `s3:ListBucket`, and nothing else; without the last, a store answers "no
access" where a file is missing.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from ledger.errors import CannotRead, CannotStore, DamagedFile, Remedy, UnknownFile
from ledger.store.files import DIGEST
from ledger.store.s3_place import S3Place

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""From one byte to the next."""
ATTEMPTS = 4
"""Of one question, the first among them; between them the library waits 1, 2, 4 seconds at most (its mode `standard`)."""
CONNECTIONS = 16
"""Kept open at once by one process."""
RACES = 3
"""How often a write is tried anew because somebody else wrote the same file at the same moment."""

_CONFLICT, _EXISTS_ALREADY, _STORAGE_FULL = 409, 412, 507

KEYS = Remedy(
    "hãy kiểm tra AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY và quyền GetObject, PutObject, ListBucket, rồi chạy lại",
    "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the rights GetObject, PutObject and ListBucket, then run this again",
)
PLACE = Remedy(
    "hãy kiểm tra tên bucket, vùng và endpoint trong thiết lập files (hoặc HOCBA_FILES), rồi chạy lại",
    "check the bucket, region and endpoint in the setting files (or HOCBA_FILES), then run this again",
)
CLOCK = Remedy("hãy chỉnh lại đồng hồ máy này, rồi chạy lại", "set this computer's clock, then run this again")
SPACE = Remedy("hãy tăng dung lượng của kho S3, rồi chạy lại", "give the object store more space, then run this again")
LATER = Remedy(
    "hãy kiểm tra mạng và kho S3, rồi chạy lại sau", "check the network and the object store, then run this again later"
)

_REMEDIES = {
    KEYS: {"AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "403"},
    PLACE: {"NoSuchBucket", "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed", "301", "404"},
    CLOCK: {"RequestTimeTooSkewed"},
    SPACE: {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"},
}


class ObjectClient(Protocol):
    """What is used of boto3's S3 client. Each raises `ClientError` for an answer, `BotoCoreError` for none."""

    def put_object(self, **asked: object) -> dict[str, Any]:
        """Stores one object."""

    def get_object(self, **asked: object) -> dict[str, Any]:
        """One object, its body a stream."""

    def list_objects_v2(self, **asked: object) -> dict[str, Any]:
        """Up to a thousand names, in ascending order of their bytes."""


@dataclass(frozen=True)
class Patience:
    """How long a store is waited for."""

    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    attempts: int = ATTEMPTS


class S3Files:
    """A `FileStore` in a bucket.

    What `put` has named was confirmed by the store, which compared it with its SHA-256. A file that is there is never
    overwritten: each write carries the condition that nothing stands there, or, to repair, that still the damaged bytes do.
    When an answer is lost on the way, the same write is sent again, and what it meets then is compared byte by byte. Does not
    guarantee what the store does with the bytes afterwards: `get` checks, and audits ask it; versions and retention are the
    bucket's own settings.
    """

    def __init__(self, client: ObjectClient, *, bucket: str, prefix: str = "", attempts: int = ATTEMPTS) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._attempts = attempts

    @classmethod
    def at(cls, place: S3Place, patience: Patience = Patience()) -> Self:
        """The files at `place`, asked with the keys that boto3 finds in the environment. Asks nothing yet.

        Raises `CannotRead` when the environment itself makes no sense to boto3.
        """
        config = Config(
            connect_timeout=patience.connect_seconds,
            read_timeout=patience.read_seconds,
            retries={"mode": "standard", "total_max_attempts": patience.attempts},
            max_pool_connections=CONNECTIONS,
            # Stores other than Amazon's have no name for each bucket in the DNS.
            s3={"addressing_style": "auto" if place.endpoint is None else "path"},
            # We give the SHA-256 that names the file, and compare it ourselves; CRCs beside that cost time.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            session = boto3.session.Session()
            # Any region will do for a store that has one alone, but a signature has to name one.
            region = place.region or session.region_name or ("us-east-1" if place.endpoint else None)
            client = session.client("s3", endpoint_url=place.endpoint, region_name=region, config=config)
        except (BotoCoreError, ValueError) as error:
            raise CannotRead(*_told(error)) from error
        return cls(client, bucket=place.bucket, prefix=place.prefix, attempts=patience.attempts)

    def put(self, data: bytes) -> str:
        """Stores `data` and returns its digest. Raises `CannotStore`."""
        digest = hashlib.sha256(data)
        name = digest.hexdigest()
        condition = {"IfNoneMatch": "*"}
        try:
            for _ in range(RACES):
                if self._written(name, data, base64.b64encode(digest.digest()).decode(), condition):
                    return name
                # Something stands there: what we sent before an answer was lost, what another sent, or damaged bytes.
                found = self._fetched(name)
                if found is not None and found[0] == data:
                    return name
                condition = {"IfNoneMatch": "*"} if found is None else {"IfMatch": found[1]}
        except (ClientError, BotoCoreError) as error:
            raise CannotStore(*_told(error)) from error
        raise CannotStore(f"{name}: {RACES} ×  PreconditionFailed", LATER)

    def get(self, sha256: str) -> bytes:
        """The bytes with this digest. Raises `UnknownFile`, `DamagedFile` or `CannotRead`."""
        if not DIGEST.fullmatch(sha256):
            raise UnknownFile(sha256)
        try:
            found = self._fetched(sha256)
        except (ClientError, BotoCoreError) as error:
            raise CannotRead(*_told(error)) from error
        if found is None:
            raise UnknownFile(sha256)
        if hashlib.sha256(found[0]).hexdigest() != sha256:
            raise DamagedFile(sha256)
        return found[0]

    def size(self, sha256: str) -> int:
        """How many bytes the object has. Raises `UnknownFile` or `CannotRead`."""
        # A list of one, because HEAD has no body: it can't tell a missing file from a missing bucket.
        key = self._key(sha256) if DIGEST.fullmatch(sha256) else None
        for entry in self._listed(key, at_most=1) if key else ():
            if entry["Key"] == key:
                return int(entry["Size"])
        raise UnknownFile(sha256)

    def __contains__(self, sha256: str) -> bool:
        """Whether there is an object of this name. Raises `CannotRead`."""
        try:
            self.size(sha256)
        except UnknownFile:
            return False
        return True

    def digests(self) -> Iterator[str]:
        """Every digest that an object is named by, in ascending order. Raises `CannotRead`. Holds a thousand names at a time."""
        for entry in self._listed(self._prefix):
            folder, _, name = str(entry["Key"])[len(self._prefix) :].partition("/")
            if DIGEST.fullmatch(name) and folder == name[:2]:
                yield name

    def _written(self, name: str, data: bytes, checksum: str, condition: dict[str, str]) -> bool:
        """Whether the store has taken it. False when the condition did not hold, or somebody writes it at this moment."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._key(name),
                Body=data,
                ContentType="application/octet-stream",
                ChecksumSHA256=checksum,
                **condition,
            )
        except ClientError as error:
            if _status(error) in {_CONFLICT, _EXISTS_ALREADY}:
                return False
            raise
        return True

    def _fetched(self, name: str) -> tuple[bytes, str] | None:
        """An object's bytes and its version tag, or None where the store says that there is none."""
        for attempt in range(1, self._attempts + 1):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                    return None
                raise
            try:
                return answer["Body"].read(), answer["ETag"]
            except BotoCoreError:
                # The answer began and broke off: the library asks again for a head, never for a body.
                if attempt == self._attempts:
                    raise
        raise AssertionError("unreachable: at least one attempt is made")

    def _listed(self, prefix: str, *, at_most: int | None = None) -> Iterator[dict[str, Any]]:
        more: dict[str, Any] = {} if at_most is None else {"MaxKeys": at_most}
        while True:
            try:
                page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
            except (ClientError, BotoCoreError) as error:
                raise CannotRead(*_told(error)) from error
            yield from page.get("Contents", ())
            if at_most is not None or not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name[:2]}/{name}"


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _told(error: Exception) -> tuple[str, Remedy]:
    """What the store's answer, or its silence, is called, and what a person does about it. Never repeats a key."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return type(error).__name__, KEYS
    if not isinstance(error, ClientError):
        return type(error).__name__, LATER if isinstance(error, BotoCoreError) else PLACE
    code, status = str(error.response.get("Error", {}).get("Code", "?")), _status(error)
    found = next((remedy for remedy, codes in _REMEDIES.items() if code in codes), LATER)
    return f"{code}, HTTP {status}", SPACE if status == _STORAGE_FULL else found
