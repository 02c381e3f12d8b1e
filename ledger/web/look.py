# SPDX-License-Identifier: Apache-2.0

"""One look: the style sheet, the signs and the way templates are read, for the public pages and for the desk."""

import hashlib
from pathlib import Path

import jinja2
from starlette.staticfiles import StaticFiles

SHARED = Path(__file__).parent
SHARED_STATIC = SHARED / "static"


def templates_in(folder: Path) -> jinja2.Environment:
    """The templates of `folder`, and the shared ones. A text that a template names and nobody wrote is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, SHARED / "templates"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def static_files(folder: Path) -> StaticFiles:
    """Serves what is in `folder`, and what is shared."""
    found = StaticFiles(directory=folder)
    found.all_directories.append(SHARED_STATIC)
    return found


def fingerprinted(folder: Path) -> dict[str, str]:
    """The address of each asset with its digest, so that browsers may keep it and still see a new one at once."""
    return {
        path.name: f"/static/{path.name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in (*sorted(SHARED_STATIC.iterdir()), *sorted(folder.iterdir()))
    }
