# SPDX-License-Identifier: Apache-2.0

"""What a place for a signature is called, as people at a school say it."""

from collections.abc import Mapping
from typing import Final

from ledger.record.subjects import BY_CODE, Level
from ledger.unit import Role, Slot
from ledger.web.languages import Text

NAMES: Final[Mapping[Role, Text]] = {
    Role.SUBJECT: Text("Giáo viên bộ môn", "Subject teacher"),
    Role.HOMEROOM: Text("Giáo viên chủ nhiệm", "Homeroom teacher"),
    Role.PRINCIPAL: Text("Hiệu trưởng", "Principal"),
    Role.SEAL: Text("Con dấu nhà trường", "School seal"),
}
DEPUTY: Final = Text("Phó Hiệu trưởng (được ủy quyền)", "Deputy principal (delegated)")


def subject_name(code: str, level: str = "") -> str:
    """What a subject is called at a level; its code, if the curriculum does not have it."""
    subject = BY_CODE.get(code)
    if subject is None:
        return code
    return subject.name_at(Level(level)) if level in set(Level.__members__) else subject.name


def slot_name(slot: Slot, level: str = "") -> Text:
    """The place in words: “Giáo viên bộ môn Toán”."""
    role = NAMES[slot.role]
    if not slot.subject:
        return role
    subject = subject_name(slot.subject, level)
    return Text(f"{role.vi} {subject}", f"{role.en} ({subject})")
