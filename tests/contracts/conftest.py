# SPDX-License-Identifier: Apache-2.0

"""The same scene on a chain in this process (eth-tester) and on a real node (anvil)."""

from collections.abc import Iterator

import pytest
from eth_tester import EthereumTester, PyEVMBackend
from registry_scene import Scene, scene_on
from web3 import EthereumTesterProvider

from ledger.chain.wallet import KeyWallet
from scripts.devchain import Devchain


@pytest.fixture
def backend() -> PyEVMBackend:
    return PyEVMBackend()


@pytest.fixture
def in_process(backend: PyEVMBackend) -> EthereumTesterProvider:
    """A chain in this process."""
    return EthereumTesterProvider(EthereumTester(backend))


@pytest.fixture
def scene(backend: PyEVMBackend, in_process: EthereumTesterProvider) -> Scene:
    return scene_on(in_process, [KeyWallet(key.to_bytes()) for key in backend.account_keys])


@pytest.fixture
def devchain() -> Iterator[Devchain]:
    with Devchain() as chain:
        yield chain


@pytest.fixture
def node_scene(devchain: Devchain) -> Scene:
    """A registry on a real node."""
    return scene_on(devchain.url, [devchain.wallet(i) for i in range(4)])
