# SPDX-License-Identifier: Apache-2.0

"""What was added to a PDF after it was first signed: the strict difference policy.

PDF lets anyone append to a signed file. Viewers, and pyHanko's stock policy, judge what was appended leniently, and
published forgeries live on that. Here a file may only be: the laid-out paper; then, one revision each, a laid-out empty
field filled with a signature and its own appearance; validation data (DSS); invisible document timestamps. Anything else
that moved is named and refused, even when a document timestamp of the forger's follows (SIGNING.md 5 lists what was tried).

pyHanko rewrites /Info and XMP with the date in every revision; date and producer may therefore differ, and nothing else.

Each revision is compared with the one before it. The policy knows fields, not people: whether the right person signed
each field, and whether the timestamps are trusted, is for `verifier_api.signatures` and the profile to say.
"""

import io
from collections.abc import Iterator
from typing import Any, Final

from asn1crypto.parser import peek as asn1_length
from lxml import etree
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

_TIMESTAMP_FIELD_KEYS: Final = {"/FT", "/T", "/V", "/Type", "/Subtype", "/F", "/Rect", "/P", "/TU", "/AP"}
"""What a timestamp's field may consist of. No /A or /AA: the stock policy lets JavaScript through there."""

_VOLATILE_INFO: Final = {"/ModDate", "/Producer"}
_VOLATILE_XMP: Final = {"ModifyDate", "MetadataDate", "Producer", "xmptk", "about"}
_INDEFINITE_LENGTH: Final = 0x80
_CATALOG_KEYS: Final = frozenset({"/AcroForm", "/DSS", "/Metadata"})


class RevisionProblem(Exception):
    """What is wrong with the file's revisions, in English, for the finding's details."""


def review(reader: PdfFileReader, names: frozenset[str], since: int | None = None) -> None:
    """Judge everything that followed the first signature. `names` are the laid-out fields.

    `since` is the last revision known to be good (its bytes were issued by us), so that only later ones are compared.
    Raises `RevisionProblem`, `SuspiciousModification`, or whatever the library raises over a broken file.
    """
    signatures = reader.embedded_signatures
    if not signatures:
        raise RevisionProblem("the file is not signed")
    first, last = signatures[0], signatures[-1]
    if first.docmdp_level != MDPPerm.FILL_FORMS or first.signed_revision > 1:
        raise RevisionProblem(
            "the first signature must be made on the file as it was laid out, and certify it with P=2"
        )
    for signature in signatures:
        _whole_revision(signature)
    if last.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE:
        raise RevisionProblem("bytes were added after the last signature or document timestamp")
    policy = strict_policy(names)
    start = first.signed_revision if since is None else since
    for revision in range(start + 1, reader.xrefs.total_revisions):
        before, after = reader.get_historical_resolver(revision - 1), reader.get_historical_resolver(revision)
        policy.apply(before, after, doc_mdp=first.docmdp_level)


def strict_policy(names: frozenset[str]) -> StandardDiffPolicy:
    """The policy for two consecutive revisions of a file with these laid-out fields."""
    rules = (_SameInfo(), _SameXmp(), XrefStreamRule(), ObjectStreamRule(), DSSCompareRule())  # type: ignore[no-untyped-call]
    return StandardDiffPolicy(
        [
            CatalogModificationRule(_CATALOG_KEYS),  # type: ignore[no-untyped-call]
            *(rule.as_qualified(ModificationLevel.LTA_UPDATES) for rule in rules),
        ],
        FormUpdatingRule(
            [_TimestampFieldsOnly(), _LaidOutFieldsOnly(names)],  # type: ignore[no-untyped-call]
            frozenset({"/Fields"}),
        ),
        ignore_orphaned_objects=False,
        ignore_identical_objects=False,
    )


def _whole_revision(signature: EmbeddedPdfSignature) -> None:
    """The signed bytes are one revision from its first byte to its last, less the signature itself.

    The library checks the sum of the lengths before it checks that the two ranges touch the signature; here they must. The
    room that a signature does not need is filled with zeros, since no signature covers it.
    """
    if signature.evaluate_signature_coverage() < SignatureCoverageLevel.ENTIRE_REVISION:
        raise RevisionProblem(f"{signature.field_name}: the signature does not cover its whole revision")
    if not leaves_out_itself(signature):
        raise RevisionProblem(f"{signature.field_name}: the signed byte range leaves a gap")
    if any(signature.pkcs7_content[asn1_length(signature.pkcs7_content) :]):
        raise RevisionProblem(f"{signature.field_name}: something is hidden behind the signature")
    # ISO 32000-2, 12.8.1 asks for DER, which our signer writes. Tokens are as their authority made them, some of it as BER.
    if signature.sig_object_type != "/DocTimeStamp" and signature.pkcs7_content[1] == _INDEFINITE_LENGTH:
        raise RevisionProblem(f"{signature.field_name}: the signature is not DER")


