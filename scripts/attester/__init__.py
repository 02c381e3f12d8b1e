# SPDX-License-Identifier: Apache-2.0

"""The attester: makes what the verifier said into something that can be filed, signed and time-stamped.

It holds a key of its own, so that the verifier needs none; it is given verdicts and never a file, a database or a chain to
ask. What it seals is that *this verifier said so, then*: it finds nothing out by itself. Start reading at `reading` (what is let
in) and `sealing` (what is done with the key); `app` is the service.
"""
