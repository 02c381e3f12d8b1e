# SPDX-License-Identifier: Apache-2.0

"""Publishing the authority's signer list: whatever dies on the way, repeating it ends with one list, in the folder and on the
chain; and a list that would lose a line is never published.
"""

import contextlib
import datetime as dt
import hashlib
import json

import pytest

from ledger.chain.errors import Unreachable
from ledger.chain.wallet import KeyWallet
from ledger.proof.signer_list import SIGNERS_TOPIC, ApprovedSigner, SignerList
from scripts.registration import PUBLISHED_FOLDER, ListRefused, publish_signer_list
from tests.simulators.hands import Killed
from tests.simulators.mortality import Fate, MortalSender, MortalWallet
from tests.simulators.registry import SimulatedChain
from verifier_api.trust import SIGNERS_FILE, TRUST_FILE, RegistrySettings, TrustSettings

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
AUTHORITY = KeyWallet(b"\x0a" * 32)
SCHOOL = "79000401"


class Ticking(SimulatedChain):
    """A chain on which a block is made whenever somebody looks for one."""

    def receipt(self, transaction_hash):
        self.mine()
        return super().receipt(transaction_hash)

    def published(self):
        return [values["digest"] for name, values in self.events if name == "StatementPublished"]


def line(number, **said):
    return ApprovedSigner(
        **{
            "cert_sha256": f"{number:064x}",
            "role": "GVCN",
            "school": SCHOOL,
            "valid_from": NOON,
            "hierarchy": "public",
            **said,
        }
    )


def listed(*lines, days=0):
    return SignerList(authority="Sở GDĐT Hải Phòng", issued_at=NOON + dt.timedelta(days=days), lines=lines)


FIRST = listed(line(1), line(2))
SECOND = listed(line(1, valid_to=NOON + dt.timedelta(days=3)), line(2), line(3), days=3)


@pytest.fixture
def chain():
    return Ticking(authority=AUTHORITY.address)


@pytest.fixture
def folder(tmp_path, chain):
    settings = TrustSettings(
        registry=RegistrySettings(
            chain_id=chain.pin.chain_id, address=chain.pin.address, code_hash=chain.pin.code_hash, confirmations=1
        ),
        rpc=(),
        hierarchies={},
        roles={},
    )
    (tmp_path / TRUST_FILE).write_text(settings.model_dump_json())
    return tmp_path


def standing(folder):
    return SignerList.parse((folder / SIGNERS_FILE).read_bytes())


def newest(chain):
    return chain.statement_at(publisher=None, topic=SIGNERS_TOPIC).digest


def test_a_list_is_published_and_then_stands_in_the_folder(chain, folder):
    publish_signer_list(folder, chain, AUTHORITY, FIRST)
    assert (newest(chain), standing(folder)) == (FIRST.sha256(), FIRST)
    publish_signer_list(folder, chain, AUTHORITY, SECOND)
    assert (newest(chain), standing(folder)) == (SECOND.sha256(), SECOND)


def test_every_statement_has_its_file_for_good(chain, folder):
    publish_signer_list(folder, chain, AUTHORITY, FIRST)
    publish_signer_list(folder, chain, AUTHORITY, SECOND)
    files = [(folder / PUBLISHED_FOLDER / f"{digest.hex()}.json").read_bytes() for digest in chain.published()]
    assert [hashlib.sha256(data).digest() for data in files] == chain.published()
    assert [*map(SignerList.parse, files)] == [FIRST, SECOND]


def test_repeating_publishes_nothing_more(chain, folder):
    for _ in range(2):
        publish_signer_list(folder, chain, AUTHORITY, FIRST)
    assert chain.published() == [FIRST.sha256()]


def killed_at(step, chain, folder, signer_list):
    fate = Fate(dies_at=step)
    with contextlib.suppress(Killed):
        publish_signer_list(folder, MortalSender(chain, fate), MortalWallet(AUTHORITY, fate, []), signer_list)
    return fate.log


def test_killed_at_any_step_and_started_again(folder):
    steps = killed_at(None, Ticking(authority=AUTHORITY.address), folder, FIRST)
    assert "before broadcast" in steps
    assert steps[-1] == "after receipt"
    for step in range(1, len(steps) + 1):
        chain = Ticking(authority=AUTHORITY.address)
        publish_signer_list(folder, chain, AUTHORITY, FIRST)
        killed_at(step, chain, folder, SECOND)
        # The folder is never without a list, and never between two.
        assert standing(folder) == FIRST
        publish_signer_list(folder, chain, AUTHORITY, SECOND)
        assert (newest(chain), standing(folder)) == (SECOND.sha256(), SECOND)
        # A transaction that was on its way is followed by another with the same words; never by one with others.
        assert set(chain.published()) == {FIRST.sha256(), SECOND.sha256()}
        assert not [*folder.rglob("*.new")]
        (folder / SIGNERS_FILE).unlink()


