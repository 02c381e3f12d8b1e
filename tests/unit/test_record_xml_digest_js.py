# SPDX-License-Identifier: Apache-2.0

"""Our digest against npm's xml-crypto: another parser and another exclusive C14N, in another language."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree
from record_documents import KEPT, changed, document, with_pupil

from ledger.record.digest import record_digest
from ledger.record.xml import data_element

SCRIPT = Path(__file__).with_name("exclusive_c14n.mjs")
DOCUMENTS = {
    **{name: path.read_bytes() for name, path in KEPT.items()},
    "what must be escaped": document(with_pupil(name="Nguyễn <b>&amp;\"'</b> ]]> An")),
    "letters beyond the first plane": document(with_pupil(name="𠀋 Nguyễn 𝒜n")),
    "white space between elements": etree.tostring(etree.fromstring(document()), pretty_print=True, encoding="UTF-8"),
    "a carriage return as a reference": changed("<NOI_SINH>", "&#13;<NOI_SINH>"),
    "line ends of Windows": changed("<NOI_SINH>", "\r\n\t<NOI_SINH>"),
    "letters as references": document().decode().encode("ascii", "xmlcharrefreplace"),
    "namespaces on the frame": changed(
        "<HOC_BA>", "<HOC_BA xmlns:ds='http://www.w3.org/2000/09/xmldsig#' xmlns:x='urn:x'>"
    ),
    "other quotes and spaces in a tag": changed('<DU_LIEU_HOC_BA Id="data">', "<DU_LIEU_HOC_BA\n  Id = 'data' >"),
    "an empty element in two tags": changed("<TEN_XA_PHUONG>", "<TEN_QUAN_HUYEN></TEN_QUAN_HUYEN><TEN_XA_PHUONG>"),
}


@pytest.fixture(scope="module")
def foreign():
    """What xml-crypto says about every document, asked in one go: Node takes a second to start."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    answer = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps([data.decode() for data in DOCUMENTS.values()]),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": path},
    )
    return dict(zip(DOCUMENTS, json.loads(answer.stdout), strict=True))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_another_implementation_gives_the_same_canonical_bytes_and_digest(name, foreign):
    assert foreign[name]["canonical"] == data_element(DOCUMENTS[name]).decode()
    assert foreign[name]["sha256"] == record_digest(DOCUMENTS[name]).hex()
