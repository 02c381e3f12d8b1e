# SPDX-License-Identifier: Apache-2.0

"""Keys, where they really are: in a PKCS#12 file, in a token or HSM behind PKCS#11, or at a provider behind the CSC API.

    file      PKCS#12, decrypted into this process
    token     PKCS#11: USB tokens, HSMs; `modules` lists what is plugged in
    remote    remote signing; `csc` speaks the protocol
    opening   any of them, from one line

All are a `SigningKey`: opened once, with one PIN, and then asked for signatures only. A PIN is a `Secret` everywhere, so that
no log, `repr` or traceback shows it. Tokens and providers are imported from their modules, since they need more libraries.
"""

from signer.keys.file import LoadedKey, load_pkcs12
from signer.keys.signing_key import Secret, SigningKey

__all__ = ["LoadedKey", "Secret", "SigningKey", "load_pkcs12"]
