# SPDX-License-Identifier: Apache-2.0

"""The places for signatures, as people call them: «giáo viên Toán», never `GVBM-TOAN` and never "Signature3"."""

from collections.abc import Iterable

from ledger.record.subjects import BY_CODE
from ledger.unit import Role, Slot

_NAMES = {
    Role.SUBJECT: ("giáo viên {subject}", "teacher of {subject}"),
    Role.HOMEROOM: ("giáo viên chủ nhiệm", "homeroom teacher"),
    Role.PRINCIPAL: ("hiệu trưởng", "principal"),
    Role.SEAL: ("con dấu số của trường", "the school's seal"),
}


def slot_of(field: str) -> Slot | None:
    """The place that a field is named after; None for a stranger's field, and for a subject that nobody teaches."""
    try:
        slot = Slot.parse(field)
    except ValueError:
        return None
    return slot if not slot.subject or slot.subject in BY_CODE else None


def role_of(field: str) -> str:
    """The role by which trust settings know a field; a stranger's field keeps its own name, which no settings know."""
    slot = slot_of(field)
    return field if slot is None else slot.role.value


def subject_name(code: str) -> str:
    """A subject as the curriculum names it; an unknown code stays as it is."""
    return BY_CODE[code].name if code in BY_CODE else code


def words(field: str) -> tuple[str, str]:
    """A field in words, Vietnamese and English; a stranger's keeps its own name."""
    slot = slot_of(field)
    if slot is None:
        return field, field
    vi, en = _NAMES[slot.role]
    subject = subject_name(slot.subject)
    return vi.format(subject=subject), en.format(subject=subject)


def listing(fields: Iterable[str]) -> tuple[str, str]:
    """Several fields in words, in both languages."""
    told = [words(field) for field in fields]
    return ", ".join(vi for vi, _ in told), ", ".join(en for _, en in told)
