# SPDX-License-Identifier: Apache-2.0

"""Names for people who never existed, and numbers that can belong to nobody.

Family names come with roughly the weights they have in the country; given names are those of pupils today. Some pupils
carry the names that software tends to break: two words and five, an apostrophe, a hyphen, a single letter, a foreigner
without a personal number.
"""

import random
import unicodedata
from dataclasses import dataclass
from typing import Final

from ledger.record.rules.identity import SYNTHETIC_PROVINCE

_FAMILIES: Final = {
    "Nguyễn": 38,
    "Trần": 12,
    "Lê": 10,
    "Phạm": 7,
    "Hoàng": 3,
    "Huỳnh": 2,
    "Phan": 5,
    "Vũ": 2,
    "Võ": 2,
    "Đặng": 2,
    "Bùi": 2,
    "Đỗ": 1,
    "Hồ": 1,
    "Ngô": 1,
    "Dương": 1,
    "Lý": 1,
}
_MIDDLE: Final = {
    False: ("Văn", "Minh", "Thanh", "Đức", "Quốc", "Gia", "Hải", "Xuân"),
    True: ("Thị", "Ngọc", "Hoài", "Bảo", "Thu", "Kim", "Khánh", "Phương"),
}
_GIVEN: Final = {
    False: (
        "Minh",
        "Huy",
        "Khang",
        "Phúc",
        "Bảo",
        "Nam",
        "Đạt",
        "Long",
        "Quân",
        "Khoa",
        "Kiệt",
        "Duy",
        "Thịnh",
        "Tuấn",
    ),
    True: ("Anh", "Linh", "Ngọc", "Trang", "Nhi", "Vy", "Trâm", "Thảo", "Hà", "Mai", "My", "Quỳnh", "Hân", "Như"),
}
ADULT_YEARS: Final = range(1966, 2000)


@dataclass(frozen=True, slots=True)
class SampleName:
    """A name, and what goes with it."""

    full: str
    female: bool
    ethnicity: str | None = "Kinh"
    nationality: str = "Việt Nam"
    pending: bool = False
    """The personal number has not been given yet."""
    twin: bool = False
    """Born on the day of the pupil before."""


EDGE_PUPILS: Final = (
    SampleName("Lê An", female=True),
    SampleName("Nguyễn Hoàng Bảo Minh Anh", female=True),
    SampleName("H'Hen Niê", female=True, ethnicity="Ê Đê"),
    SampleName("Giàng A Páo", female=False, ethnicity="Mông"),
    SampleName("Thạch Sô Phép", female=False, ethnicity="Khmer"),
    SampleName("Đàng Năng Tuấn", female=False, ethnicity="Chăm"),
    SampleName("Công Tằng Tôn Nữ Hương Giang", female=True),
    SampleName("Park Ji-hoon", female=False, ethnicity=None, nationality="Hàn Quốc"),
    # Two pupils of one name in one class: nothing may tell pupils apart by their names.
    SampleName("Nguyễn Thị Mai", female=True),
    SampleName("Nguyễn Thị Mai", female=True),
)
MORE_EDGE_PUPILS: Final = (
    # The accents stand apart from their letters, as macOS and some exporters write them.
    SampleName(unicodedata.normalize("NFD", "Đặng Thị Ngọc Bích"), female=True),
    SampleName("Hồ Đức Đạt", female=False, pending=True),
    # One name and one day of birth: only code and number tell these two apart.
    SampleName("Trần Gia Bảo", female=False),
    SampleName("Trần Gia Bảo", female=False, twin=True),
)
"""Further ones, in classes of primary and upper secondary."""


def name_of(chance: random.Random, *, female: bool | None = None) -> SampleName:
    """Return a name of three words, of either sex unless one is asked for."""
    sex = chance.random() < 0.5 if female is None else female  # noqa: PLR2004
    (family,) = chance.choices(tuple(_FAMILIES), tuple(_FAMILIES.values()))
    return SampleName(f"{family} {chance.choice(_MIDDLE[sex])} {chance.choice(_GIVEN[sex])}", sex)


def number_for(chance: random.Random, *, female: bool, year: int) -> str:
    """Return a personal number with the right digits for sex and year, from a province that does not exist."""
    century = 2 * (year // 100 - 19) + female
    return f"{SYNTHETIC_PROVINCE}{century}{year % 100:02d}{chance.randrange(10**6):06d}"
