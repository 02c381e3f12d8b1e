# SPDX-License-Identifier: Apache-2.0

"""What is said when a token does not sign: each in Vietnamese and English, with what to do next. Pure."""

from collections.abc import Sequence

from pkcs11 import exceptions as cryptoki

from signer.certificate import SignerCertificate
from signer.errors import (
    ChoiceNeeded,
    LastTry,
    NoSigningKey,
    PinForEachSignature,
    PinLocked,
    PinNotSet,
    SignerError,
    TokenMissing,
    TokenRemoved,
    TokenUnusable,
    WrongPin,
)
from signer.keys.pin_state import PinState


def of_login(error: cryptoki.PKCS11Error, now: PinState) -> SignerError:
    """A login that failed; `now` is what the token says of its PIN after it."""
    match error:
        case cryptoki.PinIncorrect() | cryptoki.PinInvalid() | cryptoki.PinLenRange():
            return locked() if now is PinState.LOCKED else wrong_pin(last_try=now is PinState.LAST_TRY)
        case cryptoki.PinLocked():
            return locked()
        case cryptoki.PinExpired() | cryptoki.UserPinNotInitialized():
            return pin_not_set()
        case cryptoki.UserAlreadyLoggedIn():
            return in_use_already()
        case _:
            return token_unusable(name_of(error))


def of_signing(error: cryptoki.PKCS11Error) -> SignerError:
    """A signature that was not made, after a login that was good."""
    match error:
        case cryptoki.PinIncorrect() | cryptoki.PinInvalid() | cryptoki.PinLenRange():
            return wrong_pin(last_try=False)
        case cryptoki.PinLocked():
            return locked()
        case (
            cryptoki.MechanismInvalid()
            | cryptoki.KeyTypeInconsistent()
            | cryptoki.KeySizeRange()
            | cryptoki.FunctionNotSupported()
        ):
            return token_unusable(name_of(error))
        case _:
            # Modules disagree on what to call a token that is gone: DeviceRemoved, SessionHandleInvalid, ObjectHandleInvalid…
            return removed(name_of(error))


def name_of(error: cryptoki.PKCS11Error) -> str:
    """An error of a module by name; its class is all that most of them say."""
    return type(error).__name__


def module_unusable(module: str, cause: str) -> TokenUnusable:
    """The file is not there, is no PKCS#11 module, is built for another processor, or does not start."""
    return TokenUnusable(
        f"Không nạp được thư viện PKCS#11 “{module}” ({cause}). Hãy cài phần mềm đi kèm USB ký số, rồi chỉ đúng đường dẫn "
        "tới thư viện của nó (tệp .dll, .so hoặc .dylib, cùng loại 64 bit với chương trình này).",
        f"The PKCS#11 module “{module}” cannot be loaded ({cause}). Install the software that came with the token and give "
        "the path of its library (.dll, .so or .dylib, 64-bit as this program is).",
    )


def token_unusable(cause: str) -> TokenUnusable:
    """The token is there and does not do what it is asked before signing begins."""
    return TokenUnusable(
        f"Thiết bị ký số không làm việc được ({cause}). Chưa ký gì thêm; hãy đóng các chương trình khác đang dùng thiết bị, "
        "rút ra cắm lại, và cài bản mới nhất của phần mềm đi kèm.",
        f"The token does not work ({cause}). Nothing more was signed; close other programs that use it, plug it in again, "
        "and install the newest version of its software.",
    )


def in_use_already() -> TokenUnusable:
    """This process has logged in to the token before: another login would not check the PIN."""
    return TokenUnusable(
        "Chương trình này đang mở sẵn thiết bị ký số rồi. Hãy kết thúc lượt ký đang dở, hoặc đóng chương trình và mở lại.",
        "This program has the token open already. Finish the round that is under way, or close the program and start it again.",
    )


def missing(wanted: str, present: Sequence[str]) -> TokenMissing:
    """`wanted` says which token was asked for, empty for any; `present` names those that are there."""
    seen_vi = f" Đang cắm: {', '.join(present)}." if present else ""
    seen_en = f" Plugged in: {', '.join(present)}." if present else ""
    return TokenMissing(
        f"Không thấy thiết bị ký số{wanted and f' “{wanted}”'}.{seen_vi} Hãy cắm USB ký số, chờ đèn sáng, rồi thử lại; nếu "
        "vẫn không thấy, hãy kiểm tra phần mềm đi kèm thiết bị.",
        f"No token{wanted and f' “{wanted}”'} is plugged in.{seen_en} Plug in the USB token, wait for its light, and try "
        "again; if it is still not seen, check the software that came with it.",
    )


def several_tokens(present: Sequence[str]) -> ChoiceNeeded:
    """More than one token fits."""
    return ChoiceNeeded(
        f"Có nhiều thiết bị ký số đang cắm: {', '.join(present)}. Hãy rút bớt, hoặc nêu rõ tên (token=) hay số sê-ri "
        "(serial=) của thiết bị cần dùng.",
        f"Several tokens are plugged in: {', '.join(present)}. Unplug the others, or name the one to use by its label "
        "(token=) or serial number (serial=).",
    )


def no_certificate(token: str) -> NoSigningKey:
    """The token holds no certificate that signs."""
    return NoSigningKey(
        f"Thiết bị “{token}” không có chứng thư số nào dùng để ký. Hãy kiểm tra có cắm nhầm thiết bị không, hoặc yêu cầu nhà "
        "cung cấp nạp chứng thư số vào thiết bị.",
        f"The token “{token}” holds no certificate for signing. Check that it is the right token, or have the provider put "
        "the certificate on it.",
    )


