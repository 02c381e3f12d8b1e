# SPDX-License-Identifier: Apache-2.0

"""Everything the signer raises on purpose.

* SignerError
  x KeyProblem               the key cannot be used; nothing was signed
    + WrongPassphrase
    + UnreadableKey          not a PKCS#12 file, or nothing usable in it
    + UnsuitableKey          too weak, of an unknown kind, or not that of its certificate
    + CertificateNotValid    not yet, or no longer, at the time of signing
  x DocumentRefused          the file is not one we sign; nothing was signed
    + UnreadableDocument
    + NotLaidOut             the field or slot is missing, or was made by somebody else
    + AlreadySigned
    + NotYetSigned           it must carry a signature first
    + BrokenStatement        a statement whose signature does not fit
  x TimestampUnavailable     the time-stamping authority did not answer, or not properly
  x ValidationDataUnavailable  CRL or OCSP of a signer's certificate could not be had
    + CertificateUntrusted   no path to a trusted root, or the certificate was revoked or has ended
  x SigningFailed            the finished signature does not fit or does not verify

Every message is a pair, Vietnamese and English, and says what to do. Anything else that leaves this package is a bug.
"""


class SignerError(Exception):
    """The root of the tree. `vi` and `en` hold the same message for a person."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(vi, en)
        self.vi = vi
        self.en = en

    def __str__(self) -> str:
        return f"{self.vi} / {self.en}"


class KeyProblem(SignerError):
    """The key cannot be used; nothing was signed."""


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


class TimestampUnavailable(SignerError):
    """The time-stamping authority did not answer in time, refused, or answered something else than was asked."""


class ValidationDataUnavailable(SignerError):
    """CRL or OCSP of a certificate in the file could not be had."""


class CertificateUntrusted(ValidationDataUnavailable):
    """A certificate in the file has no path to a trusted root, or was revoked."""


class SigningFailed(SignerError):
    """The finished signature does not fit into the file, or does not verify."""
