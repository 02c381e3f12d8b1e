# SPDX-License-Identifier: Apache-2.0

"""Everything the signer raises on purpose.

* SignerError
  x KeyProblem               the key cannot be used; signatures made before stay good
    + WrongPassphrase
    + UnreadableKey          not a PKCS#12 file, or nothing usable in it
    + UnsuitableKey          too weak, of an unknown kind, or not that of its certificate
    + CertificateNotValid    not yet, or no longer, at the time of signing
    + UnknownPlace           the line that says where the key is cannot be understood
    + TokenUnusable          its module cannot be loaded, or it does not work with it
    + NoSigningKey           no certificate, no key for it, or none that was asked for
    + ChoiceNeeded           several tokens, certificates or credentials fit
    + PinProblem
      - WrongPin             said by token or provider, once; nobody tries again by itself
      - LastTry              one more wrong PIN would lock it; not tried
      - PinLocked
      - PinNotSet            to be set or changed before first use
      - PinForEachSignature  the key demands it, and nobody agreed to hand it over again each time
    + ProviderRefused        the remote signing provider understood, and said no
    + ProviderMisbehaves     its answer is not what the CSC API says
  x KeyOutOfReach            plug in or connect, and go on; signatures made before stay good
    + TokenMissing
    + TokenRemoved           it was there, and is not any more
    + ProviderUnavailable
  x DocumentRefused          the file is not one we sign; nothing was signed
    + UnreadableDocument
    + NotLaidOut             the field or slot is missing, or was made by somebody else
    + AlreadySigned
    + NotYetSigned           it must carry a signature first
    + BrokenStatement        a statement whose signature does not fit
  x ClockWrong               this computer's clock is not that of the time-stamping authority
  x TimestampUnavailable     the time-stamping authority did not answer, or not properly
  x ValidationDataUnavailable  CRL or OCSP of a signer's certificate could not be had
    + CertificateUntrusted   no path to a trusted root, or the certificate was revoked or has ended
  x SigningFailed            the finished signature does not fit or does not verify
    + WrongValue             the value is not this certificate's signature over this document
    + ChangedSincePrepared   the document, or what was kept beside it, is no longer what was prepared

Every message is a pair, Vietnamese and English, and says what to do. Anything else that leaves this package is a bug.
"""

from datetime import datetime


class SignerError(Exception):
    """The root of the tree. `vi` and `en` hold the same message for a person."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(vi, en)
        self.vi = vi
        self.en = en

    def __str__(self) -> str:
        return f"{self.vi} / {self.en}"


class KeyProblem(SignerError):
    """The key cannot be used. Signatures that it made before stay good."""


class WrongPassphrase(KeyProblem):
    """The passphrase does not open the key file."""

    def __init__(
        self,
        vi: str = "Mật khẩu của tệp chữ ký số không đúng. Chưa ký gì cả; hãy kiểm tra phím Caps Lock, bộ gõ tiếng Việt "
        "rồi nhập lại.",
        en: str = "The passphrase of the key file is wrong. Nothing was signed; check Caps Lock and the Vietnamese "
        "keyboard, then enter it again.",
    ) -> None:
        super().__init__(vi, en)


class UnreadableKey(KeyProblem):
    """The bytes are no PKCS#12 file, or hold no private key with its certificate."""


class UnsuitableKey(KeyProblem):
    """The key is too weak, of an unknown kind, or not the one its certificate speaks of."""


class CertificateNotValid(KeyProblem):
    """The certificate is not yet, or no longer, valid at the time of signing."""


class UnknownPlace(KeyProblem):
    """The line that says where the key is cannot be understood, or says what must not stand in it."""


class TokenUnusable(KeyProblem):
    """The PKCS#11 module cannot be loaded, or the token does not work with it."""


class NoSigningKey(KeyProblem):
    """Token or provider have no signing certificate, no key for it, or not the one that was asked for."""


class ChoiceNeeded(KeyProblem):
    """Several tokens, certificates or credentials fit; a person has to choose one."""


