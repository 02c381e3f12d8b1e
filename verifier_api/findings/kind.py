# SPDX-License-Identifier: Apache-2.0

"""One row of the table of findings: a code, an outcome and a sentence, with places for values."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from verifier_api.verdict import Check, Finding, Outcome

PASSED, FAILED, UNKNOWN, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.SKIPPED


@dataclass(frozen=True)
class Kind:
    """One row of the table; calling it makes the finding."""

    code: str
    outcome: Outcome
    vi: str
    en: str

    @cached_property
    def check(self) -> Check:
        """The part of the code before the dot."""
        return Check(self.code.partition(".")[0])

    def __call__(self, details: dict[str, Any] | None = None, **values: object) -> Finding:
        """The finding itself. `values` fill the sentence, a pair being Vietnamese and English; `details` go to experts."""
        if not values:
            if not details:
                return self._plain
            return Finding(
                check=self.check, outcome=self.outcome, code=self.code, vi=self.vi, en=self.en, details=details
            )
        pairs = {name: value for name, value in values.items() if isinstance(value, tuple)}
        return Finding(
            check=self.check,
            outcome=self.outcome,
            code=self.code,
            vi=self.vi.format(**values | {name: vi for name, (vi, _) in pairs.items()}),
            en=self.en.format(**values | {name: en for name, (_, en) in pairs.items()}),
            details=details or {},
        )

    @cached_property
    def _plain(self) -> Finding:
        """The finding with no value in its sentence: most are made anew for each of thousands of questions a second."""
        return Finding(check=self.check, outcome=self.outcome, code=self.code, vi=self.vi, en=self.en)
