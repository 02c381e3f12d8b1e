# SPDX-License-Identifier: Apache-2.0

"""What several modules share because starting it takes seconds."""

import pytest

from tests.simulators.job_shop import postgres


@pytest.fixture(scope="session")
def job_server():
    """The address of a PostgreSQL server for databases of jobs."""
    with postgres() as uri:
        yield uri
