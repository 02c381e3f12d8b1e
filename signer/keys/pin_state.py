# SPDX-License-Identifier: Apache-2.0

"""What a token says about its PIN before anybody logs in (PKCS#11, CK_TOKEN_INFO). Pure."""

from enum import StrEnum

from pkcs11.constants import TokenFlag


class PinState(StrEnum):
    """What a token says about its PIN before anybody logs in."""

    FINE = "fine"
    WRONG_BEFORE = "wrong-before"
    """A wrong PIN was entered since the last right one."""
    LAST_TRY = "last-try"
    """The next wrong PIN locks it."""
    LOCKED = "locked"
    NOT_SET = "not-set"
    """To be set or changed before use."""


def state_from(flags: TokenFlag) -> PinState:
    """The flag that weighs most."""
    for flag, state in (
        (TokenFlag.USER_PIN_LOCKED, PinState.LOCKED),
        (TokenFlag.USER_PIN_FINAL_TRY, PinState.LAST_TRY),
        (TokenFlag.USER_PIN_TO_BE_CHANGED, PinState.NOT_SET),
        (TokenFlag.USER_PIN_COUNT_LOW, PinState.WRONG_BEFORE),
    ):
        if flags & flag:
            return state
    return PinState.FINE if flags & TokenFlag.USER_PIN_INITIALIZED else PinState.NOT_SET
