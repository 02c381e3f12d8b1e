# SPDX-License-Identifier: Apache-2.0

"""What somebody does at a school or at the authority: it decides which pages of the desk are theirs. Pure."""

from collections.abc import Collection
from enum import StrEnum


class Duty(StrEnum):
    """One duty. Stored by value; an account may have several."""

    CLERK = "clerk"
    """Văn thư: imports classes, assigns signers, keeps the seal, issues."""
    PRINCIPAL = "principal"
    """Hiệu trưởng, or a deputy: approves, and signs in every class."""
    TEACHER = "teacher"
    """Giáo viên: signs for their own subject or class."""
    AUTHORITY = "authority"
    """Sở GDĐT: belongs to no school and sees all."""


def fit_together(duties: Collection[Duty], *, at_school: bool) -> bool:
    """Whether one account may have these duties: some at all, and the authority's alone and at no school."""
    if Duty.AUTHORITY in duties:
        return len(set(duties)) == 1 and not at_school
    return bool(duties) and at_school
