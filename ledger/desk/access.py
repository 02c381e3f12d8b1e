# SPDX-License-Identifier: Apache-2.0

"""Who may ask what: one row for every route. A route without a row answers nobody.

What a duty opens is decided here; *whose* things are seen is each page's own question, and a page asks only for those of its
visitor's school. What is another school's is not found.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.routing import compile_path

from ledger.duty import Duty
from ledger.record.sheets.workbook import MAX_FILE_BYTES

SMALL_BODY_BYTES = 64 * 1024
"""For forms without a file, and for the envelope of those with one."""

MANY_VALUES_BYTES = 1024 * 1024
"""For the values of a class, two of up to 700 characters each, or a certificate with its chain."""

MAX_DOCUMENT_BYTES = 10 * 1024 * 1024
"""For a scanned decision or a signed confirmation."""

EVERYBODY = frozenset(Duty)
AT_SCHOOL = EVERYBODY - {Duty.AUTHORITY}
CLERK = frozenset({Duty.CLERK})
PRINCIPAL = frozenset({Duty.PRINCIPAL})
AUTHORITY = frozenset({Duty.AUTHORITY})


@dataclass(frozen=True)
class Rule:
    """What one route asks of whoever calls it."""

    duties: frozenset[Duty] | None
    """Any of these duties; None for a route that anybody may call, signed in or not."""
    for_agent: bool = False
    """Called with a bearer token and never with a cookie, so that no other site's page can call it through a browser."""
    body_bytes: int = SMALL_BODY_BYTES


