# SPDX-License-Identifier: Apache-2.0

"""A class in processes: the key stays here, results stream, and what goes wrong for one unit costs the others nothing."""

import multiprocessing
import os
import pickle
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import attacked_school as world
import laid_out_paper as paper
import pytest

from ledger.additions import pdf_is_archived, pdf_is_signed, xml_is_kept, xml_is_signed
from ledger.record import xml as record_xml
from ledger.signing import Documents, Signed, SignerIdentity, ToPrepare, Unfinished, Values
from ledger.unit import Role, Slot
from scripts.crew import IN_FLIGHT_PER_WORKER, CrewLost, CrewScribe, LocalArchivist, LocalHand
from scripts.demo_pki import PkiServer, free_port
from signer.errors import CertificateNotValid, SigningFailed, TokenRemoved, UnsuitableKey
from signer.keys import SigningKey
from signer.validation_data import ValidationData
from signer.xml import keep_xml

HOMEROOM, PRINCIPAL, SEAL, MATHS = (
    Slot(Role.HOMEROOM),
    Slot(Role.PRINCIPAL),
    Slot(Role.SEAL),
    Slot(Role.SUBJECT, "TOAN"),
)
WORKERS = 2
NOBODY = "http://127.0.0.1:9/"


class Held(SigningKey):
    """A key that tells what it was asked for, and can give up after some signatures."""

    def __init__(
        self, key, *, batch: int = 1, gives_up_after: int | None = None, stops_after: int | None = None
    ) -> None:
        self._key = key
        self._batch = batch
        self._left = gives_up_after
        self._stops_after = stops_after
        self.asked: list[int] = []
        self.asked_in: set[int] = set()

    @property
    def who(self):
        return self._key.who

    @property
    def batch(self) -> int:
        return self._batch

    def sign_digests(self, digests: Sequence[bytes]) -> Iterator[bytes]:
        self.asked.append(len(digests))
        self.asked_in.add(os.getpid())
        for digest in digests[: self._stops_after]:
            if self._left == 0:
                raise TokenRemoved(
                    "Thiết bị ký đã bị rút. Hãy cắm lại rồi ký tiếp.", "The token is gone. Plug it in again."
                )
            self._left = None if self._left is None else self._left - 1
            yield from self._key.sign_digests([digest])


@pytest.fixture(scope="module")
def pki():
    served = paper.make_pki("crew", port=free_port())
    with PkiServer(served):
        yield served


@pytest.fixture(scope="module")
def scribe(pki):
    with CrewScribe(tsa=pki.tsa_url, location="Hải Phòng", workers=WORKERS) as crew:
        yield crew


def key_of(pki, slot=HOMEROOM):
    return paper.key_of(pki, "GVCN" if slot is MATHS else slot.role.value)


@pytest.fixture(scope="module")
def units():
    drawn = [world.drawn(number) for number in range(3)]
    return [ToPrepare(Documents(one.unit_id, one.pdf, one.xml), first=True) for one in drawn]


def taught(unit):
    """The same with a place for each subject teacher, and XAdES wanted."""
    read = record_xml.read(unit.documents.xml)
    told = {"unit_id": read.unit_id, "created_at": read.created_at, "planned_issue_date": read.planned_issue_date}
    document = record_xml.write(read.record, **told, subject_slots=True)
    return replace(unit, documents=replace(unit.documents, xml=document), xades=True)


def hand_of(key, scribe, slot=HOMEROOM, shown_role="Giáo viên chủ nhiệm"):
    return LocalHand(slot, key, shown_role=shown_role, scribe=scribe)


def identity(key):
    who = key.who
    return SignerIdentity(who.certificate.dump(), tuple(one.dump() for one in who.chain), "Giáo viên chủ nhiệm")


def ids(results):
    return [one.documents.unit_id if isinstance(one, Signed) else one.unit_id for one in results]


def after(signed, before):
    """What is to be prepared for the next signer."""
    return replace(before, documents=signed.documents, first=False)


def test_three_people_sign_a_class_and_it_is_archived(pki, scribe, units):
    turn = units
    for slot in (HOMEROOM, PRINCIPAL, SEAL):
        hand = hand_of(key_of(pki, slot), scribe, slot)
        results = list(hand.sign(turn))
        assert ids(results) == [unit.documents.unit_id for unit in units]
        for before, signed in zip(turn, results, strict=True):
            assert pdf_is_signed(
                before.documents.pdf, signed.documents.pdf, role=slot.role, cert_sha256=hand.cert_sha256
            )
            assert xml_is_signed(before.documents.xml, signed.documents.xml, slot=slot, cert_sha256=hand.cert_sha256)
        turn = [after(signed, before) for before, signed in zip(turn, results, strict=True)]
    with LocalArchivist(tsa=pki.tsa_url, roots=paper.all_roots(pki), workers=1) as archivist:
        for before, archived in zip(turn, archivist.archive(turn), strict=True):
            assert pdf_is_archived(before.documents.pdf, archived.pdf)
            assert archived.xml == before.documents.xml