def test_another_list_after_a_kill_still_has_every_line_of_the_one_that_was_published(chain, folder):
    publish_signer_list(folder, chain, AUTHORITY, FIRST)
    killed_at("after receipt", chain, folder, SECOND)
    assert (newest(chain), standing(folder)) == (SECOND.sha256(), FIRST)
    with pytest.raises(ListRefused, match="lacks 1 lines"):
        publish_signer_list(folder, chain, AUTHORITY, listed(*FIRST.lines, line(4), days=4))
    third = listed(*SECOND.lines, line(4), days=4)
    publish_signer_list(folder, chain, AUTHORITY, third)
    assert (newest(chain), standing(folder)) == (third.sha256(), third)


def test_an_answer_that_was_lost_is_no_second_list(chain, folder):
    chain.loses_answer = True
    with pytest.raises(Unreachable):
        publish_signer_list(folder, chain, AUTHORITY, FIRST)
    chain.mine()
    publish_signer_list(folder, chain, AUTHORITY, FIRST)
    assert (chain.published(), standing(folder)) == ([FIRST.sha256()], FIRST)


@pytest.mark.parametrize(
    "shorter",
    [
        listed(line(1), days=1),
        listed(line(1), line(2, valid_from=NOON + dt.timedelta(days=1)), days=1),
        listed(line(1), line(2, hierarchy="vgca"), days=1),
        listed(line(1), line(2, school="79000402"), days=1),
        listed(days=1),
    ],
    ids=["taken out", "begins later", "another hierarchy", "another school", "empty"],
)
def test_a_list_that_loses_a_line_is_refused(chain, folder, shorter):
    publish_signer_list(folder, chain, AUTHORITY, FIRST)
    with pytest.raises(ListRefused) as refusal:
        publish_signer_list(folder, chain, AUTHORITY, shorter)
    assert "valid_to" in refusal.value.vi
    assert "GVCN 79000401" in refusal.value.en
    assert (chain.published(), standing(folder)) == ([FIRST.sha256()], FIRST)


def test_a_list_that_was_never_published_is_followed_too(chain, folder):
    (folder / SIGNERS_FILE).write_bytes(FIRST.canonical())
    with pytest.raises(ListRefused, match="lacks"):
        publish_signer_list(folder, chain, AUTHORITY, listed(line(1)))
    assert chain.published() == []


def test_a_folder_that_lacks_the_list_in_force_is_too_old_to_publish_from(chain, folder):
    publish_signer_list(folder, chain, AUTHORITY, FIRST)
    (folder / PUBLISHED_FOLDER / f"{FIRST.sha256().hex()}.json").unlink()
    (folder / SIGNERS_FILE).write_bytes(SECOND.canonical())
    with pytest.raises(ListRefused, match=FIRST.sha256().hex()):
        publish_signer_list(folder, chain, AUTHORITY, SECOND)


@pytest.mark.parametrize("damage", [b"{}", FIRST.canonical().replace(b"GVCN", b"CBQL", 1) + b" "])
def test_a_damaged_list_is_named(chain, folder, damage):
    (folder / SIGNERS_FILE).write_bytes(damage)
    with pytest.raises(ListRefused, match=SIGNERS_FILE):
        publish_signer_list(folder, chain, AUTHORITY, SECOND)


def test_two_lists_are_refused_before_the_second_is_published(chain, folder):
    path = folder / TRUST_FILE
    inline = json.loads(FIRST.canonical())["lines"]
    path.write_text(json.dumps({**json.loads(path.read_text()), "signers": inline}))
    with pytest.raises(ListRefused, match="signers"):
        publish_signer_list(folder, chain, AUTHORITY, FIRST)
    assert chain.published() == []
    assert not (folder / SIGNERS_FILE).exists()


def test_a_chain_that_is_down_changes_nothing(chain, folder):
    chain.down = True
    with pytest.raises(Unreachable):
        publish_signer_list(folder, chain, AUTHORITY, FIRST)
    assert not (folder / SIGNERS_FILE).exists()
