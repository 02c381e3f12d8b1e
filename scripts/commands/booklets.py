# SPDX-License-Identifier: Apache-2.0

"""Binding the yearly records of a class into booklets, each under a sealed cover."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.unit import Role
from scripts import workday
from scripts.commands.school import exhaust
from scripts.commands.terminal import (
    ClassOption,
    Home,
    Lang,
    PasswordFile,
    SchoolOption,
    YearOption,
    secret,
    settings,
    tell,
    track,
)
from scripts.compose import Ledger
from scripts.crew import Sitting
from verifier_api.trust import Trust


def booklet(
    key: Annotated[Path, typer.Option(help="Tệp con dấu số .p12 / the seal's key file.")],
    school: SchoolOption,
    year: YearOption,
    class_name: ClassOption,
    pupil: Annotated[
        list[str] | None, typer.Option(help="Mã học sinh; không nêu thì cả lớp / pupil codes; otherwise the class.")
    ] = None,
    home: Home = Path(),
    pin_file: PasswordFile = None,
    lang: Lang = "vi",
) -> None:
    """Đóng các học bạ đã neo thành sổ học bạ / bind anchored records into sealed booklets."""
    ledger = Ledger.open(settings(home))
    trust = Trust.load(ledger.settings.trust)
    pin = secret(lang, pin_file, vi="Mật khẩu con dấu số", en="Passphrase of the seal")
    sitting = Sitting.at(ledger.settings.signing, Role.SEAL, key.read_bytes(), pin)
    where = workday.ClassKey(school, year, class_name)
    total, work = workday.bind(ledger, trust, where, sitting, pupils=pupil or ())
    exhaust(track(work, total=total, label="Đóng sổ học bạ" if lang == "vi" else "Binding booklets"))
    tell(
        lang,
        f"Đã đóng {total // 3} sổ học bạ lớp {class_name}. Tiếp theo: neo lên chuỗi khối (hocba anchor).",
        f"Bound {total // 3} booklets of class {class_name}. Next: anchor them (hocba anchor).",
    )