def test_a_subject_teacher_signs_the_xml_alone_and_it_is_time_stamped_and_kept(pki, scribe, units):
    unit = taught(units[0])
    key = Held(key_of(pki, MATHS))
    (signed,) = hand_of(key, scribe, MATHS).sign([unit])
    assert key.asked == [1]
    assert signed.documents.pdf == b""
    assert b"SignatureTimeStamp" in signed.documents.xml
    data = ValidationData.offline(paper.all_roots(pki), crls=pki.crls(paper.now()), now=paper.now)
    kept = keep_xml(signed.documents.xml, validation_data=data)
    assert kept != signed.documents.xml
    assert xml_is_kept(signed.documents.xml, kept)


def test_processes_start_before_there_is_work_for_them(pki):
    before = set(multiprocessing.active_children())
    with CrewScribe(tsa=pki.tsa_url, location="Hải Phòng", workers=WORKERS):
        assert len(set(multiprocessing.active_children()) - before) == WORKERS


def test_an_interrupt_at_the_terminal_is_for_the_process_with_the_key(pki, units):
    before = set(multiprocessing.active_children())
    with CrewScribe(tsa=pki.tsa_url, location="Hải Phòng", workers=WORKERS) as crew:
        hand = hand_of(key_of(pki), crew)
        assert len(list(hand.sign(units))) == len(units)
        for worker in set(multiprocessing.active_children()) - before:
            os.kill(worker.pid, signal.SIGINT)
            worker.join(timeout=1)
            assert worker.is_alive()
        assert len(list(hand.sign(units))) == len(units)


def test_an_interrupt_while_they_start_ends_none_of_them(pki, units):
    before = set(multiprocessing.active_children())
    with CrewScribe(tsa=pki.tsa_url, location="Hải Phòng", workers=WORKERS) as crew:
        for worker in (started := set(multiprocessing.active_children()) - before):
            os.kill(worker.pid, signal.SIGINT)
        assert len(list(hand_of(key_of(pki), crew).sign(units))) == len(units)
        assert all(worker.is_alive() for worker in started)


def test_the_key_is_asked_in_this_process_and_cannot_reach_another(pki, scribe, units):
    key = Held(key_of(pki))
    list(hand_of(key, scribe).sign(units))
    assert key.asked_in == {os.getpid()}
    with pytest.raises(UnsuitableKey):
        pickle.dumps(key)


@pytest.mark.parametrize(("batch", "asked"), [(1, [2, 2, 2]), (4, [4, 2]), (100, [6])])
def test_a_key_is_asked_for_as_many_at_once_as_it_likes(pki, scribe, units, batch, asked):
    key = Held(key_of(pki), batch=batch)
    assert ids(hand_of(key, scribe).sign(units)) == [unit.documents.unit_id for unit in units]
    assert key.asked == asked


def test_only_a_few_units_are_in_memory_and_results_stream(pki, scribe, units):
    drawn = []

    def many():
        for number in range(40):
            drawn.append(number)
            yield units[number % 3]

    results = hand_of(key_of(pki), scribe).sign(many())
    next(results)
    # Some wait to be prepared, as many to be finished.
    assert len(drawn) <= 2 * WORKERS * IN_FLIGHT_PER_WORKER + 1
    results.close()


def test_a_key_that_gives_up_costs_only_what_it_had_not_signed(pki, scribe, units):
    key = Held(key_of(pki), gives_up_after=3)
    results = []
    with pytest.raises(TokenRemoved):
        # A list keeps what it was given before the failure.
        results.extend(hand_of(key, scribe).sign(units))
    assert ids(results) == [units[0].documents.unit_id]
    assert isinstance(results[0], Signed)


def test_a_key_that_says_less_than_it_was_asked_is_refused(pki, scribe, units):
    with pytest.raises(SigningFailed):
        list(hand_of(Held(key_of(pki), stops_after=1), scribe).sign(units))


def test_a_unit_that_was_not_laid_out_is_given_back_and_the_others_are_signed(pki, scribe, units):
    first, second, third = units
    foreign = replace(second, documents=replace(second.documents, xml=b"<HOC_BA/>"))
    results = list(hand_of(key_of(pki), scribe).sign([first, foreign, third]))
    by_id = dict(zip(ids(results), results, strict=True))
    assert {type(by_id[unit.documents.unit_id]) for unit in (first, third)} == {Signed}
    refused = by_id[second.documents.unit_id]
    assert isinstance(refused, Unfinished)
    assert refused.lasting
    assert "DU_LIEU_HOC_BA" in refused.vi


