# SPDX-License-Identifier: Apache-2.0

"""Reads an answer that is nothing but words: values of 32 bytes each, as the ABI lays out what has no variable length; pure.

eth_abi reads any type, by a tree of objects that takes four times as long for the 28 words of `statusOf` as a node near by takes
to answer. A verifier reads little else. Padding is looked at as strictly, and a test compares the two.
"""

from collections.abc import Callable, Sequence
from typing import Final

WORD_BYTES: Final = 32
ADDRESS_BYTES: Final = 20

Reader = Callable[[bytes], object]


def readers(types: Sequence[str]) -> tuple[Reader, ...]:
    """A reader for each of `types`, of which there are `bool`, `address`, `bytes32` and unsigned integers."""
    return tuple(_reader(name) for name in types)


def read(by: Sequence[Reader], answer: bytes) -> list[object]:
    """The values in `answer`. Raises `ValueError` if it is longer, shorter, or holds what its type does not."""
    if len(answer) != len(by) * WORD_BYTES:
        raise ValueError(f"{len(answer)} bytes for {len(by)} words")
    return [
        one(answer[start : start + WORD_BYTES])
        for one, start in zip(by, range(0, len(answer), WORD_BYTES), strict=True)
    ]


def _reader(name: str) -> Reader:
    if name == "bytes32":
        return bytes
    if name == "bool":
        numbers = _number(1)
        return lambda word: bool(numbers(word))
    if name == "address":
        number = _number(ADDRESS_BYTES * 8)
        return lambda word: f"0x{number(word):040x}"
    if name.startswith("uint"):
        return _number(int(name.removeprefix("uint")))
    raise TypeError(f"{name} is no word of ours")


def _number(bits: int) -> Callable[[bytes], int]:
    def number(word: bytes) -> int:
        value = int.from_bytes(word)
        if value >> bits:
            raise ValueError(f"more than {bits} bits")
        return value

    return number
