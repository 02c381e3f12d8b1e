# SPDX-License-Identifier: Apache-2.0

"""Words are read as eth_abi reads them, and what it refuses is refused."""

import pytest
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain import words

TYPES = ("bool", "uint8", "uint16", "uint32", "uint48", "address", "bytes32")
SMALL = st.integers(0, 2**50).map(lambda number: number.to_bytes(32))
EDGES = st.sampled_from([8, 16, 32, 48, 160]).flatmap(
    lambda bits: st.sampled_from([2**bits - 1, 2**bits]).map(lambda number: number.to_bytes(32))
)
ACCOUNTS = st.binary(min_size=20, max_size=20).map(lambda account: bytes(12) + account)
WORD = st.sampled_from([0, 1, 2]).map(lambda number: number.to_bytes(32)) | SMALL | EDGES | ACCOUNTS
ANY = WORD | st.binary(min_size=32, max_size=32)


@given(st.lists(st.tuples(st.sampled_from(TYPES), ANY), max_size=6))
def test_words_are_read_as_eth_abi_reads_them(fields):
    types, answer = [kind for kind, _ in fields], b"".join(word for _, word in fields)
    try:
        expected = list(decode(types, answer))
    except DecodingError:
        with pytest.raises(ValueError, match="bits"):
            words.read(words.readers(types), answer)
    else:
        assert words.read(words.readers(types), answer) == expected


@pytest.mark.parametrize(
    ("name", "bits"), [("bool", 1), ("uint8", 8), ("uint16", 16), ("uint32", 32), ("uint48", 48), ("address", 160)]
)
def test_a_number_is_no_longer_than_its_type(name, bits):
    longest, longer = (2**bits - 1).to_bytes(32), (2**bits).to_bytes(32)
    assert words.read(words.readers([name]), longest) == list(decode([name], longest))
    with pytest.raises(DecodingError):
        decode([name], longer)
    with pytest.raises(ValueError, match="bits"):
        words.read(words.readers([name]), longer)


@pytest.mark.parametrize("answer", [b"", bytes(31), bytes(63), bytes(65), bytes(96)])
def test_an_answer_of_another_length_is_refused(answer):
    with pytest.raises(ValueError, match="words"):
        words.read(words.readers(["bool", "bytes32"]), answer)


@pytest.mark.parametrize("name", ["string", "bytes", "uint256[]", "bytes4", "int8"])
def test_what_is_no_word_of_ours_is_told_when_the_program_starts(name):
    with pytest.raises((TypeError, ValueError)):
        words.readers([name])
