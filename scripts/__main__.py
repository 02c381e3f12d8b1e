# SPDX-License-Identifier: Apache-2.0

"""The way in of the `hocba` command, and nothing else: `python -m scripts`, or `hocba` once it is installed.

A process that `multiprocessing` spawns imports the program that started it before it does any work. All of the command line
takes two seconds of processor time and 180 MB in each, of which a process that signs or examines needs a fifth. So what is
imported here is imported when the command runs, which no worker does; `tests/integration/test_lean_workers.py` holds that.
"""

import sys


def main() -> int:
    """Runs one command and returns its exit status."""
    from scripts.cli import main as run  # noqa: PLC0415 - see above

    return run()


if __name__ == "__main__":
    sys.exit(main())
