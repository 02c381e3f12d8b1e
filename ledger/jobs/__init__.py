# SPDX-License-Identifier: Apache-2.0

"""Bulk work that outlives every process: what a job is (`job`), its list (`board`), and who does it (`worker`).

The engine is DBOS, on a database of its own: a SQLite file beside the ledger, or PostgreSQL with any number of workers. Nothing
here queues, leases or counts attempts; and nothing here knows what is done to a unit: kinds of jobs come in as `Deed`s.
"""
