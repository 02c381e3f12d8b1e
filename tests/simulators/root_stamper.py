# SPDX-License-Identifier: Apache-2.0

"""A time-stamping authority for roots: real tokens of the demo PKI, without a server. Driven by its state.

Example::

    stamper = SimulatedStamper(fate)
    stamper.down = True                       # nobody answers from now on
    stamper.answers = lambda root: b"noise"   # or whatever else it is to say
    stamper.asked                             # the roots, in the order in which they came
"""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ledger.stamping import Unstamped
from scripts.demo_pki import DemoPki, Person, create_pki
from signer.root_tokens import stamp
from signer.validation_data import ValidationData
from tests.simulators.mortality import Fate


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@functools.cache
def authority() -> DemoPki:
    """The infrastructure whose `tsa` stamps. Nobody answers at port 9."""
    folder = Path(tempfile.mkdtemp(prefix="hocba-tsa-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return create_pki(
        folder,
        school_code="79000501",
        school_name="Trường THCS Hoa Mai",
        teacher=Person("Lê Thị An", "079180000001"),
        principal=Person("Trần Văn Bình", "079170000002"),
        host="127.0.0.1",
        port=9,
        now=now(),
    )


def roots_of(pki: DemoPki) -> tuple[bytes, ...]:
    return pki.root_certificates("vgca") + pki.root_certificates("public")


def token(digested: bytes, *, of: DemoPki | None = None, when: datetime | None = None) -> bytes:
    """A token as the signer keeps it, with its chain and revocation data."""
    pki, at = of or authority(), when or now()
    data = ValidationData.offline(roots_of(pki), crls=pki.crls(at), now=lambda: at)
    return stamp(digested, timestamper=pki.timestamper(lambda: at), validation_data=data)


@functools.cache
def usual(root: bytes) -> bytes:
    """The same token each time, as making one takes longer than storing it."""
    return token(root)


@dataclass
class SimulatedStamper:
    """Implements `ledger.stamping.RootStamper`."""

    fate: Fate = field(default_factory=Fate)
    """Who asks may die before the question, and after it with the answer unseen."""
    down: bool = False
    answers: Callable[[bytes], bytes] = usual
    asked: list[bytes] = field(default_factory=list)

    def stamp(self, root: bytes) -> bytes | Unstamped:
        self.fate.step("before stamp")
        self.asked.append(root)
        answer = Unstamped("Máy chủ không trả lời.", "Nobody answers.") if self.down else self.answers(root)
        self.fate.step("after stamp")
        return answer