def no_such_certificate(wanted: str, present: Sequence[str]) -> NoSigningKey:
    """None of the certificates is the one that was asked for."""
    return NoSigningKey(
        f"Trên thiết bị không có chứng thư số “{wanted}”. Đang có: {'; '.join(present)}. Hãy chọn một trong số đó.",
        f"The token has no certificate “{wanted}”. It has: {'; '.join(present)}. Choose one of these.",
    )


def several_certificates(present: Sequence[str]) -> ChoiceNeeded:
    """More than one certificate fits."""
    return ChoiceNeeded(
        f"Có nhiều chứng thư số dùng để ký được: {'; '.join(present)}. Hãy chọn một bằng mã SHA-256 (cert-sha256=) hoặc tên "
        "(object=).",
        f"Several certificates can sign: {'; '.join(present)}. Choose one by its SHA-256 (cert-sha256=) or label (object=).",
    )


def no_key(who: SignerCertificate) -> NoSigningKey:
    """The certificate is there, its private key is not."""
    return NoSigningKey(
        f"Thiết bị có chứng thư số của {who.common_name} nhưng không có khoá bí mật đi kèm, nên không ký được. Hãy cắm đúng "
        "thiết bị chứa khoá, hoặc yêu cầu nhà cung cấp cấp lại.",
        f"The token has the certificate of {who.common_name} but not its private key, so it cannot sign. Plug in the token "
        "that holds the key, or ask the provider for a new one.",
    )


def empty_pin() -> WrongPin:
    """Not handed to the token: some take it for a wrong one, others open a window of their own."""
    return WrongPin(
        "Mã PIN để trống nên chưa gửi tới thiết bị, không mất lần thử nào. Hãy nhập mã PIN.",
        "The PIN is empty, so it was not given to the token, and no try was lost. Enter the PIN.",
    )


def wrong_pin(*, last_try: bool) -> WrongPin:
    """The token said no. `last_try`: it also says that the next wrong one locks it."""
    if last_try:
        return WrongPin(
            "Mã PIN không đúng. Thiết bị báo chỉ còn MỘT lần thử, sai nữa là bị khoá. Chưa ký gì thêm; đừng đoán, hãy tìm lại "
            "mã PIN hoặc liên hệ nhà cung cấp chữ ký số.",
            "The PIN is wrong. The token says that ONE try is left and another wrong PIN locks it. Nothing more was signed; do "
            "not guess, look the PIN up or ask the certificate provider.",
        )
    return WrongPin(
        "Mã PIN không đúng; chương trình không tự thử lại. Thiết bị thường bị khoá sau 3 đến 10 lần sai liên tiếp, nên hãy xem "
        "kỹ Caps Lock, bộ gõ tiếng Việt rồi mới nhập lại.",
        "The PIN is wrong; the program does not try again by itself. Tokens usually lock after 3 to 10 wrong PINs in a row, so "
        "check Caps Lock and the Vietnamese keyboard before entering it again.",
    )


def last_try() -> LastTry:
    """Refused before the PIN went anywhere."""
    return LastTry(
        "Thiết bị báo chỉ còn MỘT lần thử mã PIN, sai nữa là bị khoá; chương trình chưa gửi mã PIN. Nếu chắc chắn mã PIN đúng, "
        "hãy chọn “chấp nhận dùng lần thử cuối”; nếu không, hãy liên hệ nhà cung cấp chữ ký số.",
        "The token says that ONE try of the PIN is left and a wrong one locks it; the PIN was not given to it. If you are sure "
        "of the PIN, agree to risk the last try; otherwise ask the certificate provider.",
    )


def locked() -> PinLocked:
    """No PIN opens it any more."""
    return PinLocked(
        "Mã PIN của thiết bị đã bị khoá vì nhập sai quá nhiều lần. Hãy liên hệ nhà cung cấp chữ ký số (con dấu của trường: Cục "
        "Chứng thực số và Bảo mật thông tin) để mở khoá; chữ ký đã tạo trước đó vẫn được giữ.",
        "The PIN of the token is locked after too many wrong ones. Ask the certificate provider (for a school's VGCA token, the "
        "government's authority) to unlock it; signatures made before are kept.",
    )


def pin_not_set() -> PinNotSet:
    """First use."""
    return PinNotSet(
        "Thiết bị yêu cầu đặt hoặc đổi mã PIN trước khi dùng. Hãy mở phần mềm đi kèm USB ký số để đổi mã PIN, rồi ký lại.",
        "The token wants its PIN set or changed before use. Change it with the software that came with the token, then sign.",
    )


def pin_for_each_signature(who: SignerCertificate) -> PinForEachSignature:
    """Said before the first signature."""
    return PinForEachSignature(
        f"Khoá của {who.common_name} đòi mã PIN cho TỪNG chữ ký. Chưa ký gì cả. Nếu đồng ý để chương trình giữ mã PIN trong lượt "
        "ký này và tự trao lại cho thiết bị mỗi lần, hãy chạy lại với --repeat-pin; nếu không, hãy hỏi nhà cung "
        "cấp một chứng thư số ký được theo lô.",
        f"The key of {who.common_name} demands its PIN for EVERY signature. Nothing was signed. If you agree that the program "
        "keeps the PIN for this round and hands it to the token each time, run again with --repeat-pin; otherwise ask the "
        "provider for a certificate that signs in batches.",
    )


def removed(cause: str) -> TokenRemoved:
    """It answered before, and does not now."""
    return TokenRemoved(
        f"Thiết bị ký số đã bị rút ra hoặc ngừng trả lời ({cause}). Những chữ ký đã tạo vẫn được giữ; hãy cắm lại thiết bị rồi "
        "ký tiếp phần còn lại.",
        f"The token was removed or stopped answering ({cause}). Signatures already made are kept; plug it in again and go on "
        "with the rest.",
    )