def test_a_name_that_cannot_be_printed_is_said(pki, scribe, units):
    results = list(hand_of(key_of(pki), scribe, shown_role="\u200bGiáo viên").sign(units[:1]))
    assert isinstance(results[0], Unfinished)


def answered(prepared, key):
    return prepared, Values(xml=key.sign(prepared.xml.to_be_signed), pdf=key.sign(prepared.pdf.to_be_signed))


def test_a_time_stamping_authority_that_is_down_costs_no_second_value(pki, scribe, units):
    key = key_of(pki)
    told = {"slot": HOMEROOM, "signer": identity(key)}
    work = [answered(one, key) for one in scribe.prepare(units, **told)]
    with CrewScribe(tsa=NOBODY, location="", workers=1) as cut_off:
        waiting = list(cut_off.finish(work, **told))
    assert {(type(one), one.lasting) for one in waiting} == {(Unfinished, False)}
    assert {type(one) for one in scribe.finish(work, **told)} == {Signed}


def test_values_that_were_swapped_are_refused_for_good_each_by_itself(pki, scribe, units):
    key = key_of(pki)
    told = {"slot": HOMEROOM, "signer": identity(key)}
    first, second, third = [answered(one, key) for one in scribe.prepare(units, **told)]
    work = [(first[0], second[1]), (second[0], first[1]), third]
    *swapped, good = scribe.finish(work, **told)
    assert {(type(one), one.lasting) for one in swapped} == {(Unfinished, True)}
    assert isinstance(good, Signed)


def test_what_waits_for_a_value_is_finished_by_another_crew(pki, scribe, units):
    """After a restart nothing is left but bytes and numbers."""
    key = key_of(pki)
    told = {"slot": HOMEROOM, "signer": identity(key)}
    (prepared,) = scribe.prepare(units[:1], **told)
    again = pickle.loads(pickle.dumps(answered(prepared, key)))
    with CrewScribe(tsa=pki.tsa_url, location="", workers=1) as other:
        (signed,) = other.finish([again], **told)
    assert signed.signed_at == prepared.signed_at


def test_a_certificate_that_has_ended_is_refused_before_anything_starts(pki, scribe):
    yesterday = timedelta(days=-1)
    ended = world.certified("Lê Thị An", hierarchy="public", since=timedelta(days=-400), until=yesterday)
    with pytest.raises(CertificateNotValid):
        hand_of(ended, scribe)


def test_a_process_that_dies_is_said_so(pki, units):
    before = set(multiprocessing.active_children())
    with CrewScribe(tsa=pki.tsa_url, location="", workers=1) as crew:
        results = hand_of(key_of(pki), crew).sign(units * 5)
        next(results)
        (worker,) = set(multiprocessing.active_children()) - before
        worker.kill()
        with pytest.raises(CrewLost):
            list(results)
        # A desk keeps its crew for months: the next round finds it whole again.
        (again,) = hand_of(key_of(pki), crew).sign(units[:1])
        assert isinstance(again, Signed)


def test_a_record_that_cannot_be_archived_is_named_and_stops_none_of_the_others(pki, scribe, units):
    signed = [
        replace(unit, documents=done.documents)
        for unit, done in zip(units, hand_of(key_of(pki), scribe).sign(units), strict=True)
    ]
    signed[1] = units[1]  # Nobody has signed it: there is nothing to keep.
    roots = [root for name in pki.roots for root in pki.root_certificates(name)]
    with LocalArchivist(tsa=pki.tsa_url, roots=roots, workers=1) as archivist:
        first, second, third = archivist.archive(signed)
    assert (type(first), type(third)) == (Documents, Documents)
    assert (second.unit_id, second.lasting) == (units[1].documents.unit_id, True)


@pytest.mark.parametrize("gone", ["tsa", "roots"])
def test_what_is_down_while_archiving_is_told_for_each_record(pki, scribe, units, gone):
    (done,) = hand_of(key_of(pki), scribe).sign(units[:1])
    roots = [root for name in pki.roots for root in pki.root_certificates(name)]
    tsa, trusted = (NOBODY, roots) if gone == "tsa" else (pki.tsa_url, roots[:1])
    with LocalArchivist(tsa=tsa, roots=trusted, workers=1) as archivist:
        (left,) = archivist.archive([replace(units[0], documents=done.documents)])
    assert isinstance(left, Unfinished)
    assert (left.lasting, "hãy" in left.vi.lower()) == (gone == "roots", True)
