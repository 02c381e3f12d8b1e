# SPDX-License-Identifier: Apache-2.0

"""Any signing key from one line, as it stands in settings and on command lines. The PIN comes separately, always.

    teacher.p12                                                            a PKCS#12 file
    pkcs11:token=Truong%20An%20Lac?module-path=/usr/lib/x.so               a token, as RFC 7512 writes it
    pkcs11:serial=00a1;object=ky?module-path=x.dll&cert-sha256=HEX         one of several on it
    csc:https://example.org/csc/v2?credential=GX0112348                    a remote signing provider

Of RFC 7512, `token`, `serial`, `object`, `id` and `type` are understood, `module-path`, and our own `cert-sha256`. What is
not understood is refused and not passed over; so are `pin-value` and `pin-source`, since a line is kept and shown.

Example::

    with open_key("pkcs11:token=VGCA?module-path=/usr/lib/vgca.so", pin) as seal:
        ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

from signer.errors import UnknownPlace, UnreadableKey
from signer.keys.csc import CscService
from signer.keys.file import load_pkcs12
from signer.keys.remote import RemoteKey
from signer.keys.signing_key import Hidden, Secret, SigningKey
from signer.keys.token import TokenKey

_PATH_ATTRIBUTES: Final = frozenset({"token", "serial", "object", "id", "type"})
_QUERY_ATTRIBUTES: Final = frozenset({"module-path", "cert-sha256"})
_PIN_ATTRIBUTES: Final = frozenset({"pin-value", "pin-source"})
_SIGNING_TYPES: Final = frozenset({None, "private", "cert"})


@dataclass(frozen=True)
class FilePlace:
    """A PKCS#12 file."""

    path: Path


@dataclass(frozen=True)
class TokenPlace:
    """A key in a token; what is None does not matter."""

    module: str
    token: str | None
    serial: str | None
    label: str | None
    key_id: bytes | None
    certificate_sha256: str | None


@dataclass(frozen=True)
class ProviderPlace:
    """A credential at a remote signing provider; None: the only one."""

    url: str
    credential_id: str | None


def place_of(where: str) -> FilePlace | TokenPlace | ProviderPlace:
    """Read the line. Raises `UnknownPlace`, and never repeats the line in it: there may be a PIN in it after all."""
    scheme, colon, rest = where.partition(":")
    if colon and scheme == "pkcs11":
        return _token_place(rest)
    if colon and scheme == "csc":
        return _provider_place(rest)
    if not where.strip():
        raise _unknown("dòng này để trống", "the line is empty")
    return FilePlace(Path(where))


def open_key(
    where: str,
    pin: Secret | None,
    *,
    access: Secret | None = None,
    code: Callable[[], Secret] | None = None,
    risk_last_try: bool = False,
    repeat_pin: bool = False,
) -> SigningKey:
    """Open the key that `where` describes, with one PIN or passphrase.

    `pin` is None only for a provider that asks on the phone. `access` is the provider's access token, `code` asks the person
    for a one-time code. `risk_last_try` and `repeat_pin`: see `TokenKey.open`. Raises `UnknownPlace`, or what opening such a
    key raises.
    """
    place = place_of(where)
    match place:
        case FilePlace():
            return load_pkcs12(_content_of(place.path), pin or Hidden(""))
        case TokenPlace():
            return TokenKey.open(
                place.module,
                pin or Hidden(""),
                token=place.token,
                serial=place.serial,
                certificate_sha256=place.certificate_sha256,
                label=place.label,
                key_id=place.key_id,
                risk_last_try=risk_last_try,
                repeat_pin=repeat_pin,
            )
        case ProviderPlace():
            service = CscService(place.url, access)
            return RemoteKey.open(service, pin, credential_id=place.credential_id, code=code)


def _content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableKey(
            f"Không mở được tệp chữ ký số “{path}” ({type(error).__name__}). Hãy kiểm tra đường dẫn và quyền đọc tệp.",
            f"The key file “{path}” cannot be opened ({type(error).__name__}). Check the path, and that you may read it.",
        ) from error


def _token_place(rest: str) -> TokenPlace:
    path_part, _, query_part = rest.partition("?")
    path, query = _attributes(path_part, ";", _PATH_ATTRIBUTES), _attributes(query_part, "&", _QUERY_ATTRIBUTES)
    try:
        text = {name: unquote(value, errors="strict") for name, value in (path | query).items() if name != "id"}
    except UnicodeDecodeError:
        raise _unknown("có ký tự %XX không phải UTF-8", "a %XX in it is not UTF-8") from None
    module = text.get("module-path")
    if not module:
        raise _unknown("thiếu module-path", "module-path is missing")
    if text.get("type") not in _SIGNING_TYPES:
        raise _unknown("type phải là private hoặc cert", "type must be private or cert")
    return TokenPlace(
        module=module,
        token=text.get("token"),
        serial=text.get("serial"),
        label=text.get("object"),
        key_id=unquote_to_bytes(path["id"]) if "id" in path else None,
        certificate_sha256=text.get("cert-sha256"),
    )


def _attributes(part: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in filter(None, part.split(separator)):
        name, equals, value = one.partition("=")
        if name in _PIN_ATTRIBUTES:
            raise _unknown(
                f"{name} không được phép: mã PIN luôn nhập riêng", f"{name} is not allowed: a PIN is entered apart"
            )
        if not equals or name not in known:
            raise _unknown(f"không hiểu “{name}”", f"“{name}” is not understood")
        if name in found:
            raise _unknown(f"“{name}” có hai lần", f"“{name}” stands there twice")
        found[name] = value
    return found


def _provider_place(rest: str) -> ProviderPlace:
    try:
        split = urlsplit(rest)
        query = dict(parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query)))
    except ValueError:
        raise _unknown("địa chỉ dịch vụ không đọc được", "the address of the service cannot be read") from None
    if not set(query) <= {"credential"} or split.fragment:
        raise _unknown("sau dấu ? chỉ được có credential=", "only credential= may stand after the question mark")
    return ProviderPlace(split._replace(query="").geturl(), query.get("credential"))


def _unknown(cause_vi: str, cause_en: str) -> UnknownPlace:
    return UnknownPlace(
        f"Không hiểu nơi để khoá ký ({cause_vi}). Hãy ghi một trong ba dạng: tệp .p12; pkcs11:token=TÊN?module-path=THƯ-VIỆN; "
        "csc:https://ĐỊA-CHỈ/csc/v2?credential=MÃ.",
        f"Where the signing key is cannot be understood ({cause_en}). Write one of three: a .p12 file; "
        "pkcs11:token=LABEL?module-path=LIBRARY; csc:https://HOST/csc/v2?credential=ID.",
    )
