# SPDX-License-Identifier: Apache-2.0

"""The desk: pages for clerk, principal, teachers and the authority, and what the signing agent asks.

It holds no signing key. Whoever comes in is known by an account; what each page asks of them stands in one table, `access`.
"""
