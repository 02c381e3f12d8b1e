# SPDX-License-Identifier: Apache-2.0

"""What is said when a remote signing provider does not sign: in Vietnamese and English, with what to do next. Pure.

`provider` is its address. A provider's own words are cut short, and no PIN stands in them (`signer.keys.csc` sees to that).
"""

from collections.abc import Sequence

from signer.errors import (
    ChoiceNeeded,
    NoSigningKey,
    PinLocked,
    ProviderMisbehaves,
    ProviderRefused,
    ProviderUnavailable,
    UnknownPlace,
    UnsuitableKey,
    WrongPin,
)


def not_safe(url: str) -> UnknownPlace:
    """Not https, no address at all, or one with a name and password in it."""
    return UnknownPlace(
        f"Địa chỉ ký số từ xa “{url}” không dùng được: phải bắt đầu bằng https:// và không chứa tên hay mật khẩu. Hãy kiểm "
        "tra lại địa chỉ do nhà cung cấp gửi.",
        f"The address of the signing service “{url}” cannot be used: it must begin with https:// and hold no name or "
        "password. Check the address that the provider gave.",
    )


def unavailable(provider: str, cause: str) -> ProviderUnavailable:
    """Network, timeout, or an error on their side."""
    return ProviderUnavailable(
        f"Nhà cung cấp ký số từ xa {provider} không trả lời ({cause}). Những chữ ký đã nhận vẫn được giữ; hãy kiểm tra "
        "mạng, chờ ít phút rồi ký tiếp.",
        f"The remote signing provider {provider} did not answer ({cause}). Signatures already received are kept; check the "
        "network, wait a few minutes and go on.",
    )


def misbehaves(provider: str, cause: str) -> ProviderMisbehaves:
    """An answer that cannot be used."""
    return ProviderMisbehaves(
        f"Nhà cung cấp ký số từ xa {provider} trả lời không đúng chuẩn CSC ({cause}) nên không dùng. Hãy kiểm tra địa chỉ "
        "dịch vụ; nếu đúng, hãy gửi thông báo này cho nhà cung cấp.",
        f"The answer of the remote signing provider {provider} is not what the CSC API says ({cause}), so it is not used. "
        "Check the address; if it is right, send this message to the provider.",
    )


def no_access(provider: str) -> ProviderRefused:
    """The access token, or the name and password, are not (or no longer) good."""
    return ProviderRefused(
        f"Phiên đăng nhập vào nhà cung cấp ký số {provider} không hợp lệ hoặc đã hết hạn. Những chữ ký đã nhận vẫn được "
        "giữ; hãy đăng nhập lại rồi ký tiếp.",
        f"The login at the signing provider {provider} is not valid, or has expired. Signatures already received are kept; "
        "log in again and go on.",
    )


def refused(provider: str, words: str) -> ProviderRefused:
    """Anything else they say no to, in their words."""
    return ProviderRefused(
        f"Nhà cung cấp ký số từ xa {provider} từ chối ({words}). Những chữ ký đã nhận vẫn được giữ; hãy liên hệ nhà cung "
        "cấp với thông báo này.",
        f"The remote signing provider {provider} refused ({words}). Signatures already received are kept; ask the provider, "
        "quoting this message.",
    )


def credential_unusable(provider: str, credential: str, status: str) -> ProviderRefused:
    """Disabled, suspended, revoked or expired, as the provider says."""
    return ProviderRefused(
        f"Chứng thư số “{credential}” tại {provider} đang ở trạng thái “{status}” nên không ký được. Hãy liên hệ nhà cung "
        "cấp để gia hạn, mở lại hoặc cấp mới.",
        f"The credential “{credential}” at {provider} is “{status}”, so it cannot sign. Ask the provider to renew, "
        "re-enable or replace it.",
    )


def browser_needed(provider: str) -> ProviderRefused:
    """Mode oauth2code: an approval in the provider's own web page for each round."""
    return ProviderRefused(
        f"Chứng thư số tại {provider} chỉ cho phép duyệt trên trang web của nhà cung cấp, phần mềm này chưa hỗ trợ. Hãy "
        "yêu cầu nhà cung cấp bật cách ký bằng mã PIN.",
        f"The credential at {provider} can only be approved on the provider's own web page, which this software does not "
        "do. Ask the provider to enable signing with a PIN.",
    )


