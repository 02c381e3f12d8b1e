# SPDX-License-Identifier: Apache-2.0

"""Revocation lists come into the trust folder whole, from whoever may sign them, and nothing known is forgotten."""

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509

from scripts import revocation_lists
from tests.simulators.aging_pki import BEGIN, DAY, Authority, der, year
from tests.simulators.issuing_world import TRUST
from verifier_api.trust import REVOCATIONS, Anchors, Trust


@dataclass
class Publisher:
    """A web server with files. What is not there is 404."""

    files: dict[str, bytes] = field(default_factory=dict)

    def __enter__(self):
        files = self.files

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                found = files.get(self.path)
                self.send_response(404 if found is None else 200)
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"


@pytest.fixture
def publisher():
    with Publisher() as publisher:
        yield publisher


@pytest.fixture(scope="module")
def authority():
    return Authority("CA", 10)


@pytest.fixture
def trust(authority) -> Trust:
    return replace(TRUST, anchors=Anchors(roots={"demo": (der(authority.certificate),)}))


def refreshed(trust, folder, *addresses):
    return list(revocation_lists.refresh(trust, folder, addresses))


def held(folder):
    return sorted(path.read_bytes() for path in (folder / REVOCATIONS).glob("*.crl"))


def test_a_list_is_taken_once_and_a_newer_one_takes_its_place(publisher, trust, authority, tmp_path):
    old, new = authority.crl(BEGIN), authority.crl(BEGIN + DAY)
    publisher.files["/ca.crl"] = old
    (first,) = refreshed(trust, tmp_path, publisher.at("/ca.crl"))
    (again,) = refreshed(trust, tmp_path, publisher.at("/ca.crl"))
    assert (first.new, again.new, first.problem, again.problem) == (True, False, None, None)
    assert held(tmp_path) == [old]
    publisher.files["/ca.crl"] = new
    refreshed(trust, tmp_path, publisher.at("/ca.crl"))
    assert held(tmp_path) == [new]


def test_an_older_list_does_not_come_back(publisher, trust, authority, tmp_path):
    publisher.files |= {"/new.crl": authority.crl(BEGIN + DAY), "/old.crl": authority.crl(BEGIN)}
    refreshed(trust, tmp_path, publisher.at("/new.crl"), publisher.at("/old.crl"))
    assert held(tmp_path) == [publisher.files["/new.crl"]]


def test_whom_a_newer_list_names_no_more_is_not_forgotten(publisher, trust, tmp_path, authority):
    people = Authority("People", 10)
    trust = replace(trust, anchors=replace(trust.anchors, intermediates=(der(people.certificate),)))
    people.revoke(people.person("An", -0.1, 1).certificate, at=BEGIN)
    named, dropped = people.crl(BEGIN + DAY), people.crl(year(2))
    for publisher.files["/ca.crl"] in (named, dropped, people.crl(year(2) + DAY)):
        refreshed(trust, tmp_path, publisher.at("/ca.crl"))
    assert held(tmp_path) == sorted([named, publisher.files["/ca.crl"]])


PROBLEMS = {
    "nothing there": (None, "404"),
    "no list": (b"<html>", "no CRL"),
    "a stranger's": (Authority("CA", 10).crl(BEGIN), "nobody"),
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_what_is_of_no_use_is_named_and_the_others_are_taken(publisher, trust, authority, tmp_path, what):
    data, said = PROBLEMS[what]
    publisher.files |= {"/good.crl": authority.crl(BEGIN)} | ({"/bad.crl": data} if data else {})
    bad, good = refreshed(trust, tmp_path, publisher.at("/bad.crl"), publisher.at("/good.crl"))
    assert said in bad.problem
    assert (good.problem, good.new) == (None, True)
    assert held(tmp_path) == [publisher.files["/good.crl"]]
    assert [path.suffix for path in (tmp_path / REVOCATIONS).iterdir()] == [".crl"]


def test_nobody_answers(trust, tmp_path):
    (found,) = refreshed(trust, tmp_path, "http://127.0.0.1:9/ca.crl")
    assert found.problem


def test_too_large_a_list_is_not_taken(publisher, trust, authority, tmp_path, monkeypatch):
    monkeypatch.setattr(revocation_lists, "MAX_LIST_BYTES", 10)
    publisher.files["/ca.crl"] = authority.crl(BEGIN)
    (found,) = refreshed(trust, tmp_path, publisher.at("/ca.crl"))
    assert found.problem
    assert held(tmp_path) == []


def test_addresses_come_from_the_settings_and_from_certificates(trust, authority):
    intermediate = Authority("Above", 10, authority)
    person = intermediate.person("An", 0, 1).certificate.dump()
    trust = replace(
        trust,
        settings=trust.settings.model_copy(update={"revocation_lists": ("https://ca.example.vn/ca.crl",)}),
        anchors=replace(trust.anchors, intermediates=(der(intermediate.certificate),)),
    )
    named = ["https://ca.example.vn/ca.crl", "http://127.0.0.1:9/CA"]
    assert revocation_lists.addresses(trust) == named
    assert revocation_lists.addresses(trust, [person]) == [*named, "http://127.0.0.1:9/Above"]


def test_an_address_that_is_no_web_address_is_left_alone(trust):
    ldap = x509.UniformResourceIdentifier("ldap://ca.example.vn/cn=CA")
    points = x509.CRLDistributionPoints([x509.DistributionPoint([ldap], None, None, None)])
    authority = Authority("CA", 10)
    key = authority.key.public_key()
    odd = (
        x509.CertificateBuilder(authority.subject, authority.subject, key, 1, BEGIN, BEGIN + timedelta(days=1))
        .add_extension(points, critical=False)
        .sign(authority.key, authority.certificate.signature_hash_algorithm)
    )
    assert revocation_lists.addresses(replace(trust, anchors=Anchors(roots={"demo": (der(odd),)}))) == []
