# SPDX-License-Identifier: Apache-2.0

"""What a học bạ says: pupils, marks, results, and the two forms they travel in.

Everything here is pure: bytes and values in, values and findings out. No module of this package opens a file, asks the
time, or knows a database, a chain or a web page. Read in this order:

* `model`: the words, as frozen dataclasses; `subjects` and `spelling` give them their names.
* `rulebook`, `rules_tt22`: what the circulars say, as functions; dated, because circulars change.
* `findings`, `identity`, `check`: holding a class against the rules, and saying what is wrong in a teacher's words.
* `workbook`, `table_files`, `cells`, `sheet`: the class list as a school exports it, in XLSX, CSV or JSON.
* `gradebook`, `term_average`: semesters computed from the marks one by one; `template`: an empty workbook to fill in.
* `xml`, `xml_fields`, `parsing`, `digest`: the ministry's format, both ways, and the one digest that everything rests on.
"""
