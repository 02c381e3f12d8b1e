# SPDX-License-Identifier: Apache-2.0

"""Where the ledger keeps what it knows: tables and content-addressed files.

`reader` only ever selects; `writer` makes every change. They are two types on purpose: the public verifier is given the first
and cannot import the second (import-linter holds it to that).
"""