def pin_needed() -> WrongPin:
    """Not sent, so that no try is lost."""
    return WrongPin(
        "Chưa có mã PIN nên chưa gửi yêu cầu ký, không mất lần thử nào. Hãy nhập mã PIN ký số từ xa.",
        "No PIN was given, so nothing was sent, and no try was lost. Enter the PIN of the remote signing service.",
    )


def code_needed() -> WrongPin:
    """The credential wants a one-time code beside the PIN."""
    return WrongPin(
        "Chứng thư số này đòi thêm mã OTP, nhưng chưa có cách hỏi mã. Chưa gửi mã PIN; hãy ký bằng lệnh có hỏi mã OTP.",
        "This credential also wants a one-time code, and there is no way to ask for one. The PIN was not sent; sign with the "
        "command that asks for the code.",
    )


def wrong_pin(*, with_code: bool) -> WrongPin:
    """The provider said no, once."""
    which_vi, which_en = ("Mã PIN hoặc mã OTP", "PIN or one-time code") if with_code else ("Mã PIN", "PIN")
    return WrongPin(
        f"{which_vi} không đúng; chương trình không tự thử lại. Nhà cung cấp có thể khoá chứng thư số sau vài lần sai, nên "
        "hãy kiểm tra kỹ rồi mới nhập lại.",
        f"The {which_en} is wrong; the program does not try again by itself. The provider may lock the credential after a "
        "few wrong ones, so check before entering it again.",
    )


def locked(provider: str) -> PinLocked:
    """After too many wrong ones."""
    return PinLocked(
        f"Nhà cung cấp {provider} đã khoá chứng thư số vì nhập sai mã PIN quá nhiều lần. Hãy liên hệ nhà cung cấp để mở "
        "khoá; chữ ký đã tạo trước đó vẫn được giữ.",
        f"The provider {provider} has locked the credential after too many wrong PINs. Ask the provider to unlock it; "
        "signatures made before are kept.",
    )


def not_confirmed(provider: str) -> ProviderRefused:
    """Nobody tapped on the phone in time."""
    return ProviderRefused(
        f"Yêu cầu ký tại {provider} chưa được xác nhận trên điện thoại trong thời gian chờ. Hãy mở ứng dụng của nhà cung "
        "cấp và ký lại phần chưa ký.",
        f"The request at {provider} was not confirmed on the phone in time. Open the provider's app, and sign again what "
        "is left.",
    )


def expired_twice(provider: str) -> ProviderRefused:
    """The permission to sign ran out before it could be used, and again when asked for anew."""
    return ProviderRefused(
        f"Quyền ký do {provider} cấp hết hạn trước khi dùng được, hai lần liền. Hãy kiểm tra đồng hồ máy và mạng, rồi ký "
        "tiếp phần còn lại.",
        f"The permission to sign from {provider} expired before it could be used, twice. Check this computer's clock and "
        "network, and go on with the rest.",
    )


def no_credential(provider: str) -> NoSigningKey:
    """Nothing to sign with."""
    return NoSigningKey(
        f"Tài khoản tại {provider} không có chứng thư số nào. Hãy kiểm tra có đăng nhập đúng tài khoản không, hoặc đăng ký "
        "chứng thư số với nhà cung cấp.",
        f"The account at {provider} has no certificate. Check that it is the right account, or apply for a certificate.",
    )


def several_credentials(present: Sequence[str]) -> ChoiceNeeded:
    """More than one."""
    return ChoiceNeeded(
        f"Tài khoản có nhiều chứng thư số: {', '.join(present)}. Hãy chọn một (credential=).",
        f"The account has several credentials: {', '.join(present)}. Choose one (credential=).",
    )


def unsuitable(credential: str) -> UnsuitableKey:
    """No algorithm in common."""
    return UnsuitableKey(
        f"Khoá “{credential}” của nhà cung cấp không ký được bằng RSA PKCS#1 v1.5 hay ECDSA với SHA-256. Hãy yêu cầu nhà "
        "cung cấp cấp chứng thư số khác.",
        f"The provider's key “{credential}” does not sign with RSA PKCS#1 v1.5 or ECDSA over SHA-256. Ask for another "
        "certificate.",
    )
