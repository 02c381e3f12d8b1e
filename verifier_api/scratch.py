# SPDX-License-Identifier: Apache-2.0

"""The scratch space of bulk jobs: files wait here, encrypted, and nobody can read what is left of a process that ended.

Each job has a key of its own, which exists only in this process's memory (AES-256-GCM). Forgetting the key is what deletes a
job; removing its files afterwards only gives the space back. So a power cut, a kill, or a copy of the disk leaves noise.

* Names of files are numbers; what a school called its files is encrypted along with them.
* A sheet of noise is bound to its job and its place: swapped, cut or altered ones are refused (`Unreadable`).
* One process at a time uses a folder; when it starts it removes what an earlier one left.

What this does not do: memory that is swapped out is the operating system's. Serve where swap is off or encrypted.

Example::

    with Scratch(folder) as scratch:
        scratch.open_job(job)
        scratch.put(job, "0.file", data)
"""

import fcntl
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from verifier_api.errors import UnusableScratch, VerifierError

NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BITS = 256
LOCK = "in-use"
SCRATCH_BYTES = 4_000_000_000
"""Of all jobs together."""


class Unreadable(VerifierError):
    """A job's key is forgotten, or what lies in its place is not what was put there."""

    def __init__(self) -> None:
        super().__init__(
            "Tệp của tác vụ này không còn đọc được. Hãy gửi lại.",
            "The files of this job can no longer be read. Send them again.",
        )


class Full(VerifierError):
    """The jobs that are there fill the space."""

    def __init__(self) -> None:
        super().__init__(
            "Không gian tạm đã đầy. Hãy thử lại sau.",
            "The scratch space is full. Try again later.",
        )


class Scratch:
    """Encrypted files of jobs in one folder, which is its own. Safe to share between threads."""

    def __init__(self, folder: Path, *, capacity: int = SCRATCH_BYTES) -> None:
        self._folder = folder
        self._capacity = capacity
        self._keys: dict[UUID, AESGCM] = {}
        self._sizes: dict[UUID, int] = {}
        self._lock = threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UnusableScratch(str(folder)) from None
        for left in folder.iterdir():
            # Only what jobs are called: whoever names the wrong folder is not to lose what else is in it.
            if _is_a_job(left.name):
                shutil.rmtree(left)

    def open_job(self, job: UUID) -> None:
        """Makes a key for a new job."""
        self._place(job).mkdir(mode=0o700)
        with self._lock:
            self._keys[job] = AESGCM(AESGCM.generate_key(KEY_BITS))
            self._sizes[job] = 0

    def put(self, job: UUID, name: str, data: bytes) -> None:
        """Encrypts `data` and lays it down. Raises `Unreadable` once the job is forgotten, `Full` when there is no room."""
        key, size = self._key(job), NONCE_BYTES + len(data) + TAG_BYTES
        with self._lock:
            if sum(self._sizes.values()) + size > self._capacity:
                raise Full
            if job in self._sizes:
                self._sizes[job] += size
        nonce = os.urandom(NONCE_BYTES)
        try:
            (self._place(job) / name).write_bytes(nonce + key.encrypt(nonce, data, _bound_to(job, name)))
        except FileNotFoundError:
            raise Unreadable from None

    def get(self, job: UUID, name: str) -> bytes:
        """What was put there. Raises `Unreadable`."""
        key = self._key(job)
        try:
            sealed = (self._place(job) / name).read_bytes()
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound_to(job, name))
        except (OSError, InvalidTag, ValueError):
            raise Unreadable from None

    def drop(self, job: UUID, name: str) -> None:
        """Removes one of the job's files, if it is there."""
        path = self._place(job) / name
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            with self._lock:
                if job in self._sizes:
                    self._sizes[job] = max(0, self._sizes[job] - size)

    def forget(self, job: UUID) -> None:
        """Forgets the job's key first, then removes its files. Safe to repeat."""
        with self._lock:
            self._keys.pop(job, None)
        shutil.rmtree(self._place(job), ignore_errors=True)
        with self._lock:
            self._sizes.pop(job, None)

    def holds(self, job: UUID) -> bool:
        """Whether the job's files can be read here."""
        with self._lock:
            return job in self._keys

    def jobs(self) -> tuple[UUID, ...]:
        """All jobs that files can be read of."""
        with self._lock:
            return tuple(self._keys)

    def close(self) -> None:
        """Forgets all jobs and lets the folder go. Safe to repeat."""
        for job in tuple(self._sizes):
            self.forget(job)
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _key(self, job: UUID) -> AESGCM:
        with self._lock:
            key = self._keys.get(job)
        if key is None:
            raise Unreadable
        return key

    def _place(self, job: UUID) -> Path:
        return self._folder / str(job)


def _bound_to(job: UUID, name: str) -> bytes:
    return job.bytes + name.encode()


def _is_a_job(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
