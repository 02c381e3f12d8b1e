# SPDX-License-Identifier: Apache-2.0

"""The `hocba` command: names, and the one place where errors become words and exit statuses."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from ledger.chain.errors import ChainError
from ledger.errors import LedgerError
from ledger.paper.errors import PaperError
from ledger.record.errors import RecordError
from scripts.attester.errors import AttesterError, UnusableAttester
from scripts.commands.terminal import EXIT_FAILED, EXIT_STOPPED, EXIT_USAGE, err
from scripts.settings import UnusableSettings
from signer.errors import SignerError
from verifier_api.errors import UnusableTrust, VerifierError

COMMANDS: Mapping[str, str] = {
    "init": "school.init",
    "consent": "school.consent",
    "school": "school.school",
    "check": "classes.check",
    "import": "classes.import_class",
    "assign": "assigning.assign",
    "sign": "signing.sign",
    "return": "assigning.give_back",
    "issue": "school.issue",
    "anchor": "anchoring.anchor",
    "booklet": "booklets.booklet",
    "recall": "correcting.recall",
    "amend": "correcting.amend",
    "approve": "correcting.approve",
    "decline": "correcting.decline",
    "withdraw": "correcting.withdraw",
    "lock": "correcting.lock",
    "carry": "anchoring.carry",
    "receipt": "school.receipt",
    "retimestamp": "keeping.retimestamp",
    "revocations": "keeping.revocations",
    "audit": "auditing.audit",
    "export": "auditing.export",
    "restore": "auditing.restore",
    "verify": "verifying.verify",
    "serve": "public.serve",
    "attest": "attesting.attest",
    "desk": "desk.desk",
    "work": "work.work",
    "devchain": "public.devchain",
}
"""Every command, in the order of the help, and the function behind it in `scripts.commands`."""

GROUPS: Mapping[str, str] = {
    "jobs": "work.jobs",
    "signers": "signers.signers",
    "account": "desk.account",
    "transfer": "transferring.transfer",
    "key": "api_keys.key",
}
"""Commands that have commands of their own."""

WRONG_USE: type[Exception] = typer.BadParameter.__mro__[1]
"""typer brings its own copy of click and does not export click's UsageError, of which BadParameter is a kind."""

KNOWN_ERRORS = (LedgerError, ChainError, SignerError, RecordError, PaperError, VerifierError, AttesterError)
"""The roots of our error trees; each carries a sentence in both languages. Anything else is a bug and shows its trace."""


def application(words: Sequence[str]) -> typer.Typer:
    """The command that `words` begin with, or all of them for whoever asks what there is.

    All of hocba takes seconds to load, and a teacher who signs needs neither a chain nor a web server.
    """
    app = typer.Typer(
        name="hocba",
        help="Sổ cái mở cho học bạ số: ký, neo lên chuỗi khối, và ai cũng kiểm tra được.\n\n"
        "The open ledger for digital school records: signed, anchored, and verifiable by anybody.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"max_content_width": 110},
    )
    # One command alone would take the place of the whole; a callback keeps its name in front of its options.
    app.callback()(lambda: None)
    asked = words[0] if words else None
    known = asked in COMMANDS or asked in GROUPS
    for name, place in COMMANDS.items():
        if not known or name == asked:
            app.command(name)(_behind(place))
    for name, place in GROUPS.items():
        if not known or name == asked:
            app.add_typer(_behind(place))
    return app


def _behind(place: str) -> Any:  # noqa: ANN401 - a function or a group of them, as the table says
    module, _, name = place.partition(".")
    return getattr(importlib.import_module(f"scripts.commands.{module}"), name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status. Wrong use is 3 (DESIGN.md section 9)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        result = application(words)(words, prog_name="hocba", standalone_mode=False)
    except WRONG_USE as error:
        err.print(f"{error}\nhocba --help", soft_wrap=True, markup=False)
        return EXIT_USAGE
    except (typer.Abort, KeyboardInterrupt):
        err.print("Đã dừng. Chạy lại lệnh để làm tiếp. / Stopped. Run the command again to go on.", markup=False)
        return EXIT_STOPPED
    except (UnusableTrust, UnusableSettings, UnusableAttester) as error:
        # Nothing was found out about any file: that must not look like a forgery to a script.
        err.print(error.vi, soft_wrap=True, markup=False)
        err.print(error.en, soft_wrap=True, markup=False, style="dim")
        return EXIT_USAGE
    except KNOWN_ERRORS as error:
        err.print(error.vi, soft_wrap=True, markup=False)
        err.print(error.en, soft_wrap=True, markup=False, style="dim")
        return EXIT_FAILED
    except OSError as error:
        told = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
        err.print(told, soft_wrap=True, markup=False)
        return EXIT_FAILED
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
