# SPDX-License-Identifier: Apache-2.0

"""What ties one file to one root on a chain: manifest, leaf, tree, receipt.

All of it is pure. A file's SHA-256 stands in a *manifest*; the manifest's digest and 32 random bytes make a *leaf*; the
leaves of a batch make a Merkle *root*, which a school anchors; the *receipt* carries all that is needed to walk that way
again with nothing but the file and a chain node. DESIGN.md section 6 fixes the formats.
"""
