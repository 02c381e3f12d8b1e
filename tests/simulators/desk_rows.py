# SPDX-License-Identifier: Apache-2.0

"""Somebody at the desk of a `SchoolLedger`: a row in each of its tables, made by the real writers."""

from uuid import UUID

from ledger.duty import Duty
from ledger.store.account_tables import SessionKind
from ledger.store.accounts import Accounts, digest_of
from ledger.store.sign_ins import OpenIdRequest, SignIns
from ledger.store.uploads import Uploads
from tests.simulators.school_ledger import SCHOOL, SchoolLedger


def come_in(ledger: SchoolLedger) -> None:
    accounts = Accounts(ledger.engine, now=ledger.now)
    sign_ins = SignIns(ledger.engine, now=ledger.now)
    for name in ("an.le", "binh.vo"):
        accounts.add(name, display_name="Lê Thị An", school_code=SCHOOL, duties=[Duty.CLERK, Duty.TEACHER])
        accounts.set_password(name, f"$argon2id$ of {name}")
        accounts.invite(name, f"invitation of {name}")
    accounts.accept_with_open_id(digest_of("invitation of an.le"), issuer="https://sso.example", subject="4711")
    sign_ins.begin("an.le", "session of an.le", kind=SessionKind.BROWSER)
    sign_ins.offer_pairing("an.le", "ABCDEFGH")
    sign_ins.remember("browser of an.le", "an.le")
    sign_ins.count_attempt({"name an.le": 10, "address 192.0.2.1": 60})
    sign_ins.sent("state", OpenIdRequest("nonce", "verifier", None), visit="visit")
    Uploads(ledger.engine, now=ledger.now).add(
        UUID(int=1, version=4), account="an.le", file_name="9A1.xlsx", data=b"PK"
    )
