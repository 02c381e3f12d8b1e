# SPDX-License-Identifier: Apache-2.0

"""What the circulars say, and a record held against them.

Thresholds by date are in `rulebook`, results as functions in `tt22` and `tt27`; `primary_check`, `secondary_check` and `identity`
find what does not follow.
"""
