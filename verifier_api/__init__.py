# SPDX-License-Identifier: Apache-2.0

"""The verifier: answers one question about one file, and can sign or change nothing.

It holds no key and cannot import code that does; it reads the ledger through a connection that cannot write. Start reading at
`verdict` (what an answer is) and `verifier` (how it is found, in numbered steps).
"""
