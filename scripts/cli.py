# SPDX-License-Identifier: Apache-2.0

"""The `hocba` command: names, and the one place where errors become words and exit statuses."""

import sys
from collections.abc import Sequence

import typer

from ledger.chain.errors import ChainError
from ledger.errors import LedgerError
from ledger.paper.errors import PaperError
from ledger.record.errors import RecordError
from scripts.commands import booklets, classes, desk, keeping, public, school, signers, signing
from scripts.commands.terminal import EXIT_FAILED, EXIT_STOPPED, EXIT_USAGE, err
from scripts.devchain import DevchainError
from scripts.settings import UnusableSettings
from signer.errors import SignerError
from verifier_api.errors import UnusableTrust, VerifierError

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
for command in (
    school.init,
    school.consent,
    school.school,
    classes.check,
    classes.import_class,
    signing.assign,
    signing.sign,
    signing.give_back,
    school.issue,
    school.anchor,
    booklets.booklet,
    school.recall,
    school.receipt,
    keeping.retimestamp,
    keeping.revocations,
    public.verify,
    public.serve,
    desk.desk,
    public.devchain,
):
    # A function cannot be called "import" or "return".
    app.command({classes.import_class: "import", signing.give_back: "return"}.get(command))(command)
app.add_typer(signers.signers)
app.add_typer(desk.account)

WRONG_USE: type[Exception] = typer.BadParameter.__mro__[1]
"""typer brings its own copy of click and does not export click's UsageError, of which BadParameter is a kind."""

KNOWN_ERRORS = (LedgerError, ChainError, SignerError, RecordError, PaperError, VerifierError, DevchainError)
"""The roots of our error trees; each carries a sentence in both languages. Anything else is a bug and shows its trace."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status. Wrong use is 3 (DESIGN.md section 9)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        result = app(words, prog_name="hocba", standalone_mode=False)
    except WRONG_USE as error:
        err.print(f"{error}\nhocba --help", soft_wrap=True, markup=False)
        return EXIT_USAGE
    except (typer.Abort, KeyboardInterrupt):
        err.print("Đã dừng. Chạy lại lệnh để làm tiếp. / Stopped. Run the command again to go on.", markup=False)
        return EXIT_STOPPED
    except (UnusableTrust, UnusableSettings) as error:
        # Nothing was found out about any file: that must not look like a forgery to a script.
        err.print(error.vi, soft_wrap=True, markup=False)
        err.print(error.en, soft_wrap=True, markup=False, style="dim")
        return EXIT_USAGE
    except KNOWN_ERRORS as error:
        err.print(error.vi, soft_wrap=True, markup=False)
        err.print(error.en, soft_wrap=True, markup=False, style="dim")
        return EXIT_FAILED
    except OSError as error:
        err.print(f"{error.filename}: {error.strerror}", soft_wrap=True, markup=False)
        return EXIT_FAILED
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
