# SPDX-License-Identifier: Apache-2.0

"""FastAPI tells no collector of requests, whatever the environment names: paths hold digests, ids and secrets of invitations."""

import pytest
from fastapi import FastAPI

from ledger.web import tracing
from scripts.attester.app import create_attester
from tests.simulators.desk_world import DeskWorld
from tests.simulators.issuing_world import World


def attester(_folder):
    parts = dict.fromkeys(("now", "rates"))
    return create_attester(None, token="t" * 64, verifier_url="https://hocba.example", **parts)


APPS = {
    "verifier": lambda _folder: World().app(),
    "desk": lambda folder: DeskWorld.opened(folder).app(),
    "attester": attester,
}


@pytest.mark.parametrize("name", APPS)
def test_no_application_traces(name, tmp_path, monkeypatch):
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    told = APPS[name](tmp_path)._telemetry
    assert {option: told[option] for option in tracing.NONE} == tracing.NONE
    assert not any(tracing.NONE.values())
    # What this guards against is there: an application that says nothing of it may trace.
    assert any(FastAPI()._telemetry[option] for option in tracing.NONE)