RULES: Mapping[tuple[str, str], Rule] = {
    # The door.
    ("GET", "/dang-nhap"): Rule(None),
    ("POST", "/dang-nhap"): Rule(None),
    ("GET", "/dang-nhap/openid"): Rule(None),
    ("GET", "/dang-nhap/openid/ve"): Rule(None),
    ("GET", "/loi-moi/{token}"): Rule(None),
    ("POST", "/loi-moi/{token}"): Rule(None),
    ("POST", "/loi-moi/{token}/openid"): Rule(None),
    ("POST", "/dang-xuat"): Rule(EVERYBODY),
    # Everybody's own.
    ("GET", "/"): Rule(EVERYBODY),
    ("GET", "/tai-khoan"): Rule(EVERYBODY),
    ("POST", "/tai-khoan/ma-ghep"): Rule(AT_SCHOOL),
    # Classes.
    ("GET", "/lop"): Rule(AT_SCHOOL),
    ("GET", "/lop/{class_id}"): Rule(AT_SCHOOL),
    ("GET", "/nhap-lop"): Rule(CLERK),
    ("POST", "/nhap-lop"): Rule(CLERK, body_bytes=MAX_FILE_BYTES + SMALL_BODY_BYTES),
    ("GET", "/nhap-lop/mau/{level}"): Rule(CLERK),
    ("GET", "/nhap-lop/{upload_id}"): Rule(CLERK),
    ("POST", "/nhap-lop/{upload_id}"): Rule(CLERK),
    ("POST", "/nhap-lop/{upload_id}/bo"): Rule(CLERK),
    # Signing.
    ("GET", "/ky/{class_id}/{slot}"): Rule(AT_SCHOOL),
    ("POST", "/ky/{class_id}/{slot}/ma-ghep"): Rule(AT_SCHOOL),
    ("GET", "/hoc-ba/{unit_id}"): Rule(AT_SCHOOL),
    ("GET", "/hoc-ba/{unit_id}/pdf"): Rule(AT_SCHOOL),
    ("POST", "/hoc-ba/{unit_id}/tra-lai"): Rule(AT_SCHOOL),
    ("POST", "/hoc-ba/{unit_id}/thu-hoi"): Rule(CLERK | PRINCIPAL, body_bytes=MAX_DOCUMENT_BYTES + SMALL_BODY_BYTES),
    ("POST", "/hoc-ba/{unit_id}/rut-thu-hoi"): Rule(CLERK | PRINCIPAL),
    ("POST", "/hoc-ba/{unit_id}/dinh-chinh"): Rule(CLERK | PRINCIPAL, body_bytes=MAX_DOCUMENT_BYTES + SMALL_BODY_BYTES),
    ("GET", "/hoc-ba/{unit_id}/van-ban/{sha256}"): Rule(AT_SCHOOL),
    ("GET", "/lop/{class_id}/lich-su"): Rule(AT_SCHOOL),
    ("POST", "/lop/{class_id}/chuan-bi"): Rule(CLERK),
    ("POST", "/lop/{class_id}/phat-hanh"): Rule(CLERK),
    ("GET", "/lop/{class_id}/phan-cong"): Rule(CLERK),
    ("POST", "/lop/{class_id}/phan-cong"): Rule(CLERK),
    # Certificates: the school asks, the authority answers.
    ("GET", "/chung-thu"): Rule(CLERK | PRINCIPAL),
    ("POST", "/chung-thu"): Rule(CLERK),
    ("POST", "/chung-thu/uy-quyen"): Rule(PRINCIPAL),
    ("GET", "/so/chung-thu"): Rule(AUTHORITY),
    ("POST", "/so/chung-thu/{number}/duyet"): Rule(AUTHORITY),
    ("POST", "/so/chung-thu/{number}/tu-choi"): Rule(AUTHORITY),
    ("POST", "/so/chung-thu/{number}/ket-thuc"): Rule(AUTHORITY),
    # Pupils who go to another school, and come from one.
    ("GET", "/chuyen-truong"): Rule(CLERK | PRINCIPAL),
    ("GET", "/chuyen-truong/moi"): Rule(CLERK | PRINCIPAL),
    ("POST", "/chuyen-truong/moi"): Rule(CLERK | PRINCIPAL, body_bytes=MAX_DOCUMENT_BYTES + SMALL_BODY_BYTES),
    ("GET", "/chuyen-truong/xac-nhan"): Rule(CLERK | PRINCIPAL),
    ("POST", "/chuyen-truong/xac-nhan"): Rule(CLERK | PRINCIPAL, body_bytes=MAX_DOCUMENT_BYTES + SMALL_BODY_BYTES),
    ("GET", "/chuyen-truong/{number}"): Rule(CLERK | PRINCIPAL),
    ("GET", "/chuyen-truong/{number}/xac-nhan"): Rule(CLERK | PRINCIPAL),
    ("POST", "/chuyen-truong/{number}/tiep-nhan"): Rule(CLERK | PRINCIPAL),
    ("POST", "/chuyen-truong/{number}/rut"): Rule(CLERK | PRINCIPAL),
    # The authority consents to recalls after a lock, and locks.
    ("GET", "/so/thu-hoi"): Rule(AUTHORITY),
    ("POST", "/so/thu-hoi/{unit_id}/chap-thuan"): Rule(AUTHORITY),
    ("POST", "/so/thu-hoi/{unit_id}/tu-choi"): Rule(AUTHORITY),
    ("GET", "/so/thu-hoi/{unit_id}/van-ban/{sha256}"): Rule(AUTHORITY),
    ("GET", "/so/nam-hoc"): Rule(AUTHORITY),
    ("GET", "/so/nam-hoc/{school_year}"): Rule(AUTHORITY),
    ("POST", "/so/nam-hoc/{school_year}/khoa"): Rule(AUTHORITY),
    # The agent.
    ("POST", "/agent/v1/session"): Rule(None, for_agent=True),
    ("DELETE", "/agent/v1/session"): Rule(AT_SCHOOL, for_agent=True),
    ("GET", "/agent/v1/waiting"): Rule(AT_SCHOOL, for_agent=True),
    ("POST", "/agent/v1/rounds"): Rule(AT_SCHOOL, for_agent=True, body_bytes=MANY_VALUES_BYTES),
    ("GET", "/agent/v1/rounds/{round_id}"): Rule(AT_SCHOOL, for_agent=True),
    ("GET", "/agent/v1/rounds/{round_id}/items"): Rule(AT_SCHOOL, for_agent=True),
    ("GET", "/agent/v1/rounds/{round_id}/items/{unit}/{kind}"): Rule(AT_SCHOOL, for_agent=True),
    ("POST", "/agent/v1/rounds/{round_id}/values"): Rule(AT_SCHOOL, for_agent=True, body_bytes=MANY_VALUES_BYTES),
    ("POST", "/agent/v1/rounds/{round_id}/finish"): Rule(AT_SCHOOL, for_agent=True),
}
"""By method and path, as the route is written."""

_PATHS = [(method, compile_path(path)[0], rule) for (method, path), rule in RULES.items()]


def body_limit(method: str, path: str) -> int:
    """How many bytes may be read from a request before anybody knows whose it is."""
    found = (rule.body_bytes for one, pattern, rule in _PATHS if one == method and pattern.match(path))
    return max(found, default=SMALL_BODY_BYTES)
