# SPDX-License-Identifier: Apache-2.0

"""The public API asked by schemathesis, as its own OpenAPI document describes it: no 500, no status and no body it does not name."""

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.simulators.issuing_world import World

# What the document describes as a file is sent as the bytes that it is.
schemathesis.serializer("application/pdf")(lambda _context, value: value if isinstance(value, bytes) else b"%PDF-1.7")


def document(**state):
    """What the application says of itself, over a world in which one unit was issued and `state` holds."""
    world = World(**state)
    world.issue()
    return schemathesis.openapi.from_asgi("/openapi.json", world.app())


sound, without_a_ledger = document(), document(ledger_down=True, chain_down=True)
few = settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@sound.parametrize()
@few
def test_every_answer_is_one_that_the_document_names(case):
    case.validate_response(case.call(), checks=CHECKS)


@without_a_ledger.parametrize()
@few
def test_in_an_outage_too(case):
    # A 503 is what an outage is for; any other answer of that family is a fault.
    response = case.call()
    case.validate_response(response, checks=CHECKS[1:])
    assert response.status_code < 500 or response.status_code == 503
