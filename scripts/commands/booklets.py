# SPDX-License-Identifier: Apache-2.0

"""Binding the yearly records of a class into booklets, each under a sealed cover."""

from pathlib import Path
from typing import Annotated

import typer

from scripts import workday
from scripts.commands.signing import KeyOption
from scripts.commands.terminal import (
    ClassOption,
    Home,
    Lang,
    PasswordFile,
    SchoolOption,
    YearOption,
    exhaust,
    secret,
    settings,
    tell,
    track,
)
from scripts.compose import Ledger
from signer.keys.opening import open_key
from signer.keys.signing_key import Hidden
from verifier_api.trust import Trust


def booklet(
    key: KeyOption,
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
    where = workday.ClassKey(school, year, class_name)
    with open_key(key, Hidden(pin)) as seal:
        total, work = workday.bind(ledger, trust, where, seal, pupils=pupil or ())
        exhaust(track(work, total=total, label="Đóng sổ học bạ" if lang == "vi" else "Binding booklets"))
    tell(
        lang,
        f"Đã đóng {total // 3} sổ học bạ lớp {class_name}. Tiếp theo: neo lên chuỗi khối (hocba anchor).",
        f"Bound {total // 3} booklets of class {class_name}. Next: anchor them (hocba anchor).",
    )
