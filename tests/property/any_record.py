# SPDX-License-Identifier: Apache-2.0

"""Whatever record the format can say, of any level: what Hypothesis draws from for the XML.

Values are not plausible, they are possible: texts hold markup, marks contradict one another, a pupil of grade 3 sits in upper
secondary. What is left out is what the writer refuses, which the unit tests name one by one.
"""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from ledger.record.model import (
    ClassInfo,
    Person,
    PrimarySubject,
    PrimaryYear,
    Pupil,
    Record,
    School,
    Schooling,
    SecondarySubject,
    SecondaryYear,
    Terms,
)
from ledger.record.scales import (
    Achievement,
    Attainment,
    Award,
    Origin,
    Overall,
    PrimaryAward,
    Rating,
    Sex,
    Trait,
    TraitLevel,
)
from ledger.record.spelling import clean
from ledger.record.subjects import SUBJECTS, Level

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạầẩẫấậ' -ĐẮỆữ<&>\"];"
TEXT = (st.text(VIETNAMESE, min_size=1, max_size=30) | st.text(min_size=1, max_size=30)).map(clean).filter(bool)
MAYBE = st.none() | TEXT
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.builds(
    lambda naive, zone: naive.replace(microsecond=0, tzinfo=zone),
    st.datetimes(datetime.fromisoformat("2000-01-02"), datetime.fromisoformat("2099-12-30")),
    ZONES,
)
UNITS = st.uuids(version=4)
PEOPLE = st.builds(Person, TEXT, MAYBE)
CODES = st.sampled_from([subject.code for subject in SUBJECTS])
SESSIONS = st.integers(0, 300)
SCHOOLS = st.builds(School, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, MAYBE)
HISTORY = st.lists(st.builds(Schooling, TEXT, TEXT, TEXT, st.none() | DAYS), max_size=4).map(tuple)


def _classes(levels, principals=PEOPLE):
    return st.builds(
        ClassInfo,
        name=TEXT,
        level=levels,
        grade=st.integers(1, 12),
        school_year=st.integers(2000, 2098).map(lambda year: f"{year}-{year + 1}"),
        circular=TEXT,
        homeroom=PEOPLE,
        principal=principals,
        principal_title=TEXT,
    )


@st.composite
def _pupils(draw, needed=MAYBE):
    """`needed` draws what the ministry's table marks as compulsory."""
    foreign = draw(st.booleans())
    personal_id = draw(MAYBE)
    return Pupil(
        code=draw(TEXT),
        name=draw(TEXT),
        birth_date=draw(DAYS),
        sex=draw(st.sampled_from(Sex)),
        personal_id=personal_id,
        nationality=draw(st.sampled_from(("Hàn Quốc", "Lào"))) if foreign else "Việt Nam",
        ethnicity=draw(MAYBE if foreign else needed),
        birthplace=draw(needed),
        hometown=draw(MAYBE if foreign else needed),
        address=draw(needed),
        father=draw(MAYBE),
        mother=draw(MAYBE),
        guardian=draw(needed),
        register_number=draw(needed),
        passport=draw(MAYBE),
        number_pending=personal_id is None and not foreign,
        single_name=draw(st.booleans()),
    )


_RATINGS = st.none() | st.sampled_from(Rating)
_TERMS = st.builds(Terms, _RATINGS, _RATINGS, _RATINGS, _RATINGS)
_MARKS = st.none() | st.sampled_from(Attainment) | st.integers(0, 100).map(lambda tenths: Decimal(tenths) / 10)
_SECONDARY_SUBJECTS = st.builds(
    SecondarySubject,
    code=CODES,
    name=TEXT,
    hk1=_MARKS,
    hk2=_MARKS,
    year=_MARKS,
    comment=MAYBE,
    teacher=st.none() | PEOPLE,
    exempt=st.booleans(),
    reassessed=_MARKS,
    specialised=st.booleans(),
)
_SECONDARY_YEARS = st.builds(
    SecondaryYear,
    subjects=st.lists(_SECONDARY_SUBJECTS, max_size=13, unique_by=lambda subject: subject.code).map(tuple),
    conduct=_TERMS,
    study=_TERMS,
    absences_excused=SESSIONS,
    absences_unexcused=SESSIONS,
    promoted=st.booleans(),
    award=st.none() | st.sampled_from(Award),
    homeroom_comment=MAYBE,
    not_assessed=st.booleans(),
    summer_comment=MAYBE,
    other_awards=MAYBE,
    certificates=MAYBE,
)
SECONDARY = st.builds(
    Record,
    SCHOOLS,
    _classes(st.sampled_from((Level.THCS, Level.THPT))),
    _pupils(),
    _SECONDARY_YEARS,
    HISTORY,
    st.sampled_from(Origin),
)

_MEASURES = st.integers(1, 9_999_999).map(lambda units: Decimal(units) / 10_000)


@st.composite
def _primary_years(draw):
    not_assessed = draw(st.booleans())
    needed = MAYBE if not_assessed else TEXT
    levels = st.sampled_from(TraitLevel)

    @st.composite
    def subjects(draw_subject):
        exempt = draw_subject(st.booleans())
        reached = st.sampled_from(Achievement)
        return PrimarySubject(
            code=draw_subject(CODES),
            name=draw_subject(TEXT),
            level=draw_subject(st.none() | reached if exempt or not_assessed else reached),
            test=draw_subject(st.none() | st.integers(0, 10)),
            comment=draw_subject(MAYBE),
            teacher=draw_subject(st.none() | PEOPLE),
            exempt=exempt,
        )

    rows = st.lists(subjects(), min_size=not not_assessed, max_size=12, unique_by=lambda subject: subject.code)
    traits = {trait: draw(st.none() | levels if not_assessed or trait.optional else levels) for trait in Trait}
    overall = st.sampled_from(Overall)
    return PrimaryYear(
        subjects=tuple(draw(rows)),
        traits={trait: level for trait, level in traits.items() if level is not None},
        overall=draw(st.none() | overall if not_assessed else overall),
        absences_excused=draw(SESSIONS),
        absences_unexcused=draw(SESSIONS),
        completed=draw(st.booleans()),
        promoted=draw(st.booleans()),
        award=draw(st.none() | st.sampled_from(PrimaryAward)),
        other_awards=draw(MAYBE),
        sudden_awards=draw(MAYBE),
        weight=draw(_MEASURES),
        height=draw(_MEASURES),
        homeroom_comment=draw(TEXT),
        quality_comment=draw(needed),
        general_comment=draw(needed),
        specific_comment=draw(needed),
        principal_note=draw(MAYBE),
        not_assessed=not_assessed,
    )


PRIMARY = st.builds(
    Record,
    st.builds(School, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT),
    _classes(st.just(Level.TH), st.builds(Person, TEXT, TEXT)),
    _pupils(needed=TEXT),
    _primary_years(),
    st.lists(st.builds(Schooling, TEXT, TEXT, TEXT, st.none() | DAYS), min_size=1, max_size=5).map(tuple),
    st.sampled_from(Origin),
)
RECORDS = SECONDARY | PRIMARY
