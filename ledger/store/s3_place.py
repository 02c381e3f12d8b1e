# SPDX-License-Identifier: Apache-2.0

"""Where files lie in an S3-compatible store, as one line: `s3://bucket/prefix?endpoint=https://s3.example.vn&region=vn-1`.

The line holds no secret and none is taken: keys come from where the store's own tools look for them (`AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, a profile, the machine's role). Reading it needs no S3 library, so that commands that keep no file there
start as fast as ever.
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from ledger.errors import UnusableFiles

SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)*")
_ENDPOINT = re.compile(r"https://[^/@?#]+/?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/?")
"""Records of children cross a network encrypted, or do not cross one."""
_OPTIONS = frozenset({"endpoint", "region"})


@dataclass(frozen=True)
class S3Place:
    """A bucket, and where in it."""

    bucket: str
    prefix: str = ""
    """Empty, or ending in a slash."""
    endpoint: str | None = None
    """The store's address; Amazon's own without one."""
    region: str | None = None
    """Without one, as the environment says."""

    @classmethod
    def parse(cls, line: str) -> Self:
        """Reads such a line. Raises `UnusableFiles`, which never repeats what may be a secret."""
        parts = urlsplit(line)
        options = parse_qsl(parts.query, keep_blank_values=True)
        named = dict(options)
        prefix = parts.path.strip("/")
        prefix = f"{prefix}/" if prefix else ""
        problem = None
        if not line.startswith(SCHEME) or parts.fragment:
            problem = "s3://bucket/prefix?endpoint=https://…"
        elif "@" in parts.netloc:
            problem = "keys belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in this line"
        elif not _BUCKET.fullmatch(parts.netloc):
            problem = "the bucket's name has 3 to 63 lower-case letters, digits, dots or hyphens"
        elif not _PREFIX.fullmatch(prefix):
            problem = "the prefix has letters, digits, dots, hyphens, low lines and slashes"
        elif len(named) != len(options) or not named.keys() <= _OPTIONS or not all(named.values()):
            problem = "only endpoint=… and region=… follow the question mark, each once"
        elif "endpoint" in named and not _ENDPOINT.fullmatch(named["endpoint"]):
            problem = "the endpoint begins with https:// (http:// on this computer alone) and has no path"
        if problem is not None:
            raise UnusableFiles(problem)
        return cls(parts.netloc, prefix, named.get("endpoint"), named.get("region"))
