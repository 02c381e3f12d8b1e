# SPDX-License-Identifier: Apache-2.0

"""Answers of a registry, for simulators to fill in: what it says of a record that it has never heard of."""

from datetime import UTC, datetime

from ledger.chain.registry import Head, LeafStatus, SchoolStanding

NEVER_HEARD_OF = LeafStatus(
    included=False,
    anchored_at=None,
    anchored_in_block=None,
    leaf_count=0,
    school_year=0,
    locked_at=None,
    late=False,
    version=0,
    anchored_by="",
    seal_certificate=b"",
    anchor_doubtful=False,
    compromised_since=None,
    compromise_recorded_at=None,
    recalled_at=None,
    recalled_in_block=None,
    approved_at=None,
    reason=None,
    recalled_by=None,
    recaller="",
    recall_doubtful=False,
    replaced_at=None,
    replaced_by=None,
    replacer="",
    replacement_doubtful=False,
    replacement=None,
    standing=SchoolStanding.ACTIVE,
    successor="",
    head=Head(number=1_000, time=datetime(2026, 6, 1, tzinfo=UTC)),
)
