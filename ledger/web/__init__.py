# SPDX-License-Identifier: Apache-2.0

"""What the public pages and the desk's have in common: two languages, one look, bounded bodies, and a last resort for errors.

It imports nothing of the ledger's, so that either side may use it without reaching the other.
"""
