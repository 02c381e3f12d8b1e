# SPDX-License-Identifier: Apache-2.0

"""Tokens to sign with, without a USB port: SoftHSM2, a real PKCS#11 module, with its files in a folder of the test.

What a person can do to a token is done to these: initialise, plug in, pull out, type wrong PINs, and let an authority put keys
and certificates on it. A module's flags about the PIN are in the token's file; SoftHSM sets only the first of them (a wrong
PIN was entered) by itself, so `mark_pin` writes the others there, as a token with a counter would show them.

Example::

    drawer = Drawer(tmp_path)
    token = drawer.initialise("Cô An", pin="123456")
    token.put(key, certificate, label="ký")
    TokenKey.open(drawer.module, Pin("123456"))
"""

import os
import shutil
import struct
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11.constants import Attribute, CertificateType, ObjectClass
from pkcs11.util.ec import decode_ec_private_key, encode_named_curve_parameters
from pkcs11.util.rsa import decode_rsa_private_key

_UTIL = shutil.which("softhsm2-util")
_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "C:/SoftHSM2/lib/softhsm2-x64.dll",
)
_FLAGS_ATTRIBUTE = struct.pack(
    ">QQ", 0x8000534B, 2
)  # CKA_OS_TOKENFLAGS, a number (SoftHSMv2, OSAttributes.h and ObjectFile.cpp)


def module_path():
    """Where SoftHSM2 is on this machine."""
    beside = () if _UTIL is None else (Path(_UTIL).parent.parent / "lib/softhsm/libsofthsm2.so",)
    found = next((str(place) for place in (*map(Path, _PLACES), *beside) if place.exists()), None)
    if found is None or _UTIL is None:
        raise RuntimeError("SoftHSM2 is not installed; scripts/setup says how")
    return found


class Drawer:
    """A drawer of tokens, all plugged in. One at a time in a process: the module reads its settings when it starts."""

    def __init__(self, folder):
        self.folder = folder
        self.module = module_path()
        self._tokens, self._unplugged = folder / "plugged-in", folder / "unplugged"
        self._tokens.mkdir()
        self._unplugged.mkdir()
        settings = folder / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {self._tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(settings)

    def initialise(self, label, *, pin="123456"):
        before = set(self._tokens.iterdir())
        command = [_UTIL, "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "87654321"]
        subprocess.run(command, check=True, capture_output=True)
        (files,) = set(self._tokens.iterdir()) - before
        return SoftToken(self, files, label, pin)

    def unplug_all(self):
        for token in list(self._tokens.iterdir()):
            token.rename(self._unplugged / token.name)

    def plug_in_again(self):
        for token in list(self._unplugged.iterdir()):
            token.rename(self._tokens / token.name)

    @contextmanager
    def library(self):
        library = pkcs11.lib(self.module)
        try:
            yield library
        finally:
            library.finalize()


class SoftToken:
    def __init__(self, drawer, files, label, pin):
        self.drawer, self.label = drawer, label
        self._files, self._pin = files, pin

    @contextmanager
    def _session(self):
        with (
            self.drawer.library() as library,
            library.get_token(token_label=self.label).open(rw=True, user_pin=self._pin) as session,
        ):
            yield session

    def put(self, key, certificate, *, label="ký số", key_id=b"\x01", chain=(), always_authenticate=False):
        """As an authority does: the key (`None`: forgotten) and its certificate (likewise), and the authorities above."""
        with self._session() as session:
            if key is not None:
                session.create_object(_private(key, label, key_id, always_authenticate=always_authenticate))
            for number, one in enumerate((certificate, *chain)):
                if one is not None:
                    own = number == 0
                    session.create_object(
                        _public(one, label if own else f"CA {number}", key_id if own else bytes([200 + number]))
                    )

    def mark_pin(self, flag):
        """Let the token say what its counter would make it say."""
        file = self._files / "token.object"
        content = file.read_bytes()
        at = content.index(_FLAGS_ATTRIBUTE) + len(_FLAGS_ATTRIBUTE)
        (flags,) = struct.unpack(">Q", content[at : at + 8])
        file.write_bytes(content[:at] + struct.pack(">Q", flags | flag) + content[at + 8 :])

    @property
    def flags(self):
        with self.drawer.library() as library:
            return library.get_token(token_label=self.label).flags


def _private(key, label, key_id, *, always_authenticate):
    if isinstance(key, rsa.RSAPrivateKey):
        attributes = decode_rsa_private_key(
            key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
    else:
        attributes = decode_ec_private_key(
            key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        attributes[Attribute.EC_PARAMS] = encode_named_curve_parameters("1.2.840.10045.3.1.7")
    return attributes | {
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.SIGN: True,
        Attribute.LABEL: label,
        Attribute.ID: key_id,
        Attribute.ALWAYS_AUTHENTICATE: always_authenticate,
    }


def _public(certificate, label, key_id):
    return {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        Attribute.SUBJECT: certificate.subject.public_bytes(),
        Attribute.VALUE: certificate.public_bytes(Encoding.DER),
        Attribute.LABEL: label,
        Attribute.ID: key_id,
    }
