# SPDX-License-Identifier: Apache-2.0

"""A paper that a school issued and anchored on the first day of ten years, every form that it had since, and its verdict.

Example::

    kept = KeptPaper.issued().renewed(2.9)
    kept.verdict(4.5).conclusion                 # the newest form, with the receipt of the first
"""

import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from ledger.chain.registry import LeafStatus
from ledger.proof.receipt import Receipt
from ledger.retimestamping import NotRenewed, Paper
from signer.archive import retimestamp, stamps_until
from signer.errors import SignerError
from tests.integration import attacked_school as world
from tests.simulators.aging_pki import BEGIN, DAY, Years, der, now, year
from tests.simulators.mortality import Fate
from verifier_api.examination import examine
from verifier_api.intake import UnsafeInProcessExaminer
from verifier_api.trust import Anchors
from verifier_api.verdict import Verdict

ANCHORED = BEGIN + DAY


@dataclass(frozen=True)
class OfTheseYears(world.AnchoredEarlier):
    """The registry as if it had been told of these years' seal, a day after it signed. Implements `RegistryReader`."""

    seal: bytes

    def status_of(self, **asked) -> LeafStatus:
        return replace(super().status_of(**asked), seal_certificate=self.seal)


@dataclass
class KeptPaper:
    years: Years
    paper: world.Paper
    receipt: Receipt
    forms: list[bytes]

    @classmethod
    def issued(cls, number: int = 0, years: Years | None = None) -> "KeptPaper":
        years = years or Years()
        with years.at(0):
            paper = world.drawn(number)
            for role in world.ROLES_IN_ORDER:
                key = years.people[role.value]
                paper = world.signed(paper, role, key=key, when=now(), stamper=years.stamper())
            paper = replace(paper, pdf=years.archived(paper.pdf))
        return cls(years, paper, world.anchored(world.manifest_of(paper)), [paper.pdf])

    def renewed(self, *times: float) -> "KeptPaper":
        for when in times:
            with self.years.at(when):
                self.forms.append(self.years.renewed(self.forms[-1]))
        return self

    def verdict(self, when: float, *, file: bytes | None = None, news=((), ()), issued=None) -> Verdict:
        """By way of the ledger `issued`, or with the paper's own receipt."""
        people = self.years.people
        lines = [world.approved(r, people[r.value], valid_from=year(-1)) for r in world.ROLES_IN_ORDER]
        above = tuple(der(authority.certificate) for authority in self.years.authorities.values())
        anchors = Anchors(roots=self.years.trusted(), intermediates=above, crls=news[0], ocsps=news[1])
        registry = OfTheseYears(world.chain().registry, ANCHORED, people["KY_PHAT_HANH"].certificate_sha256)
        trust = replace(world.trusting_only(*lines), anchors=anchors)
        with self.years.at(when):
            return world.judge(
                file or self.forms[-1],
                None if issued else self.receipt,
                trust=trust,
                registry=registry,
                issued=issued,
                examined_by=UnsafeInProcessExaminer(functools.partial(examine, anchors=anchors)),
            )


@dataclass
class DeskRenewer:
    """Renews in this process, the same file always to the same bytes. Implements `ledger.retimestamping.Renewer`."""

    years: Years
    fate: Fate = field(default_factory=Fate)
    fails: dict[str, SignerError] = field(default_factory=dict)
    """By the digest of the file: what happens instead."""
    spoils: dict[str, bytes] = field(default_factory=dict)
    """By the digest of the file: what comes back instead."""
    asked: list[str] = field(default_factory=list)
    made: dict[str, bytes] = field(default_factory=dict)

    def lasting_until(self) -> datetime:
        self.fate.step("before lasting_until")
        return stamps_until(timestamper=self.years.stamper(), validation_data=self.years.data())

    def renew(self, papers: Iterable[Paper]) -> Iterator[Paper | NotRenewed]:
        for paper in papers:
            digest = hashlib.sha256(paper.pdf).hexdigest()
            self.fate.step("before renew")
            self.asked.append(digest)
            if (error := self.fails.get(digest)) is not None:
                yield NotRenewed(paper.unit_id, error.vi, error.en)
                continue
            if digest not in self.made:
                stamper, data = self.years.stamper(), self.years.data()
                self.made[digest] = retimestamp(paper.pdf, timestamper=stamper, validation_data=data)
            self.fate.step("after renew")
            yield Paper(paper.unit_id, self.spoils.get(digest, self.made[digest]))
