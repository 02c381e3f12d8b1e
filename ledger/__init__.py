# SPDX-License-Identifier: Apache-2.0

"""The ledger: keeps school records from draft to anchor, and can lose or double none of them.

Start reading at `ledger.unit` and `ledger.batch`, which hold the rules; everything else carries them out.
"""
