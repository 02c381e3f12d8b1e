# SPDX-License-Identifier: Apache-2.0

"""The public service, composed: what `hocba serve` runs, and the store of API keys that `hocba key` fills.

Beside the ledger, which it can only read, it has a folder of its own: `verifier.sqlite` with keys, quotas and jobs, and the
scratch space in which the files of jobs lie encrypted. It is given no key of a school's, of the chain's or of the
attester's: of the last only the address, and a token.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from fastapi import FastAPI

from ledger.store.database import open_for_writing
from scripts.compose import public_reader, public_side, registry_reader
from scripts.crew import utc_now
from scripts.secret_files import token_in
from scripts.settings import PublicSettings, Settings, UnusableSettings
from verifier_api.app import create_app
from verifier_api.attesting import AttestingService
from verifier_api.bulk import Bulk
from verifier_api.bulk_store import BulkStore
from verifier_api.rates import Limits, Rates
from verifier_api.scratch import Scratch
from verifier_api.telemetry import Telemetry
from verifier_api.trust import Trust

DATABASE = "verifier.sqlite"
SCRATCH = "scratch"


def bulk_store(settings: Settings) -> BulkStore:
    """Keys, quotas and jobs of the public service; made when they are missing."""
    own = settings.public.own
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    return BulkStore(open_for_writing(f"sqlite:///{(own / DATABASE).absolute()}"), now=utc_now)


def limits(public: PublicSettings) -> Limits:
    """How often one address may ask."""
    return Limits(
        lookups_per_minute=public.lookups_per_minute,
        files_per_minute=public.files_per_minute,
        proxy_header=public.proxy_header,
    )


def attesting_service(public: PublicSettings) -> AttestingService | None:
    """Whoever seals for this verifier, if it was given anybody. Raises `UnusableSettings` for a token that cannot be used."""
    if (access := public.attester) is None:
        return None
    try:
        token = token_in(access.token_file)
    except OSError as error:
        raise UnusableSettings(access.token_file, error.strerror or "cannot be read") from error
    except ValueError as error:
        raise UnusableSettings(
            access.token_file, "not text" if isinstance(error, UnicodeError) else str(error)
        ) from None
    return AttestingService(access.url, token)


@contextmanager
def public_service(settings: Settings) -> Iterator[FastAPI]:
    """The application; its processes, threads and scratch files end with the `with` block."""
    trust, reader = Trust.load(settings.trust), public_reader(settings)
    with ExitStack() as parts:
        side = parts.enter_context(public_side(trust, reader, workers=settings.workers))
        store = bulk_store(settings)
        scratch = parts.enter_context(Scratch(settings.public.own / SCRATCH))
        telemetry = Telemetry(clock=time.perf_counter)
        if (attesting := attesting_service(settings.public)) is not None:
            parts.callback(attesting.close)
        bulk = Bulk(
            verifier=telemetry.counted(side.verifier),
            store=store,
            scratch=scratch,
            now=utc_now,
            new_id=uuid4,
            attesting=attesting,
        )
        parts.callback(bulk.close)
        telemetry.gauge("jobs_running", "Bulk jobs being carried", bulk.running)
        # Each by itself: together they stand as long as enough of them do.
        nodes = {f"node-{n}": registry_reader(trust, [url]) for n, url in enumerate(trust.settings.rpc, start=1)}
        yield create_app(
            verifier=side.verifier,
            at_once=side.at_once,
            reader=reader,
            registry=side.registry,
            public_url=settings.public_url,
            bulk=bulk,
            attesting=attesting,
            telemetry=telemetry,
            nodes=nodes,
            workers=side.verifier.workers_stand,
            now=utc_now,
            rates=Rates(limits(settings.public), clock=time.monotonic),
        )
