# SPDX-License-Identifier: Apache-2.0

"""The agent: what runs on a teacher's own computer, where the token is.

It signs in to the desk, fetches what waits for its signer, makes sure that each digest is that of the file it shows, has the key
sign them all after one PIN, and sends the values back. The desk never sees the key, and the agent never sees the database.
"""
