# SPDX-License-Identifier: Apache-2.0

"""The console examples of docs/contract.md: finding them, running them on the history they speak of, writing them anew.

An example is a line that begins with `$ ` and what follows it: further lines of the command after a backslash, then its output.
All of a page run in one bash, from top to bottom, as whoever follows the page would run them: with `cast`, a node, a receipt and a
clone of this project. After a change of the page or the contract, this writes the outputs that are really seen into the page:

    python tests/contracts/contract_page.py
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from contract_page_history import BEGINNING, FIRST_BATCH, RECALLED, History, second

from scripts.devchain import ROOT, Devchain, anvil_binary

PAGE = ROOT / "docs" / "contract.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
END_OF_OUTPUT = "\x1e"
"""ASCII's record separator, which no output holds."""
TAB = 4
SECONDS = 120


@dataclass(frozen=True)
class Example:
    """One command of the page, and what the page shows that it prints."""

    command: str
    output: str

    def __str__(self) -> str:
        return f"$ {self.command}\n{self.output}"


def examples(block: str) -> Iterator[Example]:
    """The examples of one console block."""
    for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command = re.match(r"(?:.*\\\n)*.*\n", text)
        assert command is not None, text
        yield Example(command.group().rstrip("\n"), text[command.end() :])


def all_examples(page: str) -> list[Example]:
    """The examples of the page, in order."""
    return [example for block in BLOCK.findall(page) for example in examples(block)]


@dataclass(frozen=True)
class Reader:
    """Somebody at a terminal: a folder, and a node to ask."""

    folder: Path
    environment: dict[str, str]

    def run(self, page: Sequence[Example]) -> list[Example]:
        """The same examples, each with the output that is seen."""
        script = "".join(f"{example.command}\nprintf '{END_OF_OUTPUT}'\n" for example in page)
        seen = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        ).stdout
        outputs = seen.split(END_OF_OUTPUT)[:-1]
        return [replace(example, output=_plain(output)) for example, output in zip(page, outputs, strict=True)]


def _plain(output: str) -> str:
    """Without what cannot be seen: tabs, blanks at the end of lines, empty lines at the end."""
    lines = [line.expandtabs(TAB).rstrip() for line in output.splitlines()]
    text = "\n".join(lines).strip("\n")
    return text + "\n" if text else ""


def cast_binary() -> Path:
    """The binary of `cast` that npm installed for this platform."""
    anvil = anvil_binary()
    return (
        anvil.parents[2] / anvil.parents[1].name.replace("anvil", "cast") / "bin" / anvil.name.replace("anvil", "cast")
    )


@contextmanager
def reader() -> Iterator[Reader]:
    """A reader of the page, at the chain whose history the page speaks of."""
    with (
        Devchain(options=["--timestamp", str(second(BEGINNING))]) as chain,
        TemporaryDirectory() as name,
    ):
        history = History(chain)
        history.write()
        folder = Path(name)
        receipt = FIRST_BATCH.receipt(RECALLED, registry=history.registry)
        (folder / "receipt.json").write_bytes(receipt.to_json())
        (folder / "hocba").symlink_to(ROOT)
        path = os.pathsep.join([str(cast_binary().parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        # Nothing else of whoever runs this: neither a proxy nor a Foundry configuration of theirs.
        environment = {"PATH": path, "HOME": name, "LC_ALL": "C.UTF-8", "ETH_RPC_URL": chain.url}
        yield Reader(folder, environment)


def rewritten(page: str, seen: Sequence[Example]) -> str:
    """The page with the outputs that were seen."""
    fresh = iter(seen)

    def block(found: re.Match[str]) -> str:
        return "```console\n" + "".join(str(next(fresh)) for _ in examples(found.group(1))) + "```"

    return BLOCK.sub(block, page)


def main() -> int:
    """Write the outputs that are seen into the page."""
    page = PAGE.read_text(encoding="utf-8")
    with reader() as somebody:
        PAGE.write_text(rewritten(page, somebody.run(all_examples(page))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
