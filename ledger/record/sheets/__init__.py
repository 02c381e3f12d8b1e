# SPDX-License-Identifier: Apache-2.0

"""Class sheets, in and out.

Opening them is `workbook` and `table_files`, finding their tables `tables` and `class_tables`, reading them `class_sheet` (with
`primary_rows` and `secondary_rows`), computing terms from mark books `gradebook`, and an empty one `template`.
"""
