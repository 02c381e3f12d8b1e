# SPDX-License-Identifier: Apache-2.0

"""A PIN that hides itself, and all that an error could give away of it: to a log, a crash report or a debugger."""


class Pin:
    """As pydantic's `SecretStr`."""

    def __init__(self, clear):
        self._clear = clear

    def __repr__(self):
        return "Pin(**********)"

    def get_secret_value(self):
        return self._clear


def all_that_an_error_shows(error):
    """Words, causes, contexts, and what a crash reporter prints: the local variables of every frame that is not a test's."""
    shown = []
    while error is not None:
        shown += [repr(error), str(error), repr(vars(error))]
        trace = error.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            if "/tests/" not in frame.f_code.co_filename.replace("\\", "/"):
                shown += [f"{name} = {value!r}" for name, value in frame.f_locals.items()]
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return "\n".join(shown)