class PinProblem(KeyProblem):
    """The key does not open with a PIN now."""


class WrongPin(PinProblem):
    """Token or provider refused the PIN. It was handed over once, and is not by itself handed over again."""


class LastTry(PinProblem):
    """One more wrong PIN would lock the token, so that none was tried."""


class PinLocked(PinProblem):
    """Too many wrong PINs were entered, here or elsewhere."""


class PinNotSet(PinProblem):
    """The token wants its PIN to be set or changed before first use."""


class PinForEachSignature(PinProblem):
    """The key demands its PIN for every signature, and nobody agreed to hand it over again each time."""


class ProviderRefused(KeyProblem):
    """The remote signing provider understood what was asked, and said no."""


class ProviderMisbehaves(KeyProblem):
    """The answer of the remote signing provider is not what the CSC API says."""


class KeyOutOfReach(SignerError):
    """The key is not where this computer can reach it. Nothing is wrong with it: plug in or connect, and go on."""


class TokenMissing(KeyOutOfReach):
    """No token is plugged in, or not the one that was asked for."""


class TokenRemoved(KeyOutOfReach):
    """The token was there when the round began, and does not answer any more."""


class ProviderUnavailable(KeyOutOfReach):
    """The remote signing provider did not answer in time, or is down."""


class DocumentRefused(SignerError):
    """The file is not one we sign; nothing was signed."""


class UnreadableDocument(DocumentRefused):
    """The bytes are no PDF or XML that can be read safely."""


class NotLaidOut(DocumentRefused):
    """The field or slot to sign is missing, or does not look like one that we laid out."""


class AlreadySigned(DocumentRefused):
    """The field or slot holds a signature; nobody signs over another's."""


class NotYetSigned(DocumentRefused):
    """A step was asked for that needs a signature which is not there."""


class BrokenStatement(DocumentRefused):
    """The bytes are no signed statement, or the signature does not fit the text."""


class ClockWrong(SignerError):
    """This computer's clock is not that of the time-stamping authority; what was prepared by it claims a wrong time."""

    def __init__(self, here: datetime, there: datetime) -> None:
        minutes = round(abs((here - there).total_seconds()) / 60)
        super().__init__(
            f"Đồng hồ của máy này lệch khoảng {minutes} phút so với máy chủ dấu thời gian. Chữ ký chưa được dùng; "
            f"hãy chỉnh lại ngày "
            "giờ (bật đồng bộ giờ tự động) rồi ký lại.",
            f"The clock of this computer is off by about {minutes} minutes from the time-stamping authority's. The "
            f"signature is not "
            "used; set the clock (switch on automatic time) and sign again.",
        )


class TimestampUnavailable(SignerError):
    """The time-stamping authority did not answer in time, refused, or answered something else than was asked."""


class ValidationDataUnavailable(SignerError):
    """CRL or OCSP of a certificate in the file could not be had."""


class CertificateUntrusted(ValidationDataUnavailable):
    """A certificate in the file has no path to a trusted root, or was revoked."""


class SigningFailed(SignerError):
    """The finished signature does not fit into the file, or does not verify."""


class WrongValue(SigningFailed):
    """A value that is not this certificate's signature over this document. Nothing was put in."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Giá trị chữ ký nhận được không phải của {name} trên đúng học bạ này nên không đưa vào tệp. Hãy kiểm "
            f"tra thiết bị "
            "ký rồi ký lại học bạ này.",
            f"The value that came back is not a signature of {name} over this very record, so it was not put in. "
            f"Check the "
            "token, then sign this record again.",
        )


class ChangedSincePrepared(SigningFailed):
    """A prepared document that is no longer what was prepared for this signer. Nothing was put in."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Tệp chuẩn bị để ký đã thay đổi hoặc được chuẩn bị cho người khác ({what}) nên không đưa chữ ký vào. "
            f"Hãy chuẩn bị "
            "và ký lại học bạ này.",
            f"The prepared file has changed since, or was prepared for somebody else ({what}), so no signature was "
            f"put in. "
            "Prepare and sign this record again.",
        )
