# SPDX-License-Identifier: Apache-2.0

"""Everything the proof package raises on purpose.

* ProofError
  x MalformedManifest    not a manifest of a version we know, or a field that breaks its rule
  x MalformedSignerList  not a signer list of a version we know, or one that contradicts itself
  x MalformedReceipt     not a receipt of a version we know, or one that contradicts itself
  x MalformedToken       not a time-stamp token over the root in question
    + OverSomethingElse  it reads well, and is over another datum
  x TreeError            leaves that make no tree, or a leaf that is not in it
"""


class ProofError(Exception):
    """The root of this package's errors."""


class MalformedManifest(ProofError):
    """Not a manifest of a version we know, or a field that breaks its rule."""


class MalformedSignerList(ProofError):
    """Not a signer list of a version we know, or one that contradicts itself."""


class MalformedReceipt(ProofError):
    """Not a receipt of a version we know, or one that contradicts itself."""


class MalformedToken(ProofError):
    """Not a time-stamp token, or one over something else than the root in question."""


class OverSomethingElse(MalformedToken):
    """A time-stamp token that reads well, and speaks of another datum."""


class TreeError(ProofError):
    """Leaves that make no tree, or a leaf that is not in it."""