def leaves_out_itself(signature: EmbeddedPdfSignature) -> bool:
    """Whether the bytes that a signature does not cover are its own place, as they are until a program writes the file anew."""
    start, length, gap_end, rest = (int(part) for part in signature.byte_range)
    stream = signature.reader.stream
    size = stream.seek(0, io.SEEK_END)
    stream.seek(length)
    gap = stream.read(max(gap_end - length, 0))
    hexadecimal = len(signature.pkcs7_content) * 2 + 2
    return start == 0 and len(gap) == hexadecimal and gap[:1] == b"<" and gap[-1:] == b">" and gap_end + rest <= size


class _TimestampFieldsOnly(SigFieldCreationRule):
    """A new field is an invisible document timestamp and nothing else."""

    def apply(self, context: Any) -> Iterator[Any]:  # noqa: ANN401 - the library's own contexts
        for name, spec in context.field_specs.items():
            if spec.old_field_ref is None:
                self._require_timestamp(name, spec)
        yield from super().apply(context)

    @staticmethod
    def _require_timestamp(name: str, spec: Any) -> None:  # noqa: ANN401
        field = spec.new_field
        value = field["/V"] if "/V" in field else None  # noqa: SIM401 - get() does not follow references
        if (
            spec.field_type != "/Sig"
            or not isinstance(value, generic.DictionaryObject)
            or value["/Type"] != "/DocTimeStamp"
            or value["/SubFilter"] != "/ETSI.RFC3161"
            or any(float(edge) for edge in field["/Rect"])
            or set(field) - _TIMESTAMP_FIELD_KEYS
        ):
            raise SuspiciousModification(f"field {name} was not laid out in advance")


class _LaidOutFieldsOnly(SigFieldModificationRule):
    """An empty laid-out field becomes a signed one, once, with its own normal appearance; nothing else moves."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(
            allow_in_place_appearance_stream_changes=False,
            always_modifiable=frozenset(),
            value_update_keys=frozenset({"/AP", "/V"}),
        )
        self._names = names

    def check_form_field(self, fq_name: str, spec: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401
        old, new = spec.old_field, spec.new_field
        signed_now = old is not None and new is not None and "/V" not in old and "/V" in new
        if signed_now and not self._ours(fq_name, new):
            raise SuspiciousModification(f"{fq_name}: not a field of this document, or an unexpected appearance")
        yield from super().check_form_field(fq_name, spec, context)

    def _ours(self, name: str, field: Any) -> bool:  # noqa: ANN401
        return name in self._names and field["/V"]["/Type"] == "/Sig" and set(field["/AP"]) == {"/N"}


class _SameInfo(DocInfoRule):
    """/Info may change its date and producer."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Any:  # noqa: ANN401
        if _info(old) != _info(new):
            raise SuspiciousModification("the document information changed")
        return super().apply(old, new)


class _SameXmp(MetadataUpdateRule):
    """XMP metadata may change its date and producer."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Any:  # noqa: ANN401
        if _xmp(old) != _xmp(new):
            raise SuspiciousModification("the document metadata changed")
        return super().apply(old, new)


def _info(revision: HistoricalResolver) -> dict[str, str]:
    reference = revision.trailer_view.get_value_as_reference("/Info", optional=True)
    entries = revision(reference) if reference else {}
    return {key: str(value) for key, value in entries.items() if key not in _VOLATILE_INFO}


def _xmp(revision: HistoricalResolver) -> list[tuple[str, str]]:
    # Through the reference: a historical resolver does not follow root["/Metadata"] by itself.
    stream = revision(revision.root.get_value_as_reference("/Metadata"))
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    tree = etree.fromstring(stream.data, parser)
    pairs: list[tuple[str, str]] = []
    for element in tree.iter(etree.Element):
        pairs += [(str(key), str(value)) for key, value in element.attrib.items()]
        pairs.append((str(element.tag), element.text or ""))
    kept = ((key, value.strip()) for key, value in pairs)
    return sorted((key, value) for key, value in kept if value and etree.QName(key).localname not in _VOLATILE_XMP)
