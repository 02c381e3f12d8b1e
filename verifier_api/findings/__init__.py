# SPDX-License-Identifier: Apache-2.0

"""Every finding that a verdict can hold: its code, its outcome and its sentence in both languages, in one table.

Codes are never renamed or reused once released: other people's programs look for them. A sentence says what is so, in words
a parent understands, and what to do next when something is wrong. `{name}` places take values when the finding is made.
"""

from verifier_api.findings.kind import Kind
from verifier_api.findings.of_files import *  # noqa: F403
from verifier_api.findings.of_proof import *  # noqa: F403
from verifier_api.findings.of_signatures import *  # noqa: F403
from verifier_api.findings.of_time import *  # noqa: F403
from verifier_api.verdict import Check

_STEPS = tuple(Check)

ALL = tuple(
    sorted(
        (value for value in globals().values() if isinstance(value, Kind)), key=lambda kind: _STEPS.index(kind.check)
    )
)
"""Every kind in the order of the steps, for the documentation and its test."""
