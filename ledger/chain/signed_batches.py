# SPDX-License-Identifier: Apache-2.0

"""What a school signs so that somebody else may send its batch, and pay: the EIP-712 type `AnchorBatch` of the contract. Pure."""

from datetime import datetime

from eth_account.messages import encode_typed_data

from ledger.chain.abi import school_word
from ledger.chain.registry import TypedMessage

_TYPES = {
    "AnchorBatch": [
        {"name": "school", "type": "bytes32"},
        {"name": "schoolYear", "type": "uint16"},
        {"name": "root", "type": "bytes32"},
        {"name": "leafCount", "type": "uint32"},
        {"name": "deadline", "type": "uint48"},
    ]
}


def batch_message(
    *, chain_id: int, registry: str, school: str, school_year: int, root: bytes, leaf_count: int, deadline: datetime
) -> TypedMessage:
    """The message for one batch, for one registry on one chain. `deadline` is aware, in whole seconds."""
    typed = encode_typed_data(
        domain_data={
            "name": "hocba TranscriptRegistry",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": registry,
        },
        message_types=_TYPES,
        message_data={
            "school": school_word(school),
            "schoolYear": school_year,
            "root": root,
            "leafCount": leaf_count,
            "deadline": int(deadline.timestamp()),
        },
    )
    return TypedMessage(domain=bytes(typed.header), content=bytes(typed.body))
