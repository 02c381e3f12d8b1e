# SPDX-License-Identifier: Apache-2.0

"""The quicker steps say what the library's own say, to the last bit, and fail where it fails."""

import io

import pytest
from asn1crypto import x509
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.reader import PdfFileReader

from verifier_api import quicker

quicker.apply()
"""Importing the verifier does the same; here it is said."""

PIECES = st.one_of(
    st.text("0123456789abcdefABCDEF", max_size=300).map(str.encode),
    st.sampled_from(
        [b" ", b"\n", b"\r", b"\t", b"\x00", b"\x0c", b"%x\n", b"%", b">", b">>", b"<", b"g", b"FEFF", b"41"]
    ),
    st.binary(max_size=3),
)


def outcome(work):
    """What came of it: a value, or the kind of error."""
    try:
        return work()
    except Exception as error:
        return type(error), str(error)


def read_by(read, data):
    stream = io.BytesIO(data)

    def work():
        found = read(stream)
        return type(found), found, getattr(found, "autodetected_encoding", None), stream.tell()

    return outcome(work)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(PIECES, max_size=12).map(b"".join), st.binary(max_size=4))
@example(b"41" * 8192 + b">", b" /Next")
@example(b"4" * 8191 + b" \n>", b"")
@example(b"41" * 100, b"")
def test_a_hexadecimal_string_is_what_the_library_reads(inside, behind):
    data = b"<" + inside + behind
    assert read_by(quicker.read_hex_string, data) == read_by(quicker.STOCK_READ_HEX, data)


def name(parts):
    return x509.Name.load(x509.Name.build(dict(parts)).dump())


NAMES = st.dictionaries(
    st.sampled_from(["common_name", "organization_name", "locality_name", "country_name"]),
    st.one_of(
        st.sampled_from(["VN", "vn", "Trường THCS Hoa Mai", "trường  thcs hoa mai ", "Sở GDĐT", "\u00adA", "\ue000"]),
        st.text(min_size=1, max_size=8),
    ),
    min_size=1,
).map(lambda parts: {**parts, **({"country_name": "VN"} if "country_name" in parts else {})})


@settings(max_examples=200, derandomize=True, deadline=None)
@given(NAMES, NAMES)
def test_names_are_as_equal_as_the_library_finds_them(one, other):
    # Twice, so that the second answer is the remembered one.
    for first, second in ((one, other), (one, other), (one, one), (other, one)):
        a, b = name(first).chosen, name(second).chosen
        assert outcome(lambda a=a, b=b: a == b) == outcome(lambda a=a, b=b: quicker.STOCK_EQUAL(a, b))
        assert outcome(lambda a=a: a.hashable) == outcome(lambda a=a: quicker.STOCK_HASHABLE(a))
    quicker.forget()


def packed(objects=12):
    """A document with `objects` strings in one object stream, uncompressed, so that its table can be mutated."""
    made = writer.PdfFileWriter(stream_xrefs=True)
    stream = made.prepare_object_stream(compress=False)
    refs = [
        made.add_object(generic.pdf_string(f"object {1000 + number}"), obj_stream=stream) for number in range(objects)
    ]
    made.root["/Strings"] = generic.ArrayObject(refs)
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


PACKED = packed()
TABLE = PACKED.index(b"/ObjStm") - 20, PACKED.rindex(b"1011") + 6


def numbers(reader_of, data):
    def whole():
        reader = reader_of(io.BytesIO(data))
        size = min(int(reader.trailer["/Size"]), 64)
        return [outcome(lambda n=n: repr(reader.get_object(generic.Reference(n, 0, reader)))) for n in range(size)]

    return outcome(whole)


def without_addresses(told):
    return (
        repr(told)
        .replace("verifier_api.quicker.Reader", "pyhanko.pdf_utils.reader.PdfFileReader")
        .partition(" at 0x")[0]
    )


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(*TABLE), st.sampled_from([*b"0123456789 \nx/<(%-+."])), max_size=3),
)
@example([])
def test_objects_in_a_stream_are_what_the_library_finds(changes):
    data = bytearray(PACKED)
    for place, byte in changes:
        data[place] = byte
    theirs, ours = numbers(PdfFileReader, bytes(data)), numbers(quicker.Reader, bytes(data))
    assert without_addresses(ours) == without_addresses(theirs)


def test_the_stream_of_the_last_test_is_one():
    found = numbers(quicker.Reader, PACKED)
    expected = [f"'object {number}'" for number in range(1000, 1012)]
    assert [one for one in found if one in expected] == expected
    assert PACKED.count(b"/ObjStm") == 1


def test_no_name_outlives_its_file():
    assert name({"common_name": "Nguyễn Văn An"}).chosen.hashable
    assert quicker._hashables
    quicker.forget()
    assert not quicker._hashables
    assert not quicker._equals
    assert quicker._prepared.cache_info().currsize == 0


@pytest.mark.parametrize("size", [quicker.LARGEST_BLOCK * 3 + 1])
def test_a_string_that_never_ends_is_refused_as_the_library_refuses_it(size):
    data = b"<" + b"4" * 4000 + b"x" + b" " * size
    assert read_by(quicker.read_hex_string, data) == read_by(quicker.STOCK_READ_HEX, data)
