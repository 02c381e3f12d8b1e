# SPDX-License-Identifier: Apache-2.0

"""Secrets that lie in files of their own: the first line is the secret, and whoever asks says in whose words it is missing."""

from pathlib import Path

MIN_TOKEN_LENGTH = 32
"""128 bits in hexadecimal: too much to be tried out."""


def first_line(path: Path) -> str:
    """The secret. Raises `OSError`, or `ValueError` for a file that holds none."""
    lines = path.read_text("utf-8").splitlines()
    if not lines or not lines[0].strip():
        raise ValueError("its first line is empty")
    return lines[0].strip()


def token_in(path: Path) -> str:
    """What one program shows another. Raises `OSError`, or `ValueError` for one that could be guessed."""
    token = first_line(path)
    if len(token) < MIN_TOKEN_LENGTH or not token.isascii() or " " in token:
        raise ValueError(f"a token has at least {MIN_TOKEN_LENGTH} ASCII characters and no space")
    return token
